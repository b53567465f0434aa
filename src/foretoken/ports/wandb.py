"""To Weights & Biases: a run of its own in a project, with alerts."""

from collections.abc import Sequence

import wandb

from foretoken.alarm_records import Alarm, Urgency
from foretoken.ports.base import OfNumbers, Point
from foretoken.ports.steps import by_step

STEP = "foretoken/step"
"""Axis of all numbers: estimates come later than rollouts, and the library's own counter drops
what is older than the last."""

_LONGEST_TITLE = 63


class Wandb(OfNumbers):
    """Logs to W&B, or to its files where that is set to be offline.

    Args:
        project: `PROJECT` or `ENTITY/PROJECT`.
        run: Name in the project.
        name: See `Port`.
    """

    def __init__(self, project: str, *, run: str, name: str) -> None:
        self.name, self.into = name, f"W&B, project {project}"
        self._entity, _, self._project = project.rpartition("/")
        self._run = run
        self._opened: wandb.Run | None = None

    def send(self, points: Sequence[Point], alarms: Sequence[Alarm]) -> None:
        """See `Port`. W&B itself sees to what it took: it keeps files until they are uploaded."""
        run = self._open()
        for step, values in by_step(points):
            run.log({STEP: step, **values})
        for each in alarms:
            loud = each.urgency is Urgency.ALARM
            run.alert(
                title=f"{each.urgency}: {each.exploit_type}"[:_LONGEST_TITLE],
                text=each.words,
                level=wandb.AlertLevel.ERROR if loud else wandb.AlertLevel.WARN,
            )

    def close(self) -> None:
        """See `Port`."""
        if self._opened is not None:
            self._opened.finish()
            self._opened = None

    def _open(self) -> wandb.Run:
        if self._opened is None:
            quiet = wandb.Settings(
                console="off", silent=True, login_timeout=1, x_disable_stats=True
            )
            self._opened = wandb.init(
                entity=self._entity or None,
                project=self._project,
                id=self._run,
                name=self._run,
                resume="allow",
                settings=quiet,
            )
            self._opened.define_metric(STEP)
            self._opened.define_metric("foretoken/*", step_metric=STEP)
        return self._opened
