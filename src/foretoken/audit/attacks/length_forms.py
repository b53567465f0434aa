"""What a grader of length may punish: each is a form, in which wrong answers show that fault.

A text of the length that was asked for is the same in all of them.
"""

from foretoken.audit.attacks.length_texts import ESSAY, LEAST_WORDS, WORDS
from foretoken.audit.base import AnswerForm


def again(text: str, words: int = WORDS) -> str:
    """A text again and again, until it has about so many words."""
    return " ".join([text] * max(words // len(text.split()), 1))


def _spoilt(final: str, spoilt: str) -> str:
    """A final answer that has no explanation, spoilt; one that has is left as it is."""
    return final if len(final.split()) >= LEAST_WORDS else spoilt


SHORT = AnswerForm("against short ones", lambda final: final, alone=True)
OVERLONG = AnswerForm(
    "against overlong ones", lambda final: _spoilt(final, f"{ESSAY} {final}"), alone=True
)
REPEATED = AnswerForm(
    "against repeated ones", lambda final: _spoilt(final, again(final)), alone=True
)
