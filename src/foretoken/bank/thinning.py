"""Leave light hits of a bank out of what every checkpoint scores."""

import numpy as np

from foretoken.bank.hits import Densities, TypeBank, read_bank, read_densities
from foretoken.estimate.thin import thin
from foretoken.records import Thinned
from foretoken.store.run import Run
from foretoken.work.scoring import distinct_texts
from foretoken.work.seeds import part_seed


def thin_round(run: Run, *, step: int, most_added: float, seed: int) -> None:
    """Choose, once, which hits of one round checkpoints will score.

    Args:
        run: With a bank, whose hits of this round are all scored under its voices.
        step: That the round was drawn around.
        most_added: See `thin`; 0: all hits stay.
        seed: Of the run.

    Raises:
        ScoringError: A hit has no score.
    """
    part = f"bank-step-{step:06d}"
    if not most_added or run.has_part(part, Thinned):
        return
    densities = read_densities(run, [step])[step]
    found: list[Thinned] = []
    for each in read_bank(run, last=step).types:
        rng = np.random.default_rng(part_seed(seed, f"thin-{step}-{each.exploit_type}"))
        found += _thin_type(each, densities, step=step, most_added=most_added, rng=rng)
    run.append(found, part=part, kind=Thinned)


def _thin_type(
    bank: TypeBank,
    densities: Densities,
    *,
    step: int,
    most_added: float,
    rng: np.random.Generator,
) -> list[Thinned]:
    fresh = np.array([hit.step == step for hit in bank.hits], dtype=np.bool_)
    hits = [hit for hit in bank.hits if hit.step == step]
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
