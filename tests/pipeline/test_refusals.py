"""What is wrong is said in one clear error, and nothing that was finished is lost."""

import resource
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner
from world import World, bank_config, save_other_model, task

from foretoken.bank.build import build_bank
from foretoken.bank.config import BankConfig
from foretoken.cli.main import app
from foretoken.errors import (
    MismatchError,
    ModelError,
    RunError,
    ScoringError,
    SetupError,
    StoreError,
)
from foretoken.pipeline.forecast import ForecastConfig, make_forecast
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Draw, RateEstimate, Score
from foretoken.store.run import Run
from foretoken.store.toml import dump_toml
from foretoken.tasks.load import save_tasks
from foretoken.work.settings import require_same_settings, resolve
from warm import exit_code, run_command, started


@pytest.fixture
def run(banked: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(banked, tmp_path / "run"))


def test_a_missing_model_leaves_the_run_free_to_begin_again(world: World, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(ModelError, match="no model folder"):
        build_bank(bank_config(world, run, subject=tmp_path / "absent"))
    build_bank(bank_config(world, run, draws_per_task=4))
    assert len(Run.open(run).read(Draw)) == 48


def test_a_bank_begun_with_other_settings_is_not_continued(world: World, run: Path) -> None:
    with pytest.raises(MismatchError, match=r"seed 0 against 1"):
        build_bank(bank_config(world, run, draws_per_task=20, seed=1))


def test_a_setting_that_an_older_version_did_not_know_has_its_default(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run")
    config = BankConfig(run=run.path, subject=tmp_path, donor=tmp_path)
    section = config.model_dump(mode="json", exclude={"answer_windows"})
    (run.path / "config.toml").write_text(dump_toml({"bank": section}))
    require_same_settings(run, "bank", config, free=frozenset())
    changed = config.model_copy(update={"answer_windows": True})
    with pytest.raises(MismatchError, match="answer_windows False against True"):
        require_same_settings(run, "bank", changed, free=frozenset())


def test_a_bank_begun_with_another_donor_is_not_continued(world: World, run: Path) -> None:
    with pytest.raises(MismatchError, match=r"begun with another donor:0\.5"):
        build_bank(bank_config(world, run, draws_per_task=20, donor=world.checkpoints[0]))


def test_measuring_without_a_bank_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no run at"):
        measure(MeasureConfig(run=tmp_path / "absent"))
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(SetupError, match="foretoken bank build"):
        measure(MeasureConfig(run=tmp_path))


def test_forecasting_without_a_measured_checkpoint_says_what_to_do(run: Path) -> None:
    with pytest.raises(SetupError, match="foretoken measure"):
        make_forecast(ForecastConfig(run=run, horizon_step=100, rollouts_per_step=9))


def test_a_horizon_that_nobody_tells_is_asked_for(run: Path, world: World) -> None:
    measure(MeasureConfig(run=run, checkpoints=world.checkpoints[:1]))
    with pytest.raises(SetupError, match="--horizon-step"):
        make_forecast(ForecastConfig(run=run))
    with pytest.raises(SetupError, match="--rollouts-per-step"):
        make_forecast(ForecastConfig(run=run, horizon_step=100))


def test_a_checkpoint_with_another_tokenizer_is_refused(
    world: World, run: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(world.subject, tmp_path / "step-000009"))
    text = (other / "tokenizer.json").read_text()
    (other / "tokenizer.json").write_text(text.replace('"hm"', '"so"'))
    with pytest.raises(MismatchError, match="differ in tokenizer"):
        measure(MeasureConfig(run=run, checkpoints=(other,)))


def test_an_adapter_of_another_model_is_refused(world: World, run: Path, tmp_path: Path) -> None:
    other = save_other_model(tmp_path / "other", adapter=tmp_path / "step-000009")
    with pytest.raises(ModelError, match="made for another model"):
        measure(MeasureConfig(run=run, checkpoints=(other,)))


def test_a_checkpoint_with_nan_logits_is_named_and_the_others_are_measured(
    world: World, run: Path, tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(world.checkpoints[0], tmp_path / "step-000009"))
    weights = load_file(broken / "adapter_model.safetensors")
    poisoned = {name: torch.full_like(weight, float("nan")) for name, weight in weights.items()}
    save_file(poisoned, broken / "adapter_model.safetensors")
    with pytest.raises(ScoringError, match=r"step 9: .* not finite .* only what is missing"):
        measure(MeasureConfig(run=run, checkpoints=(broken, world.checkpoints[1])))
    assert {each.step for each in Run.open(run).read(RateEstimate)} == {0, 20}
    failed = [each for each in Run.open(run).read(Score) if each.scorer == "step:9"]
    assert failed
    assert all(each.log_p is None and each.error for each in failed)
    save_file(weights, broken / "adapter_model.safetensors")
    measure(MeasureConfig(run=run, checkpoints=(broken, world.checkpoints[1])))
    assert {each.step for each in Run.open(run).read(RateEstimate)} == {0, 9, 20}


def test_a_truncated_part_is_named_and_made_again(world: World, run: Path) -> None:
    part = next((run / "draws").glob("bank-s2-*.parquet"))
    whole = part.read_bytes()
    part.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match=rf"{part.name} is damaged .*move it away"):
        measure(MeasureConfig(run=run, checkpoints=world.checkpoints))
    part.unlink()
    build_bank(bank_config(world, run, draws_per_task=20))
    assert part.read_bytes() == whole


def test_types_without_any_hit_give_bounds_and_a_forecast(world: World, tmp_path: Path) -> None:
    tasks = tmp_path / "tasks.jsonl"
    save_tasks([task("function_attribute_flag", number) for number in range(4)], tasks)
    run = tmp_path / "run"
    health = build_bank(bank_config(world, run, tasks=str(tasks), draws_per_task=8))
    assert [each.hits for each in health] == [0]
    estimates = measure(MeasureConfig(run=run, checkpoints=world.checkpoints))
    assert all(not each.published and each.upper_bound > 0 for each in estimates)
    made = make_forecast(
        ForecastConfig(run=run, cutoff_step=4, horizon_step=100, rollouts_per_step=9)
    )
    assert [each.measurable for each in made if each.method == "discovery"] == [False]


def test_two_checkpoints_of_one_step_are_refused(world: World, run: Path) -> None:
    twice = (world.checkpoints[0], world.checkpoints[0])
    with pytest.raises(SetupError, match="same step"):
        measure(MeasureConfig(run=run, checkpoints=twice))


def test_unknown_settings_are_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "measure.toml"
    file.write_text("temprature = 0.5\n")
    with pytest.raises(SetupError, match=r"measure\.toml: temprature is no setting"):
        resolve(MeasureConfig, file, {"run": tmp_path})
    with pytest.raises(SetupError, match="check the path"):
        resolve(MeasureConfig, tmp_path / "absent.toml", {})


def build_without_namespaces(words: list[str], said: Path, sandbox_tests: Path) -> None:
    sys.path.insert(0, str(sandbox_tests))
    from test_isolation import PROBE, UNSHARE

    known: dict[str, Any] = {}
    exec(PROBE.split("def try_it")[0], known)
    known["refuse"](UNSHARE)
    run_command(words, said)


def test_no_namespace_permission_stops_the_bank_before_it_draws(
    world: World, tmp_path: Path
) -> None:
    folders = {"--subject": world.subject, "--donor": world.donor, "--tasks": world.tasks}
    folders |= {"--config": tmp_path / "bank.toml", "--run": tmp_path / "run"}
    folders["--config"].write_text("max_tokens = 8\n")
    words = ["bank", "build", *(str(word) for pair in folders.items() for word in pair)]
    said, sandbox_tests = tmp_path / "said", Path(__file__).parent.parent / "sandbox"
    assert exit_code(started(build_without_namespaces, words, said, sandbox_tests)) == 2
    assert "IsolationError: this machine refuses the" in said.read_text()
    assert "Traceback" not in said.read_text()
    assert Run.open(tmp_path / "run").read(Draw) == []


def write_little(most_bytes: int, words: list[str], said: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))
    run_command(words, said)


def test_a_full_disk_stops_with_one_line_and_what_was_finished_is_kept(
    world: World, run: Path, tmp_path: Path
) -> None:
    checkpoints = [str(path) for path in world.checkpoints]
    before = {path: path.read_bytes() for path in run.rglob("*.parquet")}
    smallest = min(path.stat().st_size for path in (run / "scores").rglob("*.parquet"))
    words, said = ["measure", *checkpoints, "--run", str(run)], tmp_path / "said"
    assert exit_code(started(write_little, smallest // 2, words, said)) == 1
    assert "StoreError: " in said.read_text()
    assert "could not be written (File too large): free space" in said.read_text()
    assert "Traceback" not in said.read_text()
    assert {path: path.read_bytes() for path in run.rglob("*.parquet")} == before
    assert not list(run.rglob("*.tmp"))
    measure(MeasureConfig(run=run, checkpoints=world.checkpoints))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cutoff", "nan"], "cutoff: Input should be"),
        (["--threshold", "1.5"], "threshold: Input should be less than 1"),
        (["--horizon-step", "99999999999"], "horizon_step: Input should be less than"),
        (["--rollouts-per-step", "-5"], "rollouts_per_step: Input should be greater than 0"),
    ],
)
def test_a_setting_of_a_forecast_that_makes_no_sense_is_one_line_and_exit_code_2(
    banked: Path, words: list[str], said: str
) -> None:
    shown = CliRunner().invoke(app, ["forecast", str(banked), *words])
    assert shown.exit_code == 2
    assert said in shown.stderr
    assert len(shown.stderr.strip().splitlines()) == 1
