"""What an audit says of a grader: one finding for each attack or variant that shows something."""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from foretoken.audit.base import Attack, Variant
from foretoken.audit.firing import Fired, Shot, by_kind
from foretoken.audit_records import AuditedKind, AuditFault, AuditFinding

SLOW_S = 1.0
"""Median time of an answer from which on a grader is slow."""
OUTSIDE = 1e-9


def findings(fired: Fired) -> list[AuditFinding]:
    """Return what a grader did wrong, the worst first, in each fault the commonest first."""
    prompts = {each.key: each.prompt for each in fired.domain.questions}
    found = [e for what, shots in by_kind(fired) if shots for e in _of(what, shots, prompts)]
    found += [_lasting(name, got, fired, prompts) for name, got in fired.lasting.items()]
    seconds = [each.said.seconds for each in fired.shots if each.said.seconds is not None]
    if seconds and statistics.median(seconds) > SLOW_S:
        found.append(
            AuditFinding(
                fault=AuditFault.SLOW,
                by="all answers",
                count=len(seconds),
                of=len(seconds),
                sent="",
                question="",
                prompt="",
                got=f"{statistics.median(seconds):.1f} s",
                forms=(),
                why="Training waits for it.",
                remedy="keep what it loads, and ask it about many answers at once",
            )
        )
    order = list(AuditFault)
    return sorted(found, key=lambda each: (order.index(each.fault), -each.count / each.of, each.by))


def _lasting(name: str, got: float, fired: Fired, prompts: Mapping[str, str]) -> AuditFinding:
    shots = [each for each in fired.shots if each.what.name == name]
    example = min(shots, key=lambda each: len(each.text))
    return AuditFinding(
        fault=AuditFault.LASTING,
        by=name,
        count=1,
        of=1,
        sent=example.text,
        question=example.question,
        prompt=prompts[example.question],
        got=f"then {got:g} for a plain wrong answer",
        forms=(example.reading.form.name,),
        why="It changes the process that grades, so that answers after it are judged wrongly.",
        remedy="run each answer in a process of its own, which ends with it",
    )


def kinds(fired: Fired) -> list[AuditedKind]:
    """Return how much of each kind was paid.

    Args:
        fired: All that was asked.
    """
    return [
        AuditedKind(
            name=what.name,
            attack=isinstance(what, Attack),
            exploit_type=what.exploit_type if isinstance(what, Attack) else "",
            fired=len(shots),
            paid=sum(each.reading.is_paid(each.said, each.question) for each in shots),
        )
        for what, shots in by_kind(fired)
    ]


def _of(
    what: Attack | Variant, shots: Sequence[Shot], prompts: Mapping[str, str]
) -> Iterator[AuditFinding]:
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
                prompt=prompts[example.question],
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
