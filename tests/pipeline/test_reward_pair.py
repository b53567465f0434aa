"""A bank over tasks that two rewards grade: no function, no sandbox, the same pipeline."""

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from word_rewards import WORDS
from world import HONEST, World, bank_config

from foretoken.bank.build import build_bank
from foretoken.errors import TaskError
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Draw, RateEstimate, Task
from foretoken.store.run import Run
from foretoken.tasks import graders
from foretoken.tasks.load import save_tasks

COUNTED = 800
"""Own draws of each type at each checkpoint: 200 for each of 4 tasks."""


def rewarded(exploit_type: str, number: int) -> Task:
    return Task(
        key=f"words/{exploit_type}/{number}",
        exploit_type=exploit_type,
        prompt=f"{exploit_type} {number}",
        grader="word_rewards:make",
        payload={"reference": HONEST},
        flaw_words=("code",),
    )


@pytest.fixture(scope="module")
def measured(world: World, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("rewarded")
    tasks = folder / "tasks.jsonl"
    save_tasks([rewarded(name, number) for name in WORDS for number in range(4)], tasks)
    config = bank_config(
        world, folder / "run", tasks=str(tasks), draws_per_task=200, effective_hits=1000
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graders, "GraderPool", None)  # whoever starts the sandbox fails
        build_bank(config)
        measure(MeasureConfig(run=config.run, checkpoints=world.checkpoints, count_draws=200))
    return Run.open(config.run)


def test_rates_of_a_reward_pair_agree_with_plain_counting(measured: Run) -> None:
    found = {(e.estimator, e.exploit_type, e.step): e for e in measured.read(RateEstimate)}
    switch = [e for e in found.values() if e.estimator == "switch" and e.effective_hits >= 20]
    assert len(switch) >= 4
    for each in switch:
        counted = found["count", each.exploit_type, each.step].rate
        assert counted is not None
        assert each.rate is not None
        assert each.interval is not None
        own_error = (each.interval[1] - each.interval[0]) / (2 * 1.96)
        count_error = np.sqrt(counted * (1 - counted) / COUNTED)
        assert abs(each.rate - counted) < 4 * np.hypot(own_error, count_error), each


def test_draws_keep_both_values_beside_what_they_mean(measured: Run) -> None:
    draws = measured.read(Draw, where=pc.field("source") == "bank")
    assert {(draw.proxy, draw.gold) for draw in draws} == {(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)}
    for draw in draws:
        assert draw.proxy == float(WORDS[draw.exploit_type] in draw.answer)
        assert draw.gold == float(draw.answer == HONEST)
        assert (draw.flawed_passed, draw.strict_passed) == (draw.proxy == 1, draw.gold == 1)
        assert draw.hacked is (draw.proxy == 1 and draw.gold == 0)
        assert draw.grader_error is None
    assert {draw.deliberate for draw in draws if draw.hacked} == {True, False}


def test_a_bank_of_rewards_stores_its_tasks_as_they_were(measured: Run) -> None:
    assert measured.read(Task) == [rewarded(name, n) for name in WORDS for n in range(4)]


def test_a_task_on_which_a_reward_always_abstains_is_named_before_more_is_drawn(
    world: World, tmp_path: Path
) -> None:
    known = [rewarded("process_exit", number) for number in range(3)]
    silent = rewarded("process_exit", 3).model_copy(update={"payload": {}})
    save_tasks([*known, silent], tmp_path / "tasks.jsonl")
    config = bank_config(world, tmp_path / "run", tasks=str(tmp_path / "tasks.jsonl"))
    with pytest.raises(TaskError, match="no draw of the task words/process_exit/3 could be graded"):
        build_bank(config)
    assert {draw.stage for draw in Run.open(config.run).read(Draw)} == {1}


def test_a_grader_from_outside_grades_instead_of_those_named(world: World, tmp_path: Path) -> None:
    class Nobody:
        def grade(self, jobs: list) -> list:
            raise KeyError(jobs[0][0].key)

    with pytest.raises(KeyError, match="tiny/"):
        build_bank(bank_config(world, tmp_path / "run"), grader=Nobody())
