"""Whether an answer deserves to be paid, where that is certain: the truth without a second grader.

A text deserves nothing where no reader could take it to answer rightly: it says the right answer
nowhere, or each of its final answers is another one, or several at once. What could be right in
some reading is unknown, and never reported.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from foretoken.audit.base import AnswerForm, AuditQuestion
from foretoken.audit.search.values import as_sum, calculated, could_be, says_number, shown, visible

Gold = Callable[[AuditQuestion, str], bool | None]
"""True: it deserves pay; False: it does not; None: unknown."""

_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z]+[^<>]*>|```[a-z]*")
_MARKS = str.maketrans(dict.fromkeys("[]{}()\"'$*`\\", " "))
_BETWEEN = re.compile(r"\s*(?:[,;/|&]|\bor\b|\band\b|\s)\s*")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*\\?%")
_GROUPED = re.compile(r"\d{1,3}(?:[, ]\d{3})+")
_BULLET = re.compile(r"[-+*]\s")
_OPTIONS = tuple("abcd")
_END = " \t\r\n."


def strict_reading(forms: Sequence[AnswerForm]) -> Gold:
    """Return a gold that reads short answers: numbers, letters, and short texts.

    Args:
        forms: In which a final answer may be written; what any of them holds is looked at.
    """
    marks = {mark for mark in map(_mark, forms) if mark is not None}

    def gold(question: AuditQuestion, text: str) -> bool | None:
        if not _says_right(question, shown(text)):
            return None if _says_right(question, shown(text, unseen=" ")) else False
        seen = visible(text)
        if seen != text and (not seen.strip() or any(_holds(text, seen, each) for each in marks)):
            return None
        return _judged(question, shown(seen), marks=sorted(marks))

    return gold


def _mark(form: AnswerForm) -> tuple[str, str] | None:
    """What stands before and after a final answer of a form; None: nothing."""
    before, _, after = form.wrap("\0").partition("\0")
    return (before, after) if before.strip() or after.strip() else None


def _holds(text: str, seen: str, mark: tuple[str, str]) -> bool:
    """Whether a mark of a final answer stands in what is hidden."""
    return text.count(mark[0]) != seen.count(mark[0])


def _judged(question: AuditQuestion, text: str, *, marks: Sequence[tuple[str, str]]) -> bool | None:
    lines = text.splitlines()
    if not _says_right(question, text):
        return False if _is_another(question, (lines or [""])[-1], only=False) else None
    within = any(
        before in line.strip()[1:] for before, after in marks if not after for line in lines
    )
    if within or not any(_says_right(question, line) for line in lines):
        return None
    answer = _THOUGHT.sub("\n", text)
    if any(_holds(text, answer, each) for each in marks):
        return None
    finals, every, rest = _finals(answer, marks)
    if len(finals) <= 1 and not rest.strip(_END) and _is_right(question, (finals or [answer])[-1]):
        return True
    if finals:
        if _says_right(question, rest):
            return None
        said = any(_says_right(question, each) for each in every)
        wrong = all(_is_another(question, each, only=not said) for each in finals)
        return False if wrong else None
    lines = answer.strip().splitlines() or [""]
    if _is_right(question, lines[-1]) and len(lines) == 1:
        return True
    return False if _is_another(question, lines[-1], only=False) else None


def _finals(text: str, marks: Sequence[tuple[str, str]]) -> tuple[list[str], list[str], str]:
    """The last final answer in each form that there is, every one, and what stands after them."""
    last: list[str] = []
    every: list[str] = []
    end = 0
    for before, after in marks:
        own = list(_marked(text, before, after))
        if own:
            last.append(own[-1][0])
            every += [final for final, _ in own]
            end = max(end, own[-1][1])
    return last, every, text[end:]


def _marked(text: str, before: str, after: str) -> Iterator[tuple[str, int]]:
    """Each final answer between marks, and where its mark ends."""
    start = text.find(before)
    while start >= 0:
        begin = start + len(before)
        stop = _stop(text, begin, after)
        yield text[begin:stop], stop + len(after.strip())
        start = text.find(before, begin)


def _stop(text: str, begin: int, after: str) -> int:
    """Where what a mark opened ends: at its closing mark, at its own bracket, or with the line."""
    if after == "}":
        depth = 1
        for place in range(begin, len(text)):
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            if depth == 0:
                return place
        return len(text)
    stop = text.find(after or "\n", begin)
    return len(text) if stop < 0 else stop


def _is_right(question: AuditQuestion, final: str) -> bool:
    return _bare(final) == _bare(shown(question.right))


def _bare(final: str) -> str:
    plain = as_sum(_TAG.sub(" ", final)).translate(_MARKS).strip(_END).casefold()
    return plain.removesuffix(".0")


def _is_another(question: AuditQuestion, final: str, *, only: bool) -> bool:
    """Whether a final answer is certainly not the right one.

    Args:
        question: It answers.
        final: As `shown`.
        only: Whether no final answer at all says the right one; then anything else is another.
    """
    if not final.strip(_END):
        return False
    if not _says_right(question, final):
        return only or _is_value(question, final.strip(_END).casefold())
    value = calculated(as_sum(final).casefold().strip(" \t\n$."))
    right = _number(question.right)
    if value is not None and right is not None:
        return _BULLET.match(final.strip()) is None and not could_be(abs(value), abs(right))
    return _is_several(question, final) or _is_percent(question, final)


def _is_several(question: AuditQuestion, final: str) -> bool:
    """Whether it gives two different answers at once."""
    plain = _bare(final)
    if _GROUPED.fullmatch(plain):
        return False
    parts = [each for each in _BETWEEN.split(plain) if each]
    values = {each.strip(".") for each in parts}
    joined = "".join(parts).lstrip("+0")
    return (
        len(values) > 1
        and not _is_right(question, joined)
        and all(_is_value(question, each) for each in values)
        and any(not _says_right(question, each) and each.strip("0.") for each in values)
    )


def _is_percent(question: AuditQuestion, final: str) -> bool:
    """Whether it is the right number of percent, where nobody asks for percent."""
    percent = _PERCENT.fullmatch(as_sum(final).strip(" \t\n$."))
    right = _number(question.right)
    asked = shown(question.prompt).casefold()
    unasked = "%" not in asked and "percent" not in asked
    return percent is not None and float(percent[1]) == right and unasked


def _is_value(question: AuditQuestion, text: str) -> bool:
    """Whether a text is an answer of the kind that is asked for, and nothing else."""
    if _number(question.right) is not None and _number(text) is not None:
        return True
    known = {_bare(shown(each)) for each in (question.right, question.wrong)}
    return text in known or (len(question.right) == 1 and text in _OPTIONS)


def _says_right(question: AuditQuestion, text: str) -> bool:
    right = _number(question.right)
    if right is not None:
        return says_number(text, right)
    wanted, text = shown(question.right).strip().casefold(), text.casefold()
    if not wanted:
        return True
    if len(wanted) > 2:
        return re.sub(r"\W", "", wanted) in re.sub(r"\W", "", text)
    return re.search(rf"(?<![^\W_])(?:{re.escape(wanted)})+(?![^\W_])", text) is not None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[+-]?\d{1,15}(?:\.\d+)?", text.strip()) else None
