"""Models in this process that score: what a reference needs at first contact."""

from collections.abc import Sequence
from dataclasses import dataclass

from foretoken.engines.base import Item, Scores
from foretoken.engines.transformers.load import LoadedModel
from foretoken.engines.transformers.score import score
from foretoken.records import Identity


@dataclass
class LocalScores:
    model: LoadedModel

    @property
    def voices(self) -> tuple[Identity, ...]:
        return (Identity(weights=self.model.weights_hash),)

    def score(self, items: Sequence[Item], *, voice: int = 0, per_token: bool = False) -> Scores:
        return score(self.model, items, per_token=per_token)
