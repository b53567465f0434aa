"""Rewards that are rules over the text of an answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from foretoken.rewards.base import Job, RewardValue, failed


@dataclass(frozen=True)
class KeywordReward:
    """The share of some words or phrases that an answer has; upper and lower case are one."""

    words: tuple[str, ...]

    def score(self, jobs: Sequence[Job]) -> list[RewardValue]:
        """Between 0 and 1; it abstains where there is no word to look for."""
        return [self._value(answer) for _, answer in jobs]

    def _value(self, answer: str) -> RewardValue:
        if not self.words:
            return RewardValue(None)
        found = sum(word.lower() in answer.lower() for word in self.words)
        return RewardValue(found / len(self.words))


@dataclass(frozen=True)
class LengthReward:
    """Longer is better, up to a length: the usual fault of a reward that people's taste taught."""

    full_words: int
    """Words from which on the value is 1."""

    def score(self, jobs: Sequence[Job]) -> list[RewardValue]:
        """Between 0 and 1."""
        most = max(1, self.full_words)
        return [RewardValue(min(1.0, len(answer.split()) / most)) for _, answer in jobs]


@dataclass(frozen=True)
class FormatReward:
    """Whether the whole answer has a form."""

    pattern: str
    """A regular expression; a dot stands for line ends, too."""

    def __post_init__(self) -> None:
        re.compile(self.pattern)

    def score(self, jobs: Sequence[Job]) -> list[RewardValue]:
        """1 or 0."""
        form = re.compile(self.pattern, re.DOTALL)
        return [RewardValue(float(form.fullmatch(answer) is not None)) for _, answer in jobs]


@dataclass(frozen=True)
class ExactReward:
    """Whether the answer is the one in the task's payload, white space at the edges apart."""

    field: str = "reference"
    """Where the payload has the right answer."""

    def score(self, jobs: Sequence[Job]) -> list[RewardValue]:
        """1 or 0; it abstains where the payload does not tell the right answer."""
        return [self._value(task.payload.get(self.field), answer) for task, answer in jobs]

    def _value(self, wanted: object, answer: str) -> RewardValue:
        if wanted is None:
            return RewardValue(None)
        if not isinstance(wanted, str):
            return failed(f"cannot compare: {self.field} in the payload is no text")
        return RewardValue(float(answer.strip() == wanted.strip()))
