"""A thinned bank: checkpoints score the hits that were kept, which stand for the others.

Faults that were injected and caught here: kept hits stand for themselves alone; the bank thinned
again when its build is repeated; what hits stand for lost where rollouts join; hits that went are
scored under the voices of a refresh.
"""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from world import World, bank_config, draw_as

from foretoken.bank.build import build_bank
from foretoken.bank.config import BankConfig
from foretoken.bank.read import read_bank
from foretoken.bank.refresh import RefreshConfig, refresh_bank
from foretoken.bank.rollouts import bank_density, pooled, read_rollouts
from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers.load import load_model
from foretoken.engines.transformers.score import score
from foretoken.estimate import gate, thin
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Draw, RateEstimate, Thinned
from foretoken.store.run import Run
from foretoken.work.drawing import Planned
from foretoken.work.own import read_own_draws
from foretoken.work.scores import read_log_p, read_scores, step_scorer

LATE = 20
TYPES = ("error_code_abuse", "process_exit")


def config(world: World, folder: Path, *, thinning: float = 2.0) -> BankConfig:
    return bank_config(world, folder, draws_per_task=150, effective_hits=1000, thinning=thinning)


@pytest.fixture(scope="module")
def made(world: World, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The tiny world repeats itself, so that much must be allowed for something to go."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thin, "FEWEST_HITS", 1)
        folder = tmp_path_factory.mktemp("thinned") / "run"
        build_bank(config(world, folder))
    measure(MeasureConfig(run=folder, checkpoints=world.checkpoints))
    return Run.open(folder)


@pytest.fixture
def copied(made: Run, tmp_path: Path) -> Run:
    """For tests that add to it."""
    return Run.open(shutil.copytree(made.path, tmp_path / "copied"))


def all_hits(run: Run) -> list[Draw]:
    return run.read(Draw, where=(pc.field("source") == "bank") & pc.field("hacked"))


def stands_for(run: Run) -> dict[str, float]:
    return {each.draw: each.stands_for for each in run.read(Thinned)}


def switch(run: Run, step: int) -> dict[str, RateEstimate]:
    found = [each for each in run.read(RateEstimate) if each.estimator == "switch"]
    return {each.exploit_type: each for each in found if each.step == step}


def test_every_hit_has_its_number_and_only_lone_texts_go(made: Run) -> None:
    number = stands_for(made)
    hits = all_hits(made)
    assert set(number) == {hit.key for hit in hits}
    copies = Counter((hit.task, hit.tokens) for hit in hits)
    moved = [hit for hit in hits if number[hit.key] != 1.0]
    assert all(copies[hit.task, hit.tokens] == 1 for hit in moved)
    assert len(moved) > 20
    assert sum(number[hit.key] == 0 for hit in moved) > 10
    assert sum(number.values()) == pytest.approx(len(hits), abs=5 * np.sqrt(9 * len(moved)))


def test_checkpoints_score_the_kept_hits_and_weigh_them_for_the_others(made: Run) -> None:
    number = stands_for(made)
    kept = {key for key, each in number.items() if each}
    scores = read_scores(made, step_scorer(LATE))
    bank = read_bank(made)
    assert set(scores) == kept.union(*(each.others.keys.to_pylist() for each in bank.types))
    for each in bank.types:
        assert {hit.key for hit in each.hits} <= kept
        weights = [
            number[hit.key] * np.exp((scores[hit.key].log_p or 0.0) - each.log_q[index])
            for index, hit in enumerate(each.hits)
        ]
        found = switch(made, LATE)[each.exploit_type]
        assert found.rate == pytest.approx(sum(weights) / 4)
        assert found.hits == len(each.hits)


def test_the_rates_are_those_of_all_hits_within_what_was_allowed(made: Run, world: World) -> None:
    """Two thirds of the variance at most come from thinning, where that may triple it."""
    whole = Run.create(made.path.parent / "whole")
    build_bank(config(world, whole.path, thinning=0.0))
    assert not whole.read(Thinned)
    measure(MeasureConfig(run=whole.path, checkpoints=world.checkpoints))
    for step in (0, LATE):
        for name in TYPES:
            every, thinned = switch(whole, step)[name], switch(made, step)[name]
            assert every.hits > thinned.hits
            assert every.draws == thinned.draws
            error = np.sqrt(2.0 / every.effective_hits)
            assert np.log((thinned.rate or 0) / (every.rate or 1)) == pytest.approx(
                0.0, abs=3 * error
            )


def test_a_build_that_is_repeated_leaves_the_choice_as_it_is(copied: Run, world: World) -> None:
    before = stands_for(copied)
    build_bank(config(world, copied.path))
    assert stands_for(copied) == before


def test_rollouts_join_a_thinned_bank(copied: Run, world: World) -> None:
    bank = read_bank(copied)
    planned = [
        Planned(key=f"rollout/{LATE}/{key}/{number}", task=task)
        for key, task in bank.tasks.items()
        for number in range(20)
    ]
    where = {"name": "rollout", "source": "rollout", "step": LATE}
    draw_as(copied, world, world.checkpoints[1], planned, **where)
    measure(MeasureConfig(run=copied.path, checkpoints=world.checkpoints))
    own = read_own_draws(copied, "rollout", steps=[LATE])
    rollouts = read_rollouts(copied, bank, own, step=LATE)
    density = bank_density(copied, bank, rollouts)
    scores = read_log_p(copied, step_scorer(LATE))
    number = stands_for(copied)
    for each in bank.types:
        joined = pooled(each, rollouts, density=density, scores=scores)
        expected = [number.get(hit.key, 1.0) for hit in joined.hits]
        np.testing.assert_allclose(joined.stands_for, expected)
        assert len(joined.hits) == len(each.hits) + sum(
            hit.exploit_type == each.exploit_type for hit in rollouts.hits
        )


def test_a_refreshed_bank_thins_its_new_hits_and_forgets_those_that_went(
    copied: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "ENOUGH_SEEN", np.inf)  # No third decides: every hit counts.
    before = stands_for(copied)
    assert refresh_bank(
        RefreshConfig(
            run=copied.path, checkpoint=world.checkpoints[1], types=TYPES, draws_per_task=60
        )
    )
    after = stands_for(copied)
    assert {key: after[key] for key in before} == before
    fresh = {hit.key for hit in all_hits(copied) if hit.step == LATE}
    assert set(after) == set(before) | fresh
    gone = {key for key, each in before.items() if not each}
    assert not gone & set(read_scores(copied, "donor:1:20"))
    assert fresh <= set(read_scores(copied, "donor:1:0"))
    measure(MeasureConfig(run=copied.path, checkpoints=world.checkpoints))
    model = load_model(str(world.subject), adapters=[(str(world.checkpoints[1]), 1.0)])
    bank = read_bank(copied)
    tokens = {hit.key: hit.tokens for hit in all_hits(copied)}
    for each in bank.types:
        if each.exploit_type not in TYPES:
            continue
        items = [
            (render_prompt(model.tokenizer, bank.tasks[hit.task]), tokens[hit.key])
            for hit in each.hits
        ]
        rate = np.exp(each.log_w(score(model, items).log_p)).sum() / 4
        found = switch(copied, LATE)[each.exploit_type]
        assert found.hits == len(each.hits)
        assert found.rate == pytest.approx(rate, rel=1e-4)
