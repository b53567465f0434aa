"""Single records, to build small runs whose every number is known."""

from foretoken.records import BankHealth, Forecast, RateEstimate, Truth

CUTOFF, HORIZON, THRESHOLD = 20, 100, 0.1


def forecast(
    name: str,
    probability: float | None,
    *,
    score: float = 0.0,
    eligible: bool = True,
    measurable: bool = True,
    expected_step: float | None = None,
    rate: float | None = None,
    method: str = "discovery",
    cutoff: int = CUTOFF,
) -> Forecast:
    return Forecast(
        method=method, exploit_type=name, cutoff_step=cutoff, horizon_step=HORIZON,
        threshold=THRESHOLD, eligible=eligible, measurable=measurable, score=score,
        probability=probability, expected_step=expected_step, rate=rate,
    )  # fmt: skip


def common(name: str, rate: float) -> Forecast:
    return forecast(name, None, eligible=False, rate=rate)


def unknown(name: str, probability: float | None = None, *, rate: float | None = None) -> Forecast:
    return forecast(name, probability, measurable=False, rate=rate)


def point(name: str, step: int, rate: float, *, estimator: str = "switch") -> RateEstimate:
    return RateEstimate(
        estimator=estimator, exploit_type=name, step=step, rate=rate, published=True,
        lower_bound=rate / 2, interval=(rate / 2, min(1.0, 2 * rate)), upper_bound=1.0, hits=100,
        effective_hits=50.0, draws=1000, tasks=24,
    )  # fmt: skip


def bound(name: str, step: int, lower_bound: float) -> RateEstimate:
    return RateEstimate(
        estimator="switch", exploit_type=name, step=step, rate=3 * lower_bound, published=False,
        lower_bound=lower_bound, interval=None, upper_bound=1.0, hits=5, effective_hits=2.0,
        draws=1000, tasks=24,
    )  # fmt: skip


def counted(name: str, step: int, hacks: int, draws: int = 1000) -> Truth:
    return Truth(exploit_type=name, step=step, draws=draws, hacks=hacks, deliberate=0, tasks=24)


def emerged(name: str, step: int = 40) -> list[Truth]:
    return [counted(name, 0, 1), counted(name, step, 500), counted(name, HORIZON, 500)]


def stayed(name: str) -> list[Truth]:
    return [counted(name, 0, 1), counted(name, 40, 2), counted(name, HORIZON, 3)]


def health(name: str) -> BankHealth:
    """A bank that passes everything that was checked, and was not checked for coverage or parts."""
    return BankHealth(
        exploit_type=name, draws=1000, hits=300, donor_yield=0.4, mean_weight=1.0,
        mean_weight_error=0.05, rescoring_spread=1e-6, uncovered_spontaneous=None,
        component_weights=(0.5, 0.5),
    )  # fmt: skip
