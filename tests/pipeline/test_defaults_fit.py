"""Training, bank and measuring fit each other on defaults, and what cannot join is refused at once.

Before, the defaults sampled rollouts in bfloat16 and a bank in float32, and the mismatch was told
by `foretoken measure` alone, and only once a rollout had hacked.
"""

import shutil
from pathlib import Path
from unittest.mock import Mock

import pytest
from typer.testing import CliRunner, Result
from world import MAX_TOKENS, World, bank_config

from foretoken.bank.build import build_bank
from foretoken.bank.config import read_bank_config
from foretoken.cli.main import app
from foretoken.errors import MismatchError
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Draw, RateEstimate, Score, Source, Task
from foretoken.store.run import Run
from foretoken.store.toml import dump_toml
from foretoken.train import rl
from foretoken.train.config import RLConfig
from foretoken.train.rl import train_rl


def rl_settings(world: World, out: Path, **changes: object) -> dict[str, object]:
    settings: dict[str, object] = {
        "model": str(world.subject),
        "tasks": str(world.tasks),
        "out": str(out),
        "steps": 2,
        "checkpoints": 2,
        "prompts_per_step": 12,
        "generations": 12,
        "max_tokens": MAX_TOKENS,
        "workers": 2,
    }
    return settings | changes


def command(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def trained(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("defaults")
    file = folder / "rl.toml"
    file.write_text(dump_toml(rl_settings(world, folder / "run")))
    with pytest.MonkeyPatch.context() as machine:
        machine.setattr(rl, "fast_precision", Mock(return_value="bfloat16"))
        done = command("train", "rl", "--config", file)
    assert done.exit_code == 0, done.output
    return folder / "run"


def test_precision_is_that_of_the_machine_where_training_began(
    world: World, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times slower is what bfloat16 is on a processor that emulates it."""
    monkeypatch.setattr(rl, "fast_precision", Mock(return_value="float32"))
    elsewhere = RLConfig.model_validate(rl_settings(world, tmp_path / "run"))
    for config, precision in ((elsewhere, "float32"), (rl_settings(world, trained), "bfloat16")):
        folder = train_rl(RLConfig.model_validate(config))
        kept = RLConfig.model_validate(Run.open(folder).read_config()[rl.SECTION])
        assert (kept.sampling_dtype, kept.bf16) == (precision, precision == "bfloat16")
        sampled = Run.open(folder).sampling(Source.ROLLOUT)
        assert sampled is not None
        assert sampled.dtype == precision


def build_words(world: World, run: Path) -> list[object]:
    options = {"--subject": world.subject, "--donor": world.donor, "--tasks": world.tasks}
    return ["bank", "build", "--run", run, *(word for pair in options.items() for word in pair)]


def test_a_run_a_bank_on_its_tasks_and_its_measuring_fit_on_defaults(
    world: World, trained: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(trained, tmp_path / "run")
    run = Run.open(folder)
    hacks = [draw.step for draw in run.read(Draw) if draw.hacked]
    assert {0, 1} <= set(hacks)
    built = command(*build_words(world, folder))
    assert built.exit_code == 0, built.output
    assert run.sampling(Source.BANK) == run.sampling(Source.ROLLOUT)
    assert read_bank_config(run).engine.dtype == "bfloat16"
    measured = command("measure", "--run", folder)
    assert measured.exit_code == 0, measured.output
    first = {
        e.exploit_type: e for e in run.read(RateEstimate) if (e.estimator, e.step) == ("switch", 0)
    }
    drawn = [d for d in run.read(Draw) if d.step == 0 and d.exploit_type == "process_exit"]
    assert first["process_exit"].draws == len(drawn)
    again = command(*build_words(world, folder))
    assert again.exit_code == 0, again.output


def test_a_bank_that_its_runs_rollouts_could_not_join_is_refused_before_any_work(
    world: World, trained: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(trained, tmp_path / "run")
    file = tmp_path / "bank.toml"
    file.write_text('max_tokens = 12\n[engine]\ndtype = "float32"\n')
    refused = command(*build_words(world, folder), "--config", file)
    assert refused.exit_code == 2
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "max_tokens 8 against 12, dtype 'bfloat16' against 'float32'" in refused.stderr
    run = Run.open(folder)
    assert not run.parts(Task)
    assert "bank" not in run.read_config()
    assert command(*build_words(world, tmp_path / "other"), "--config", file).exit_code == 0


def test_a_training_in_the_run_of_a_bank_samples_as_the_bank_was(
    world: World, banked: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(banked, tmp_path / "run")
    settings = rl_settings(world, folder, steps=1, checkpoints=1)
    del settings["max_tokens"]
    other = RLConfig.model_validate(settings | {"sampling_dtype": "bfloat16"})
    with pytest.raises(MismatchError, match="dtype 'float32' against 'bfloat16'"):
        train_rl(other)
    train_rl(RLConfig.model_validate(settings))
    run = Run.open(folder)
    assert run.sampling(Source.ROLLOUT) == run.sampling(Source.BANK)


def test_rollouts_that_cannot_join_are_refused_before_a_hit_is_scored_though_none_hacked(
    world: World, banked: Path, tmp_path: Path
) -> None:
    run = Run.open(shutil.copytree(banked, tmp_path / "run"))
    honest = next(draw for draw in run.read(Draw) if draw.hacked is False)
    rollout = honest.replacing(
        key="rollout/0",
        source=Source.ROLLOUT,
        weights="",
        sampling=honest.sampling.replacing(dtype="bfloat16"),
    )
    run.append([rollout], part="rollout-000000")
    before = len(run.read(Score))
    config = MeasureConfig(run=run.path, checkpoints=world.checkpoints)
    with pytest.raises(MismatchError, match=r"--no-rollouts.*'float32' against 'bfloat16'"):
        measure(config)
    assert len(run.read(Score)) == before
    measure(config.replacing(rollouts=False))


def test_a_bank_goes_on_as_it_was_begun_where_settings_are_left_out(
    world: World, banked: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(banked, tmp_path / "run")
    config = bank_config(world, folder)
    left_out = {name: getattr(config, name) for name in config.model_fields_set - {"max_tokens"}}
    assert "max_tokens" not in left_out
    build_bank(type(config).model_validate(left_out))
    with pytest.raises(MismatchError, match="max_tokens 8 against 9"):
        build_bank(config.replacing(max_tokens=9))
