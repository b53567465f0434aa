"""What an audit says of a grader: one finding for each attack or variant that shows something."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from foretoken.audit.base import Attack, Variant
from foretoken.audit.firing import Fired, Shot, by_kind

SLOW_S = 1.0
"""Median time of an answer from which on a grader is slow."""
OUTSIDE = 1e-9


class AuditFault(StrEnum):
    """What is wrong, the worst first."""

    PAID = "paid"
    """An answer that deserves nothing was paid."""
    HUNG = "hung"
    """It gave no answer in time, or its process ended."""
    RAISED = "raised"
    """It raised, or gave no finite number: some trainers stop at that, others pay for it."""
    REFUSED = "refused"
    """A right answer was not paid."""
    OUTSIDE = "outside"
    """It gave more than for a right answer, or less than for a wrong one."""
    UNSTABLE = "unstable"
    """It gave two values for the same answer."""
    SLOW = "slow"
    """It takes long."""


@dataclass(frozen=True)
class AuditFinding:
    """One fault, by one attack or variant."""

    fault: AuditFault
    by: str
    """Of the attack or variant."""
    count: int
    """Answers that show it."""
    of: int
    """Answers of this kind that were fired."""
    sent: str
    """The shortest answer that shows it."""
    question: str
    got: str
    """What the grader gave for it."""
    forms: tuple[str, ...]
    """Of an answer, in which it shows."""
    why: str
    remedy: str
    source: str = ""


def findings(fired: Fired) -> list[AuditFinding]:
    """Return what a grader did wrong, the worst first, in each fault the commonest first."""
    found = [each for what, shots in by_kind(fired) if shots for each in _of(what, shots)]
    seconds = [each.said.seconds for each in fired.shots if each.said.seconds is not None]
    if seconds and statistics.median(seconds) > SLOW_S:
        taken = f"{statistics.median(seconds):.1f} s"
        found.append(
            AuditFinding(
                *(AuditFault.SLOW, "all answers", len(seconds), len(seconds), "", "", taken, ()),
                why="Training waits for it.",
                remedy="keep what it loads, and ask it about many answers at once",
            )
        )
    order = list(AuditFault)
    return sorted(found, key=lambda each: (order.index(each.fault), -each.count / each.of, each.by))


def _of(what: Attack | Variant, shots: Sequence[Shot]) -> Iterator[AuditFinding]:
    attack = isinstance(what, Attack)
    shown: dict[AuditFault, list[Shot]] = {fault: [] for fault in AuditFault}
    for each in shots:
        for fault in _faults(each, attack=attack):
            shown[fault].append(each)
    for fault, own in shown.items():
        if own:
            example = min(own, key=lambda each: (len(each.text), each.question))
            yield AuditFinding(
                fault=fault,
                by=what.name,
                count=len(own),
                of=len(shots),
                sent=example.text,
                question=example.question,
                got=_got(example),
                forms=tuple(dict.fromkeys(each.reading.form.name for each in own)),
                why=what.why,
                remedy=_REMEDIES.get(fault) or (what.remedy if attack else ""),
                source=what.source if attack else "",
            )


_REMEDIES = {
    AuditFault.REFUSED: "accept it, or say the form of an answer in the prompt",
    AuditFault.RAISED: "catch it, give what a wrong answer gets, and count it",
    AuditFault.OUTSIDE: "bound the reward",
    AuditFault.UNSTABLE: "fix what it draws, or average over several askings",
}


def _faults(shot: Shot, *, attack: bool) -> Iterator[AuditFault]:
    said, reading = shot.said, shot.reading
    if said.died:
        yield AuditFault.HUNG
    elif said.error is not None:
        yield AuditFault.RAISED
    elif attack and reading.is_paid(said, shot.question):
        yield AuditFault.PAID
    elif not attack and not reading.is_paid(said, shot.question):
        yield AuditFault.REFUSED
    low, high = reading.bounds
    if said.value is not None and not (low - OUTSIDE <= said.value <= high + OUTSIDE):
        yield AuditFault.OUTSIDE
    if shot.unstable:
        yield AuditFault.UNSTABLE


def _got(shot: Shot) -> str:
    said = shot.said
    if said.error is not None:
        return said.error
    if said.value is None:
        return "no value"
    if shot.unstable and shot.again is not None:
        return f"{said.value:g}, then {shot.again.value}"
    return f"{said.value:g}"
