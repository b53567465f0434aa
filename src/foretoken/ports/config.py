"""Settings of `foretoken export`, and of what follows a watch."""

from pathlib import Path

from pydantic import Field

from foretoken.ports.base import Tracker
from foretoken.work.settings import Settings


class FollowConfig(Settings):
    """Trackers that follow a run."""

    to: tuple[Tracker, ...] = ()
    """Which; those of rollouts are prime-rl and scout, the others take numbers and alarms."""
    into: dict[Tracker, str] = Field(default_factory=dict[Tracker, str])
    """By tracker, the place in it: a project of trackio, `PROJECT` or `ENTITY/PROJECT` of wandb, an
    experiment of mlflow (all three: `foretoken`), a folder for tensorboard or scout (one in the
    run), the output directory of a prime-rl run (it must be given)."""


class ExportConfig(FollowConfig):
    """Settings of `foretoken export`."""

    section = "export"

    run: Path
    """Run directory."""
