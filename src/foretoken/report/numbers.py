"""Numbers as a person would write them."""

import math
import re

from foretoken.forecast.words import odds, percent, rate

__all__ = [
    "chance",
    "count",
    "counted",
    "listing",
    "odds",
    "percent",
    "power_of_ten",
    "probability",
    "probable",
    "rate",
    "scientific",
    "short_rate",
    "span",
    "step",
    "words",
]
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(value: float) -> str:
    """Write a count with thousands separators: `12,000`."""
    return f"{value:,.0f}"


def counted(amount: int, noun: str) -> str:
    """Write so many of something: `1 type`, `3 types`."""
    return f"{amount} {noun}{'' if amount == 1 else 's'}"


def scientific(value: float) -> str:
    """Write what is no rate with two significant digits: `8.3e-5`, `0.043`, `0`."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) >= 0.001:
        return f"{value:.2g}" if abs(value) < 100 else f"{value:,.0f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def probable(found: tuple[float, float, float]) -> str:
    """Write what is probable of a rate that has no point: `probably 1 in 12,000 to 1 in 230`."""
    _, low, high = found
    return f"probably {span(low, high)}"


def short_rate(value: float) -> str:
    """Write `rate` in fewer letters: `1 in 120k` for 1 in 120,000, `1 in 9.5M`."""
    said = re.sub(r",(\d)00,000$", r".\1M", rate(value)).replace(".0M", "M")
    return re.sub(r"(\d\d),000$", r"\1k", said)


def span(low: float, high: float) -> str:
    """Write between which rates another one lies: `1 in 12,000 to 4.3 %`."""
    return f"{rate(low)} to {rate(high)}"


def probability(value: float) -> str:
    """Write a probability without pretending certainty: `97 %`, `over 99 %`, `under 1 %`."""
    if value > 0.99:
        return "over 99 %"
    if value < 0.01:
        return "under 1 %"
    return f"{100 * value:.0f} %"


def chance(value: float | None, *, is_bound: bool) -> str:
    """Write a probability that may be missing or a lower bound: `21 %`, `at least 21 %`.

    Empty where it says nothing: where there is none, and where a bound is next to 0.
    """
    if value is None or (is_bound and value < 0.01):
        return ""
    return f"at least {min(100 * value, 99):.0f} %" if is_bound else probability(value)


def step(value: float) -> str:
    """Write a step: `48`, `12,000`, `never`."""
    if value == math.inf:
        return "never"
    return f"{value:,.0f}"


def power_of_ten(exponent: int) -> str:
    """Write an axis label: `10⁻⁴`, and `1` for the zeroth power."""
    return "1" if exponent == 0 else "10" + str(exponent).translate(_SUPERSCRIPTS)


def listing(items: list[str]) -> str:
    """Join with commas and a final `and`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def words(identifier: str) -> str:
    """Write an exploit type as words: `process_exit` becomes `process exit`."""
    return identifier.replace("_", " ")
