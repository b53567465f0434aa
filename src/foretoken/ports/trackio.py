"""To trackio: a run of a project, with alerts."""

from collections.abc import Sequence

import trackio

from foretoken.alarm_records import Alarm, Urgency
from foretoken.ports.base import OfNumbers, Point
from foretoken.ports.steps import by_step


class Trackio(OfNumbers):
    """Logs to trackio, wherever its own settings send that.

    Args:
        project: Of trackio.
        run: Name in the project.
        name: See `Port`.
    """

    def __init__(self, project: str, *, run: str, name: str) -> None:
        self.name, self.into = name, f"trackio, project {project}"
        self._project, self._run = project, run

    def send(self, points: Sequence[Point], alarms: Sequence[Alarm]) -> None:
        """See `Port`. The run is closed each time: only then is all of it stored."""
        run = trackio.init(
            project=self._project,
            name=self._run,
            resume="allow",
            auto_log_cpu=False,
            auto_log_gpu=False,
            embed=False,
        )
        for step, values in by_step(points):
            run.log(values, step=step)
        for each in alarms:
            loud = each.urgency is Urgency.ALARM
            run.alert(
                title=f"{each.urgency}: {each.exploit_type}",
                text=each.words,
                level=trackio.AlertLevel.ERROR if loud else trackio.AlertLevel.WARN,
                step=each.step,
            )
        run.finish()
