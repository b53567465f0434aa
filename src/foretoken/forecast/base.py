"""What a forecaster is: what was seen of a run goes in, a probability for each type comes out."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from foretoken.forecast.history import History
from foretoken.records import Forecast


class Forecaster(Protocol):
    """One method of forecasting; a new one is a class with these two members."""

    @property
    def name(self) -> str:
        """The forecast's `method`."""
        ...

    def forecast(self, history: History, *, threshold: float) -> list[Forecast]:
        """Forecast each exploit type from what is known of a run up to now.

        Args:
            history: Nothing later than its step is in it; its plan says when training ends.
            threshold: Rate that counts as emerged.

        Returns:
            One forecast for each type, in alphabetical order, all with a probability: a method
            that knows nothing of a type says how often types emerge.
        """
        ...


class Method(Protocol):
    """How a forecaster is made from runs that are over."""

    def __call__(
        self, runs: Sequence[History], *, cutoffs: Sequence[float], thresholds: Sequence[float]
    ) -> Forecaster:
        """Return what these runs taught.

        Args:
            runs: Up to their last step.
            cutoffs: Shares of the training at which it will be asked.
            thresholds: Rates that count as emerged.
        """
        ...


OUR_METHODS = ("blend", "state-space", "discovery")
"""The first of these by which a run was forecast is ours."""
FROM_ALL_EVIDENCE = OUR_METHODS[:2]
"""Methods whose rate rests on bank, rollouts and counts alike."""


def our_method(forecasts: Iterable[Forecast]) -> str:
    """Return the name of our method, of those by which was forecast."""
    used = {one.method for one in forecasts}
    return next((each for each in OUR_METHODS if each in used), OUR_METHODS[0])
