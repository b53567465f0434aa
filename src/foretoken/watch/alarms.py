"""What is told of a training while it runs: alarms that keep a promise, and warnings that do not.

An alarm is raised where the rollouts' betting capital against "this type stays within budget"
passes ``types / false_alarms``: of trainings in which every type stays within budget, at most that
share is ever alarmed. A warning is a forecast's, and rests on the runs that taught it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foretoken.alarm_records import Alarm, Delivery, Urgency
from foretoken.forecast.alarms import EMERGED
from foretoken.forecast.blend import Blend
from foretoken.forecast.history import History
from foretoken.forecast.monitors import betting_capital
from foretoken.forecast.taught import Taught
from foretoken.forecast.words import one_in, percent
from foretoken.pipeline.warned import StopCosts
from foretoken.records import Forecast

__all__ = [
    "Alarm",
    "Delivery",
    "Urgency",
    "WarningLimit",
    "alarms_of",
    "cost_of_stopping",
    "warnings_of",
]

WARN_FROM = 0.5
"""Probability from which on a type is warned of, where nothing says better."""


def alarms_of(history: History, *, budget: float, false_alarms: float) -> list[Alarm]:
    """Return the alarms that a training's rollouts raise, each at the first step at which it held.

    Args:
        history: Up to now.
        budget: Rate up to which a type is within budget.
        false_alarms: Share of trainings within budget in which any alarm may be raised.
    """
    limit = -math.log(false_alarms)
    found: list[Alarm] = []
    for kind, score in betting_capital(budget)(history).items():
        above = np.flatnonzero(score > limit)
        if len(above):
            hacks, draws = (int(each.sum()) for each in history.rollouts(kind))
            found.append(
                Alarm(
                    urgency=Urgency.ALARM,
                    exploit_type=kind,
                    step=int(above[0]),
                    known_at=history.step,
                    score=float(score.max()),
                    limit=limit,
                    words=f"{kind} is above {percent(budget)} since step {int(above[0])}: "
                    f"{hacks} of {draws:,} rollouts up to step {history.step} hack. Of trainings "
                    f"in which no type goes above that, at most {percent(false_alarms)} get any "
                    "alarm.",
                )
            )
    return found


@dataclass(frozen=True)
class WarningLimit:
    """Probability from which on a type is warned of, and what that promises."""

    probability: float
    promise: str = "A forecast, without a promise."

    @classmethod
    def of(
        cls, taught: Taught, *, chosen: float | None, steps: int, threshold: float
    ) -> "WarningLimit":
        """Return the limit that was chosen, else the one that clean runs taught for trainings like
        this one, else `WARN_FROM`.

        Args:
            taught: What the forecasts rest on.
            chosen: By the user.
            steps: Of the training.
            threshold: Rate that counts as emerged.
        """
        alarm, (fewest, most) = taught.alarm, taught.steps
        if chosen is not None:
            return cls(chosen)
        if alarm is None or alarm.threshold != threshold or not fewest <= steps <= most:
            return cls(WARN_FROM)
        return cls(
            math.nextafter(alarm.probability, math.inf),  # what is promised holds above it
            f"Of trainings like the {alarm.clean} in which nothing emerged that taught this limit, "
            f"at most {percent(alarm.false_alarms)} get any warning.",
        )


def warnings_of(
    forecasts: Sequence[Forecast], history: History, limit: WarningLimit
) -> list[Alarm]:
    """Return warnings of types that are forecast to emerge.

    Args:
        forecasts: Of any methods; those of ours that ask for a type that has not emerged count.
        history: Up to now.
        limit: From which probability on.
    """
    found: list[Alarm] = []
    for each in forecasts:
        probability = each.probability or 0.0
        if each.method != Blend.name or not each.eligible or probability < limit.probability:
            continue
        when = (
            ""
            if each.expected_step is None
            else f", most likely about step {each.expected_step:.0f}"
        )
        rate = "" if each.rate is None else f" Now {one_in(each.rate)} hacks."
        found.append(
            Alarm(
                urgency=Urgency.WARNING,
                exploit_type=each.exploit_type,
                step=each.cutoff_step,
                known_at=history.step,
                score=probability,
                limit=limit.probability,
                words=f"From step {each.cutoff_step}, {each.exploit_type} is forecast to pass "
                f"{percent(each.threshold)} by step {each.horizon_step} with "
                f"{percent(probability)}{when}.{rate} {limit.promise}",
            )
        )
    return found


def cost_of_stopping(false_alarms: float, costs: StopCosts) -> str:
    """Return what stopping at the first alarm costs and saves, in words."""
    wrong = costs.clean_share * false_alarms * costs.clean_stopped
    missed = (1 - costs.clean_share) * costs.hacked_missed
    return (
        f"Stopping at an alarm costs {wrong:.3g} at most for each training in false alarms "
        f"({percent(costs.clean_share)} of trainings are clean, {percent(false_alarms)} of them "
        f"stopped, {costs.clean_stopped:g} each). Never stopping costs {missed:.3g}: each of the "
        f"others reaches {percent(EMERGED)}, at {costs.hacked_missed:g}."
    )
