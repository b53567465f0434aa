"""A checkpoint is known by its weights, whatever its folder is called.

Faults that were injected and caught here: scores looked up by the step alone; the hash of the
weights left out of the scores, of the estimates, or of own draws; all steps forgotten where one is
measured anew; only the first draw's settings compared with the scorer's.
"""

import hashlib
import shutil
from pathlib import Path

import pytest
from world import ENGINES, World, draw_as

from foretoken.bank.read import read_bank
from foretoken.bank.refresh import RefreshConfig, refresh_bank
from foretoken.engines.base import Weights
from foretoken.engines.choose import EngineConfig
from foretoken.errors import MismatchError, ModelError, SetupError
from foretoken.pipeline.forecast import ForecastConfig, make_forecast
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Draw, Forecast, RateEstimate, Score
from foretoken.store.run import Run
from foretoken.work.drawing import Planned
from foretoken.work.scores import read_log_p, read_scores, step_scorer
from foretoken.work.scoring import Voice, score_missing

EARLY, LATE = 4, 20


@pytest.fixture(scope="module")
def finished(world: World, banked: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = shutil.copytree(banked, tmp_path_factory.mktemp("identity") / "run")
    measure(MeasureConfig(run=folder, checkpoints=world.checkpoints, count_draws=6))
    return Run.open(folder)


@pytest.fixture
def run(finished: Run, tmp_path: Path) -> Run:
    return Run.open(shutil.copytree(finished.path, tmp_path / "run"))


@pytest.fixture
def impostor(world: World, tmp_path: Path) -> Path:
    """The early checkpoint in a folder that is called like the late one."""
    return shutil.copytree(world.checkpoints[0], tmp_path / world.checkpoints[1].name)


def rates(run: Run, step: int) -> dict[tuple[str, str], float | None]:
    where = [each for each in run.read(RateEstimate) if each.step == step]
    return {(each.estimator, each.exploit_type): each.rate for each in where}


def parts(run: Run, step: int) -> dict[str, str]:
    """Contents of every file that belongs to one step."""
    marks = (f"step-{step:06d}", f"step-{step}-", f"step-{step}/", f"step%3A{step}/")
    return {
        str(file.relative_to(run.path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in run.path.rglob("*.parquet")
        if any(mark in str(file) for mark in marks)
    }


def weights_of(world: World, checkpoint: Path) -> str:
    return ENGINES.identify(Weights(str(world.subject), ((str(checkpoint), 1.0),))).weights


def test_another_model_under_a_known_step_is_refused_with_both_hashes(
    run: Run, world: World, impostor: Path
) -> None:
    before = parts(run, LATE)
    hashes = [weights_of(world, checkpoint)[:12] for checkpoint in world.checkpoints]
    with pytest.raises(MismatchError, match="--replace") as refused:
        measure(MeasureConfig(run=run.path, checkpoints=(impostor,)))
    assert all(each in str(refused.value) for each in hashes)
    assert parts(run, LATE) == before


@pytest.mark.parametrize("kept", ["scores", "estimates", "draws"])
def test_each_of_what_a_model_made_tells_it_from_another(
    run: Run, impostor: Path, kept: str
) -> None:
    for folder in {"scores", "estimates", "draws"} - {kept}:
        for file in run.path.glob(f"{folder}/**/*.parquet"):
            if any(f"step-{LATE:06d}" in str(f) or f"step-{LATE}" in str(f) for f in [file]):
                file.unlink()
    with pytest.raises(MismatchError, match="another model"):
        measure(MeasureConfig(run=run.path, checkpoints=(impostor,)))


def test_a_checkpoint_that_is_measured_anew_replaces_what_it_made_and_nothing_else(
    run: Run, world: World, impostor: Path
) -> None:
    early, late = parts(run, EARLY), rates(run, LATE)
    settings = MeasureConfig(run=run.path, count_draws=6)
    anew = settings.model_copy(update={"replace": True})
    measure(anew.model_copy(update={"checkpoints": (impostor,)}))
    assert parts(run, EARLY) == early
    found = rates(run, LATE)
    assert found != late
    switch = {name: rate for name, rate in rates(run, EARLY).items() if name[0] == "switch"}
    assert {name: found[name] for name in switch} == pytest.approx(switch, rel=1e-6)
    measure(anew.model_copy(update={"checkpoints": (world.checkpoints[1],)}))
    assert rates(run, LATE) == late
    assert parts(run, EARLY) == early


def test_the_same_weights_in_another_folder_are_the_same_checkpoint(
    run: Run, world: World, tmp_path: Path
) -> None:
    moved = shutil.copytree(world.checkpoints[1], tmp_path / "elsewhere" / "step-000020")
    before = parts(run, LATE)
    measure(MeasureConfig(run=run.path, checkpoints=(moved,), count_draws=6))
    assert parts(run, LATE) == before


def test_rollouts_of_another_model_are_refused(run: Run, world: World) -> None:
    planned = [Planned(key=f"rollout/{k}", task=t) for k, t in read_bank(run).tasks.items()]
    draw_as(run, world, world.checkpoints[0], planned, name="rollouts", source="rollout", step=LATE)
    with pytest.raises(MismatchError, match=r"rollouts of step 20 .* another model"):
        measure(MeasureConfig(run=run.path, checkpoints=world.checkpoints))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"temperature": 0.5}, "temperature 0.5 against 1"),
        ({"dtype": "bfloat16"}, "dtype bfloat16 against float32"),
        ({"template": "f" * 64}, "template ffffffffffff against"),
        ({"engine": "server:vllm"}, "engine server:vllm against transformers"),
    ],
)
def test_one_draw_that_was_sampled_otherwise_is_not_scored(
    run: Run, world: World, changed: dict[str, object], said: str
) -> None:
    draws = run.read(Draw)[:3]
    odd = draws[2].sampling.model_copy(update=changed)
    draws[2] = draws[2].model_copy(update={"sampling": odd})
    with ENGINES.open([Weights(str(world.subject))]) as engine:
        voice = Voice(engine, "step:7")
        with pytest.raises(MismatchError, match=said):
            score_missing(run, voice, draws, tasks=read_bank(run).tasks)
    assert not read_scores(run, "step:7")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"dtype": "bfloat16"}, "dtype 'float32' against 'bfloat16'"),
        ({"engine": "server:vllm"}, "engine 'transformers' against 'server:vllm'"),
    ],
)
def test_scores_that_were_made_otherwise_are_not_read(
    run: Run, changed: dict[str, object], said: str
) -> None:
    identity = run.read(Score)[0].identity
    known = read_log_p(run, step_scorer(LATE))
    assert len(known.log_p)
    now = next(each.identity for each in run.read(Score) if each.scorer == step_scorer(LATE))
    with pytest.raises(MismatchError, match=said):
        read_log_p(run, step_scorer(LATE), identity=now.model_copy(update=changed))
    assert identity.engine_version


def test_a_typo_in_a_folder_to_replace_loses_nothing(run: Run, tmp_path: Path) -> None:
    before = parts(run, LATE)
    for wrong in (tmp_path / "absent" / "step-000020", tmp_path / "empty" / "step-000020"):
        if wrong.parent.name == "empty":
            wrong.mkdir(parents=True)
        with pytest.raises(ModelError):
            measure(MeasureConfig(run=run.path, checkpoints=(wrong,), replace=True))
        assert parts(run, LATE) == before


def test_replacing_needs_names_and_leaves_the_banks_own_step_alone(run: Run, world: World) -> None:
    before = parts(run, LATE)
    with pytest.raises(SetupError, match="name the checkpoints"):
        measure(MeasureConfig(run=run.path, replace=True))
    settings = MeasureConfig(run=run.path, checkpoints=(world.checkpoints[1],), replace=True)
    measure(settings.replacing(last_step=EARLY))
    assert parts(run, LATE) == before


def test_old_rollouts_are_left_out_where_that_is_asked_for(
    run: Run, world: World, impostor: Path
) -> None:
    planned = [Planned(key=f"rollout/{k}", task=t) for k, t in read_bank(run).tasks.items()]
    draw_as(run, world, world.checkpoints[1], planned, name="old", source="rollout", step=LATE)
    anew = MeasureConfig(run=run.path, checkpoints=(impostor,), replace=True)
    with pytest.raises(MismatchError, match="--no-rollouts"):
        measure(anew)
    assert rates(run, LATE)
    measure(anew.replacing(rollouts=False))
    switch = {name: rate for name, rate in rates(run, EARLY).items() if name[0] == "switch"}
    found = rates(run, LATE)
    assert {name: found[name] for name in switch} == pytest.approx(switch, rel=1e-6)


def test_a_refresh_around_another_model_is_refused_before_it_draws(
    run: Run, world: World, impostor: Path
) -> None:
    wanted = RefreshConfig(run=run.path, checkpoint=impostor, types=("process_exit",))
    with pytest.raises(MismatchError, match="another model"):
        refresh_bank(wanted)
    assert not [part for part in run.parts(Draw) if part.startswith("bank-step-")]
    assert refresh_bank(wanted.replacing(checkpoint=world.checkpoints[1]))


def test_a_refresh_that_was_begun_with_another_model_is_not_continued(
    run: Run, world: World, impostor: Path
) -> None:
    planned = [Planned(key="bank-step-000020/x", task=read_bank(run).tasks["tiny/process_exit/0"])]
    draw_as(
        run, world, world.checkpoints[0], planned, name="bank-step-000020", source="bank", step=LATE
    )
    wanted = RefreshConfig(run=run.path, checkpoint=world.checkpoints[1], types=("process_exit",))
    with pytest.raises(MismatchError, match="drawn by another model"):
        refresh_bank(wanted)
    checkpoint = (world.checkpoints[1],)
    measure(MeasureConfig(run=run.path, checkpoints=checkpoint, replace=True))
    assert refresh_bank(wanted)
    drawn = [draw.weights for draw in run.read(Draw) if draw.key.startswith("bank-step-")]
    assert set(drawn) == {weights_of(world, world.checkpoints[1])}


@pytest.mark.parametrize("lost", ["precision", "scores"])
def test_what_is_known_is_not_enough_where_its_ground_has_changed(
    run: Run, world: World, lost: str
) -> None:
    settings = MeasureConfig(run=run.path, checkpoints=(world.checkpoints[1],))
    if lost == "precision":
        with pytest.raises(MismatchError, match="dtype 'float32' against 'bfloat16'"):
            measure(settings.replacing(engine=EngineConfig(dtype="bfloat16")))
        assert "engine" not in run.read_config()["measure"]
        return
    shutil.rmtree(run.path / "scores" / "step-20")
    measure(settings)
    make_forecast(
        ForecastConfig(run=run.path, cutoff_step=LATE, horizon_step=60, rollouts_per_step=8)
    )


def test_a_forecast_at_a_refresh_reads_what_every_checkpoint_has_scored(
    run: Run, world: World
) -> None:
    checkpoint = world.checkpoints[1]
    assert refresh_bank(RefreshConfig(run=run.path, checkpoint=checkpoint, types=("process_exit",)))
    measure(MeasureConfig(run=run.path, checkpoints=world.checkpoints))
    made = make_forecast(
        ForecastConfig(run=run.path, cutoff_step=LATE, horizon_step=60, rollouts_per_step=8)
    )
    assert made
    forgotten = run.parts(Forecast)
    measure(MeasureConfig(run=run.path, checkpoints=(world.checkpoints[0],), replace=True))
    assert forgotten
    assert run.parts(Forecast) == []
