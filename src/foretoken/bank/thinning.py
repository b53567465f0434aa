"""Finish a round of a bank: leave light hits out of what checkpoints score, weigh the others."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow.compute as pc

from foretoken.bank.config import BankConfig
from foretoken.bank.coverage import checked_draws, weighed_checks
from foretoken.bank.densities import Densities, read_densities
from foretoken.bank.pool import TypeBank, type_bank
from foretoken.bank.read import read_bank_tasks, round_part
from foretoken.engines.prompts import AnswerFinder
from foretoken.estimate.thin import thin
from foretoken.records import BankCheck, BankHit, Draw, Mixture, Spoken, Thinned
from foretoken.store.run import Run
from foretoken.work.scoring import distinct_texts
from foretoken.work.seeds import part_seed


def finish_round(run: Run, *, step: int, config: BankConfig, finder: AnswerFinder | None) -> None:
    """Choose, once, which hits of one round checkpoints will score, and store the bank's weights.

    Args:
        run: With a bank, whose hits are all scored under the voices of every round so far.
        step: That the round was drawn around.
        config: Settings of the round.
        finder: Of answers, where a component's windows open there alone.

    Raises:
        ScoringError: A hit has no score.
    """
    part = round_part(step)
    most_added = config.thinning if config.proposals == "switch" else 0.0
    mixtures = run.read(Mixture, where=pc.field("step") <= step)
    densities = read_densities(run, sorted({each.step for each in mixtures}), finder=finder)
    types = _assemble(run, mixtures, densities)
    if most_added and not run.has_part(part, Thinned):
        fresh: list[Thinned] = []
        for each in types:
            rng = np.random.default_rng(part_seed(config.seed, f"thin-{step}-{each.exploit_type}"))
            fresh += _thin_type(each, densities[step], most_added=most_added, rng=rng)
        run.append(fresh, part=part, kind=Thinned, keep=True)
    stands_for = _stands_for(run)
    hits = [hit for each in types for hit in _weighed(each, stands_for)]
    checks = _checks(run, densities[step], mixtures, config=config)
    run.append(checks, part=part, kind=BankCheck, replace=True)
    run.append(hits, part=part, kind=BankHit, replace=True)


def _checks(
    run: Run, densities: Densities, mixtures: Sequence[Mixture], *, config: BankConfig
) -> list[BankCheck]:
    """The checked draws of a round, weighed."""
    here = [each for each in mixtures if each.step == densities.step]
    stage = min(each.stage for each in here)
    first = [each for each in here if each.stage == stage]
    where = (pc.field("source") == "bank") & (pc.field("step") == densities.step)
    draws = run.read(Draw, where=where & (pc.field("stage") == stage))
    return weighed_checks(checked_draws(draws, config), first, densities)


def _stands_for(run: Run) -> dict[str, float]:
    return {each.draw: each.stands_for for each in run.read(Thinned)}


def _assemble(
    run: Run, mixtures: Sequence[Mixture], densities: Mapping[int, Densities]
) -> list[TypeBank[Draw]]:
    """The bank of every type, with all hits of the last round."""
    where = (pc.field("source") == "bank") & pc.field("step").isin(list(densities))
    draws = run.read(Draw, where=where)
    stands_for = _stands_for(run)
    keys: dict[str, list[str]] = {}
    for key, task in read_bank_tasks(run).items():
        keys.setdefault(task.exploit_type, []).append(key)
    return [
        type_bank(
            [draw for draw in draws if draw.exploit_type == name],
            keys=keys[name],
            mixtures=[each for each in mixtures if each.exploit_type == name],
            densities=densities,
            stands_for=stands_for,
        )
        for name in sorted(keys)
    ]


def _weighed(bank: TypeBank[Draw], stands_for: Mapping[str, float]) -> list[BankHit]:
    return [
        BankHit(
            key=hit.key,
            exploit_type=bank.exploit_type,
            task=hit.task,
            step=hit.step,
            log_p_reference=float(log_p),
            log_q=float(log_q),
            stands_for=stands_for.get(hit.key, 1.0),
            text=hit.text,
            spoken=hit.spoken or Spoken.NO_REASONING,
            flaw_named_at=hit.flaw_named_at,
        )
        for hit, log_p, log_q in zip(bank.hits, bank.log_p_reference, bank.log_q, strict=True)
        if stands_for.get(hit.key, 1.0)
    ]


def _thin_type(
    bank: TypeBank[Draw], densities: Densities, *, most_added: float, rng: np.random.Generator
) -> list[Thinned]:
    fresh = np.array([hit.step == densities.step for hit in bank.hits], dtype=np.bool_)
    hits = [hit for hit in bank.hits if hit.step == densities.step]
    if not hits:
        return []
    text_of = {hit.key: i for i, group in enumerate(distinct_texts(hits)) for hit in group}
    stands_for = thin(
        densities.by_voice(hits) - bank.log_q[fresh],
        np.array([text_of[hit.key] for hit in hits], dtype=np.int64),
        most_added=most_added,
        rng=rng,
    )
    return [
        Thinned(draw=hit.key, stands_for=float(each))
        for hit, each in zip(hits, stands_for, strict=True)
    ]
