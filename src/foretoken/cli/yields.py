"""What is said on the terminal of a donor's yield, and of draws that never end."""

from collections.abc import Sequence

from rich.table import Table

from foretoken.estimate.doubts import LEAST_ENDED
from foretoken.records import BankHealth
from foretoken.train.quality import DonorQuality, TrainingRound


def round_line(one: TrainingRound) -> str:
    """What one round of a donor's training did, in a line."""
    hacks, draws = (sum(getattr(y, name) for y in one.yields) for name in ("hacks", "draws"))
    line = f"{one.remedy}: {one.steps} steps, {hacks} hacks in {draws} draws"
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
    if not quality.weak:
        return [f"Every type yields at least {quality.settings.wanted:.0%}."]
    return [
        f"Below {quality.settings.wanted:.0%}: {', '.join(quality.weak)}. Their rates will mostly "
        "be lower bounds. Give more tasks of these types, check that the prompt lets a reader find "
        "the flaw and that `exploit` follows from the prompt, raise steps or rank, or give the "
        "bank more draws per task."
    ]


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
