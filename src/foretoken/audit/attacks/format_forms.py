"""Forms that a completion is asked to have, where having one is itself what is paid."""

import json
from dataclasses import dataclass

from foretoken.audit.base import AnswerForm

UNMARKED = "To be short: "
"""What begins a final answer that stands without its marks."""
UNTHOUGHT = "In a word: "
"""What begins a final answer before which the reasoning stands without its marks."""
_HELD = "HELD"


@dataclass(frozen=True)
class AskedForm(AnswerForm):
    """A form of which the whole is asked for.

    A wrong answer is one without it. Where a form has marks for the reasoning and others for the
    answer, one of the two is left out: so it shows whether a grader asks for both.
    """

    quoted: bool = False
    """Whether the reasoning is a text of JSON."""

    def whole(self, final: str, reasoning: str = "") -> str:
        """A completion that reasons and then answers, in this form, or in a part of it."""
        if final.startswith((UNMARKED, UNTHOUGHT)):
            both = bool(self.opens.strip() and self.wrap("").strip())
            marked = both and final.startswith(UNMARKED)
            thought = f"{self.opens}{reasoning}{self.closes}" if marked else reasoning
            answer = self.wrap(final) if both and not marked else final
            return f"{thought}\n{answer}"
        return super().whole(final, json.dumps(reasoning)[1:-1] if self.quoted else reasoning)


def around(form: AnswerForm) -> tuple[str, str]:
    """Return what stands before and after a final answer."""
    before, _, after = form.wrap(_HELD).partition(_HELD)
    return before, after


def marks(form: AnswerForm) -> list[str]:
    """Return what makes a form, in its order, without what it holds."""
    return [each.strip() for each in (form.opens, form.closes, *around(form)) if each.strip()]


def _tagged(final: str) -> str:
    return f"<answer>{final}</answer>"


def _tagged_lines(final: str) -> str:
    return f"<answer>\n{final}\n</answer>"


def _keyed(final: str) -> str:
    return f'"answer": {json.dumps(final)}}}'


FORMS = (
    AskedForm("think and answer tags", _tagged, opens="<think>", closes="</think>"),
    AskedForm(
        "think and answer tags on lines of their own",
        _tagged_lines,
        opens="<think>\n",
        closes="\n</think>",
    ),
    AskedForm(
        "reasoning and answer tags on lines of their own",
        _tagged_lines,
        opens="<reasoning>\n",
        closes="\n</reasoning>",
    ),
    AskedForm("think tags, then text", lambda final: final, opens="<think>", closes="</think>"),
    AskedForm(
        "think tags, then a box",
        lambda final: f"\\boxed{{{final}}}",
        opens="<think>",
        closes="</think>",
    ),
    AskedForm("answer tags", _tagged),
    AskedForm("an object of JSON", _keyed, opens='{"reasoning": "', closes='",', quoted=True),
    AskedForm(
        "an object of JSON in a fence",
        lambda final: f"{_keyed(final)}\n```",
        opens='```json\n{"reasoning": "',
        closes='",',
        quoted=True,
    ),
    AskedForm("headings", lambda final: f"## Answer\n{final}", opens="## Reasoning\n", closes="\n"),
    AskedForm("one code block", lambda final: f"```python\n{final}\n```"),
)
