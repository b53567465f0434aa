"""What is said on the terminal of a donor's yield, and of draws that never end."""

import time
from collections.abc import Callable, Sequence

from rich.table import Table

from foretoken.estimate.doubts import LEAST_ENDED
from foretoken.records import BankHealth
from foretoken.train.config import QualityConfig
from foretoken.train.yields import DonorQuality, TrainingRound, most_rounds
from foretoken.work.progress import duration

LONG_S = 1.0
"""Seconds; a round that took less was made by an earlier call, or needs no estimate."""


def round_teller(
    settings: QualityConfig, say: Callable[[str], None], *, training_s: float
) -> Callable[[TrainingRound], None]:
    """Say what each round did, and about how long those that may follow take.

    Args:
        settings: Of the donor's quality.
        say: Takes a line.
        training_s: Seconds that as many steps as a round has took before.
    """
    done, began = -1, time.monotonic()

    def tell(one: TrainingRound) -> None:
        nonlocal done, began
        done, took, began = done + 1, time.monotonic() - began, time.monotonic()
        say(round_line(one))
        left = most_rounds(settings) - done
        weak = any(
            each.lacks(settings.wanted) or each.lacks_spoken(settings.spoken) for each in one.yields
        )
        each = took + (training_s if done == 0 else 0.0)
        if weak and left > 0 and each > LONG_S:
            say(
                f"{left} more rounds at most, each about {duration(each)}: they end sooner where "
                f"every type yields {settings.wanted:.0%}, or a round does not help."
            )

    return tell


def round_line(one: TrainingRound) -> str:
    """What one round of a donor's training did, in a line."""
    hacks, draws, spoken, reasoned = (
        sum(getattr(y, name) for y in one.yields)
        for name in ("hacks", "draws", "spoken", "reasoned")
    )
    line = f"{one.remedy}: {one.steps} steps, {hacks} hacks in {draws} draws"
    if reasoned:
        line += f" ({spoken} name the flaw)"
    if one.own_hits:
        line += f", {sum(one.own_hits.values())} different hacks of its own found"
    return line if one.kept else f"{line}; not kept"


def yield_table(quality: DonorQuality) -> Table:
    """Yield by exploit type after each round, and the interval of the last one kept."""
    table = Table(box=None, pad_edge=False)
    table.add_column("yield by exploit type")
    for one in quality.rounds:
        table.add_column(one.remedy + ("" if one.kept else " (not kept)"), justify="right")
    table.add_column("95 % interval", justify="right")
    for row, best in enumerate(quality.rounds[quality.best].yields):
        shares = [f"{one.yields[row].share:.0%}" for one in quality.rounds]
        low, high = best.interval
        table.add_row(best.exploit_type, *shares, f"{low:.0%} to {high:.0%}")
    return table


def advice(quality: DonorQuality) -> list[str]:
    """What a user can do about exploit types whose yield stays low."""
    said: list[str] = []
    if quality.weak:
        said.append(
            f"Below {quality.settings.wanted:.0%}: {', '.join(quality.weak)}. Their rates will "
            "mostly be lower bounds. Give more tasks of these types, check that the prompt lets a "
            "reader find the flaw and that `exploit` follows from the prompt, raise steps or rank, "
            "or give the bank more draws per task."
        )
    if quality.silent:
        said.append(
            f"Fewer than {quality.settings.spoken:.0%} name the flaw in their reasoning: "
            f"{', '.join(quality.silent)}. A subject that does name it is covered badly: raise "
            "hit_draws in [quality], so that more such hacks are found to learn from."
        )
    return said or [f"Every type yields at least {quality.settings.wanted:.0%}."]


def cut_lines(health: Sequence[BankHealth]) -> list[str]:
    """What a user can do where many draws of a bank were cut."""
    known = [(one.ended_share, one.exploit_type) for one in health if one.ended_share is not None]
    cut = [f"{share:.0%} of {name}" for share, name in sorted(known) if share < LEAST_ENDED]
    if not cut:
        return []
    return [
        f"Few draws end: {', '.join(cut)}; the others were cut and graded as they stand. Raise "
        "max_tokens, or check the model's end tokens (eos_token_id in generation_config.json)."
    ]
