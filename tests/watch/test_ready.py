"""Checkpoints that go are kept, shards are merged, and what is switched off is said exactly.

The merger is a small program here; `make integrations` runs verl's own.

Faults that were injected and seen here: a broadcast measured where the trainer removes it; copies
without a bound; what waits to be measured, removed for room; shards merged while a process still
writes its own.
"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from training import Training

from foretoken.integrations.graded import name_checkpoint, recorder_of
from foretoken.pipeline.logged import LogPart
from foretoken.store.run import Run
from foretoken.watch.checkpoints import candidates, found_checkpoints
from foretoken.watch.ready import Ready, ready_checkpoints
from foretoken.watch.watcher import Watcher

MERGER = """
import pathlib, sys
given = dict(zip(sys.argv[2::2], sys.argv[3::2]))
assert sys.argv[1] == "merge" and given["--backend"] == "fsdp", sys.argv
shard = pathlib.Path(given["--local_dir"]) / "model_world_size_1_rank_0.pt"
if shard.read_bytes() == b"bad":
    sys.exit("the shards are of two kinds")
target = pathlib.Path(given["--target_dir"])
target.mkdir(parents=True)
for name in ("config.json", "model.safetensors"):
    (target / name).write_bytes((shard.parent / "huggingface" / f"{name}.as").read_bytes())
"""


def weighed(folder: Path, value: float, name: str = "model.safetensors") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file({"w": np.full(4, value, np.float32)}, folder / name)
    return folder


def broadcast(folder: Path, step: int) -> Path:
    path = weighed(folder / "broadcasts" / f"step_{step}", float(step))
    (path / "STABLE").touch()
    return path


def sharded(folder: Path, step: int, *, content: bytes = b"good", world: int = 1) -> Path:
    inner = weighed(folder / f"global_step_{step}" / "actor" / "huggingface", float(step), "kept")
    (inner / "kept").rename(inner / "model.safetensors.as")
    (inner / "config.json.as").write_text("{}")
    (inner / "config.json").write_text("{}")
    (inner.parent / f"model_world_size_{world}_rank_0.pt").write_bytes(content)
    return folder / f"global_step_{step}"


@pytest.fixture
def merger(tmp_path: Path) -> str:
    """An interpreter that has a `verl.model_merger`."""
    package = tmp_path / "site" / "verl"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "model_merger.py").write_text(MERGER)
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path / "site"} exec {sys.executable} "$@"\n')
    program.chmod(0o755)
    return str(program)


def look(
    ready: Ready, folders: Sequence[Path], done: Sequence[int] = ()
) -> tuple[dict[int, Path], list[str]]:
    run = Run.create(ready.run)
    notes = ready.make(candidates(run, folders), done=done)
    merges = ready.merge_with is not None
    found, more = found_checkpoints(run, folders, settle_s=0, merges=merges)
    return found, notes + more


def test_a_broadcast_is_measured_from_a_copy_that_stays(tmp_path: Path) -> None:
    subject = tmp_path / "subject"
    weighed(subject, 9.0)
    (subject / "config.json").write_text("{}")
    ready = Ready(tmp_path / "run", subject=subject)
    first = broadcast(tmp_path / "out", 3)
    unfinished = weighed(tmp_path / "out" / "broadcasts" / "step_4", 4.0)
    found, notes = look(ready, [tmp_path / "out" / "broadcasts"])
    assert list(found) == [3]
    assert not notes
    assert not found[3].is_relative_to(tmp_path / "out")
    assert (found[3] / "model.safetensors").samefile(first / "model.safetensors")
    assert {each.name for each in found[3].iterdir()} == {"config.json", "model.safetensors"}
    shutil.rmtree(first)
    (unfinished / "STABLE").touch()
    found, _ = look(ready, [tmp_path / "out" / "broadcasts"])
    assert list(found) == [3, 4]
    assert (found[3] / "model.safetensors").is_file()


def test_copies_are_bounded_and_only_measured_ones_make_room(tmp_path: Path) -> None:
    ready = Ready(tmp_path / "run", most=2)
    folders = [tmp_path / "out" / "broadcasts"]
    for step in range(1, 5):
        broadcast(tmp_path / "out", step)
    found, notes = look(ready, folders)
    assert len(found) == 2
    assert sum("most_kept" in note for note in notes) == 2
    taken = sorted(found)
    found, _ = look(ready, folders, done=taken[:1])
    assert len(found) == 2
    assert taken[1] in found
    assert taken[0] not in found
    assert not look(ready, folders, done=[1, 2, 3, 4])[1]
    assert len(ready_checkpoints(tmp_path / "run")) == 2


def test_shards_are_merged_once_and_by_the_program_that_is_named(
    tmp_path: Path, merger: str
) -> None:
    path = sharded(tmp_path / "out", 20)
    name_checkpoint(str(tmp_path / "run"), step=20, path=str(path))
    recorder_of(str(tmp_path / "run")).close()
    ready = Ready(tmp_path / "run", merge_with=merger, settle_s=0)
    found, notes = look(ready, ())
    assert (list(found), notes) == ([20], [])
    assert (found[20] / "model.safetensors").is_file()
    ready.merge_with = "/no/such/program"
    assert look(ready, ()) == (found, [])


def test_shards_that_are_not_all_there_or_cannot_be_merged_are_not_used(
    tmp_path: Path, merger: str
) -> None:
    sharded(tmp_path / "out", 10, world=2)
    bad = sharded(tmp_path / "out", 20, content=b"bad")
    ready = Ready(tmp_path / "run", merge_with=merger, settle_s=0)
    found, notes = look(ready, [tmp_path / "out"])
    assert not found
    assert notes == [f"{bad} is not made ready: the shards are of two kinds"]
    sharded(tmp_path / "out", 20)
    assert any("of two kinds" in note for note in look(ready, [tmp_path / "out"])[1])
    sharded(tmp_path / "out", 30)
    ready.settle_s = 3600
    assert not look(ready, [tmp_path / "out"])[0]


def test_without_a_program_the_exact_commands_are_said(tmp_path: Path) -> None:
    path = sharded(tmp_path / "out", 20)
    found, notes = look(Ready(tmp_path / "run"), [tmp_path / "out"])
    assert not found
    (note,) = notes
    assert "--merge-with PYTHON" in note
    assert "save_contents='[model,optimizer,extra,hf_model]'" in note
    by_hand = f"python -m verl.model_merger merge --backend fsdp --local_dir {path / 'actor'}"
    assert f"{by_hand} --target_dir {path / 'actor' / 'huggingface'}" in note


@pytest.mark.parametrize(
    ("layout", "flag"),
    [
        ("verifiers", '[weight_broadcast] type = "filesystem"'),
        ("verl", "trainer.save_freq=10"),
        ("openrlhf", "--ckpt.save_hf"),
        ("trl", 'save_strategy="steps"'),
    ],
)
def test_a_trainer_that_saves_no_checkpoints_is_told_its_own_flag(
    tmp_path: Path, layout: str, flag: str
) -> None:
    run = Run.create(tmp_path / "run")
    part = LogPart(file="x", layout=layout, mark="m", begin=0, rows=1, end=1, complete=True)
    run.append([part], part="log-x")
    watcher = Watcher(Training(tmp_path).config(), [])
    (note,) = watcher._switched_off(run)
    assert flag in note
