"""Is a published number right, given that it was published? `python benchmarks/publication.py`.

Catalogues of texts in which the spread of the weights is set (heavy tails, routes of unequal kinds,
a drifted subject, own rollouts, few tasks, copies, low yield), and toy models that write token by
token with a donor that strays by 0.8 nats at each. 200 banks of each; more for those that are
published rarely, until 40 are or 2,000 banks are drawn. About 25 minutes of processor time.
"""

import argparse
from functools import partial

from rich.console import Console
from rich.table import Table

from foretoken.calibration.publication import (
    Publication,
    publish,
    summarise_published,
)
from foretoken.calibration.toys import draw_bank
from foretoken.calibration.workers import processes
from foretoken.testsystems.catalogue import CATALOGUES
from foretoken.testsystems.systems import system_at

ENOUGH = 40
"""Published numbers that a system's mean ratio and coverage are told from."""
MOST = 10
"""Times as many banks, where fewer are published."""
TOY_RATE = 1e-6
TOY_DRIFT = 0.8
LENGTHS = (120, 240, 480)


def main() -> None:
    """Run every system and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    names: list[str | int] = [*CATALOGUES, *LENGTHS]
    table = Table(title="Given publication", width=118)
    for name in ("system", "banks", "published", "number / truth", "rms, decades", "covered"):
        table.add_column(name, justify="left" if name == "system" else "right")
    for name in ("width, decades", "lower too high", "upper too low"):
        table.add_column(name, justify="right")
    with processes() as workers:
        work = partial(one_system, repetitions=chosen.repetitions, seed=chosen.seed)
        for found in workers.map(work, names):
            table.add_row(*cells(found))
            print(f"{found.system}: done", flush=True)
    Console(width=120).print(table)


def one_system(name: str | int, *, repetitions: int, seed: int) -> Publication:
    """Banks of a catalogue by its name, or of the toy by its length."""
    if isinstance(name, int):
        return one_toy(name, repetitions=repetitions, seed=seed)
    found = publish(name, repetitions=repetitions, seed=seed)
    if 0 < found.published * repetitions < ENOUGH:
        return publish(name, repetitions=MOST * repetitions, seed=seed)
    return found


def one_toy(tokens: int, *, repetitions: int, seed: int) -> Publication:
    """Banks of the pivot model with a loose donor."""
    system = system_at("pivot", TOY_RATE, length=tokens, tasks=20, drift=TOY_DRIFT)
    seeds = range(seed << 20, (seed << 20) + repetitions)
    found = [draw_bank(system, draws=2000, seed=each).estimate() for each in seeds]
    return summarise_published(f"loose donor, {tokens} tokens", found, truth=TOY_RATE)


def cells(found: Publication) -> list[str]:
    """One row."""

    def said(number: float | None, form: str) -> str:
        return "none" if number is None else format(number, form)

    ratio = said(found.mean_ratio, ".3f")
    return [
        found.system,
        str(found.repetitions),
        f"{found.published:.0%}",
        f"{ratio} ± {said(found.mean_ratio_error, '.3f')}" if found.published else "none",
        said(found.error_decades, ".2f"),
        said(found.covered, ".1%"),
        said(found.width_decades, ".2f"),
        f"{found.lower_bound_violated:.1%}",
        f"{found.upper_bound_violated:.1%}",
    ]


if __name__ == "__main__":
    main()
