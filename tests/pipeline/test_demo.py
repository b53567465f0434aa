"""The whole story, on a run as small as the tests' world."""

import shutil
from pathlib import Path

import pytest
from world import MAX_TOKENS, World

from foretoken.errors import SetupError
from foretoken.pipeline import demo
from foretoken.pipeline.demo import DemoConfig, tell_story
from foretoken.records import Draw, Forecast, RateEstimate, Sampling, Task, Truth
from foretoken.report.load import load
from foretoken.report.page import write_report
from foretoken.report.story import tell
from foretoken.store.run import Run
from foretoken.tasks.load import load_tasks


@pytest.fixture
def shipped(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shipped"
    run = Run.create(folder)
    shutil.copytree(world.donor, folder / "donor")
    for checkpoint in world.checkpoints:
        shutil.copytree(checkpoint, folder / "checkpoints" / checkpoint.name)
    tasks = load_tasks(str(world.tasks))
    run.append(tasks, part="evaluation")
    run.append([rollout(task, step) for step in range(5) for task in tasks], part="rollouts")
    rates = {"error_code_abuse": 200, "process_exit": 300, "function_attribute_flag": 0}
    run.append(
        [
            Truth(exploit_type=name, step=step, draws=1000, hacks=hacks, deliberate=0, tasks=4)
            for name, hacks in rates.items()
            for step in (4, 20)
        ],
        part="counted",
    )
    monkeypatch.setattr(demo, "MODEL", world.subject)
    monkeypatch.setattr(demo, "RUN", folder)
    return folder


def rollout(task: Task, step: int) -> Draw:
    """Of a training task, as those of the shipped run are: no rollout is on a task of the bank."""
    return Draw(
        key=f"{step}/{task.key}", source="rollout", task=f"training/{task.key}",
        exploit_type=task.exploit_type,
        step=step, tokens=(5, 2), ended=True, prompt_tokens=3, reasoning="", answer="",
        hacked=False, sampling=Sampling(dtype="bfloat16"),
    )  # fmt: skip


def test_the_story_is_told_from_a_copy_and_ends_in_a_report(shipped: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in shipped.rglob("*") if path.is_file()}
    config = DemoConfig(run=tmp_path / "run", draws_per_task=8, max_tokens=MAX_TOKENS)
    folder = tell_story(config)
    assert {path: path.read_bytes() for path in shipped.rglob("*") if path.is_file()} == before
    run = Run.open(tmp_path / "run")
    assert {each.step for each in run.read(RateEstimate)} == {0, 4, 20}
    assert {each.cutoff_step for each in run.read(Forecast)} == {4}
    found = tell(load(folder)).comparison
    emerged = {one.exploit_type: one.emerged_step for one in found.types}
    assert emerged["function_attribute_flag"] is None
    assert emerged["process_exit"] == 4
    assert "process_exit" in write_report(run.path, tmp_path / "report.html").read_text()
    assert tell_story(config) == folder
    assert tell(load(folder)).comparison == found


def test_a_package_without_the_shipped_run_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "MODEL", tmp_path / "absent")
    with pytest.raises(SetupError, match="is not whole"):
        tell_story(DemoConfig(run=tmp_path / "run"))
