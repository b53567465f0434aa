"""The one place where a path inside a run directory is built or parsed."""

import re
from pathlib import Path
from urllib.parse import quote, unquote

from foretoken.errors import RunError, StoreError
from foretoken.records import Record
from foretoken.store.places import TEMPORARY_SUFFIX, Place, files, local

CONFIG_FILE = "config.toml"
PROVENANCE_FILE = "provenance.json"
REPORT_FILE = "report.html"
PART_SUFFIX = ".parquet"
CLAIM_SUFFIX = ".claim"
CLAIMS_FOLDER = ".claims"
CHECKPOINT_FORMS = (
    "step-000013 or step_13, checkpoint-40, global_step_40 (or its actor folder), "
    "global_step40_hf, iter_0000040"
)
"""Names of checkpoint folders that are understood, for messages."""

_PART_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+-]*")
_FOLDER_NAME = re.compile(r"[a-z][a-z0-9-]*")
_NOT_RECORDS = frozenset({"checkpoints", "donor", "controls", "ready"})
_CHECKPOINT = re.compile(r"(?:global_step|step|checkpoint|iter)[-_]?(\d+)(?:_hf)?")
_LIKE_A_CHECKPOINT = re.compile(r"(?:global_step|step|checkpoint|iter)[-_]?")
_INNER = ("actor", "huggingface")


def folder_of(kind: type[Record]) -> str:
    """Name of the folder that a record class declares.

    Raises:
        StoreError: It declares none itself, so it cannot be stored.
    """
    folder = kind.__dict__.get("folder")
    if not isinstance(folder, str):
        raise StoreError(
            f"{kind.__name__} records cannot be stored: the class declares no folder of its own "
            '(add `folder = "some-name"` to it)'
        )
    return folder


def kind_folder(run: Place, kind: type[Record]) -> Place:
    """Folder of a record class's parts."""
    return run / folder_of(kind)


def partition_folder(value: str) -> str:
    """Folder name of a partition: `step:13` is `step-13`; other signs are `%` and two digits.

    Raises:
        StoreError: The value is empty.
    """
    if not value:
        raise StoreError("an empty text cannot name a partition")
    name = quote(value, safe="+=:").replace("-", "%2D").replace("~", "%7E").replace(":", "-")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def partition_value(name: str) -> str:
    """Read back what `partition_folder` wrote."""
    return unquote(name.replace("-", ":"))


def part_folder(run: Place, kind: type[Record], within: str | None) -> Place:
    """Folder that holds the parts of a kind, or of one partition of it.

    Raises:
        StoreError: The kind is divided and no partition is given, or the other way round.
    """
    folder = kind_folder(run, kind)
    if (within is None) == (kind.partition is None):
        return folder if within is None else folder / partition_folder(within)
    if within is None:
        raise StoreError(f"{folder} is divided by {kind.partition}: say which one (`within`)")
    raise StoreError(f"{folder} is not divided, so there is nothing `within` {within!r}")


def part_path(run: Place, kind: type[Record], part: str, within: str | None = None) -> Place:
    """File of one part.

    Raises:
        StoreError: The part's name is not a plain file name, or the partition does not fit.
    """
    _require_plain(part, what="a part")
    return part_folder(run, kind, within) / f"{part}{PART_SUFFIX}"


def part_paths(run: Place, kind: type[Record], within: str | None = None) -> list[Place]:
    """Files of all finished parts of a kind, by partition and in the order of their names.

    Raises:
        StoreError: Parts lie outside of the partitions of a divided kind.
    """
    if kind.partition is None or within is not None:
        return files(part_folder(run, kind, within), suffix=PART_SUFFIX, depth=0)
    folder = kind_folder(run, kind)
    stray = files(folder, suffix=PART_SUFFIX, depth=0)
    if stray:
        raise StoreError(
            f"{stray[0]} lies outside of the folders by {kind.partition} ({len(stray)} such "
            "file(s)): move them away and run the same command again, which makes them anew"
        )
    return files(folder, suffix=PART_SUFFIX, depth=1)


def partitions(run: Place, kind: type[Record]) -> list[str]:
    """Values by which the folder of a divided kind is divided, of those that have parts."""
    return sorted({partition_value(path.parent.name) for path in part_paths(run, kind)})


def stored_folders(run: Place) -> dict[str, list[Place]]:
    """Files of finished parts by record folder, known to this program or not; empty ones left out.

    The folders of checkpoints, donors and controls are not looked into.
    """
    found: dict[str, list[Place]] = {}
    for folder in sorted(run.iterdir(), key=lambda each: each.name):
        name = folder.name
        if name not in _NOT_RECORDS and _FOLDER_NAME.fullmatch(name) and folder.is_dir():
            parts = [p for d in (0, 1) for p in files(folder, suffix=PART_SUFFIX, depth=d)]
            found |= {name: parts} if parts else {}
    return found


def claim_path(run: Place, kind: type[Record], part: str, within: str | None = None) -> Place:
    """File that says who is making a part.

    Raises:
        StoreError: The part's name is not a plain file name, or the partition does not fit.
    """
    _require_plain(part, what="a part")
    inside = part_folder(run / CLAIMS_FOLDER, kind, within)
    return inside / f"{part}{CLAIM_SUFFIX}"


def checkpoints_folder(run: Place) -> Path:
    """Folder that holds one folder per checkpoint.

    Raises:
        RunError: The run is not on a local disk.
    """
    return local(run, what="its checkpoints") / "checkpoints"


def donor_folder(run: Place) -> Path:
    """Folder of the donor's adapter.

    Raises:
        RunError: The run is not on a local disk.
    """
    return local(run, what="its donor") / "donor"


def control_folder(run: Place, name: str) -> Path:
    """Run directory of a control's bank.

    Raises:
        RunError: The run is not on a local disk.
        StoreError: The name is not a plain file name.
    """
    _require_plain(name, what="a control")
    return local(run, what="its controls") / "controls" / name


def checkpoint_path(run: Place, step: int) -> Path:
    """Folder of the checkpoint at an optimiser step."""
    return checkpoints_folder(run) / f"step-{step:06d}"


def ready_folder(run: Place) -> Path:
    """Folder of what was made of another trainer's checkpoints, so that they can be measured.

    Raises:
        RunError: The run is not on a local disk.
    """
    return local(run, what="checkpoints that are kept for it") / "ready"


def ready_path(run: Place, step: int) -> Path:
    """Folder of what was made of another trainer's checkpoint."""
    return ready_folder(run) / f"step-{step:06d}"


def checkpoint_step(path: Path) -> int:
    """Optimiser step that a checkpoint folder's name states, in the words of any known trainer.

    Raises:
        RunError: The name has none of the known forms.
    """
    named = path
    while named.name in _INNER:
        named = named.parent
    found = _CHECKPOINT.fullmatch(named.name)
    if found is None:
        raise RunError(f"{path} is not named like a checkpoint: expected {CHECKPOINT_FORMS}")
    return int(found.group(1))


def checkpoints(run: Place) -> dict[int, Path]:
    """Checkpoint folders of a run by step, in the order of the steps.

    Folders that trainers keep beside them (logs, `latest`) are passed over.

    Raises:
        RunError: A folder that begins like a checkpoint names no step, or two name the same, or
            the run is not on a local disk.
    """
    found: dict[int, Path] = {}
    for folder in sorted(checkpoints_folder(run).glob("*")):
        unfinished = folder.name.endswith(TEMPORARY_SUFFIX)
        if unfinished or not folder.is_dir() or not _LIKE_A_CHECKPOINT.match(folder.name):
            continue
        step = checkpoint_step(folder)
        if step in found:
            raise RunError(
                f"{found[step]} and {folder} are two checkpoints of step {step}: move one of them"
            )
        found[step] = with_weights(folder)
    return dict(sorted(found.items()))


def with_weights(folder: Path) -> Path:
    """Return the folder itself, or the inner one in which a trainer keeps the weights."""
    named = ("adapter_config.json", "config.json")
    inner = [folder, *(folder / part for part in ("actor", "huggingface", "actor/huggingface"))]
    held = [each for each in inner if any((each / name).is_file() for name in named)]
    return held[0] if held else folder


def _require_plain(name: str, *, what: str) -> None:
    if not _PART_NAME.fullmatch(name):
        raise StoreError(f"{name!r} cannot name {what}: use letters, digits and . _ = + - only")
