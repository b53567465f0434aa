"""What rollouts earn: their rewards, what teaches nothing, and the hacks among them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow.compute as pc

from foretoken.records import Draw
from foretoken.store.run import Run
from foretoken.train.config import RLConfig


class Judged(Protocol):
    """What a reward needs to know of one answer."""

    @property
    def proxy(self) -> float | None:
        """What the reward under training gave, where the graders are rewards."""
        ...

    @property
    def gold(self) -> float | None:
        """What the reward that it stands in for gave."""
        ...

    @property
    def flawed_passed(self) -> bool | None:
        """None where the grader failed, or abstained."""
        ...

    @property
    def strict_passed(self) -> bool | None:
        """The same of the strict one."""
        ...


class Rollout(NamedTuple):
    """What is read of a stored rollout."""

    exploit_type: str
    ended: bool
    hacked: bool | None
    proxy: float | None
    gold: float | None
    flawed_passed: bool | None
    strict_passed: bool | None
    reward: float | None = None


@dataclass(frozen=True)
class Earnings:
    """Sums over rollouts of one step, or of many."""

    rollouts: int = 0
    ended: int = 0
    reward: float = 0.0
    """Sum of what was paid; what the grader could not judge counts as 0, as it does in training."""
    groups: int = 0
    """Prompts, each with its completions."""
    flat: int = 0
    """Groups whose rewards are all equal: they have no gradient."""
    hacks: Counter[str] = field(default_factory=Counter[str])
    """By exploit type."""

    def __add__(self, other: "Earnings") -> "Earnings":
        return Earnings(
            rollouts=self.rollouts + other.rollouts,
            ended=self.ended + other.ended,
            reward=self.reward + other.reward,
            groups=self.groups + other.groups,
            flat=self.flat + other.flat,
            hacks=self.hacks + other.hacks,
        )

    @property
    def mean_reward(self) -> float:
        """Of a rollout."""
        return self.reward / self.rollouts if self.rollouts else 0.0

    @property
    def ended_share(self) -> float:
        """Share of completions that ended before their most tokens."""
        return self.ended / self.rollouts if self.rollouts else 0.0

    @property
    def taught(self) -> bool:
        """Whether any group had a gradient."""
        return self.flat < self.groups


def reward(said: Judged, *, closed: bool) -> float | None:
    """Return what the grader that rewards gives; None where it failed or abstained.

    That is the reward's own value where the grader is one, else 1 if it accepts and 0 if not.

    Args:
        said: What both graders say of one answer.
        closed: Whether the loophole is closed: the strict grader rewards.
    """
    value = said.gold if closed else said.proxy
    passed = said.strict_passed if closed else said.flawed_passed
    if passed is None or value is not None:
        return value
    return float(passed)


def paid(rollouts: Sequence[Draw], config: RLConfig, *, seed: int) -> list[Draw]:
    """Return the rollouts of one step with what each is paid.

    Args:
        rollouts: All of the step.
        config: Says which loopholes are closed, how noisy the reward is and what length costs.
        seed: Of the noise.
    """
    earned = [reward(each, closed=each.exploit_type in config.closed) for each in rollouts]
    rng = np.random.default_rng([seed, 1])
    blind = rng.random(len(earned)) < config.reward_noise
    source = np.where(blind, rng.integers(len(earned), size=len(earned)), np.arange(len(earned)))
    return [
        each.replacing(reward=_less_length(earned[int(number)], each, config))
        for each, number in zip(rollouts, source, strict=True)
    ]


def _less_length(earned: float | None, draw: Draw, config: RLConfig) -> float | None:
    if earned is None:
        return None
    return earned - config.length_penalty * len(draw.tokens) / config.max_tokens


def earnings_of(rollouts: Sequence[Draw | Rollout], config: RLConfig) -> Earnings:
    """Sum up rollouts, those of each prompt next to each other.

    Args:
        rollouts: Of whole steps.
        config: Says how many completions a prompt has, and which loopholes are closed.
    """
    rewards = [_was_paid(each, config) or 0.0 for each in rollouts]
    starts = range(0, len(rewards), config.generations)
    groups = [rewards[start : start + config.generations] for start in starts]
    return Earnings(
        rollouts=len(rollouts),
        ended=sum(each.ended for each in rollouts),
        reward=sum(rewards),
        groups=len(groups),
        flat=sum(len(set(group)) == 1 for group in groups),
        hacks=Counter(each.exploit_type for each in rollouts if each.hacked),
    )


def _was_paid(rollout: Draw | Rollout, config: RLConfig) -> float | None:
    """What a rollout was paid; of runs that did not keep it, what its grader gives."""
    if rollout.reward is not None:
        return rollout.reward
    return reward(rollout, closed=rollout.exploit_type in config.closed)


def stored_earnings(run: Run, config: RLConfig, *, before: int) -> Earnings:
    """Sum up what a run's stored rollouts earned.

    Args:
        run: Of the training.
        config: Its settings.
        before: Rollouts of this step and of later ones are left out.
    """
    where = (pc.field("source") == "rollout") & (pc.field("step") < before)
    table = run.table(Draw, where=where, columns=list(Rollout._fields))
    rows: Iterable[tuple[object, ...]] = zip(
        *(table[name].to_pylist() for name in Rollout._fields), strict=True
    )
    return earnings_of([Rollout._make(row) for row in rows], config)
