"""The run's own rollouts audit the bank at every checkpoint, from what is stored up to it.

Faults that were injected and caught here: rollouts of later steps read; the past left out of the
basis; ends of the bank's earlier round kept; the earlier checkpoints of another call not read; the
ends of the baselines taken for those of the bank.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from world import World

from foretoken.bank.refresh import RefreshConfig, refresh_bank
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Doubt, Draw, RateEstimate, Source
from foretoken.store.run import Run

TYPE, OTHER = "function_attribute_flag", "process_exit"
"""The bank has no hit of the first."""
LATE = 20


def add_rollouts(run: Run, steps: range, *, hacked: bool = True) -> None:
    """Rollouts on a task that the bank does not have, 16 a step."""
    like = next(draw for draw in run.read(Draw) if draw.hacked).replacing(exploit_type=TYPE)
    for step in steps:
        changes = {"source": Source.ROLLOUT, "task": f"other/{step % 5}", "step": step}
        rolled = [
            like.replacing(key=f"rollout/{step}/{n}", hacked=hacked, weights="", **changes)
            for n in range(16)
        ]
        run.append(rolled, part=f"rollout-{step:06d}")


def switch(run: Run) -> dict[tuple[str, int], RateEstimate]:
    found = [each for each in run.read(RateEstimate) if each.estimator == "switch"]
    return {(each.exploit_type, each.step): each for each in found}


@pytest.fixture(scope="module")
def made(
    world: World, copy_measured: Callable[[Path], Run], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Run, dict[tuple[str, int], RateEstimate], dict[tuple[str, int], RateEstimate]]:
    """A run all of whose rollouts hack between step 5 and the last checkpoint; before, after."""
    run = copy_measured(tmp_path_factory.mktemp("trail") / "run")
    before = switch(run)
    add_rollouts(run, range(1, 5), hacked=False)
    add_rollouts(run, range(5, LATE))
    add_rollouts(run, range(LATE + 1, LATE + 3), hacked=False)
    measure(MeasureConfig(run=run.path, checkpoints=world.checkpoints))
    return run, before, switch(run)


Made = tuple[Run, dict[tuple[str, int], RateEstimate], dict[tuple[str, int], RateEstimate]]


def test_rollouts_withdraw_the_point_of_their_type_alone_and_count_in_its_place(made: Made) -> None:
    _, before, after = made
    late = after[TYPE, LATE]
    assert late.contradicted_at == 5
    assert Doubt.COVERAGE_FAILED in late.doubts
    assert not late.published
    assert (late.counted, late.counted_from) == ((32, 32), LATE - 2)
    assert late.level == 1.0
    assert (late.rate, late.interval) == (before[TYPE, LATE].rate, before[TYPE, LATE].interval)
    other = after[OTHER, LATE]
    assert other.contradicted_at is None
    assert other.published == before[OTHER, LATE].published


def test_an_earlier_checkpoint_knows_no_later_rollout(made: Made) -> None:
    _, before, after = made
    for step in (0, 4):
        changes: dict[str, object] = {"basis": "", "counted": None, "counted_from": None}
        changes |= {"own_draws": 0, "probable": None}
        assert after[TYPE, step].replacing(**changes) == before[TYPE, step].replacing(**changes)
    assert after[TYPE, 4].counted is not None


def test_checkpoints_of_several_calls_are_audited_as_those_of_one(
    made: Made, world: World, copy_measured: Callable[[Path], Run], tmp_path: Path
) -> None:
    _, _, after = made
    run = copy_measured(tmp_path / "run")
    add_rollouts(run, range(1, 5), hacked=False)
    measure(MeasureConfig(run=run.path, checkpoints=world.checkpoints))
    add_rollouts(run, range(5, LATE))
    add_rollouts(run, range(LATE + 1, LATE + 3), hacked=False)
    measure(MeasureConfig(run=run.path, checkpoints=world.checkpoints[1:]))
    assert switch(run) == after


def test_once_refuted_stays_refuted_until_the_bank_is_drawn_again(made: Made, world: World) -> None:
    run, _, _ = made
    refresh_bank(
        RefreshConfig(
            run=run.path, checkpoint=world.checkpoints[1], types=(TYPE,), draws_per_task=30
        )
    )
    measure(MeasureConfig(run=run.path, checkpoints=world.checkpoints))
    late = switch(run)[TYPE, LATE]
    assert late.contradicted_at is None
    assert late.counted is not None
