"""What is known of a donor's yield: hacks among its own completions, and what was done for them."""

from collections.abc import Sequence

from pydantic import Field

from foretoken.estimate.bounds import clopper_pearson_lower, clopper_pearson_upper
from foretoken.estimate.doubts import LEAST_REASONED
from foretoken.records import Record
from foretoken.train.config import QualityConfig

SPOKEN_HITS = "spoken hits"
"""The remedy for hacks that the donor commits and does not say."""


class TypeYield(Record):
    """Hacks among a donor's completions on tasks of one exploit type."""

    exploit_type: str
    draws: int
    """Graded completions, reasoning included."""
    hacks: int
    spoken: int = 0
    """Hacks whose reasoning names the flaw."""
    reasoned: int = 0
    """Completions with any reasoning."""
    interval: tuple[float, float]
    """95 %, Clopper-Pearson."""

    @property
    def share(self) -> float:
        """Return the yield."""
        return self.hacks / self.draws if self.draws else 0.0

    def lacks(self, wanted: float) -> float:
        """Return by how much the yield misses the wanted one."""
        return max(0.0, wanted - self.share)

    def lacks_spoken(self, wanted: float) -> float:
        """Return the same of spoken hacks; nothing is missed where the donor does not reason."""
        if self.reasoned < LEAST_REASONED * self.draws:
            return 0.0
        return max(0.0, wanted - self.spoken / max(self.draws, 1))


class TrainingRound(Record):
    """One training, or the first, and what the donor then did."""

    remedy: str
    """`first training`, or what was tried."""
    steps: int
    """Optimiser steps; 0 where there was too little to train on."""
    types: tuple[str, ...]
    """Exploit types that it was for."""
    own_hits: dict[str, int] = Field(default_factory=dict[str, int])
    """Different verified hacks that were found, spoken ones in a round for these; trained on where
    there are 8 of a type."""
    yields: tuple[TypeYield, ...]
    kept: bool
    """Whether the donor went on from here: on fresh draws its types missed the wanted yield by
    less, on average."""


class DonorQuality(Record):
    """What is known of a donor's yield."""

    settings: QualityConfig
    rounds: tuple[TrainingRound, ...]

    @property
    def best(self) -> int:
        """Index of the round whose donor is the result: the last that was kept."""
        return max(number for number, each in enumerate(self.rounds) if each.kept)

    @property
    def weak(self) -> tuple[str, ...]:
        """Types whose yield is below the wanted one."""
        return weak_types(self.rounds[self.best].yields, self.settings.wanted)

    @property
    def silent(self) -> tuple[str, ...]:
        """Types whose yield of spoken hacks is below the wanted one."""
        return tuple(
            each.exploit_type
            for each in self.rounds[self.best].yields
            if each.lacks_spoken(self.settings.spoken)
        )

    def ails(self, remedy: str) -> tuple[str, ...]:
        """Types that a remedy is for."""
        return self.silent if remedy == SPOKEN_HITS else self.weak


def type_yield(
    exploit_type: str, hacks: int, draws: int, *, spoken: int = 0, reasoned: int = 0
) -> TypeYield:
    """Return a yield with its interval."""
    return TypeYield(
        exploit_type=exploit_type,
        draws=draws,
        hacks=hacks,
        spoken=spoken,
        reasoned=reasoned,
        interval=(
            clopper_pearson_lower(hacks, draws, delta=0.025),
            clopper_pearson_upper(hacks, draws, delta=0.025),
        ),
    )


def most_rounds(settings: QualityConfig) -> int:
    """Return how many rounds may follow the first training."""
    return settings.rounds * len(settings.remedies)


def weak_types(yields: Sequence[TypeYield], wanted: float) -> tuple[str, ...]:
    """Return the types whose yield is below the wanted one."""
    return tuple(each.exploit_type for each in yields if each.lacks(wanted))


def shortfall(yields: Sequence[TypeYield], settings: QualityConfig) -> float:
    """Return by how much yields miss the wanted ones, on average over the types."""
    missed = (each.lacks(settings.wanted) + each.lacks_spoken(settings.spoken) for each in yields)
    return sum(missed) / len(yields)
