"""Checkpoints that have to be made ready: kept before they go, or merged out of shards.

prime-rl broadcasts weights as `broadcasts/step_N` and removes them after a few steps; verl saves
each process's shard under `global_step_N/actor`. What comes of them lies in the run, and is removed
once it was measured and others need the room.
"""

import math
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from foretoken.errors import RunError
from foretoken.store import layout

BROADCASTS = "broadcasts"
STABLE = "STABLE"
"""File that prime-rl writes last."""
SHARDS = "model_world_size_*_rank_*.pt"
_SHARD = re.compile(r"model_world_size_(\d+)_rank_\d+\.pt")
MEGATRON = "dist_ckpt"
"""Folder of a checkpoint by verl's other backend."""
WEIGHTS = "*.safetensors"
UNFINISHED = ".tmp"
LONGEST_MERGE_S = 6 * 3600.0
LONGEST = 300
"""Characters of a program's last words."""
Make = Callable[[Path, Path], None]
"""Makes one folder of another."""


@dataclass
class Ready:
    """Makes checkpoints ready, in a folder of the run.

    Args:
        run: Run directory.
        subject: Folder of the run's model, whose configuration a broadcast lacks; None: not known.
        merge_with: Python that has verl; None: shards are not merged.
        most: Checkpoints that are kept at once.
        settle_s: Without a change, after which shards are taken to be whole.
    """

    run: Path
    subject: Path | None = None
    merge_with: str | None = None
    most: int = 8
    settle_s: float = 5.0
    _failed: dict[Path, str] = field(default_factory=dict[Path, str])

    def make(self, checkpoints: Iterable[Path], *, done: Collection[int]) -> list[str]:
        """Make what is new ready; return lines about what is not.

        Args:
            checkpoints: Folders of checkpoints, in any trainer's form.
            done: Steps that were measured.
        """
        notes: list[str] = []
        for path in checkpoints:
            try:
                step = layout.checkpoint_step(path)
            except RunError:
                continue
            target = layout.ready_path(self.run, step)
            if step in done or target.is_dir() or path in self._failed:
                continue
            if is_broadcast(path) and (path / STABLE).is_file():
                why = self._placed(target, done, self._kept, path)
            elif self.merge_with is not None and self._are_whole(shards_of(path)):
                why = self._placed(target, done, self._merged, path)
            else:
                continue
            notes += [why] if why else []
        return notes + list(self._failed.values())

    def _are_whole(self, shards: Path | None) -> bool:
        """Whether the shards of all processes are there, and none was written just now."""
        if shards is None:
            return False
        files = [each for each in shards.rglob("*") if each.is_file()]
        newest = max((each.stat().st_mtime for each in files), default=math.inf)
        worlds = {int(found[1]) for each in files if (found := _SHARD.fullmatch(each.name))}
        count = sum(_SHARD.fullmatch(each.name) is not None for each in files)
        return time.time() - newest >= self.settle_s and (not worlds or worlds == {count})

    def _placed(self, target: Path, done: Collection[int], make: Make, path: Path) -> str:
        """Make a checkpoint ready in a place of its own; say why it is not."""
        if not self._has_room(done):
            return (
                f"{path} is not kept: {self.most} checkpoints wait to be measured (most_kept). "
                "Later ones are, as those are measured"
            )
        unfinished = target.with_name(f"{target.name}{UNFINISHED}")
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            make(path, unfinished)
            unfinished.rename(target)
        except (OSError, subprocess.SubprocessError) as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            said = f"{path} is not made ready: {_words(error)}"
            if path.is_dir() and make == self._merged:
                self._failed[path] = said
                return ""
            return said
        return ""

    def _has_room(self, done: Collection[int]) -> bool:
        """Whether one more may be kept; what was measured goes first."""
        kept = sorted(self._own())
        while len(kept) >= self.most:
            step = next((each for each in kept if each in done), None)
            if step is None:
                return False
            shutil.rmtree(layout.ready_path(self.run, step), ignore_errors=True)
            kept.remove(step)
        return True

    def _own(self) -> Iterable[int]:
        for path in ready_checkpoints(self.run):
            yield layout.checkpoint_step(path)

    def _kept(self, path: Path, into: Path) -> None:
        """Hard links where they can be made, else copies; with the configuration of the model."""
        into.mkdir(parents=True)
        for file in sorted(path.iterdir()):
            if file.is_file() and file.name != STABLE:
                _link(file, into / file.name)
        configured = any((into / name).is_file() for name in ("config.json", "adapter_config.json"))
        if not configured and self.subject is not None:
            for file in self.subject.iterdir():
                if file.is_file() and not file.match(WEIGHTS):
                    shutil.copy(file, into / file.name)

    def _merged(self, path: Path, into: Path) -> None:
        command = merge_command(str(self.merge_with), path, into)
        into.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=LONGEST_MERGE_S)
        if not any(into.glob(WEIGHTS)):
            raise OSError(f"{' '.join(command)} wrote no weights in the form {WEIGHTS}")


def ready_checkpoints(run: Path) -> Sequence[Path]:
    """Return the folders of a run in which checkpoints were made ready."""
    found = layout.ready_folder(run).glob("step-*")
    return sorted(each for each in found if not each.name.endswith(UNFINISHED))


def is_broadcast(path: Path) -> bool:
    """Whether a folder may be gone before it is measured."""
    return path.parent.name == BROADCASTS


def shards_of(path: Path) -> Path | None:
    """Return the folder in which verl saved shards and no merged weights; None: it did not."""
    actor = path / "actor" if path.name != "actor" else path
    sharded = any(actor.glob(SHARDS)) or (actor / MEGATRON).is_dir()
    merged = any(any(each.glob(WEIGHTS)) for each in (path, actor, actor / "huggingface"))
    return actor if sharded and not merged else None


def merge_command(python: str, path: Path, into: Path) -> list[str]:
    """Return the command that merges the shards of a checkpoint."""
    actor = shards_of(path) or path
    backend = "fsdp" if any(actor.glob(SHARDS)) else "megatron"
    return [
        *(python, "-m", "verl.model_merger", "merge", "--backend", backend),
        *("--local_dir", str(actor), "--target_dir", str(into)),
    ]


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:
        shutil.copy(file, target)


def _words(error: Exception) -> str:
    """The last line that a program wrote, or what an error says."""
    said = getattr(error, "stderr", None)
    lines = [line for line in str(said or "").splitlines() if line.strip()]
    return (lines[-1] if lines else str(error))[:LONGEST]
