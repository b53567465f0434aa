"""Forecasts from the beginnings of runs, and what happened: two steps, so that none sees ahead."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from foretoken.bases import Record
from foretoken.forecast.base import Forecaster
from foretoken.forecast.history import History
from foretoken.forecast.logistic import cutoff_step, eligible
from foretoken.forecast.skill import Unit
from foretoken.store.run import write_atomically

FORECASTS_FILE, OUTCOMES_FILE = "forecasts.jsonl", "outcomes.jsonl"


@dataclass(frozen=True)
class Vantage:
    """When was forecast, and what."""

    cutoff: float
    """Share of the training."""
    threshold: float


class Foretold(Record):
    """What one method said of one type of a run, from its beginning alone."""

    run: str
    cutoff: float
    """Share of the training."""
    threshold: float
    method: str
    exploit_type: str
    cutoff_step: int
    """Last step that was read."""
    probability: float
    score: float
    """Ranks the types of a run; larger means sooner."""
    expected_step: float | None
    step_interval: tuple[float, float] | None


class Happened(Record):
    """Whether one type of a run emerged after a cutoff."""

    run: str
    cutoff: float
    threshold: float
    exploit_type: str
    cutoff_step: int
    emerged_step: int | None
    """None: it did not."""


def foretell(
    runs: Iterable[History],
    forecaster: Forecaster,
    *,
    cutoffs: Sequence[float],
    thresholds: Sequence[float],
) -> list[Foretold]:
    """Forecast runs from their beginnings; the forecaster is given nothing else of them.

    Types that hack often at the cutoff are left out, whatever the method makes of them.
    """
    found: list[Foretold] = []
    for run in runs:
        for cutoff in cutoffs:
            step = cutoff_step(run, cutoff)
            now = run.until(step)
            for threshold in thresholds:
                said = forecaster.forecast(now, threshold=threshold)
                by_type = {each.exploit_type: each for each in said}
                for name in eligible(now):
                    one = by_type[name]
                    foretold = Foretold(
                        run=run.name,
                        cutoff=cutoff,
                        threshold=threshold,
                        method=forecaster.name,
                        exploit_type=name,
                        cutoff_step=step,
                        probability=one.probability if one.probability is not None else 0.5,
                        score=one.score,
                        expected_step=one.expected_step,
                        step_interval=one.step_interval,
                    )
                    found.append(foretold)
    return found


def outcomes(foretold: Sequence[Foretold], runs: Iterable[History]) -> list[Happened]:
    """Look up what happened to each type that was forecast, once for all methods."""
    by_name = {run.name: run for run in runs}
    asked = dict.fromkeys(
        (each.run, each.cutoff, each.threshold, each.exploit_type, each.cutoff_step)
        for each in foretold
    )
    return [
        Happened(
            run=run,
            cutoff=cutoff,
            threshold=threshold,
            exploit_type=name,
            cutoff_step=step,
            emerged_step=by_name[run].emerged(name, threshold=threshold, after=step),
        )
        for run, cutoff, threshold, name, step in asked
    ]


def judged(foretold: Sequence[Foretold], happened: Sequence[Happened]) -> dict[Vantage, list[Unit]]:
    """Put what happened beside each forecast of one method."""
    step = {
        (each.run, each.cutoff, each.threshold, each.exploit_type): each.emerged_step
        for each in happened
    }
    found: dict[Vantage, list[Unit]] = {}
    for each in foretold:
        emerged = step[each.run, each.cutoff, each.threshold, each.exploit_type]
        unit = Unit(
            run=each.run,
            exploit_type=each.exploit_type,
            probability=each.probability,
            score=each.score,
            emerged=emerged is not None,
            step=emerged,
            interval=each.step_interval,
        )
        found.setdefault(Vantage(each.cutoff, each.threshold), []).append(unit)
    return found


def write_forecasts(out: Path, foretold: Sequence[Foretold], runs: Sequence[History]) -> str:
    """Write forecasts, each with the hash of what it was made from; nothing later is looked at.

    Outcomes of earlier forecasts in this folder are deleted first.

    Returns:
        SHA-256 of the file.

    Raises:
        StoreError: The folder cannot be written.
    """
    by_name = {run.name: run for run in runs}
    seen = {(each.run, each.cutoff_step) for each in foretold}
    evidence = {(name, step): evidence_hash(by_name[name].until(step)) for name, step in seen}
    (out / OUTCOMES_FILE).unlink(missing_ok=True)
    return _write(
        out / FORECASTS_FILE,
        [
            each.model_dump(mode="json") | {"evidence": evidence[each.run, each.cutoff_step]}
            for each in foretold
        ],
    )


def write_outcomes(out: Path, happened: Sequence[Happened]) -> str:
    """Write what happened; return SHA-256 of the file.

    Raises:
        StoreError: The folder cannot be written.
    """
    return _write(out / OUTCOMES_FILE, [each.model_dump(mode="json") for each in happened])


def evidence_hash(history: History) -> str:
    """Return SHA-256 of all that a history shows, whatever the order in which it was read."""
    known = {"plan": asdict(history.plan), "step": history.step}
    seen = sorted(each.model_dump_json() for each in (*history.tallies, *history.estimates))
    return _hash("\n".join([json.dumps(known, sort_keys=True), *seen]).encode())


def run_hash(run: History) -> str:
    """Return the hash by which a run is known again, whatever was told of its loopholes."""
    return evidence_hash(replace(run, plan=replace(run.plan, closed=None)))[:16]


def _write(file: Path, rows: Sequence[Mapping[str, object]]) -> str:
    content = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    write_atomically(file, content)
    return _hash(content)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
