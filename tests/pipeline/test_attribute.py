"""Attribution on a run in which it is known what moved which task, and what was paid.

Faults that were injected to see these tests fail: rollouts of the checkpoint after the change
counted as its cause; hacks that were not paid counted; the checkpoint after the rise offered for
rewinding; the rise looked for by the rate alone, without its noise.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from known_run import (
    MOVED,
    OTHER,
    STEPS,
    TASKS,
    TYPE,
    known_rollouts,
    task_key,
    write_known_run,
)
from typer.testing import CliRunner

from foretoken.attribution_records import Attribution
from foretoken.cli.main import app
from foretoken.errors import SetupError
from foretoken.logs.base import LoggedRollout
from foretoken.pipeline.attribute import LAST, STEEPEST, AttributeConfig, attribute
from foretoken.report.attribution import origin
from foretoken.store.run import Run
from foretoken.work.paid import read_paid


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float, Attribution]:
    """Folder, true change between steps 10 and 20, and what is said of it."""
    folder = tmp_path_factory.mktemp("attribution") / "run"
    catalogues = write_known_run(folder)
    true = catalogues[2].rate - catalogues[1].rate
    (found,) = attribute(AttributeConfig(run=folder))
    return folder, true, found


def test_the_steepest_rise_is_found_and_traced_to_the_task_that_moved(
    known: tuple[Path, float, Attribution],
) -> None:
    _, true, found = known
    assert (found.from_step, found.to_step, found.chosen) == (10, 20, STEEPEST)
    assert found.told
    assert found.interval is not None
    assert found.interval[0] <= true <= found.interval[1]
    assert found.tasks[0].task == task_key(MOVED)
    assert found.tasks[0].moved
    assert found.tasks[0].grader == "known:grader"
    assert found.tasks[0].change == pytest.approx(true, rel=0.4)
    assert sum(each.change for each in found.tasks) == pytest.approx(found.change, rel=1e-9)
    assert found.tasks_without_hits + len(found.tasks) == TASKS


def test_each_update_is_counted_with_what_it_paid(known: tuple[Path, float, Attribution]) -> None:
    _, _, found = known
    assert [each.step for each in found.updates] == list(range(10, 20))
    assert [each.paid for each in found.updates] == [0, 0, *[1] * 8]
    assert {each.paid_others for each in found.updates} == {0}
    assert found.updates[-1].above_mean == pytest.approx(0.75)
    assert found.updates[-1].advantage is None
    (paid,) = found.paid_tasks
    assert (paid.task, paid.paid) == (task_key(MOVED), 8)


def test_a_rise_is_told_apart_by_what_was_paid_meanwhile(
    known: tuple[Path, float, Attribution],
) -> None:
    _, _, found = known
    assert [(each.from_step, each.paid, each.paid_others) for each in found.stretches] == [
        (0, 0, 10),
        (10, 8, 0),
    ]
    rises = found.rises_by_pay()
    assert rises["own"] > 0.9 * sum(rises.values())
    assert rises["unknown"] == 0.0


def test_the_checkpoint_to_rewind_to_is_before_the_rise_and_before_the_first_paid_hack(
    known: tuple[Path, float, Attribution],
) -> None:
    folder, _, found = known
    assert found.first_paid == 12
    assert found.unpaid is not None
    assert found.unpaid.step == 10
    assert found.rewind is not None
    assert found.rewind.step <= 10
    assert found.rewind.path == str(folder / f"checkpoints/step-{found.rewind.step:06d}")
    said = " ".join(origin(found).actions)
    assert f"Rewind to step {found.rewind.step}" in said
    assert "only the exit status" in said


def test_no_checkpoint_after_the_rise_is_offered_however_large_the_budget(
    known: tuple[Path, float, Attribution],
) -> None:
    (found,) = attribute(AttributeConfig(run=known[0], budget=0.5))
    assert found.within_budget is not None
    assert found.within_budget.step == 10


def test_without_a_rise_nothing_is_attributed(known: tuple[Path, float, Attribution]) -> None:
    folder, _, _ = known
    (found,) = attribute(AttributeConfig(run=folder, from_step=20, to_step=30))
    assert not found.told
    assert found.rewind is None
    said = origin(found)
    assert "nothing is attributed" in " ".join(said.sentences)
    assert said.tasks == said.actions == []


def test_where_no_rise_is_larger_than_its_noise_the_last_two_are_compared(tmp_path: Path) -> None:
    write_known_run(tmp_path / "run", growth=1.2)
    (found,) = attribute(AttributeConfig(run=tmp_path / "run"))
    assert (found.from_step, found.to_step, found.chosen) == (20, 30, LAST)
    assert not found.told


def test_updates_without_stored_rollouts_are_said_to_be_unknown(tmp_path: Path) -> None:
    write_known_run(tmp_path / "run", stored=range(12))
    (found,) = attribute(AttributeConfig(run=tmp_path / "run"))
    assert [each.step for each in found.updates] == [10, 11]
    assert found.first_paid is None
    assert found.unpaid is None
    rises = found.rises_by_pay()
    assert rises["unknown"] > 0.9 * sum(rises.values())
    assert any("Rollouts of 2 of 10 updates" in each for each in found.doubts)


def test_advantages_are_those_that_the_trainer_logged(tmp_path: Path) -> None:
    write_known_run(tmp_path / "run")
    key = f"15/{TYPE}/{MOVED}/0"
    Run.open(tmp_path / "run").append(
        [LoggedRollout(key=key, layout="trl", step=15, advantage=1.5)], part="log"
    )
    (found,) = attribute(AttributeConfig(run=tmp_path / "run"))
    assert {each.step: each.advantage for each in found.updates}[15] == 1.5
    assert {each.step: each.advantage for each in found.updates}[16] is None


def test_closed_loopholes_pay_nothing_where_rewards_are_not_known(tmp_path: Path) -> None:
    write_known_run(tmp_path / "run", stored=())
    run = Run.open(tmp_path / "run")
    run.append([each.replacing(reward=None) for each in known_rollouts(15)], part="rollout-000015")
    assert read_paid(run, before=30).paid_hack.sum() == 1
    assert read_paid(run, before=30, closed=[TYPE]).paid_hack.sum() == 0
    assert read_paid(run, before=15).paid_hack.sum() == 0


@pytest.mark.parametrize(
    "named, said",
    [
        ({"exploit_type": OTHER}, f"no estimate of {OTHER}; it has {TYPE}"),
        ({"from_step": 10}, "name both checkpoints"),
        ({"from_step": 10, "to_step": 15}, "step 15 of .* was not measured; 0, 10, 20, 30 were"),
        ({"from_step": 20, "to_step": 10}, "not before"),
    ],
)
def test_what_is_not_there_is_refused(
    known: tuple[Path, float, Attribution], named: dict[str, object], said: str
) -> None:
    with pytest.raises(SetupError, match=said):
        attribute(AttributeConfig.model_validate({"run": known[0], **named}))


def test_the_command_prints_tables_and_json(known: tuple[Path, float, Attribution]) -> None:
    folder = str(known[0])
    shown = CliRunner().invoke(app, ["attribute", folder])
    assert shown.exit_code == 0
    assert "10 to 20" in shown.output
    full = CliRunner().invoke(app, ["attribute", folder, "--type", TYPE])
    assert task_key(MOVED) in full.output
    assert "Rewind to step" in full.output
    told = CliRunner().invoke(app, ["attribute", folder, "--json"])
    record = json.loads(told.output)
    assert record["exploit_type"] == TYPE
    assert Run.open(folder).read(Attribution)[0].from_step == 10
    assert record["to_step"] in STEPS
    assert np.isfinite(record["change"])
