"""Fire a domain at a grader: find the forms that it reads, then every attack and every variant.

Nothing is known of the grader. What it gives for right and for wrong answers in one form says which
forms it reads, and halfway between is what counts as paid.
"""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from foretoken.audit.base import AnswerForm, Attack, AuditQuestion, Domain, Variant
from foretoken.errors import SetupError
from foretoken.graders.process import Reply

Ask = Callable[[Mapping[str, Any]], Reply]
"""A grader; see `graders.shapes` for what it is asked."""
FIRST = 4
"""Questions by which a form is tried."""
LEAST_GAP = 0.5
"""Of the widest gap between right and wrong answers, above which a form is read."""
IN_OTHERS = 3
"""Questions that are fired in each form but the one that is read best."""
MOST_FAILURES = 2
"""Times that an attack may hang or kill the grader; then it is left alone."""


@dataclass(frozen=True)
class Plain:
    """What a grader gives for plain answers."""

    right: float
    wrong: float


@dataclass(frozen=True)
class Reading:
    """What a grader reads, and what it gives for it."""

    form: AnswerForm
    median: Plain
    """Over questions."""
    own: Mapping[str, Plain]
    """Of each question by its key."""

    def limit(self, question: str) -> float:
        """Value from which on an answer to a question counts as paid."""
        own = self.own.get(question, self.median)
        by = own if own.right > own.wrong else self.median
        return (by.right + by.wrong) / 2

    def is_paid(self, said: Reply, question: str) -> bool:
        """Whether an answer to a question counts as paid."""
        return said.value is not None and said.value >= self.limit(question)

    @property
    def told_apart(self) -> float:
        """Share of questions whose plain right answer gets more than their wrong one."""
        return statistics.mean(each.right > each.wrong for each in self.own.values())

    @property
    def is_sure(self) -> bool:
        """Whether every right answer gets more than every wrong one."""
        every = self.own.values()
        return min(each.right for each in every) > max(each.wrong for each in every)

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and most that it gives for plain answers, and as much further as right ones differ
        among themselves and wrong ones do."""
        rights = [each.right for each in self.own.values()]
        wrongs = [each.wrong for each in self.own.values()]
        free = max(rights) - min(rights) + max(wrongs) - min(wrongs)
        return min(*rights, *wrongs) - free, max(*rights, *wrongs) + free


@dataclass(frozen=True)
class Shot:
    """One answer that was fired."""

    what: Attack | Variant
    reading: Reading
    question: str
    text: str
    said: Reply
    again: Reply | None
    """Asked a second time; None: it was not."""

    @property
    def unstable(self) -> bool:
        """Whether the grader gave two different values for the same."""
        return self.again is not None and self.again.value != self.said.value


@dataclass(frozen=True)
class Fired:
    """All that a grader was asked and said."""

    domain: Domain
    readings: Sequence[Reading]
    """The form that tells best first."""
    shots: Sequence[Shot]
    lasting: Mapping[str, float] = field(default_factory=dict[str, float])
    """Attacks, by name, after which a plain wrong answer was paid until the grader was begun anew,
    and what it got."""


def read_forms(domain: Domain, ask: Ask) -> list[Reading]:
    """Find the forms in which a grader tells right answers from wrong ones, the best first.

    Raises:
        SetupError: It does so in none; says what it gave.
    """
    found: list[Reading] = []
    errors: list[str] = []
    for form in domain.forms:
        own, faults = _plain(domain.questions[:FIRST], form, ask)
        errors += faults
        if not faults:
            found.append(_reading(form, own))
    best = max(found, key=_gap, default=None)
    if best is None or _gap(best) <= 0:
        raise SetupError(_in_none(domain, best, errors))
    kept = [best, *(e for e in found if e is not best and _gap(e) > LEAST_GAP * _gap(best))]
    rest, _ = _plain(domain.questions[FIRST:], best.form, ask)
    return [_reading(best.form, {**best.own, **rest}), *kept[1:]]


def _plain(
    questions: Sequence[AuditQuestion], form: AnswerForm, ask: Ask
) -> tuple[dict[str, Plain], list[str]]:
    """What a grader gives for plain answers in a form, where it did not fail; and its errors."""
    said = {
        each.key: [
            ask(job_of(each, form.whole(final, each.reasoning)))
            for final in (each.right, each.wrong)
        ]
        for each in questions
    }
    every = [each for pair in said.values() for each in pair]
    abstained = min([0.0, *(each.value for each in every if each.value is not None)])
    values = {
        key: Plain(*(abstained if each.value is None else each.value for each in pair))
        for key, pair in said.items()
        if all(each.error is None for each in pair)
    }
    return values, [each.error for each in every if each.error is not None]


def _reading(form: AnswerForm, own: Mapping[str, Plain]) -> Reading:
    right, wrong = zip(*((each.right, each.wrong) for each in own.values()), strict=True)
    return Reading(form, Plain(statistics.median(right), statistics.median(wrong)), own)


def _gap(reading: Reading) -> float:
    return reading.median.right - reading.median.wrong


def _in_none(domain: Domain, best: Reading | None, errors: Sequence[str]) -> str:
    given = f"; it said: {errors[0]}" if errors else ""
    if best is not None:
        given = (
            f"; as {best.form.name}, right ones got {best.median.right:g} and wrong ones "
            f"{best.median.wrong:g}"
        )
    tried = ", ".join(form.name for form in domain.forms)
    return (
        f"the grader tells right {domain.name} from wrong ones in no form that was tried ({tried})"
        f"{given}. Is it of another shape (--as) or domain (--domain)?"
    )


def fire(
    domain: Domain,
    ask: Ask,
    *,
    readings: Sequence[Reading] = (),
    renew: Callable[[], None] = lambda: None,
    advance: Callable[[int], None] = lambda _: None,
) -> Fired:
    """Fire all attacks and variants of a domain at a grader.

    Args:
        domain: What is fired.
        ask: The grader.
        readings: Forms that it reads, the best first; none: they are found.
        renew: Begins the grader anew, where an answer may have changed it.
        advance: Called with how many attacks and variants were fired since.

    Raises:
        SetupError: It tells right answers from wrong ones in no form.
    """
    readings = readings or read_forms(domain, ask)
    shots: list[Shot] = []
    lasting: dict[str, float] = {}
    for what in (*domain.variants, *domain.attacks):
        failures = 0
        for reading in readings:
            count = len(domain.questions) if reading is readings[0] else IN_OTHERS
            for number, question in enumerate(domain.questions[:count]):
                text = what.write(question, reading.form)
                if text is None or failures >= MOST_FAILURES:
                    continue
                job = job_of(question, text)
                said = ask(job)
                failures += said.died
                again = ask(job) if number == 0 and not said.died else None
                shots.append(Shot(what, reading, question.key, text, said, again))
        got = _left_behind(domain, ask, readings[0], renew) if isinstance(what, Attack) else None
        if got is not None:
            lasting[what.name] = got
        advance(1)
    return Fired(domain, readings, shots, lasting)


def _left_behind(
    domain: Domain, ask: Ask, reading: Reading, renew: Callable[[], None]
) -> float | None:
    """What a plain wrong answer gets, where it is paid now and is not once the grader is new."""
    question = domain.questions[0]
    job = job_of(question, reading.form.whole(question.wrong, question.reasoning))
    before = reading.own.get(question.key, reading.median).wrong
    if before >= reading.limit(question.key):
        return None
    said = ask(job)
    if not reading.is_paid(said, question.key):
        return None
    renew()
    return None if reading.is_paid(ask(job), question.key) else said.value


def job_of(question: AuditQuestion, text: str) -> dict[str, Any]:
    """Return what a grader is asked of one answer."""
    return {
        "prompt": question.prompt,
        "text": text,
        "answer": text,
        "truth": question.truth,
        "task": None,
        "columns": dict(question.columns),
    }


def by_kind(fired: Fired) -> Iterator[tuple[Attack | Variant, Sequence[Shot]]]:
    """Yield what was fired, with all shots of each."""
    for what in (*fired.domain.attacks, *fired.domain.variants):
        yield what, [each for each in fired.shots if each.what is what]
