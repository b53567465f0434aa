"""A run's own draws, summed up by step and exploit type."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foretoken.records import Draw, Source, Tally
from foretoken.store.run import Run

PAID = 0.5
"""Reward from which on a hack counts as paid."""
_KEYS = ("source", "step", "exploit_type")


def read_tallies(run: Run) -> list[Tally]:
    """Return the sums that a run holds, or else those of its rollouts and counted draws.

    A rollout whose reward is not known counts as paid where the flawed grader accepted it.
    """
    if run.parts(Tally):
        return run.read(Tally)
    own = pc.field("source").isin([Source.ROLLOUT, Source.COUNT])
    columns = [*_KEYS, "hacked", "deliberate", "reward", "flawed_passed"]
    table = run.table(Draw, where=own, columns=columns)
    hacked = pc.fill_null(table["hacked"], False)
    accepted = pc.fill_null(table["flawed_passed"], False).cast(pa.float64())
    reward = pc.coalesce(table["reward"].cast(pa.float64()), accepted)
    paid = pc.and_(hacked, pc.greater_equal(reward, PAID))
    numbers: dict[str, Any] = {
        "draws": pa.array(np.ones(len(table), dtype=np.int64)),
        "hacks": hacked.cast(pa.int64()),
        "paid": paid.cast(pa.int64()),
        "spoken": pc.fill_null(table["deliberate"], False).cast(pa.int64()),
        "reward": reward,
    }
    keys = {name: table[name] for name in _KEYS}
    grouped = pa.table({**keys, **numbers}).group_by(list(keys))
    summed = grouped.aggregate([(name, "sum") for name in numbers])
    ordered = summed.sort_by([(name, "ascending") for name in keys])
    named = ordered.rename_columns([each.removesuffix("_sum") for each in ordered.column_names])
    return [Tally.model_validate(row) for row in named.to_pylist()]
