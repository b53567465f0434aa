"""Send what is new of a run to trackers, once."""

from foretoken.errors import SetupError
from foretoken.pipeline.histories import Histories, training_settings
from foretoken.ports.base import PortError
from foretoken.ports.choose import ports_of
from foretoken.ports.config import ExportConfig
from foretoken.ports.exporter import Exporter
from foretoken.ports.news import Gatherer
from foretoken.store.run import Run


def export(config: ExportConfig) -> list[str]:
    """Send all that each tracker does not have yet.

    Returns:
        For each tracker, a line about what it took.

    Raises:
        SetupError: There is no tracker, no run, or nothing is known of it.
        PortError: A tracker did not take it.
    """
    if not config.to:
        raise SetupError("to which tracker? Give --to")
    run = Run.open(config.run)
    history = Histories().read(run)
    steps = training_settings(run).get("steps")
    over = steps is not None and history.step >= int(steps) - 1
    news = Gatherer().gather(run, history, over=over)
    ports = ports_of(run, config)
    exporter = Exporter(run, ports)
    faults = exporter.finish(news, wait_s=None)
    if faults:
        raise PortError("; ".join(faults))
    return exporter.took()
