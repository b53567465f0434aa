"""Which baselines stand beside our estimate: the list that `foretoken measure` uses."""

from collections.abc import Generator
from contextlib import contextmanager

from foretoken.bank.pool import Bank
from foretoken.baselines.base import Baseline
from foretoken.baselines.count import CountBaseline
from foretoken.baselines.path import PathBaseline
from foretoken.baselines.prefix import PrefixBaseline, PrefixConfig, donor_traces
from foretoken.engines.base import Engines
from foretoken.store.run import Run
from foretoken.tasks.base import Grader
from foretoken.tasks.graders import graders_for
from foretoken.work.settings import Settings


class BaselineConfig(Settings):
    """What is made besides our estimate."""

    count_draws: int = 0
    """Own draws of each checkpoint per task, for plain counting."""
    prefix: PrefixConfig | None = None
    """The published recipe beside our estimate; none: not made."""
    seed: int = 0
    """Of all random numbers."""
    workers: int | None = None
    """Grader processes; none: one per core."""


@contextmanager
def chosen_baselines(
    run: Run, bank: Bank, config: BaselineConfig, *, engines: Engines, grader: Grader | None
) -> Generator[list[Baseline]]:
    """Yield the baselines; graders are started only where something is drawn.

    Args:
        run: With a bank.
        bank: As it was first built.
        config: What is asked for.
        engines: Open the donor, where its traces are wanted.
        grader: Of answers; None: each task's own, in the sandbox.
    """
    if not config.count_draws and config.prefix is None:
        yield [CountBaseline(), PathBaseline()]
        return
    with graders_for(bank.tasks.values(), given=grader, workers=config.workers) as chosen:
        found: list[Baseline] = [CountBaseline(config.count_draws, chosen), PathBaseline()]
        if config.prefix is not None:
            traces = donor_traces(
                run,
                bank,
                engines=engines,
                config=config.prefix,
                seed=config.seed,
                grader=chosen,
            )
            found.append(PrefixBaseline(config.prefix, traces, chosen))
        yield found
