"""A bank with a hint is continued, refused, controlled and forgotten like any other.

Faults that were injected and caught here: scores under the hint not forgotten; a control, or a
baseline, that has the hint; the length of the prompt without the hint looked at; a hint that may
change.
"""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from world import (
    ENGINES,
    EXPLOITS,
    HINT,
    MAX_TOKENS,
    World,
    bank_config,
    draw_as,
    hinted_config,
    task,
)

from foretoken.bank.build import build_bank, check_lengths
from foretoken.bank.config import voice_weights
from foretoken.bank.control import ControlConfig, check_control
from foretoken.bank.read import read_bank_tasks
from foretoken.engines.base import Weights
from foretoken.errors import MismatchError, SetupError
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import BankHit, Draw, Mixture, RateEstimate, Score
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.tasks.code import as_task
from foretoken.work.drawing import Planned
from foretoken.work.forget import forget
from foretoken.work.scores import hint_scorer, read_scores
from foretoken.work.scoring import Voice, score_missing
from warm import killed, started

LATE = 20


@pytest.fixture
def run(hinted: Run, tmp_path: Path) -> Run:
    """For tests that add to it."""
    return Run.open(shutil.copytree(hinted.path, tmp_path / "run"))


def scorers(run: Run) -> list[str]:
    return layout.partitions(run.path, Score)


def parts(run: Run) -> dict[str, bytes]:
    return {str(f.relative_to(run.path)): f.read_bytes() for f in run.path.rglob("*.parquet")}


def test_parts_that_are_gone_are_made_again_just_as_they_were(run: Run, world: World) -> None:
    before = parts(run)
    gone = [name for name in before if "hint-0" in name or "draws/bank-s2" in name]
    gone += [name for name in before if name.startswith(BankHit.folder)]
    assert len(gone) > 2
    for name in gone:
        (run.path / name).unlink()
    build_bank(hinted_config(world, run.path))
    assert parts(run) == before


def build(world: World, folder: Path) -> None:
    build_bank(hinted_config(world, folder))


@pytest.mark.slow
def test_killed_when_it_begins_to_score_under_the_hint_it_ends_the_same(
    hinted: Run, world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    process = started(build, world, folder)
    while not list(folder.glob("scores/hint-0/*.parquet")) and process.is_alive():
        time.sleep(0.01)
    killed(process)
    assert not Run.open(folder).parts(BankHit)
    build(world, folder)
    assert parts(Run.open(folder)) == parts(hinted)


@pytest.mark.parametrize("hint", ["", "code {prompt}"])
def test_another_hint_is_refused_and_nothing_changes(run: Run, world: World, hint: str) -> None:
    before = parts(run)
    with pytest.raises(MismatchError, match=r"hint 'code code code \{prompt\}' against"):
        build_bank(hinted_config(world, run.path, hint=hint))
    assert parts(run) == before


def test_a_run_without_a_hint_refuses_one(banked: Path, world: World, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(banked, tmp_path / "run"))
    with pytest.raises(MismatchError, match=r"hint '' against 'code \{prompt\}'"):
        build_bank(bank_config(world, folder, hint="code {prompt}"))


def test_a_hint_that_leaves_no_room_is_refused_before_anything_is_drawn(
    world: World, tmp_path: Path
) -> None:
    room = 64 - MAX_TOKENS - len(["error_code_abuse", "0", "<think>"])
    fits, long = (
        bank_config(world, tmp_path / "run", hint=f"{'hm ' * words}{{prompt}}")
        for words in (room, room + 1)
    )
    tasks = {each.key: as_task(each) for each in (task(name, 0) for name in EXPLOITS)}
    with ENGINES.open(voice_weights(fits)) as engine:
        assert check_lengths(engine, tasks, fits) is None
    with pytest.raises(SetupError, match=r"57 prompt tokens and max_tokens 8 exceed the 64"):
        build_bank(long)
    assert not Run.open(tmp_path / "run").parts(Draw)


def test_the_bank_of_a_control_has_no_hint(run: Run, world: World) -> None:
    asked = {"run": run.path, "name": "same", "donor": world.donor, "draws_per_task": 4}
    check_control(ControlConfig(**asked, types=("process_exit",)))
    control = Run.open(layout.control_folder(run.path, "same"))
    assert len(control.read(Draw)) >= 16
    mixtures = control.read(Mixture)
    assert all(not each.hinted for mixture in mixtures for each in mixture.components)
    assert scorers(control) == ["donor:0.5:0", "donor:1:0", "step:0"]


def test_a_baseline_has_no_hint(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    build_bank(hinted_config(world, folder, proposals="ladder", draws_per_task=4))
    run = Run.open(folder)
    assert all(not each.hinted for m in run.read(Mixture) for each in m.components)
    assert not [each for each in scorers(run) if each.startswith("hint")]


def test_rollouts_that_hack_are_scored_under_the_hint_of_each_round(run: Run, world: World) -> None:
    measure(MeasureConfig(run=run.path, checkpoints=world.checkpoints))
    before = {each.exploit_type: each for each in run.read(RateEstimate) if each.step == LATE}
    planned = [
        Planned(key=f"rollout/{LATE}/{key}/{number}", task=task)
        for key, task in read_bank_tasks(run).items()
        for number in range(15)
    ]
    where = {"name": "rollout", "source": "rollout", "step": LATE}
    draw_as(run, world, world.checkpoints[1], planned, **where)
    measure(MeasureConfig(run=run.path, checkpoints=world.checkpoints))
    hacks = {each.key for each in run.read(Draw) if each.source == "rollout" and each.hacked}
    assert len(hacks) > 10
    assert hacks <= set(read_scores(run, hint_scorer(step=0)))
    for each in (one for one in run.read(RateEstimate) if one.step == LATE and one.rate):
        old = before[each.exploit_type]
        error = np.sqrt(1 / old.effective_hits + 1 / each.effective_hits)
        assert abs(np.log(each.rate / (old.rate or 1.0))) < 3 * error


def test_scores_under_the_hint_are_forgotten_with_their_checkpoint(run: Run, world: World) -> None:
    """One that is trained again would otherwise meet the scores of the one before."""
    before = parts(run)
    adapter = (str(world.checkpoints[1]), 1.0)
    with ENGINES.open([Weights(str(world.subject), (adapter,))]) as engine:
        voice = Voice(engine, hint_scorer(step=LATE), hint=HINT)
        score_missing(run, voice, run.read(Draw)[:5], tasks=read_bank_tasks(run), per_token=True)
    assert len(read_scores(run, hint_scorer(step=LATE))) == 5
    forget(run, LATE)
    assert parts(run) == before
