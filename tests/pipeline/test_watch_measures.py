"""Checkpoints are measured as they appear, once; one that cannot be is named and passed over."""

import shutil
from pathlib import Path

import pytest
from world import EXPLOITS, World

import foretoken.watch.watcher as module
from foretoken.records import Forecast, RateEstimate, Source, Tally
from foretoken.store.run import Run
from foretoken.watch.config import WatchConfig
from foretoken.watch.watcher import Watcher


def test_checkpoints_are_measured_as_they_appear(
    tmp_path: Path, world: World, banked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.open(shutil.copytree(banked, tmp_path / "run"))
    out = tmp_path / "out"
    out.mkdir()
    measured: list[Path] = []
    really = module.measure
    monkeypatch.setattr(
        module, "measure", lambda config: (measured.extend(config.checkpoints), really(config))[1]
    )
    settings = {"run": run.path, "checkpoints": (out,), "horizon_step": 40, "settle_s": 0.0}
    settings |= {"rollouts_per_step": 8.0}
    config = WatchConfig.model_validate(settings)

    def look() -> Watcher:
        watcher = Watcher(config, [])
        watcher.look()
        watcher.close()
        return watcher

    first, second = world.checkpoints
    shutil.copytree(first, out / first.name)
    assert look().seen.measured == 2
    (out / "step-000009").mkdir()
    (out / "step-000009" / "adapter_model.safetensors").write_bytes(b"\x05")
    shutil.copytree(second, out / second.name)
    watcher = look()
    assert watcher.seen.measured == 3
    assert watcher.seen.step == 20
    assert [path.name for path in measured] == [first.name, second.name]
    cutoffs = {each.cutoff_step for each in run.read(Forecast)}
    assert cutoffs == {4, 20}
    last = [each for each in run.read(Forecast) if (each.method, each.cutoff_step) == ("blend", 20)]
    assert {each.exploit_type for each in last} == {e.exploit_type for e in run.read(RateEstimate)}
    assert watcher.seen.chances.keys() == {each.exploit_type for each in last if each.eligible}
    assert watcher.seen.chances


def test_a_checkpoint_that_does_not_fit_is_named_and_stops_nothing(
    tmp_path: Path, world: World, banked: Path
) -> None:
    run = shutil.copytree(banked, tmp_path / "run")
    out = tmp_path / "out"
    shutil.copytree(world.checkpoints[0], out / world.checkpoints[0].name)
    alien = shutil.copytree(world.checkpoints[0], out / "step-000002")
    text = (alien / "adapter_config.json").read_text()
    (alien / "adapter_config.json").write_text(text.replace('"r": ', '"r": 7'))
    settings = {"run": run, "checkpoints": (out,), "horizon_step": 40, "settle_s": 0.0}
    watcher = Watcher(WatchConfig.model_validate(settings), [])
    seen = watcher.look()
    watcher.close()
    assert any("step 2 is not measured" in note for note in seen.notes)
    assert 4 in {each.step for each in Run.open(run).read(RateEstimate)}


def test_a_watch_waits_for_the_last_checkpoint_after_the_last_rollouts(
    tmp_path: Path, world: World, banked: Path
) -> None:
    run = Run.open(shutil.copytree(banked, tmp_path / "run"))
    out = tmp_path / "out"
    first, last = world.checkpoints
    shutil.copytree(first, out / first.name)
    settings = {"run": run.path, "checkpoints": (out,), "horizon_step": 20, "settle_s": 0.0}
    settings |= {"rollouts_per_step": 8.0}
    watcher = Watcher(WatchConfig.model_validate(settings), [])
    assert not watcher.look().over
    drawn = [
        Tally(
            exploit_type=kind,
            step=19,
            source=Source.ROLLOUT,
            draws=8,
            hacks=0,
            paid=0,
            spoken=0,
            reward=0.0,
        )
        for kind in EXPLOITS
    ]
    run.append(drawn, part="drawn")
    assert not watcher.look().over, "the trainer has still to save"
    assert not watcher.look().over
    patient = Watcher(WatchConfig.model_validate(settings | {"linger_s": 0.0}), [])
    assert patient.look().over, "nothing comes any more"
    patient.close()
    shutil.copytree(last, out / last.name)
    seen = watcher.look()
    watcher.close()
    assert seen.over
    assert 20 in {each.step for each in run.read(RateEstimate)}
