"""The joint bootstrap: the same resampled tasks and hits for every checkpoint."""

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from foretoken.arrays import (
    AnyArray,
    BoolPerDraw,
    FloatPerCheckpoint,
    FloatPerCheckpointDraw,
    FloatPerDraw,
    IntPerDraw,
)
from foretoken.errors import ScoringError
from foretoken.estimate.bounds import effective_count
from foretoken.estimate.checks import require_draws, require_log_p

ENOUGH_TASKS = 8
"""Tasks with a hit from which on tasks, not single hits, are resampled."""


@dataclass(frozen=True)
class Slope:
    """Growth of a log rate, with its standard error from the joint bootstrap."""

    per_step: float
    """Nats per optimiser step."""
    error: float
    effective_hits: float
    """Smallest effective number of hits among the checkpoints used."""


@dataclass(frozen=True)
class JointLogRates:
    """Log rates of one exploit type at several checkpoints, resampled together."""

    steps: tuple[int, ...]
    log_rate_c: FloatPerCheckpoint
    """(checkpoints,) natural log of the point estimates; -inf where no hit has weight."""
    replicate_rbc: AnyArray
    """(ways, replicates, checkpoints) the same, with hits resampled and, where enough tasks have
    any, with tasks resampled."""
    effective_rc: AnyArray
    """(ways, checkpoints) effective number of what was resampled: hits, then tasks."""

    @property
    def effective_hits_c(self) -> FloatPerCheckpoint:
        """(checkpoints,) effective number of hits."""
        return np.asarray(self.effective_rc[0], dtype=np.float64)

    @property
    def covariance_cc(self) -> AnyArray:
        """Covariance of the log rates between checkpoints, in the way in which they vary more."""
        found = [np.atleast_2d(np.cov(each_bc, rowvar=False)) for each_bc in self.replicate_rbc]
        return max(found, key=lambda each_cc: float(np.trace(each_cc)))

    def usable_steps(
        self,
        *,
        first_step: int = 0,
        last_step: int | None = None,
        fewest_effective_hits: float = 1.0,
    ) -> list[int]:
        """Return the steps in a range whose rate is finite and rests on enough effective hits."""
        return [
            step
            for step, log_rate, hits in zip(
                self.steps, self.log_rate_c, self.effective_hits_c, strict=True
            )
            if np.isfinite(log_rate)
            and hits >= fewest_effective_hits
            and first_step <= step
            and (last_step is None or step <= last_step)
        ]

    def slope(
        self,
        *,
        first_step: int = 0,
        last_step: int | None = None,
        fewest_effective_hits: float = 1.0,
    ) -> Slope | None:
        """Return the least-squares slope of the log rate on the step.

        Args:
            first_step: Checkpoints before it are left out.
            last_step: Checkpoints after it are left out (None: none are).
            fewest_effective_hits: Checkpoints with fewer are left out.

        Returns:
            The slope; None where fewer than two checkpoints have a finite rate.
        """
        used = self.usable_steps(
            first_step=first_step,
            last_step=last_step,
            fewest_effective_hits=fewest_effective_hits,
        )
        if len(used) < 2:
            return None
        step_c = np.asarray(self.steps, dtype=np.float64)
        used_c = np.isin(step_c, used)
        centred = step_c[used_c] - step_c[used_c].mean()
        lever_c = centred / (centred**2).sum()
        return Slope(
            per_step=float(lever_c @ self.log_rate_c[used_c]),
            error=self._error(lever_c, used_c),
            effective_hits=float(self.effective_hits_c[used_c].min()),
        )

    def _error(self, lever_c: AnyArray, used_c: BoolPerDraw) -> float:
        """Standard error in the way in which it is largest.

        Widened by Student's t, so that two of it hold as often as two of a normal error do: few
        effective hits or tasks tell their own spread badly.
        """
        error_r = np.std(self.replicate_rbc[:, :, used_c] @ lever_c, axis=1, ddof=1)
        fewest_r = np.maximum(self.effective_rc[:, used_c].min(axis=1) - 1.0, 1.0)
        widened_r = stats.t.ppf(0.975, fewest_r) / stats.norm.ppf(0.975)
        return float((error_r * widened_r).max())


def joint_log_rates(
    log_w_cd: FloatPerCheckpointDraw,
    task: IntPerDraw,
    *,
    steps: tuple[int, ...],
    tasks: int,
    rng: np.random.Generator,
    replicates: int = 400,
) -> JointLogRates:
    """Estimate the log rate at every checkpoint with errors that are shared between them.

    Args:
        log_w_cd: (checkpoints, hits) ``log_p - log_q`` of each hit at each checkpoint; minus
            infinity where a hit does not count there (e.g. a rollout of a later step).
        task: (hits,) task of each hit, 0 to ``tasks - 1``.
        steps: Step of each checkpoint.
        tasks: How many tasks the type has, those without a hit included.
        rng: Source of the resampling.
        replicates: How many.

    Returns:
        The log rates with replicates. A slope's error is the larger of two: with hits resampled,
        and, where at least `ENOUGH_TASKS` tasks have hits, with tasks resampled. Tasks that grow at
        different speeds make the second larger; a task whose hits are few, the first.

    Raises:
        ScoringError: A weight is NaN or plus infinite, or there are no hits or tasks.
    """
    require_draws(tasks, "tasks")
    require_draws(log_w_cd.shape[1], "hits")
    require_log_p("log_w_cd", log_w_cd, impossible=True)
    if len(steps) != len(log_w_cd) or log_w_cd.shape[1] != len(task):
        raise ScoringError(
            f"log_w_cd is {log_w_cd.shape}, but there are {len(steps)} steps and {len(task)} hits."
        )
    top_c = np.max(log_w_cd, axis=1)
    top_c = np.where(np.isfinite(top_c), top_c, 0.0)
    w_cd = np.exp(log_w_cd - top_c[:, None])
    ways = [rng.exponential(size=(replicates, len(task)))]
    effective_rc = [[effective_count(w_d) for w_d in w_cd]]
    if len(np.unique(task)) >= ENOUGH_TASKS:
        ways.append(task_or_hit_resampling(task, tasks=tasks, rng=rng, replicates=replicates))
        effective_rc.append([effective_count(np.bincount(task, weights=w_d)) for w_d in w_cd])
    with np.errstate(divide="ignore"):
        log_rate_c = logsumexp(log_w_cd, axis=1) - np.log(tasks)
        replicate_rbc = np.log(np.stack(ways) @ w_cd.T) + top_c - np.log(tasks)
    return JointLogRates(
        steps=tuple(steps),
        log_rate_c=np.asarray(log_rate_c, dtype=np.float64),
        replicate_rbc=replicate_rbc,
        effective_rc=np.array(effective_rc),
    )


def task_or_hit_resampling(
    task: IntPerDraw, *, tasks: int, rng: np.random.Generator, replicates: int
) -> AnyArray:
    """Return how much each hit counts in each replicate, with expectation 1.

    A Bayesian bootstrap (exponential weights), because a plain one loses every hit of a rare type
    in some replicates, and the log of nothing is no number.

    Returns:
        (replicates, hits).
    """
    if len(np.unique(task)) >= ENOUGH_TASKS:
        task_bx = rng.exponential(size=(replicates, tasks))
        task_bx *= tasks / task_bx.sum(axis=1, keepdims=True)
        return task_bx[:, task]
    return rng.exponential(size=(replicates, len(task)))


def log_rate_spread(
    log_w: FloatPerDraw,
    task: IntPerDraw,
    *,
    tasks: int,
    rng: np.random.Generator,
    replicates: int = 400,
) -> float:
    """Return the standard error of the log rate at one checkpoint.

    The larger of the spread between hits and (where enough tasks have hits) between tasks.
    """
    w_d = np.exp(log_w - log_w.max())
    hit_bd = rng.exponential(size=(replicates, len(task)))
    spread = float(np.std(np.log(hit_bd @ w_d), ddof=1))
    if len(np.unique(task)) < ENOUGH_TASKS:
        return spread
    task_bd = task_or_hit_resampling(task, tasks=tasks, rng=rng, replicates=replicates)
    return max(spread, float(np.std(np.log(task_bd @ w_d), ddof=1)))
