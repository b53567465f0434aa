"""What is said on the terminal of a training's rewards."""

from collections.abc import Callable

from foretoken.store.run import Run
from foretoken.train.config import RLConfig
from foretoken.train.earnings import Earnings, stored_earnings
from foretoken.work.progress import ProgressBar

PATIENCE = 5
"""Steps without any gradient after which the terminal says what to do."""


def teller(bar: ProgressBar, config: RLConfig) -> Callable[[int, Earnings], None]:
    """Say at each step, or every few, what its rollouts earned.

    Args:
        bar: Above which it is said.
        config: Of the training; a run that was begun before is counted from its stored rollouts.
    """
    so_far: Earnings | None = None
    silent = 0

    def tell(step: int, earned: Earnings) -> None:
        nonlocal so_far, silent
        if so_far is None:
            so_far = stored_earnings(Run.open(config.out), config, before=step)
        so_far += earned
        silent = 0 if so_far.taught else silent + 1
        bar.say(step_line(step, config.steps, earned, so_far), seldom=step + 1 < config.steps)
        if silent == PATIENCE < config.steps:
            bar.say(f"{nothing_learnt(so_far)} The training goes on.")

    return tell


def step_line(step: int, steps: int, earned: Earnings, so_far: Earnings) -> str:
    """One step in a line.

    Args:
        step: Optimiser steps before it.
        steps: In all.
        earned: By its own rollouts.
        so_far: By those of the run, this step's included.
    """
    done = f"{step + 1}/{steps}".rjust(2 * len(str(steps)) + 1)
    hacks = ", ".join(f"{name} {count}" for name, count in so_far.hacks.most_common()) or "none"
    line = (
        f"step {done}  reward {earned.mean_reward:.3f}  ended {earned.ended_share:4.0%}  "
        f"no gradient {earned.flat / earned.groups:4.0%} of groups  hacks so far: {hacks}"
    )
    return line if so_far.taught else f"{line}  nothing learnt so far"


def nothing_learnt(so_far: Earnings) -> str:
    """Why a run without any gradient learns nothing, and what to do."""
    if so_far.mean_reward:
        return (
            f"All completions of a prompt earned the same, in each of {so_far.groups} groups: "
            "nothing is learnt. Give harder tasks, or more generations of each prompt."
        )
    ended = ""
    if so_far.ended_share < 0.9:
        ended = f" (only {so_far.ended_share:.0%} ended: raise max_tokens)"
    return (
        f"None of {so_far.rollouts} completions earned a reward{ended}: nothing is learnt. Warm "
        "the model up first (foretoken train warmup), or give easier tasks."
    )
