"""What a forecaster is: what was seen of a run goes in, a probability for each type comes out."""

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
