"""What stands beside the switch estimate: plain counts, and the published recipe."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from foretoken.bank.build import BankConfig, load_voices
from foretoken.bank.hits import Bank
from foretoken.baselines.count import (
    RECENT_STEPS,
    OwnDraw,
    OwnDraws,
    count_estimates,
    make_count_draws,
    read_own_draws,
)
from foretoken.baselines.prefix import PrefixConfig, Traces, make_traces, prefix_estimates
from foretoken.engines.transformers.load import LoadedModel
from foretoken.records import RateEstimate
from foretoken.store.run import Run
from foretoken.tasks.base import GraderPool
from foretoken.work.scoring import require_same_engine


@dataclass(frozen=True)
class Baselines:
    """Makes the baselines of one checkpoint after the other."""

    run: Run
    bank: Bank
    count_draws: int
    """Own draws per task at each checkpoint; 0: only what the run already holds."""
    prefix: PrefixConfig | None
    seed: int
    pool: GraderPool | None
    """None where nothing has to be graded."""
    traces: Traces | None
    rollouts: dict[int, list[OwnDraw]]

    def own_draws(self, model: LoadedModel, step: int) -> OwnDraws:
        """The subject's own draws at one step; made first where that was asked for."""
        require_same_engine(model, self.bank.sampling, what=f"step {step} and {self.run.path}")
        if self.pool is not None and self.count_draws:
            make_count_draws(
                self.run,
                model,
                self.bank,
                step=step,
                draws_per_task=self.count_draws,
                seed=self.seed,
                pool=self.pool,
            )
        counted = read_own_draws(self.run, "count", step=step).get(step, [])
        steps = range(step - RECENT_STEPS + 1, step + 1)
        return OwnDraws(
            counted=tuple(counted),
            rollouts=tuple(self.rollouts.get(step, [])),
            recent=tuple(draw for each in steps for draw in self.rollouts.get(each, [])),
        )

    def estimates(self, model: LoadedModel, own: OwnDraws, *, step: int) -> list[RateEstimate]:
        """Baseline estimates at one step."""
        found = count_estimates(own, step=step)
        if self.pool is not None and self.prefix is not None and self.traces is not None:
            found += prefix_estimates(
                self.run,
                model,
                self.bank.tasks,
                traces=self.traces,
                step=step,
                config=self.prefix,
                seed=self.seed,
                pool=self.pool,
            )
        return found


@contextmanager
def prepared_baselines(
    run: Run,
    bank: Bank,
    *,
    count_draws: int,
    prefix: PrefixConfig | None,
    seed: int,
    workers: int | None,
) -> Generator[Baselines]:
    """Start graders and draw donor traces where a baseline needs them; read the rollouts."""
    rollouts = read_own_draws(run, "rollout")
    if not count_draws and prefix is None:
        yield Baselines(run, bank, 0, None, seed=seed, pool=None, traces=None, rollouts=rollouts)
        return
    with GraderPool(workers=workers) as pool:
        traces = None
        if prefix is not None:
            donor = _full_donor(run)
            traces = make_traces(
                run,
                donor,
                bank.tasks,
                config=prefix,
                sampling=bank.sampling,
                seed=seed,
                pool=pool,
            )
        yield Baselines(
            run,
            bank,
            count_draws,
            prefix,
            seed=seed,
            pool=pool,
            traces=traces,
            rollouts=rollouts,
        )


def _full_donor(run: Run) -> LoadedModel:
    saved = BankConfig.model_validate(run.read_config()["bank"])
    return load_voices(saved.model_copy(update={"strengths": (1.0,)}))[1]
