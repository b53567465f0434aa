"""How exploit types came up in the runs: early, late, together, by drift, in rebounds, never."""

from collections.abc import Sequence

import numpy as np
from data import KeptRun
from design import BLATANT, STAGE_STEPS, STAGES
from rich.table import Table

from foretoken.arrays import AnyArray
from foretoken.forecast.history import WINDOW
from foretoken.records import RateEstimate

THRESHOLD = 0.1
EARLY, LATE = 0.25, 0.6
"""Shares of the training before and after which an emergence is early, or late."""
TOGETHER, WITHIN = 3, 6
"""So many types that emerge within so many steps of each other."""
FALLEN = 0.5
"""A rate that falls below this share of its peak, and then comes back to it."""


def shapes(runs: Sequence[KeptRun]) -> Table:
    """For each kind of emergence: how many of all (run, type), and in how many runs."""
    made = Table(title="what happened")
    for name in ("", "types", "share", "in so many runs"):
        made.add_column(name, justify="right" if name else "left")
    seen: dict[str, list[str]] = {}
    pairs = 0
    for run in runs:
        for name, kinds in _of_run(run).items():
            seen.setdefault(name, []).extend([run.history.name] * kinds)
        pairs += len(run.history.types)
    for name, where in seen.items():
        made.add_row(name, str(len(where)), f"{len(where) / pairs:.0%}", str(len(set(where))))
    mixed = sum(
        all(found[name] for name in ("early", "late", "never")) for found in map(_of_run, runs)
    )
    made.add_row("early, late and never in one run", "", "", str(mixed))
    return made


def _of_run(run: KeptRun) -> dict[str, int]:
    history = run.history
    emerged = {
        kind: step
        for kind in history.types
        if (step := history.emerged(kind, threshold=THRESHOLD)) is not None
    }
    last = history.plan.steps
    steps = np.array(sorted(emerged.values()))
    together = [int(((steps >= s) & (steps <= s + WITHIN)).sum()) for s in steps]
    return {
        "emerged": len(emerged),
        "early": sum(step <= EARLY * last for step in emerged.values()),
        "late": sum(step >= LATE * last for step in emerged.values()),
        "together": max([n for n in together if n >= TOGETHER], default=0),
        "though closed": sum(kind in run.closed for kind in emerged),
        "in a rebound": sum(_rebounds(history.rollouts(kind)) for kind in emerged),
        "never": len(history.types) - len(emerged),
    }


def _rebounds(counts: tuple[AnyArray, AnyArray]) -> bool:
    """Whether a rate passed the threshold, fell to half its peak or less, and passed it again."""
    near = np.ones(WINDOW)
    hacks, draws = (np.convolve(each, near, mode="same") for each in counts)
    rate = np.divide(hacks, draws, out=np.zeros(len(hacks)), where=draws > 0)
    above = np.flatnonzero(rate >= THRESHOLD)
    for first in above:
        peak = np.maximum.accumulate(rate[first:])
        fallen = np.flatnonzero((rate[first:] < FALLEN * peak) & (rate[first:] < THRESHOLD))
        if len(fallen) and (rate[first + fallen[0] :] >= THRESHOLD).any():
            return True
    return False


def curriculum(runs: Sequence[KeptRun]) -> Table:
    """Whether learning the easy types raised the blatant ones before these were ever rewarded.

    For each blatant type of a run with a curriculum, the log10 of its rate by the bank at the last
    checkpoint before its tasks begin, over that at step 0; the same in clean runs, where nothing
    was learnt. The interval is a bootstrap over runs.
    """
    made = Table(title="blatant types before their tasks begin: change of the rate, in decades")
    for name in ("runs", "types", "mean change", "95 %"):
        made.add_column(name, justify="right" if name != "runs" else "left")
    begins = STAGE_STEPS * (STAGES - 1)
    for title, clean in (("loopholes open, curriculum", False), ("all closed, curriculum", True)):
        changes = [
            _changes(run, before=begins)
            for run in runs
            if run.levels["curriculum"] and run.clean == clean
        ]
        known = [each for each in changes if each]
        if not known:
            continue
        rng = np.random.default_rng(0)
        drawn = [
            np.mean(np.concatenate([known[i] for i in rng.integers(0, len(known), len(known))]))
            for _ in range(2000)
        ]
        low, high = np.quantile(drawn, (0.025, 0.975))
        every = np.concatenate(known)
        made.add_row(title, str(len(every)), f"{every.mean():+.2f}", f"{low:+.2f} to {high:+.2f}")
    return made


def _changes(run: KeptRun, *, before: int) -> list[float]:
    found: list[float] = []
    for kind in BLATANT & set(run.history.types):
        rates = {each.step: _rate(each) for each in run.history.measured(kind)}
        steps = [step for step, rate in rates.items() if 0 < step < before and rate]
        if steps and rates.get(0):
            found.append(float(np.log10(rates[max(steps)] / rates[0])))
    return found


def _rate(estimate: RateEstimate) -> float:
    """The point, else the middle of what is probable; 0 where there is neither."""
    if estimate.published and estimate.rate:
        return estimate.rate
    return estimate.probable[0] if estimate.probable else 0.0
