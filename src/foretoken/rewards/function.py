"""Any function as a reward."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from foretoken.rewards.base import Job, RewardValue, failed, finite


@dataclass(frozen=True)
class FunctionReward:
    """Any function of prompt and answer as a reward.

    Where the function raises, or gives no finite number, that is an error of this answer alone.
    """

    function: Callable[[str, str], float]

    def score(self, jobs: Sequence[Job]) -> list[RewardValue]:
        """One call for each answer."""
        return [self._value(task.prompt, answer) for task, answer in jobs]

    def _value(self, prompt: str, answer: str) -> RewardValue:
        try:
            given: Any = self.function(prompt, answer)
            if given is None or isinstance(given, str | bytes):
                return failed(f"gave {given!r:.80}, which is no number")
            return finite(RewardValue(float(given)))
        except Exception as error:  # noqa: BLE001  the user's function may raise anything
            return failed(f"raised {type(error).__name__}: {error}")
