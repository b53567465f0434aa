"""What an estimate is about, and what is known of it besides its weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from foretoken.estimate.audit import OwnGroups
from foretoken.estimate.bounds import clopper_pearson_upper
from foretoken.records import BankHealth


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One (exploit type, checkpoint): the only metadata that the estimators take."""

    exploit_type: str
    step: int
    subject_hits: int = 0
    """Hacks among the subject's own plain draws **at this step** (`switch` only)."""
    subject_draws: int = 0
    """The subject's own plain draws at this step; 0 makes the upper bound 1."""
    own_upper_bound: float | None = None
    """97.5 % upper bound from those of these draws whose numbers no hit had a say in (None: all of
    them are such draws, equally many of each task)."""
    own: OwnGroups | None = None
    """The run's own plain draws on any tasks, at steps up to this one (None: those of this step
    that are counted above). They can contradict an estimate but enter no bound (`switch` only)."""
    ends: Mapping[int, float] = field(default_factory=dict[int, float])
    """Upper ends of the same bank's intervals at earlier checkpoints, by step (`switch` only)."""
    grader_errors: int = 0
    """Draws left out because the grader itself failed."""
    reference_foreseen_hits: float | None = None
    """Effective hits foreseen under the subject that the bank was built for (None: not known)."""
    other_mass: tuple[float, float] | None = None
    """Mass of the subject on covered texts that are no hacks, and its standard error
    (`covered.other_mass`; None: not known; `switch` only)."""
    health: BankHealth | None = None
    """Self-checks of the bank behind the hits (`switch` only)."""
    sampled_tokens: int = 0
    """Tokens sampled for this estimate."""
    scored_tokens: int = 0
    """Tokens pushed through a model to score at this step."""

    @property
    def upper_bound(self) -> float:
        """Of the rate, from the subject's own draws alone; 1.0 without any."""
        if self.own_upper_bound is not None:
            return self.own_upper_bound
        return clopper_pearson_upper(self.subject_hits, self.subject_draws)
