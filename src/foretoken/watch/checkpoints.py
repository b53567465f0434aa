"""Which checkpoints of a training are there and whole."""

import json
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from foretoken.errors import RunError
from foretoken.logs.hooks import INBOX
from foretoken.logs.rows import rows_of
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.watch.ready import (
    WEIGHTS,
    is_broadcast,
    merge_command,
    ready_checkpoints,
    shards_of,
)

SWITCH_ON = {
    "verifiers": 'prime-rl broadcasts weights as files with [weight_broadcast] type = "filesystem":'
    " give its folder broadcasts to --checkpoints",
    "verl": "verl saves them with trainer.save_freq=10 and actor_rollout_ref.actor.checkpoint."
    "save_contents='[model,optimizer,extra,hf_model]'",
    "openrlhf": "OpenRLHF saves them with --ckpt.save_steps 10 --ckpt.save_hf",
    "trl": 'TRL saves them with save_strategy="steps", save_steps=10',
    "open-instruct": "open-instruct saves them with --save_freq 10",
    "tinker": "Tinker keeps them in its service: download those that checkpoints.jsonl names",
}
"""Of each layout of logs, how its trainer saves checkpoints."""
_LENGTH_BYTES = 8
"""At the start of a file of weights: how long its header is."""


def found_checkpoints(
    run: Run,
    folders: Sequence[Path],
    *,
    settle_s: float,
    known: Collection[int] = (),
    merges: bool = False,
) -> tuple[dict[int, Path], list[str]]:
    """Return the whole checkpoints of a training by step, and lines about what is not used.

    Args:
        run: Its own checkpoints, and those that hooks named, are looked at where no folder is
            given.
        folders: In which a trainer saves them.
        settle_s: Without a change, after which files are taken to be whole.
        known: Steps whose checkpoints are measured, so that their files are not looked at.
        merges: Whether shards are merged, so that nothing is to be done about them.
    """
    found: dict[int, Path] = {}
    notes: list[str] = []
    for path in [*ready_checkpoints(run.folder), *candidates(run, folders)]:
        try:
            step = layout.checkpoint_step(path)
        except RunError:
            continue
        if step in known:
            found.setdefault(step, path)
            continue
        weights = layout.with_weights(path)
        if step in found or is_broadcast(path):
            continue
        if not any(weights.glob(WEIGHTS)):
            notes += [] if merges and shards_of(path) else [_without_weights(path)]
        elif is_whole(weights, settle_s=settle_s):
            found[step] = weights
    return dict(sorted(found.items())), notes


def _without_weights(path: Path) -> str:
    """Why a checkpoint is not used, and what to do about it."""
    if shards_of(path) is None:
        return f"{path} holds no weights in the form {WEIGHTS}"
    by_hand = " ".join(merge_command("python", path, path / "actor" / "huggingface"))
    return (
        f"{path} holds verl's shards: give --merge-with PYTHON, the interpreter of an environment "
        f"with verl, or merge them by hand ({by_hand}); {SWITCH_ON['verl']}"
    )


def is_whole(folder: Path, *, settle_s: float) -> bool:
    """Whether all files of weights are as long as they say, and nothing was written just now."""
    try:
        files = [each for each in folder.iterdir() if each.is_file()]
        newest = max(each.stat().st_mtime for each in files)
        whole = all(_is_whole(each) for each in files if each.match(WEIGHTS))
    except (OSError, ValueError):
        return False
    return whole and time.time() - newest >= settle_s


def _is_whole(file: Path) -> bool:
    """Whether a file of weights is as long as its header says."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(_LENGTH_BYTES), "little")
        if not 0 < length <= size - _LENGTH_BYTES:
            return False
        header = json.loads(opened.read(length))
    ends = [said["data_offsets"][1] for name, said in header.items() if name != "__metadata__"]
    return size == _LENGTH_BYTES + length + max(ends, default=0)


def candidates(run: Run, folders: Sequence[Path]) -> Iterable[Path]:
    """Yield the folders that may be checkpoints, in any trainer's form.

    Args:
        run: Its own, and those that hooks named, are yielded where no folder is given.
        folders: In which a trainer saves them.
    """
    if folders:
        for folder in folders:
            yield from sorted(each for each in folder.glob("*") if each.is_dir())
        return
    yield from run.checkpoints().values()
    for file in sorted((run.folder / INBOX).glob("checkpoints-*.jsonl")):
        for placed in rows_of(file):
            path = Path(str((placed.row or {}).get("path", "")))
            if path.is_dir():
                yield path
