"""Forecasts by two methods that err in different ways, taken together: paths, and what alike did.

The log-odds of a forecast are the mean of those of the state-space model, which knows how a type
moves, and of the hazard, which knows how often types and runs that looked like this went on to
emerge.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from scipy import special

from foretoken.forecast.hazard import Hazard, WeibullLaw, covariates, hazard
from foretoken.forecast.history import History
from foretoken.forecast.state_space import HAND_SET, StateSpace, StateSpaceMethod
from foretoken.forecast.taught import SURE, Taught, shipped
from foretoken.forecast.told import Opinion, Telling
from foretoken.records import Forecast


@dataclass(frozen=True)
class Blend:
    """See `Forecaster`; at thresholds that the hazard was not taught, the paths speak alone."""

    paths: StateSpace
    hazard: Hazard
    taught: Taught | None = None
    """Where both come from; None: fitted here, or set by hand."""
    name: str = "blend"

    @classmethod
    def as_shipped(cls, *, audited: bool, seed: int = 0) -> "Blend":
        """Return the one whose coefficients come with the package.

        Args:
            audited: Whether it is known which loopholes are closed.
            seed: Of the paths.
        """
        taught = shipped(audited=audited)
        paths = StateSpace(taught.law, taught.correction, seed=seed)
        return cls(paths, Hazard(taught.hazards), taught)

    def forecast(self, history: History, *, threshold: float) -> list[Forecast]:
        """See `Forecaster`."""
        telling = Telling(self.name, threshold, self.taught)
        law, seen = self.hazard.laws.get(threshold), covariates(history)
        found: list[Forecast] = []
        for name, ahead in self.paths.ahead(history, threshold=threshold).items():
            opinion = self.paths.opinion
            if law is not None:
                opinion = self._opinion(law, law.log_hazard(seen[name]), steps=history.plan.steps)
            found.append(telling.forecast(history, name, ahead, opinion))
        return found

    def _opinion(self, law: WeibullLaw, log_hazard: float, *, steps: int) -> Opinion:
        def opinion(log_odds: float, within: int) -> float:
            alike = min(max(law.probability(log_hazard, within / steps), SURE), 1 - SURE)
            return float(self.paths.opinion(log_odds, within) + special.logit(alike)) / 2

        return opinion


@dataclass(frozen=True)
class BlendMethod:
    """Paths with a correction, and a hazard, both from runs that are over; see `Method`."""

    paths: StateSpaceMethod = field(default_factory=lambda: StateSpaceMethod(law=HAND_SET))

    def __call__(
        self, runs: Sequence[History], *, cutoffs: Sequence[float], thresholds: Sequence[float]
    ) -> Blend:
        """Return what these runs taught."""
        return Blend(
            self.paths(runs, cutoffs=cutoffs, thresholds=thresholds),
            hazard(runs, cutoffs=cutoffs, thresholds=thresholds),
        )
