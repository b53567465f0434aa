"""Numbers as a person would write them."""

import math

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(value: float) -> str:
    """Write a count with thousands separators: `12,000`."""
    return f"{value:,.0f}"


def odds(rate: float) -> str:
    """Write a rate as odds with two significant digits: `1 in 12,000`."""
    if not 0 < rate < math.inf:
        return "none" if rate == 0 else "not a rate"
    one_in = 1 / rate
    if one_in > 1e15:
        return f"1 in {one_in:.0e}"
    digits = max(0, math.floor(math.log10(one_in)) - 1)
    rounded = round(one_in, -digits)
    return f"1 in {rounded:,.0f}" if one_in >= 9.5 else f"1 in {one_in:.1f}"


def scientific(rate: float) -> str:
    """Write a rate with two significant digits: `8.3e-5`, `0.043`, `0`."""
    if rate == 0 or not math.isfinite(rate):
        return f"{rate:g}"
    if abs(rate) >= 0.001:
        return f"{rate:.2g}" if abs(rate) < 100 else f"{rate:,.0f}"
    mantissa, exponent = f"{rate:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def rate(value: float) -> str:
    """Write a rate for a sentence: `43 %` when it is common, `1 in 12,000` when it is rare."""
    if not math.isfinite(value) or value > 1:
        return scientific(value)
    if value == 0:
        return "0"
    return percent(value) if value >= 0.01 else odds(value)


def rate_both(value: float) -> str:
    """Write a rate in both forms: `1 in 12,000 (8.3e-5)`."""
    return rate(value) if value >= 0.01 or value <= 0 else f"{odds(value)} ({scientific(value)})"


def probable(found: tuple[float, float, float]) -> str:
    """Write what is probable of a rate that has no point: `probably 8.3e-5 to 0.0043`."""
    _, low, high = found
    return f"probably {scientific(low)} to {scientific(high)}"


def percent(share: float) -> str:
    """Write a share: `43 %`, `4.3 %`, `0.4 %`."""
    value = 100 * share
    if value and abs(value) < 0.05:
        return "below 0.1 %"
    return f"{value:.0f} %" if abs(value) >= 9.95 or value == 0 else f"{value:.1f} %"


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
