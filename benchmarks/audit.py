"""How often the audit refutes ends that are right, and how soon ends that are too low.

Run `python benchmarks/audit.py --streams 2000` (5 minutes on one core). Streams of 48 draws a step,
3 tasks with 16 each, over 128 steps; what is expected stands in docs/method.md.
"""

import argparse

import numpy as np

from foretoken.arrays import AnyArray
from foretoken.estimate.audit import OwnGroups, contradicted_at

CHECKPOINTS = (0, 1, 2, 3, 4, 6, 9, 14, 22, 34, 53, 82, 128)
STEPS = np.arange(129)
GROUPS, SIZE, TASKS = 3, 16, 24
KINDS = ("independent", "all or none", "one task has all", "one task, each in turn")
RATES = {
    "0.002": np.full(len(STEPS), 2e-3),
    "0.03": np.full(len(STEPS), 0.03),
    "0.4": np.full(len(STEPS), 0.4),
    "growing": np.minimum(3e-4 * np.exp(STEPS / 20), 0.9),
    "rebounding": np.select(
        [STEPS < 9, STEPS < 22, STEPS < 53, STEPS < 82], [1e-3, 0.04, 0.003, 0.2], 0.01
    ),
}
MISSES = ((6.0, 2e-3), (3.0, 2e-3), (2.0, 2e-3), (6.0, 0.02), (2.0, 0.02), (1.5, 0.1))


def stream(rate_s: AnyArray, kind: str, rng: np.random.Generator) -> OwnGroups:
    """Draws at these rates; kinds say how hacks of one task and of several hang together."""
    rate = np.repeat(rate_s, GROUPS)
    if kind == "all or none":
        hacks = SIZE * (rng.random(len(rate)) < rate)
    elif kind == "independent":
        hacks = rng.binomial(SIZE, rate)
    else:
        turns = [rng.permutation(TASKS) for _ in range(len(rate) // TASKS + 1)]
        drawn = rng.integers(TASKS, size=len(rate))
        task = np.concatenate(turns)[: len(rate)] if kind.endswith("turn") else drawn
        hacks = rng.binomial(SIZE, np.where(task == 0, np.minimum(TASKS * rate, 1), 0))
    return OwnGroups(
        step=np.repeat(STEPS, GROUPS),
        draws=np.full(len(rate), SIZE, dtype=np.int64),
        hacks=np.asarray(hacks, dtype=np.int64),
        elsewhere=np.zeros(len(rate), dtype=np.bool_),
    )


def allowed(rate_s: AnyArray) -> AnyArray:
    """The most that the rate may be at each step if it is the end at every checkpoint."""
    after = np.searchsorted(CHECKPOINTS, STEPS)
    before = np.where(np.isin(STEPS, CHECKPOINTS), after, after - 1)
    end_c = rate_s[list(CHECKPOINTS)]
    return np.maximum(end_c[before], end_c[after])


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=2000)
    streams = parser.parse_args().streams
    rng = np.random.default_rng(1)
    for name, rate_s in RATES.items():
        ends = {step: float(rate_s[step]) for step in CHECKPOINTS}
        for kind in KINDS:
            found = [
                contradicted_at(stream(allowed(rate_s), kind, rng), ends) for _ in range(streams)
            ]
            wrong = sum(step is not None for step in found)
            print(f"right ends, {name}, {kind}: {wrong} of {streams} refuted", flush=True)
    for factor, rate in MISSES:
        ends = dict.fromkeys(CHECKPOINTS, rate / factor)
        for kind in ("independent", "one task has all"):
            made = [stream(np.full(len(STEPS), rate), kind, rng) for _ in range(streams // 5)]
            found = [contradicted_at(each, ends) for each in made]
            steps = np.array([np.inf if step is None else step + 1 for step in found])
            print(
                f"ends {factor:g} times too low, rate {rate:g}, {kind}: "
                f"{np.isfinite(steps).mean():.0%} refuted, half by step {np.median(steps):.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
