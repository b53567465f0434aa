"""What a command would do, how long that takes and what it costs, said before anything starts."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from foretoken.errors import SetupError
from foretoken.work.progress import duration

NOTHING_DONE = "Nothing was drawn, trained or written."


@dataclass(frozen=True)
class Trial:
    """How long a little of the work took on this machine just now."""

    items: float
    """Of the same kind as those of the plan."""
    seconds: float
    words: str
    """What was tried: `64 draws`."""


@dataclass(frozen=True)
class WorkPlan:
    """What a command would do."""

    words: str
    """Draws and tokens, in a sentence or more."""
    items: float
    """What is timed, at most."""
    trial: Callable[[], Trial]
    """Tries a little of it; called only where there is something to do."""
    beside: str = ""
    """What comes on top of the time and is not in it; may be empty."""


def tell_plan(plan: WorkPlan, say: Callable[[str], None], *, price_per_hour: float | None) -> None:
    """Say what a command would do, try a little of it, and say how long all takes.

    Args:
        plan: Of the command.
        say: Takes each line as soon as it is known.
        price_per_hour: Of this machine, in any currency; None: nothing is said of money but how
            to ask for it.

    Raises:
        SetupError: The price is no finite number.
    """
    if price_per_hour is not None and not math.isfinite(price_per_hour):
        raise SetupError(f"--price-per-hour {price_per_hour} is no price: give a finite number")
    say(plan.words)
    if plan.items <= 0:
        say(f"Nothing is left to do. {NOTHING_DONE}")
        return
    trial = plan.trial()
    seconds = plan.items * trial.seconds / trial.items
    beside = f"; {plan.beside}" if plan.beside else ""
    say(
        f"Time: at most about {duration(seconds)} on this machine, where {trial.words} took "
        f"{brief(trial.seconds)} just now{beside}."
    )
    say(money(seconds, price_per_hour=price_per_hour))
    say(NOTHING_DONE)


def money(seconds: float, *, price_per_hour: float | None) -> str:
    """Say what a time costs; nothing is said without a price."""
    if price_per_hour is None:
        return "Cost: not known without the price of this machine: --price-per-hour."
    cost = seconds / 3600 * price_per_hour
    shown = f"{cost:.2f}" if cost >= 0.01 or not cost else "less than 0.01"
    return f"Cost: at most about {shown}, at {price_per_hour:g} an hour."


def timed(work: Callable[[], float], *, noun: str) -> Trial:
    """Do a little work, and return how long it took.

    Args:
        work: Returns how many items it did.
        noun: What they are called, in the plural.
    """
    began = time.monotonic()
    items = work()
    return Trial(items, time.monotonic() - began, f"{items:,.0f} {noun}")


def brief(seconds: float) -> str:
    """Return a short time with a decimal: `0.4 s`, `12 s`."""
    return f"{seconds:.1f} s" if seconds < 9.95 else duration(seconds)


def evenly(amount: int, *, most: int) -> list[int]:
    """Return at most so many numbers below `amount`, evenly spread."""
    taken = min(amount, most)
    return [math.floor(number * amount / taken) for number in range(taken)]
