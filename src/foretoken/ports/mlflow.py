"""To MLflow: a run of an experiment, at the tracking server that MLflow's own settings name."""

import re
import time
from collections.abc import Sequence

from mlflow.entities import Metric
from mlflow.tracking import MlflowClient

from foretoken.alarm_records import Alarm
from foretoken.ports.base import OfNumbers, Point

AT_ONCE = 1_000
"""Numbers that a server takes in one request."""
_LONGEST_TAG = 5_000
_ODD = re.compile(r"[^\w\-. :/]", re.ASCII)
"""What the name of a metric may not hold."""


class Mlflow(OfNumbers):
    """Logs to MLflow.

    Args:
        experiment: Name of the experiment.
        run: Name in the experiment, by which the run is found again.
        name: See `Port`.
    """

    def __init__(self, experiment: str, *, run: str, name: str) -> None:
        self.name, self.into = name, f"MLflow, experiment {experiment}"
        self._experiment, self._run = experiment, run
        self._id: str | None = None

    def send(self, points: Sequence[Point], alarms: Sequence[Alarm]) -> None:
        """See `Port`."""
        client = MlflowClient()
        run, now = self._id or self._found(client), int(1000 * time.time())
        self._id = run
        metrics = [Metric(_ODD.sub("_", e.name), e.value, now, e.step) for e in points]
        for begin in range(0, len(metrics), AT_ONCE):
            client.log_batch(run, metrics=metrics[begin : begin + AT_ONCE])
        for each in alarms:
            tag = _ODD.sub("_", f"foretoken.{each.urgency}.{each.exploit_type}")
            client.set_tag(run, tag, each.words[:_LONGEST_TAG])

    def close(self) -> None:
        """See `Port`."""
        if self._id is not None:
            MlflowClient().set_terminated(self._id)

    def _found(self, client: MlflowClient) -> str:
        """Id of the run; it is made where there is none."""
        known = client.get_experiment_by_name(self._experiment)
        experiment = known.experiment_id if known else client.create_experiment(self._experiment)
        asked = f"tags.`foretoken.run` = '{self._run}'"
        for each in client.search_runs([experiment], filter_string=asked):
            return each.info.run_id
        tags = {"foretoken.run": self._run}
        return client.create_run(experiment, tags=tags, run_name=self._run).info.run_id
