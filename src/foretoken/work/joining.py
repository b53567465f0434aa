"""Rollouts of a training join the bank of its run, so both are sampled alike; known at once."""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import pyarrow.compute as pc

from foretoken.bases import Frozen
from foretoken.errors import MismatchError
from foretoken.records import Draw, Sampling, Source
from foretoken.store.run import Run
from foretoken.store.samplings import differences

C = TypeVar("C", bound=Frozen)
HERE = "transformers"
"""Engine of this process, as draws name it."""


def taking_over(config: C, known: Mapping[str, Any]) -> C:
    """Return settings with the known values where none is given.

    Args:
        config: Settings.
        known: By name.
    """
    return config.replacing(**{n: v for n, v in known.items() if n not in config.model_fields_set})


def require_joinable(
    run: Run, sampling: Sampling, tasks: Collection[str], *, others: Source
) -> None:
    """Refuse to sample in another way than stored draws on the same tasks, before it begins.

    Args:
        run: Where they are.
        sampling: What will be sampled with.
        tasks: Keys of the tasks.
        others: Source of the stored draws: the bank, or rollouts.

    Raises:
        MismatchError: With what differs.
    """
    known = run.sampling(others)
    if known is None or known == sampling:
        return
    where = (pc.field("source") == others) & pc.field("task").isin(list(tasks))
    if run.table(Draw, where=where, columns=["task"]).num_rows:
        raise MismatchError(
            f"{run.path} holds {others} draws on the same tasks, and rollouts join a bank only "
            f"where both are sampled alike: {differences(known, sampling)}. Leave these settings "
            "out, so that they are taken from there, or choose another run directory"
        )
