"""An aged bank is drawn again around a later subject, and the pool of both rounds is exact.

Faults that were injected and caught here: the new round left out of the density of old hits; its
donor put on the old subject; new draws without a hack left out of the counts; the new round used
at earlier checkpoints.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from by_hand import switch_ratio
from world import World

from foretoken.bank.read import bank_steps, read_bank
from foretoken.bank.refresh import RefreshConfig, refresh_bank
from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers.load import load_model
from foretoken.engines.transformers.score import score
from foretoken.errors import MismatchError, SetupError
from foretoken.pipeline.forecast import ForecastConfig, make_forecast
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Doubt, Draw, Mixture, RateEstimate
from foretoken.store.run import Run
from warm import exit_code, killed, run_command, started

LATE = 20
EACH = 30
TYPES = ("error_code_abuse", "process_exit")


def wanted(run: Run, world: World, **changes: object) -> RefreshConfig:
    values = {
        "run": run.path,
        "checkpoint": world.checkpoints[1],
        "types": TYPES,
        "draws_per_task": EACH,
    }
    return RefreshConfig.model_validate(values | changes)


def switch(run: Run) -> dict[tuple[str, int], RateEstimate]:
    found = [each for each in run.read(RateEstimate) if each.estimator == "switch"]
    return {(each.exploit_type, each.step): each for each in found}


@pytest.fixture(scope="module")
def made(copy_measured: Callable[[Path], Run], tmp_path_factory: pytest.TempPathFactory) -> Run:
    return copy_measured(tmp_path_factory.mktemp("refresh") / "run")


@pytest.fixture(scope="module")
def estimates(made: Run, world: World) -> tuple[dict[tuple[str, int], RateEstimate], ...]:
    """Before and after the bank was drawn again."""
    before = switch(made)
    assert refresh_bank(wanted(made, world)) == TYPES
    measure(MeasureConfig(run=made.path, checkpoints=world.checkpoints))
    return before, switch(made)


def test_a_new_round_counts_from_its_own_checkpoint_on(
    estimates: tuple[dict[tuple[str, int], RateEstimate], ...],
) -> None:
    before, after = estimates
    for (name, step), each in after.items():
        old = before[name, step]
        if step < LATE or name not in TYPES:
            assert each.model_copy(update={"basis": old.basis}) == old
        else:
            assert each.draws - old.draws == 4 * EACH
            assert each.sampled_tokens > 0
            assert each.effective_hits > old.effective_hits + 5
            assert Doubt.STALE_BANK not in each.doubts


@pytest.mark.usefixtures("estimates")
def test_the_density_of_every_hit_is_that_of_both_rounds(made: Run, world: World) -> None:
    """Each voice is loaded and asked again, so that a wrong donor or subject shows."""
    adapters = {0: [], LATE: [(str(world.checkpoints[1]), 1.0)]}
    bank = read_bank(made)
    components = made.read(Mixture)[0].components
    known = {hit.key for hit in bank.hits}
    hits = [draw for draw in made.read(Draw) if draw.key in known]
    voices = {
        (step, strength): load_model(
            str(world.subject),
            adapters=[*own, *([(str(world.donor), strength)] if strength else [])],
        )
        for step, own in adapters.items()
        for strength in (0.0, 0.5, 1.0)
    }
    log_p = {
        voice: dict(
            zip(
                [hit.key for hit in hits],
                score(
                    model,
                    [
                        (render_prompt(model.tokenizer, bank.tasks[hit.task]), hit.tokens)
                        for hit in hits
                    ],
                    per_token=True,
                ).per_token
                or (),
                strict=True,
            )
        )
        for voice, model in voices.items()
    }
    for each in bank.types:
        assert set(each.rounds) == ({0, LATE} if each.exploit_type in TYPES else {0})
        for hit, log_q, task in zip(each.hits, each.log_q, each.task, strict=True):
            density = 0.0
            for step, found in each.rounds.items():
                assert found.counts_xm[task].sum() == pytest.approx(
                    20 if step == 0 else EACH, abs=1e-9
                )
                reference = np.array(log_p[step, 0.0][hit.key])
                for count, component in zip(found.counts_xm[task], components, strict=True):
                    ratio = 1.0
                    if component.strength:
                        steps = np.exp(
                            np.array(log_p[step, component.strength][hit.key]) - reference
                        )
                        ratio = switch_ratio(steps, enter=component.enter, leave=component.leave)
                    density += count * ratio * np.exp(reference.sum())
            assert np.exp(log_q) == pytest.approx(density, rel=1e-4)


def test_the_refreshed_rate_agrees_with_the_subject_alone(
    made: Run, estimates: tuple[dict[tuple[str, int], RateEstimate], ...]
) -> None:
    _, after = estimates
    where = [draw for draw in made.read(Draw) if (draw.source, draw.step) == ("bank", LATE)]
    for name in TYPES:
        alone = [d.hacked for d in where if d.exploit_type == name and d.component == 0]
        estimate = after[name, LATE]
        assert len(alone) > 10
        assert estimate.interval is not None
        error = np.sqrt(np.mean(alone) * (1 - np.mean(alone)) / len(alone))
        assert estimate.rate == pytest.approx(float(np.mean(alone)), abs=4 * error)


@pytest.mark.usefixtures("estimates")
def test_a_forecast_before_the_refresh_does_not_see_it(
    made: Run, copy_measured: Callable[[Path], Run], run_folder: Path
) -> None:
    settings = {"run": made.path, "cutoff_step": 4, "horizon_step": LATE, "rollouts_per_step": 8.0}
    seen = make_forecast(ForecastConfig.model_validate(settings))
    fresh = copy_measured(run_folder)
    alone = make_forecast(ForecastConfig.model_validate(settings | {"run": fresh.path}))
    assert [each.score for each in seen] == [each.score for each in alone]


@pytest.mark.usefixtures("estimates")
def test_the_same_refresh_again_draws_nothing_and_another_is_refused(
    made: Run, world: World
) -> None:
    before = made.parts(Draw)
    assert refresh_bank(wanted(made, world)) == TYPES
    assert refresh_bank(wanted(made, world, types=())) == TYPES, "whatever is stale by now"
    assert made.parts(Draw) == before
    with pytest.raises(MismatchError, match=r"refresh-20 settings \(draws_per_task 30 against 7"):
        refresh_bank(wanted(made, world, draws_per_task=7))


def test_a_refresh_that_cannot_be_is_refused(
    world: World, copy_measured: Callable[[Path], Run], run_folder: Path
) -> None:
    run = copy_measured(run_folder)
    with pytest.raises(SetupError, match="no type 'speed': it has error_code_abuse"):
        refresh_bank(wanted(run, world, types=("speed",)))
    with pytest.raises(SetupError, match="step 0 is not later than step 0"):
        refresh_bank(wanted(run, world, checkpoint=Path("step-000000")))
    with pytest.raises(SetupError, match="step 7 was not measured"):
        refresh_bank(wanted(run, world, checkpoint=Path("step-000007"), types=()))
    fresh = [each.model_copy(update={"doubts": ()}) for each in switch(run).values()]
    run.append(
        [each for each in fresh if each.step == LATE], part="measure-step-000020", replace=True
    )
    assert refresh_bank(wanted(run, world, types=())) == ()
    stale = [each.model_copy(update={"doubts": (Doubt.STALE_BANK,)}) for each in fresh]
    chosen = [each for each in stale if (each.exploit_type, each.step) == (TYPES[1], LATE)]
    run.append(chosen, part="measure-step-000020", replace=True)
    assert refresh_bank(wanted(run, world, types=())) == TYPES[1:]


@pytest.mark.usefixtures("estimates")
def test_killed_and_started_again_the_bank_is_whole(
    made: Run, world: World, copy_measured: Callable[[Path], Run], run_folder: Path
) -> None:
    run = copy_measured(run_folder)
    words = ["bank", "refresh", str(world.checkpoints[1]), "--run", str(run.path)]
    words += ["--draws-per-task", str(EACH), *(w for name in TYPES for w in ("--types", name))]
    for kind in ("draws", "scores"):
        folder = run.folder / kind
        before = len(list(folder.rglob("*.parquet")))
        process = started(run_command, words)
        while len(list(folder.rglob("*.parquet"))) == before and process.is_alive():
            time.sleep(0.01)
        killed(process)
        assert bank_steps(run) == (0,)
    assert exit_code(started(run_command, words)) == 0
    assert bank_steps(run) == (0, LATE)
    for one, other in zip(read_bank(run).types, read_bank(made).types, strict=True):
        assert np.array_equal(one.log_q, other.log_q)
