"""From settings to ports. The packages of trackers are optional, and imported here alone."""

import hashlib
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from foretoken.errors import SetupError
from foretoken.ports.base import Port, Sent, Tracker
from foretoken.ports.config import FollowConfig
from foretoken.store.run import Run

PROJECT = "foretoken"
"""Of trackers that have projects."""
_ID = "id"
"""Part of `Sent` that holds what tells a run from others of its name, wherever it is moved."""
_FOLDERS = {Tracker.TENSORBOARD: "tensorboard", Tracker.SCOUT: "transcripts_db"}
"""In the run; the second is no name of a folder of records, since it holds Parquet files."""


def ports_of(run: Run, config: FollowConfig) -> list[Port]:
    """Return the ports that settings ask for.

    Args:
        run: Whose news they take.
        config: Which, and where.

    Raises:
        ModuleNotFoundError: The package of a tracker is not installed.
        SetupError: A place cannot take anything.
    """
    return [_port(run, tracker, config.into.get(tracker)) for tracker in dict.fromkeys(config.to)]


def name_of(run: Run) -> str:
    """Return the name of a run in trackers: that of its folder, and what tells it from others."""
    if not run.has_part(_ID, Sent):
        made = Sent(port="", into="", item=secrets.token_hex(3))
        run.append([made], part=_ID, keep=True)
    (own,) = run.read(Sent, part=_ID)
    folder = re.sub(r"[^\w.-]", "_", run.folder.resolve().name, flags=re.ASCII)
    return f"{folder}-{own.item}"


def _port(run: Run, tracker: Tracker, into: str | None) -> Port:
    if into is None and tracker is Tracker.PRIME_RL:
        raise SetupError(
            "prime-rl: into which run? Give its output directory (--into, or [export.into])"
        )
    folder = run.folder / _FOLDERS.get(tracker, "")
    place = into or (str(folder) if tracker in _FOLDERS else PROJECT)
    local = tracker in (*_FOLDERS, Tracker.PRIME_RL)
    named = str(Path(place).resolve()) if into and local else place
    mark = hashlib.sha256((named if into else "").encode()).hexdigest()[:8]
    return _MAKERS[tracker](place, name_of(run), f"{tracker}-{mark}")


def _tensorboard(place: str, run: str, name: str) -> Port:
    from foretoken.ports.tensorboard import TensorBoard

    return TensorBoard(Path(place), run=run, name=name)


def _scout(place: str, run: str, name: str) -> Port:
    from foretoken.ports.scout import Scout

    return Scout(Path(place), run=run, name=name)


def _prime_rl(place: str, _: str, name: str) -> Port:
    from foretoken.ports.prime_rl import PrimeRl

    return PrimeRl(Path(place), name=name)


def _trackio(place: str, run: str, name: str) -> Port:
    from foretoken.ports.trackio import Trackio

    return Trackio(place, run=run, name=name)


def _wandb(place: str, run: str, name: str) -> Port:
    from foretoken.ports.wandb import Wandb

    return Wandb(place, run=run, name=name)


def _mlflow(place: str, run: str, name: str) -> Port:
    from foretoken.ports.mlflow import Mlflow

    return Mlflow(place, run=run, name=name)


_MAKERS: dict[Tracker, Callable[[str, str, str], Port]] = {
    Tracker.TENSORBOARD: _tensorboard,
    Tracker.SCOUT: _scout,
    Tracker.PRIME_RL: _prime_rl,
    Tracker.TRACKIO: _trackio,
    Tracker.WANDB: _wandb,
    Tracker.MLFLOW: _mlflow,
}
