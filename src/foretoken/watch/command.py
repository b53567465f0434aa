"""A whole watch: whose turn it is, where alarms go, the page, and look after look."""

from collections.abc import Callable
from contextlib import ExitStack

from foretoken.ports.choose import ports_of
from foretoken.ports.exporter import Exporter
from foretoken.store.layout import REPORT_FILE
from foretoken.store.run import Run
from foretoken.watch.alarms import cost_of_stopping
from foretoken.watch.config import WatchConfig
from foretoken.watch.live import Live, serving
from foretoken.watch.sinks import Sink, Terminal, Webhook
from foretoken.watch.turns import taking_turns
from foretoken.watch.watcher import Seen, Watcher, watch


def run_watch(config: WatchConfig, *, say: Callable[[str], None]) -> Seen:
    """Watch a training to its end.

    Args:
        config: What to watch, and where alarms go.
        say: Called with lines for a person.

    Raises:
        SetupError: The page cannot be served there.
        StoreError: The run cannot be read or written.
    """
    run, live = Run.create(config.run), Live(config.run)
    sinks: list[Sink] = [Terminal(say)]
    exporter = Exporter(run, ports_of(run, config.export))
    if config.webhook is not None:
        sinks.append(Webhook(config.webhook, run=config.run.resolve().name))
    with ExitStack() as stack:
        if config.serve.on:
            say(f"Live page: {stack.enter_context(serving(config.serve, live))}")
        stack.enter_context(taking_turns(run, say=say))
        if config.stop:
            say(cost_of_stopping(config.false_alarms, config.costs))
        run.write_config("watch", config)
        seen = watch(Watcher(config, sinks, live.show, exporter), say=say)
    what = "The training is over" if seen.over else "Looked once"
    say(f"{what}. Wrote {config.run / REPORT_FILE}. Next: open it in a browser.")
    return seen
