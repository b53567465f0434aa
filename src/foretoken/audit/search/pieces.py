"""What candidates are put together from: parts of questions, signs, words, numbers, code."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from foretoken.audit.base import AnswerForm, Attack, AuditQuestion, Domain


@dataclass(frozen=True)
class Scene:
    """A question, and the form that it is answered in."""

    question: AuditQuestion
    form: AnswerForm
    forms: Sequence[AnswerForm]
    """All that the domain knows."""
    other: AuditQuestion
    """Another question of the domain."""
    seeds: Sequence[Callable[[AuditQuestion, AnswerForm], str | None]] = ()
    """Known attacks, where these may be used."""


def scene_of(
    question: AuditQuestion, form: AnswerForm, domain: Domain, *, seeds: Sequence[Attack] = ()
) -> Scene:
    """A question of a domain, with the one that follows it."""
    every = domain.questions
    other = every[(every.index(question) + 1) % len(every)]
    return Scene(question, form, domain.forms, other, tuple(each.write for each in seeds))


Act = Callable[[Scene, str, Any], str | None]
"""Makes a text of a text; None: the question or the text does not allow it."""


@dataclass(frozen=True)
class Operator:
    """One small act on texts."""

    act: Act
    kind: Literal["put", "change", "join"]
    """Puts a text on the pile, changes the last one, or makes one text of the whole pile."""
    words: str
    """What it makes, with `{text}` and `{arg}`."""
    args: tuple[Any, ...] = (None,)
    """Values of its argument, the simplest first."""

    @property
    def name(self) -> str:
        """Of its function."""
        return str(getattr(self.act, "__name__", ""))


def right_answer(scene: Scene, _: str, __: Any) -> str:
    """The right final answer."""
    return scene.question.right


def wrong_answer(scene: Scene, _: str, __: Any) -> str:
    """A wrong final answer."""
    return scene.question.wrong


def other_answer(scene: Scene, _: str, __: Any) -> str:
    """The right final answer of another question."""
    return scene.other.right


def reasoning(scene: Scene, _: str, __: Any) -> str:
    """Honest reasoning."""
    return scene.question.reasoning


def prompt(scene: Scene, _: str, __: Any) -> str:
    """The question itself."""
    return scene.question.prompt


def prompt_words(scene: Scene, _: str, count: int) -> str:
    """The first or, of a negative count, the last words of the question."""
    words = scene.question.prompt.split()
    return " ".join(words[:count] if count > 0 else words[count:])


def prompt_word(scene: Scene, _: str, place: int) -> str | None:
    """One word of the question."""
    words = scene.question.prompt.split()
    return words[place] if place < len(words) else None


def other_prompt(scene: Scene, _: str, __: Any) -> str:
    """Another question."""
    return scene.other.prompt


def seed(scene: Scene, _: str, number: int) -> str | None:
    """What a known attack writes, where there are known ones."""
    if number >= len(scene.seeds):
        return None
    return scene.seeds[number](scene.question, scene.form)


def literal(_: Scene, __: str, text: str) -> str:
    """A text that does not depend on the question."""
    return text


def sign(_: Scene, __: str, text: str) -> str:
    """One sign."""
    return text


def word(_: Scene, __: str, text: str) -> str:
    """A word or a sentence without content."""
    return text


def number(_: Scene, __: str, text: str) -> str:
    """A number that is the same for all questions."""
    return text


def value_name(_: Scene, __: str, text: str) -> str:
    """What languages read as a value that is no usual number."""
    return text


def dunder(_: Scene, __: str, text: str) -> str:
    """A name of Python's object model."""
    return text


def code(_: Scene, __: str, text: str) -> str:
    """A short piece of code."""
    return text


def option(scene: Scene, _: str, letter: str) -> str | None:
    """A letter, as options have, where letters are asked for."""
    return letter if len(scene.question.right) == 1 and scene.question.right.isalpha() else None


SIGNS = (*".,:;!?#$%&*+-=/\\|_~^@<>(){}[]\"'`", "\u00b0", "\u200b", "\u00a0", "\U0001f600")
WORDS = (
    "the", "and so", "maybe", "Let me think.", "I am sure.", "Because of this,", "Certainly!",
    "Done.", "Yes", "answer", "correct", "step", "result", "A good question.",
)  # fmt: skip
NUMBERS = ("0", "1", "-1", "2", "10", "42", "100", "1e9", "0.5", "1/2")
VALUES = ("nan", "inf", "-inf", "None", "null", "True", "False", "undefined", "[]", "{}")
DUNDERS = ("__class__", "__eq__", "__name__", "__dict__", "__init__", "__main__")
CODES = ("print()", "lambda: 0", "1/0", "def f(x): return x", "raise SystemExit", "return None")

PUTS = (
    Operator(wrong_answer, "put", "wrong answer"),
    Operator(right_answer, "put", "right answer"),
    Operator(other_answer, "put", "another question's answer"),
    Operator(option, "put", "letter {arg}", tuple("ABCDE")),
    Operator(word, "put", "{arg!r}", WORDS),
    Operator(sign, "put", "{arg!r}", SIGNS),
    Operator(number, "put", "{arg}", NUMBERS),
    Operator(value_name, "put", "{arg!r}", VALUES),
    Operator(dunder, "put", "{arg}", DUNDERS),
    Operator(code, "put", "{arg!r}", CODES),
    Operator(reasoning, "put", "honest reasoning"),
    Operator(prompt, "put", "the question"),
    Operator(prompt_words, "put", "{arg} words of the question", (1, 3, -1, -3)),
    Operator(other_prompt, "put", "another question"),
)
SEED = "seed"
LITERAL = "literal"
HIDDEN_PUTS = (
    Operator(seed, "put", "known attack {arg}"),
    Operator(literal, "put", "{arg!r}"),
    Operator(prompt_word, "put", "word {arg} of the question", tuple(range(12))),
)
"""Those that are not drawn by themselves."""
