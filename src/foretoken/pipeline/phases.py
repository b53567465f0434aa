"""Of what measuring consists, for its progress and for what is said of it before it starts."""

from collections.abc import Collection

from foretoken.pipeline.trail import estimates_part
from foretoken.records import RateEstimate
from foretoken.store.run import Run
from foretoken.work.progress import Phase


def measured_steps(run: Run, steps: Collection[int]) -> set[int]:
    """Return those of these steps that have estimates."""
    return {step for step in steps if run.has_part(estimates_part(step), RateEstimate)}


def measure_phases(run: Run, steps: Collection[int], *, each: float = 1.0) -> list[Phase]:
    """Return one phase a checkpoint; where it is measured already, it has nothing to do.

    Args:
        run: With estimates, perhaps.
        steps: Of the checkpoints, in order.
        each: How dear one is beside phases of other kinds.
    """
    known = measured_steps(run, steps)
    return [
        Phase(phase_name(step), "checkpoint", float(step not in known), each=each) for step in steps
    ]


def phase_name(step: int) -> str:
    """Return what the phase of a checkpoint is called."""
    return f"checkpoint at step {step}"
