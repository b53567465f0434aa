"""What is drawn next follows from the hits of other tasks, and the pool of all stages is exact.

Faults that were injected and caught here: a fold tuned on its own hits; draws of the third stage
left out of the density; a fold's own hits deciding how much it draws.
"""

from pathlib import Path

import numpy as np
import pytest
from by_hand import switch_ratio
from world import World, bank_config

from foretoken.bank import tuning
from foretoken.bank.build import build_bank
from foretoken.bank.read import read_bank
from foretoken.bank.tuning import Budget, latest_mixtures, tuned_mixtures
from foretoken.engines.prompts import AnswerFinder
from foretoken.engines.transformers.load import load_tokenizer
from foretoken.records import Draw, Mixture
from foretoken.store.run import Run
from foretoken.work.scores import donor_scorer, read_scores, step_scorer

BUDGET = Budget(draws_per_task=40, effective_hits=60.0, third_stage=2.0)


@pytest.mark.parametrize(
    ("stage", "drawn", "effective", "draws"),
    [
        (2, 14.0, 0.0, 26),  # nothing found: the whole budget
        (2, 14.0, 30.0, 14),  # as many again reach 60
        (2, 14.0, 90.0, 2),  # each task counts, hit or not
        (3, 40.0, 4.9, 0),  # hopeless
        (3, 40.0, 6.0, 80),  # 160 would do: the cap
        (3, 40.0, 20.0, 20),
        (3, 40.0, 31.0, 0),  # enough
    ],
)
def test_a_stage_draws_what_the_wanted_effective_hits_need(
    stage: int, drawn: float, effective: float, draws: int
) -> None:
    assert BUDGET.draws(stage, drawn=drawn, effective=effective) == draws


@pytest.fixture(scope="module")
def made(world: World, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("tuning") / "run"
    build_bank(bank_config(world, folder, draws_per_task=24, third_stage=2.0))
    return Run.open(folder)


def test_types_that_come_close_are_drawn_a_third_time_and_others_are_not(made: Run) -> None:
    third = made.read(Mixture, part="bank-s3")
    draws = [draw for draw in made.read(Draw) if draw.stage == 3]
    assert {each.exploit_type for each in third} == {draw.exploit_type for draw in draws}
    assert draws
    assert "function_attribute_flag" not in {draw.exploit_type for draw in draws}  # has no hit
    for each in third:
        mine = [draw for draw in draws if draw.task in each.tasks]
        assert len(mine) == each.draws_per_task * len(each.tasks)
    latest = latest_mixtures(made.read(Mixture))
    assert {each for each in latest if each.stage == 3} == set(third)


def test_the_density_of_every_hit_is_that_of_all_three_stages(made: Run) -> None:
    reference = read_scores(made, step_scorer(0))
    donors = {a: read_scores(made, donor_scorer(a, step=0)) for a in (0.5, 1.0)}
    mixtures = made.read(Mixture)
    for each in read_bank(made).types:
        for hit, log_q, task in zip(each.hits, each.log_q, each.task, strict=True):
            mine = [mixture for mixture in mixtures if hit.task in mixture.tasks]
            assert each.draws_per_task[task] == sum(mixture.draws_per_task for mixture in mine)
            own = np.array(reference[hit.key].log_p_tokens)
            density = 0.0
            for mixture in mine:
                for weight, component in zip(mixture.weights, mixture.components, strict=True):
                    ratio = 1.0
                    if component.strength:
                        said = np.array(donors[component.strength][hit.key].log_p_tokens)
                        ratio = switch_ratio(
                            np.exp(said - own), enter=component.enter, leave=component.leave
                        )
                    density += mixture.draws_per_task * weight * ratio * np.exp(own.sum())
            assert np.exp(log_q) == pytest.approx(density, rel=1e-6)


@pytest.mark.parametrize("stage", [2, 3])
def test_a_fold_knows_nothing_of_its_own_hits(
    made: Run, world: World, monkeypatch: pytest.MonkeyPatch, stage: int
) -> None:
    """Without a task's hits, its own fold is tuned as before and the others are not."""
    finder = AnswerFinder(load_tokenizer(str(world.subject)))
    found = tuned_mixtures(made, step=0, stage=stage, budget=BUDGET, finder=finder)
    hits = [draw for draw in made.read(Draw) if draw.hacked and draw.stage == 1]
    lost = hits[0].task
    real = tuning.type_bank

    def without(draws: list[Draw], **others: object) -> object:
        misses = {"hacked": False}
        changed = [draw.model_copy(update=misses) if draw.task == lost else draw for draw in draws]
        return real(changed, **others)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(tuning, "type_bank", without)
    changed = tuned_mixtures(made, step=0, stage=stage, budget=BUDGET, finder=finder)
    own = [each for each in found if lost in each.tasks]
    assert own == [each for each in changed if lost in each.tasks]
    assert {each for each in found if each.exploit_type == hits[0].exploit_type} != {
        each for each in changed if each.exploit_type == hits[0].exploit_type
    }
