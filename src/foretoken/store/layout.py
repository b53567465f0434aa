"""The one place where a path inside a run directory is built or parsed."""

import re
from pathlib import Path

from foretoken.errors import StoreError
from foretoken.records import (
    BankHealth,
    BankHit,
    ControlCheck,
    Draw,
    Forecast,
    Mixture,
    RateEstimate,
    Record,
    Score,
    Task,
    Thinned,
    Truth,
)

KINDS: dict[type[Record], str] = {
    Task: "tasks",
    Draw: "draws",
    Score: "scores",
    Mixture: "mixtures",
    Thinned: "thinned",
    BankHit: "bank-hits",
    RateEstimate: "estimates",
    Forecast: "forecasts",
    Truth: "truth",
    BankHealth: "health",
    ControlCheck: "control-checks",
}
"""Each stored record class and the folder of its Parquet parts."""

CONFIG_FILE = "config.toml"
PROVENANCE_FILE = "provenance.json"
REPORT_FILE = "report.html"
PART_SUFFIX = ".parquet"
TEMPORARY_SUFFIX = ".tmp"

_PART_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+-]*")
_CHECKPOINT = re.compile(r"step-(\d{6,})")


def kind_folder(run: Path, kind: type[Record]) -> Path:
    """Folder of a record class's parts."""
    return run / KINDS[kind]


def part_path(run: Path, kind: type[Record], part: str) -> Path:
    """File of one part.

    Raises:
        StoreError: The part's name is not a plain file name.
    """
    if not _PART_NAME.fullmatch(part):
        raise StoreError(f"{part!r} cannot name a part: use letters, digits and . _ = + - only")
    return kind_folder(run, kind) / f"{part}{PART_SUFFIX}"


def part_paths(run: Path, kind: type[Record]) -> list[Path]:
    """Files of all finished parts of a kind, in the order of their names."""
    return sorted(kind_folder(run, kind).glob(f"*{PART_SUFFIX}"))


def checkpoints_folder(run: Path) -> Path:
    """Folder that holds one folder per checkpoint."""
    return run / "checkpoints"


def donor_folder(run: Path) -> Path:
    """Folder of the donor's adapter."""
    return run / "donor"


def control_folder(run: Path, name: str) -> Path:
    """Run directory of a control's bank.

    Raises:
        StoreError: The name is not a plain file name.
    """
    if not _PART_NAME.fullmatch(name):
        raise StoreError(f"{name!r} cannot name a control: use letters, digits and . _ = + - only")
    return run / "controls" / name


def checkpoint_path(run: Path, step: int) -> Path:
    """Folder of the checkpoint at an optimiser step."""
    return checkpoints_folder(run) / f"step-{step:06d}"


def checkpoint_step(path: Path) -> int:
    """Optimiser step that a checkpoint folder's name states.

    Raises:
        StoreError: The name is not `step-` and at least six digits.
    """
    found = _CHECKPOINT.fullmatch(path.name)
    if found is None:
        raise StoreError(f"{path} is not named like a checkpoint: expected step-000013 or similar")
    return int(found.group(1))


def checkpoints(run: Path) -> dict[int, Path]:
    """Checkpoint folders of a run by step, in the order of the steps."""
    folders = checkpoints_folder(run).glob("step-*")
    return dict(sorted((checkpoint_step(folder), folder) for folder in folders if folder.is_dir()))
