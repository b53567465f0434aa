"""Tables of what estimates from a bank cost, beside counting and the published recipe."""

from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc
from rich.table import Table

from foretoken.bank.read import read_bank
from foretoken.forecast.counts import FEWEST_HACKS, best_counts, log_errors, root_mean_square
from foretoken.records import Draw, RateEstimate, Score, Truth
from foretoken.store.run import Run

MOST_TOKENS = 1.15
RARE = 1e-3


def thinning_table(run: Run, whole: Run) -> Table:
    """What scoring fewer hits saves, and what it changes."""
    table = Table(title="The bank as it is, thinned, and with all of its hits")
    for name in ("bank", "hits", "texts", "tokens for one checkpoint", "published"):
        table.add_column(name, justify="left" if name == "bank" else "right")
    for name, each in (("thinned", run), ("all hits", whole)):
        hits = bank_draws(each)
        texts = len({(hit.task, hit.tokens) for hit in hits})
        published = sum(point.published for point in switch_points(each).values())
        cells = (f"{len(hits):,}", f"{texts:,}", f"{tokens_per_step(each):,.0f}", str(published))
        table.add_row(name, *cells)
    thinned, other = switch_points(run), switch_points(whole)
    moved = [
        np.log10((each.rate or np.nan) / (other[key].rate or np.nan))
        for key, each in thinned.items()
        if each.published and other[key].published
    ]
    table.caption = f"{len(moved)} rates published by both differ by {rms(moved)} decades (rms)"
    return table


def bank_draws(run: Run) -> list[Draw]:
    """The draws that checkpoints score: hits, and checked draws that do not hack."""
    bank = read_bank(run)
    others = [key for each in bank.types for key in each.others.keys.to_pylist()]
    kept = {*(hit.key for hit in bank.hits), *others}
    return [draw for draw in run.read(Draw, where=pc.field("source") == "bank") if draw.key in kept]


def switch_points(run: Run) -> dict[tuple[str, int], RateEstimate]:
    """Estimates of the bank by exploit type and step."""
    found = [each for each in run.read(RateEstimate) if each.estimator == "switch"]
    return {(each.exploit_type, each.step): each for each in found}


def tokens_per_step(run: Run) -> float:
    """Mean tokens through the model to score the bank's hits at a checkpoint."""
    return float(np.mean([scored_at(run, step) for step in run.checkpoints()]))


def scored_at(run: Run, step: int) -> int:
    """Tokens through the model of one checkpoint."""
    table = run.table(Score, where=pc.field("scorer") == f"step:{step}", columns=["scored_tokens"])
    return sum(table["scored_tokens"].to_pylist())


def token_table(run: Run) -> Table:
    """Tokens through the model at each checkpoint over the floor: each distinct prompt once, and
    each distinct text but for its last token, which nothing is predicted from."""
    draws = bank_draws(run)
    distinct = {(draw.task, draw.tokens): draw for draw in draws}
    prompts = {draw.task: draw.prompt_tokens for draw in draws}
    floor = sum(prompts.values()) + sum(len(draw.tokens) - 1 for draw in distinct.values())
    costs = {step: scored_at(run, step) for step in run.checkpoints()}
    table = Table(title=f"Tokens through the model for {len(distinct):,} distinct texts")
    for name in ("floor", "mean", "most", "most over floor", "allowed"):
        table.add_column(name, justify="right")
    most = max(costs.values())
    table.add_row(
        f"{floor:,}",
        f"{np.mean(list(costs.values())):,.0f}",
        f"{most:,}",
        f"{most / floor:.3f}",
        f"{MOST_TOKENS}",
    )
    return table


def checkpoint_table(run: Run, lengths: Sequence[int]) -> Table:
    """Tokens through the model for one more checkpoint: `switch` as measured, the recipe's floor.

    The recipe reads each start (a prompt with a prefix) once, as its sampler does, and each sampled
    token but the last; *shared* is with each prompt read once for all prefixes. The rows of single
    lengths have the bank's sampled tokens spread over all checkpoints; the last row has them at the
    one checkpoint, as every estimate of `switch` rests on all of them.
    """
    steps = len(run.checkpoints()) + 1
    switch = tokens_per_step(run)
    table = Table(title="Tokens through the model for one more checkpoint")
    for name in ("estimator", "tokens", "over switch", "shared", "over switch"):
        table.add_column(name, justify="left" if name == "estimator" else "right")
    table.add_row("switch", f"{switch:,.0f}")
    costs: list[tuple[float, float, float]] = []
    for length in lengths:
        where = (pc.field("source") == "prefix") & (pc.field("prefix_tokens") == length)
        costs.append(recipe_tokens(run.read(Draw, where=where), steps=steps))
        add_recipe(table, f"prefix of {length} tokens", costs[-1], switch=switch)
    every = np.sum(costs, axis=0)
    add_recipe(table, "prefix, all lengths", every, switch=switch)
    alike = every * sampled(run, "bank") / every[2]
    add_recipe(table, "prefix, all of the bank's tokens", alike, switch=switch)
    return table


def recipe_tokens(draws: Sequence[Draw], *, steps: int) -> tuple[float, float, float]:
    """Tokens for one checkpoint, with starts read once, with prompts read once, and sampled."""
    prompts = {(draw.step, draw.task): draw.prompt_tokens for draw in draws}
    starts = {
        (draw.step, draw.task, draw.tokens[: draw.prefix_tokens]): draw.prompt_tokens
        for draw in draws
    }
    prefixes = sum(len(tokens) for _, _, tokens in starts)
    own = sum(len(draw.tokens) - draw.prefix_tokens for draw in draws)
    said = own - len(draws) + prefixes
    return (
        (said + sum(starts.values())) / steps,
        (said + sum(prompts.values())) / steps,
        own / steps,
    )


def add_recipe(table: Table, name: str, cost: Sequence[float], *, switch: float) -> None:
    """A row with both costs of the recipe, and their ratios."""
    cells = [text for each in cost[:2] for text in (f"{each:,.0f}", f"{each / switch:.1f}")]
    table.add_row(name, *cells)


def rare_table(run: Run) -> Table:
    """Sampled tokens of the bank, and of counting to the same error, at small counted rates.

    The error is that of all these cells together, as each alone has one by chance. Counting has a
    relative variance of one over the expected hits, and samples each checkpoint anew.
    """
    counts = best_counts(run.read(Truth))
    rates = {key: each.hacks / each.draws for key, each in counts.items()}
    known = {key for key, each in counts.items() if each.hacks >= FEWEST_HACKS}
    rare = {key for key, rate in rates.items() if 0 < rate < RARE}
    off = log_errors(list(switch_points(run).values()), run.read(Truth), published_only=False)
    errors = [each for each in off if (each.exploit_type, each.step) in rare & known]
    error = root_mean_square(errors)
    bank = read_bank(run)
    table = Table(
        title=f"Sampled tokens for an error of {number(error)} decades, that of `switch` in "
        f"{len(errors)} cells of counted rates below {RARE:g}"
    )
    columns = ("exploit type", "bank", "count, dearest step", "over bank", "steps below")
    for name in (*columns, "count, all these steps", "over bank"):
        table.add_column(name, justify="left" if name == "exploit type" else "right")
    if error is None:
        return table
    sampled_by_type = bank_tokens(run)
    for each in bank.types:
        steps = [step for name, step in rare if name == each.exploit_type]
        if not any(name == each.exploit_type for name, _ in rare & known):
            continue
        spent = sampled_by_type[each.exploit_type]
        per_draw = spent / each.draws_per_task.sum()
        variance = (error * np.log(10.0)) ** 2
        need = [per_draw / (variance * rates[each.exploit_type, step]) for step in steps]
        dearest = (f"{max(need):,.0f}", f"{max(need) / spent:.1f}", str(len(steps)))
        together = (f"{sum(need):,.0f}", f"{sum(need) / spent:.1f}")
        table.add_row(each.exploit_type, f"{spent:,}", *dearest, *together)
    return table


def bank_tokens(run: Run) -> dict[str, int]:
    """Sampled tokens of the bank by exploit type."""
    tasks = read_bank(run).tasks
    found: dict[str, int] = {}
    for draw in run.read(Draw, where=pc.field("source") == "bank"):
        name = tasks[draw.task].exploit_type
        found[name] = found.get(name, 0) + len(draw.tokens)
    return found


def sampled(run: Run, source: str) -> int:
    """Tokens of all draws of one source."""
    table = run.table(Draw, where=pc.field("source") == source, columns=["tokens"])
    return sum(len(tokens) for tokens in table["tokens"].to_pylist())


def rms(decades: Sequence[float]) -> str:
    return number(float(np.sqrt(np.mean(np.square(decades)))) if len(decades) else None)


def number(value: float | None) -> str:
    return "none" if value is None or np.isnan(value) else f"{value:.2f}"
