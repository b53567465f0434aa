"""Checked draws: a few of each round, hits or not, by which its densities are known to be right.

Every checkpoint scores those that do not hack as well: with the hits they say how much of what it
writes the bank could have drawn (`estimate.covered`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import logsumexp

from foretoken.arrays import FloatPerDraw
from foretoken.bank.config import BankConfig
from foretoken.bank.densities import Densities
from foretoken.records import BankCheck, Draw, Mixture
from foretoken.work.seeds import part_seed


def checked_draws(draws: Sequence[Draw], config: BankConfig) -> list[Draw]:
    """Equally many draws of each type that was drawn, chosen by their keys alone.

    Args:
        draws: Of the first stage of a round, hits or not.
        config: Settings of the bank.
    """
    by_type: dict[str, list[Draw]] = {}
    for draw in sorted(draws, key=lambda draw: part_seed(config.seed, draw.key)):
        by_type.setdefault(draw.exploit_type, []).append(draw)
    each = math.ceil(config.check_draws / max(len(by_type), 1))
    return [draw for exploit_type in sorted(by_type) for draw in by_type[exploit_type][:each]]


def weighed_checks(
    checked: Sequence[Draw], mixtures: Sequence[Mixture], densities: Densities
) -> list[BankCheck]:
    """Weigh checked draws by the density of the mixture that each was drawn from.

    Args:
        checked: Of one stage of one round.
        mixtures: Of that stage.
        densities: Of that round.

    Raises:
        ScoringError: A draw has no score.
    """
    if not checked:
        return []
    weights = {key: np.array(each.weights) for each in mixtures for key in each.tasks}
    log_p, log_ratio_dm = densities.of(checked)
    weights_dm = np.stack([weights[draw.task] for draw in checked])
    with np.errstate(divide="ignore"):
        log_q = log_p + np.asarray(logsumexp(log_ratio_dm, b=weights_dm, axis=1))
    return [
        BankCheck(
            key=draw.key,
            exploit_type=draw.exploit_type,
            step=draw.step,
            hacked=bool(draw.hacked),
            log_q=float(each),
        )
        for draw, each in zip(checked, log_q, strict=True)
    ]


@dataclass(frozen=True)
class Others:
    """Checked draws of one type that do not hack, of the last round that drew it."""

    drawn: int
    """Checked draws, hacks included."""
    keys: pa.Array
    log_q: FloatPerDraw
    """(others,) density that they were drawn from, nats."""

    @classmethod
    def of(cls, checks: Sequence[BankCheck] = ()) -> "Others":
        """From the stored checks of a type, of any rounds."""
        last = max((each.step for each in checks), default=0)
        checks = [each for each in checks if each.step == last]
        others = [each for each in checks if not each.hacked]
        return cls(
            drawn=len(checks),
            keys=pa.array([each.key for each in others], pa.string()),
            log_q=np.array([each.log_q for each in others], dtype=np.float64),
        )


def checks_by_type(checks: Sequence[BankCheck]) -> Mapping[str, list[BankCheck]]:
    """Group stored checks by exploit type."""
    found: dict[str, list[BankCheck]] = {}
    for each in checks:
        found.setdefault(each.exploit_type, []).append(each)
    return found
