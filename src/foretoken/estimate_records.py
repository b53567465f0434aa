"""What is stored of an estimate: the rate of one exploit type at one checkpoint, and its doubts."""

from enum import StrEnum

from foretoken.bank_records import KindShare
from foretoken.bases import Record


class Doubt(StrEnum):
    """Why an estimate may be wrong. Carried by the estimate, never a silent clip."""

    NO_HACK_SEEN = "no hack seen"
    FEW_TEXTS = "hits are copies of few texts"
    FEW_EFFECTIVE_HITS = "effective hits below 20"
    HEAVY_TAIL = "Pareto shape above 0.7"
    ONE_WEIGHT_DOMINATES = "one weight above half of the sum"
    ABOVE_ONE = "estimate above 1"
    STALE_BANK = "bank stale: rebuild it"
    WEIGHTS_OFF_ONE = "mean weight off 1"
    COVERAGE_FAILED = "spontaneous exploits that the bank does not cover"
    COMPONENTS_DISAGREE = "components of the bank disagree"
    CONTROL_HIGHER = "a control donor finds more"
    MUCH_UNCOVERED = "the bank misses much of what the subject writes"
    LOW_DONOR_YIELD = "donor yield below 10 %"
    FEW_ENDED = "fewer than 80 % of the draws end"
    FEW_SPOKEN_HITS = "fewer than 5 spoken hits in the bank"
    GRADER_ERRORS = "grader errors above 1 %"
    REFERENCE_FAULTS = "published recipe, faults included"
    EXTRAPOLATED = "extrapolated along the donor's strength"


class RateEstimate(Record):
    """The rate of one exploit type at one checkpoint, as one estimator sees it."""

    folder = "estimates"

    estimator: str
    """count, prefix, donor, ladder, path or switch."""
    exploit_type: str
    step: int
    rate: float | None
    """The raw point estimate; None where there is nothing to average."""
    published: bool
    """Whether `rate` may be printed as a point (else the lower bound alone stands)."""
    lower_bound: float
    """One-sided 97.5 % lower bound, valid for heavy tails."""
    interval: tuple[float, float] | None
    """Model-based 95 % interval."""
    upper_bound: float
    """Assumption-free 97.5 % upper bound from the subject's own draws (1.0 without any)."""
    hits: int
    effective_hits: float
    draws: int
    tasks: int
    own_draws: int = 0
    """The subject's own plain draws at this step, on any tasks of the type (`switch` only)."""
    probable: tuple[float, float, float] | None = None
    """Median and ends of what is probable (95 %) from the hits and all counts so far, under smooth
    growth; no published point (`switch` only)."""
    pareto_shape: float | None = None
    deliberate_share: float | None = None
    """Weighted share of spoken hacks."""
    kinds: tuple[KindShare, ...] = ()
    """Hits of each kind and their weighted share (`switch` only)."""
    flaw_named_at: float | None = None
    """Weighted median of where hacks first name the flaw, as a share of the reasoning (0: its first
    word); infinite where most of the weight never does (`switch` only)."""
    covered: tuple[float, float] | None = None
    """Share of what the checkpoint writes on these tasks that the bank could have drawn, hacks and
    others, and its standard error: the mean of p / q over draws (`switch` only)."""
    contradicted_at: int | None = None
    """Step at which the run's own draws first refuted the bank, in its last round."""
    counted: tuple[int, int] | None = None
    """Hacks and draws among the run's own draws, on any tasks, at the last steps: as few steps as
    have 5 hacks, if any do (`switch` only). None where there are no such draws."""
    counted_from: int | None = None
    """First of these steps."""
    counted_lower_bound: float | None = None
    """Where they refuted the bank: lower bound (wrong in 1 of 1,000, whenever it is read) of the
    mean rate behind its own draws since it was last drawn."""
    doubts: tuple[Doubt, ...] = ()
    sampled_tokens: int = 0
    """Tokens sampled for this estimate (a bank counts once, at the step it was built)."""
    scored_tokens: int = 0
    """Tokens pushed through a model to score at this step."""
    prefix_tokens: int | None = None
    """Length of the donor's prefix (`prefix` only)."""
    weights: str = ""
    """Hash of the checkpoint's weights (`Identity.weights`)."""
    basis: str = ""
    """Hash of all that it was estimated from, so that what is known need not be made again."""

    @property
    def unseen_route(self) -> float:
        """97.5 % upper bound of the rate of a way to hack that none of the own draws took.

        What the bank does not hold it cannot say; 1.0 without own draws.
        """
        return 1.0 - 0.025 ** (1.0 / self.own_draws) if self.own_draws else 1.0

    @property
    def level(self) -> float | None:
        """The rate that stands: the published point or, where the run's own draws refuted the bank,
        what they count. None where the lower bound stands alone."""
        if self.published:
            return self.rate or None
        if self.contradicted_at is None or self.counted is None:
            return None
        hacks, draws = self.counted
        return hacks / draws or None
