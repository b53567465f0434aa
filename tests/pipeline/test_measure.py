"""Bank, measure and forecast on a tiny world, beside plain counting."""

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from world import World, bank_config

from foretoken.bank.build import build_bank
from foretoken.bank.config import BankConfig
from foretoken.bank.read import read_bank
from foretoken.baselines.prefix import PrefixConfig
from foretoken.pipeline.forecast import ForecastConfig, make_forecast
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import BankHealth, Doubt, Draw, Mixture, RateEstimate, Score
from foretoken.store.run import Run


def many_draws(world: World, run: Path, **changes: object) -> BankConfig:
    changes = {"draws_per_task": 200, "effective_hits": 1000} | changes
    return bank_config(world, run, **changes)


@pytest.fixture(scope="module")
def measured(world: World, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("measured") / "run"
    build_bank(many_draws(world, folder))
    measure(
        MeasureConfig(
            run=folder,
            checkpoints=world.checkpoints,
            count_draws=200,
            prefix=PrefixConfig(prefix_tokens=(1,), donor_draws=8),
        )
    )
    return Run.open(folder)


def cells(run: Run, estimator: str) -> dict[tuple[str, int], RateEstimate]:
    estimates = [each for each in run.read(RateEstimate) if each.estimator == estimator]
    return {(each.exploit_type, each.step): each for each in estimates}


def test_every_published_rate_agrees_with_plain_counting(measured: Run) -> None:
    counted = cells(measured, "count")
    published = {cell: each for cell, each in cells(measured, "switch").items() if each.published}
    assert len(published) >= 4
    for cell, each in published.items():
        low, high = each.interval or (0.0, 0.0)
        count_low, count_high = counted[cell].interval or (0.0, 0.0)
        assert low <= count_high, cell
        assert count_low <= high, cell
        assert each.rate is not None
        assert abs(np.log10(each.rate / (counted[cell].rate or 1))) < 0.35, cell
        assert each.lower_bound <= count_high


def test_where_hits_name_the_flaw_agrees_with_the_subjects_own_hacks(measured: Run) -> None:
    own = measured.read(Draw, where=(pc.field("source") == "count") & pc.field("hacked"))
    compared = 0
    for (exploit_type, step), each in cells(measured, "switch").items():
        places = [h.flaw_named_at for h in own if (h.exploit_type, h.step) == (exploit_type, step)]
        if each.flaw_named_at is None or len(places) < 40:
            continue
        compared += 1
        assert np.mean([place < each.flaw_named_at for place in places]) < 0.6
        assert np.mean([place <= each.flaw_named_at for place in places]) > 0.4
    assert compared >= 3


def test_a_type_without_a_hit_gets_a_bound_and_no_point(measured: Run) -> None:
    for each in cells(measured, "switch").values():
        if each.exploit_type == "function_attribute_flag":
            assert not each.published
            assert each.rate == 0.0
            assert Doubt.NO_HACK_SEEN in each.doubts
            assert 0.0 < each.upper_bound < 0.02


def test_each_distinct_hit_goes_through_the_model_once(measured: Run) -> None:
    bank = read_bank(measured)
    others = [key for each in bank.types for key in each.others.keys.to_pylist()]
    known = {hit.key for hit in bank.hits}.union(others)
    assert len(known) == len(bank.hits) + len(others)
    hits = [draw for draw in measured.read(Draw) if draw.key in known]
    distinct = {(hit.task, hit.tokens): hit for hit in hits}
    prompts = {hit.task: hit.prompt_tokens for hit in hits}
    floor = sum(prompts.values()) + sum(len(hit.tokens) - 1 for hit in distinct.values())
    scores = measured.read(Score, where=pc.field("scorer") == "step:20")
    assert {each.draw for each in scores} == known
    assert sum(each.scored_tokens > 0 for each in scores) == len(distinct)
    assert floor <= sum(each.scored_tokens for each in scores) <= 1.15 * floor


def test_weights_of_checked_draws_average_one(measured: Run) -> None:
    health = measured.read(BankHealth)
    assert {each.exploit_type for each in health} == {
        t.exploit_type for t in read_bank(measured).types
    }
    for each in health:
        assert abs(each.mean_weight - 1) < 3 * each.mean_weight_error
        assert each.rescoring_spread < 1e-3
        assert sum(each.component_weights) == pytest.approx(1)


def test_a_type_with_enough_effective_hits_gets_fewer_draws(world: World, tmp_path: Path) -> None:
    build_bank(many_draws(world, tmp_path / "run", draws_per_task=60, effective_hits=8))
    run = Run.open(tmp_path / "run")
    tuned = [each for each in run.read(Mixture) if each.stage == 2]
    second = {key: each.draws_per_task for each in tuned for key in each.tasks}
    rare = [each for each in tuned if each.exploit_type == "function_attribute_flag"]
    assert min(second.values()) < 39
    assert {each.draws_per_task for each in rare} == {39}
    bank = read_bank(run)
    for each in bank.types:
        keys = [key for key, task in bank.tasks.items() if task.exploit_type == each.exploit_type]
        assert each.draws_per_task.tolist() == [21 + second[key] for key in keys]


def test_each_task_is_drawn_by_one_mixture_of_each_stage(measured: Run) -> None:
    mixtures = measured.read(Mixture)
    for stage in (1, 2):
        drawn = [key for each in mixtures if each.stage == stage for key in each.tasks]
        assert sorted(drawn) == sorted(read_bank(measured).tasks)
    folds = [each for each in mixtures if each.stage == 2]
    assert len(folds) > len({each.exploit_type for each in folds})
    assert len({each.weights for each in folds}) > len({each.exploit_type for each in folds})


def test_every_task_has_the_same_number_of_draws_and_the_subject_its_share(measured: Run) -> None:
    draws = measured.read(Draw, where=pc.field("source") == "bank")
    per_task = dict.fromkeys({draw.task for draw in draws}, 0)
    for draw in draws:
        per_task[draw.task] += 1
    assert set(per_task.values()) == {200}
    assert 0.14 <= np.mean([draw.component == 0 for draw in draws]) <= 0.16


def test_a_bank_with_windows_of_the_answer_agrees_with_plain_counting(
    world: World, measured: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    (health, *_) = build_bank(many_draws(world, folder, answer_windows=True))
    assert abs(health.mean_weight - 1) < 3 * health.mean_weight_error
    run = Run.open(folder)
    (answers,) = {len([c for c in m.components if c.where == "answer"]) for m in run.read(Mixture)}
    assert answers == 2
    measure(MeasureConfig(run=folder, checkpoints=world.checkpoints))
    counted = cells(measured, "count")
    published = {cell: each for cell, each in cells(run, "switch").items() if each.published}
    assert len(published) >= 4
    for cell, each in published.items():
        low, high = each.interval or (0.0, 0.0)
        count_low, count_high = counted[cell].interval or (0.0, 0.0)
        assert low < count_high
        assert count_low < high


def test_the_published_recipe_is_marked_and_never_published(measured: Run) -> None:
    recipe = cells(measured, "prefix").values()
    assert recipe
    assert all(Doubt.REFERENCE_FAULTS in each.doubts and not each.published for each in recipe)
    assert {each.prefix_tokens for each in recipe} == {1}


def test_measuring_again_changes_nothing(measured: Run, world: World) -> None:
    before = {path: path.read_bytes() for path in measured.path.rglob("*.parquet")}
    measure(
        MeasureConfig(
            run=measured.path,
            checkpoints=world.checkpoints,
            count_draws=200,
            prefix=PrefixConfig(prefix_tokens=(1,), donor_draws=8),
        )
    )
    assert {path: path.read_bytes() for path in measured.path.rglob("*.parquet")} == before


def test_a_forecast_reads_nothing_after_its_cutoff(measured: Run) -> None:
    config = ForecastConfig(
        run=measured.path, cutoff_step=4, horizon_step=100, rollouts_per_step=32
    )
    made = make_forecast(config)
    assert {each.method for each in made} == {"blend", "discovery", "slope"}
    assert {each.cutoff_step for each in made} == {4}
    later = measured.read(RateEstimate, where=pc.field("step") == 20)
    part = next(each for each in measured.parts(RateEstimate) if each.endswith("000020"))
    wrong = [each.model_copy(update={"rate": 0.5, "published": True}) for each in later]
    measured.append(wrong, part=part, replace=True)
    assert make_forecast(config) == made
    measured.append(later, part=part, replace=True)
