"""Read what the page needs from a run directory, and no more."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from foretoken.attribution_records import Attribution
from foretoken.discovery_records import Discovery, DiscoverySearch
from foretoken.forecast.counts import HackCount
from foretoken.ledger.opinions import Opinions, read_opinions
from foretoken.ledger.sums import Ledger, read_ledger
from foretoken.logs.base import LoggedRollout
from foretoken.records import BankHealth, ControlCheck, Draw, Forecast, RateEstimate, Task, Truth
from foretoken.report.contents import RunContents
from foretoken.store.run import Run
from foretoken.store.toml import dump_toml

HITS_PER_TYPE = 60
"""Hacks read per exploit type to choose examples from."""
OWN_SOURCES = ("count", "rollout")


def load(run: Path) -> RunContents:
    """Read a run; a part that is not there is empty.

    Raises:
        StoreError: There is no run, or a part is damaged.
    """
    opened = Run.open(run)
    ledger, opinions = read_ledger(opened), read_opinions(opened)
    config = opened.read_config()
    return RunContents(
        name=(run.resolve() if isinstance(opened.path, Path) else opened.path).name,
        estimates=tuple(opened.read(RateEstimate)),
        truth=tuple(opened.read(Truth)),
        forecasts=tuple(opened.read(Forecast)),
        health=tuple(opened.read(BankHealth)),
        controls=tuple(opened.read(ControlCheck)),
        hits=_hits(opened),
        own_hacks=_own_hacks(opened),
        attributions=tuple(opened.read(Attribution)),
        discoveries=tuple(opened.read(Discovery)),
        searches=tuple(opened.read(DiscoverySearch)),
        tasks={task.key: task for task in opened.read(Task)},
        ledger=ledger,
        opinions=opinions,
        logged=_logged(opened, ledger, opinions),
        provenance=opened.read_provenance(),
        closed=tuple(config.get("train_rl", {}).get("closed", ())),
        config=dump_toml(config),
    )


def _logged(run: Run, ledger: Ledger, opinions: Opinions) -> dict[str, LoggedRollout]:
    """Read the rollouts that are examples of what graders gave."""
    keys = {key for one in ledger.disagreements for key in (one.low_key, one.high_key)}
    keys |= {one.key for one in opinions.widest}
    found = run.read(LoggedRollout, where=pc.field("key").isin(sorted(keys))) if keys else []
    return {each.key: each for each in found}


def _hits(run: Run) -> tuple[Draw, ...]:
    """Read some hacks of every type: spoken, others and early ones among them."""
    columns = ["key", "exploit_type", "deliberate", "component", "step"]
    known = run.table(Draw, where=pc.field("hacked") == pa.scalar(True), columns=columns)
    order = [("component", "ascending"), ("step", "ascending"), ("key", "ascending")]
    taken: Counter[tuple[str, bool | None]] = Counter()
    keys: list[str] = []
    for row in known.sort_by(order).to_pylist() if known.num_rows else []:
        kind = (row["exploit_type"], row["deliberate"])
        if taken[kind] < HITS_PER_TYPE // 3:
            taken[kind] += 1
            keys.append(row["key"])
    return tuple(run.read(Draw, where=pc.field("key").isin(keys))) if keys else ()


def _own_hacks(run: Run) -> tuple[HackCount, ...]:
    """Count hacks among the subject's own draws, per type and step."""
    columns = ["exploit_type", "step", "hacked", "deliberate"]
    graded = pc.field("source").isin(OWN_SOURCES) & pc.field("hacked").is_valid()
    table = run.table(Draw, where=graded, columns=columns)
    if not table.num_rows:
        return ()
    for flag in ("hacked", "deliberate"):
        column = pc.cast(pc.fill_null(table[flag], False), pa.int64())
        table = table.set_column(table.column_names.index(flag), flag, column)
    grouped = table.group_by(["exploit_type", "step"]).aggregate(
        [("hacked", "sum"), ("deliberate", "sum"), ("hacked", "count")]
    )
    return tuple(
        HackCount(
            exploit_type=row["exploit_type"],
            step=row["step"],
            draws=row["hacked_count"],
            hacks=row["hacked_sum"],
            deliberate=row["deliberate_sum"],
        )
        for row in grouped.to_pylist()
    )
