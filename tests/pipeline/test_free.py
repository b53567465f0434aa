"""Rollouts on the bank's tasks join the bank, exactly.

Faults that were injected and caught here: rollouts left out of the density of the bank's own hits;
the bank left out of the density of rollouts; draws without a hack left out of the counts; rollouts
of other steps used; rollouts that joined counted a second time; rollouts that stand for others
taken for one each; only those counted as the subject's own hacks.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from by_hand import switch_ratio
from world import World, draw_as

from foretoken.bank import rollouts as free
from foretoken.bank.pool import Hit, TypeBank
from foretoken.bank.read import read_bank
from foretoken.bank.rollouts import FreeRollouts, bank_density, pooled, read_rollouts
from foretoken.errors import MismatchError
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.pipeline.probable import subject_counts
from foretoken.records import BankHit, Draw, RateEstimate
from foretoken.store.run import Run
from foretoken.work.drawing import Planned
from foretoken.work.own import read_own_draws
from foretoken.work.scores import donor_scorer, read_log_p, read_scores, step_scorer

LATE = 20
EACH = 30


@pytest.fixture(scope="module")
def made(
    world: World, copy_measured: Callable[[Path], Run], tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """A small bank, measured without rollouts; then rollouts of two checkpoints are there."""
    run = copy_measured(tmp_path_factory.mktemp("free") / "run")
    bank = read_bank(run)
    for step, checkpoint in ((4, world.checkpoints[0]), (LATE, world.checkpoints[1])):
        planned = [
            Planned(key=f"rollout/{step}/{key}/{number}", task=task)
            for key, task in bank.tasks.items()
            for number in range(EACH)
        ]
        name = f"rollout-{step:06d}"
        draw_as(run, world, checkpoint, planned, name=name, source="rollout", step=step)
    return run


def rollouts_at(run: Run, step: int) -> FreeRollouts:
    own = read_own_draws(run, "rollout", steps=[step])
    return read_rollouts(run, read_bank(run), own, step=step)


def joined_bank(run: Run, each: TypeBank[BankHit], step: int) -> TypeBank[Hit]:
    rollouts = rollouts_at(run, step)
    return pooled(
        each,
        rollouts,
        density=bank_density(run, read_bank(run), rollouts),
        scores=read_log_p(run, step_scorer(step)),
    )


def switch(run: Run) -> dict[tuple[str, int], RateEstimate]:
    found = [each for each in run.read(RateEstimate) if each.estimator == "switch"]
    return {(each.exploit_type, each.step): each for each in found}


@pytest.fixture(scope="module")
def joined(made: Run, world: World) -> tuple[dict[tuple[str, int], RateEstimate], ...]:
    before = switch(made)
    measure(MeasureConfig(run=made.path, checkpoints=world.checkpoints))
    return before, switch(made)


def test_rollouts_count_at_their_own_step_alone(
    made: Run, joined: tuple[dict[tuple[str, int], RateEstimate], ...]
) -> None:
    before, after = joined
    hits = [draw for draw in made.read(Draw) if draw.source == "rollout" and draw.hacked]
    for (name, step), each in after.items():
        old = before[name, step]
        assert each.draws - old.draws == {0: 0, 4: 4 * EACH, LATE: 4 * EACH}[step]
        known = [hit for hit in hits if hit.exploit_type == name and hit.step == step]
        assert each.hits - old.hits == len(known)
        if step == 0:
            assert (each.rate, each.hits) == (old.rate, old.hits)
    late = after["error_code_abuse", LATE]
    assert late.effective_hits > before["error_code_abuse", LATE].effective_hits + 10


def test_the_joined_rate_agrees_with_the_rollouts_alone(
    made: Run, joined: tuple[dict[tuple[str, int], RateEstimate], ...]
) -> None:
    _, after = joined
    for name in ("error_code_abuse", "process_exit"):
        draws = [
            draw.hacked
            for draw in made.read(Draw)
            if (draw.source, draw.step, draw.exploit_type) == ("rollout", LATE, name)
        ]
        assert len(draws) == 4 * EACH
        error = np.sqrt(np.mean(draws) * (1 - np.mean(draws)) / len(draws))
        assert after[name, LATE].rate == pytest.approx(np.mean(draws), abs=4 * error)


@pytest.mark.usefixtures("joined")
@pytest.mark.parametrize("step", [4, LATE])
def test_the_density_of_every_hit_is_that_of_all_draws_behind_it(made: Run, step: int) -> None:
    bank = read_bank(made)
    rollouts = rollouts_at(made, step)
    reference, own = read_scores(made, step_scorer(0)), read_scores(made, step_scorer(step))
    donors = {a: read_scores(made, donor_scorer(a, step=0)) for a in (0.5, 1.0)}
    assert rollouts.hits
    for each in bank.types:
        whole = joined_bank(made, each, step)
        assert len(whole.hits) == len(each.hits) + sum(
            hit.exploit_type == each.exploit_type for hit in rollouts.hits
        )
        for hit, log_q, task in zip(whole.hits, whole.log_q, whole.task, strict=True):
            said = reference[hit.key]
            density = 0.0
            for count, component in zip(
                each.rounds[0].counts_xm[task], bank.components, strict=True
            ):
                ratio = 1.0
                if component.strength:
                    donor = donors[component.strength][hit.key].log_p_tokens or ()
                    steps = np.exp(np.subtract(donor, said.log_p_tokens or ()))
                    ratio = switch_ratio(steps, enter=component.enter, leave=component.leave)
                density += count * ratio * np.exp(said.log_p)
            density += EACH * np.exp(own[hit.key].log_p)
            assert np.exp(log_q) == pytest.approx(density, rel=1e-6)


@pytest.mark.usefixtures("joined")
def test_where_many_rollouts_hack_some_stand_for_all(
    made: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = read_bank(made)
    every = rollouts_at(made, LATE)
    assert set(every.stands_for.values()) == {1.0}
    monkeypatch.setattr(free, "MOST_HITS", 12)
    some = rollouts_at(made, LATE)
    for each in bank.types:
        assert some.own_counts(each) == every.own_counts(each)
        hits = [hit for hit in some.hits if hit.exploit_type == each.exploit_type]
        hacks, _ = every.own_counts(each)
        assert len(hits) == min(12, hacks)
        assert sum(some.stands_for[hit.key] for hit in hits) == pytest.approx(hacks)
        joined = joined_bank(made, each, LATE)
        expected = [some.stands_for.get(hit.key, 1.0) for hit in joined.hits]
        np.testing.assert_allclose(joined.stands_for, expected)
    assert max(some.stands_for.values()) > 2


@pytest.mark.usefixtures("joined")
def test_rollouts_that_were_sampled_otherwise_are_refused(made: Run) -> None:
    bank = read_bank(made)
    cut = bank.sampling.model_copy(update={"max_tokens": 5})
    own = read_own_draws(made, "rollout", steps=[4])
    with pytest.raises(MismatchError, match=r"--no-rollouts.*max_tokens 5 against 8"):
        read_rollouts(made, replace(bank, sampling=cut), own, step=4)


def test_counts_hold_earlier_rollouts_and_not_those_that_joined_the_bank(made: Run) -> None:
    rollouts = read_own_draws(made, "rollout", steps=range(LATE + 1))
    bank = read_bank(made)
    for each in bank.types:
        own = rollouts.groups(each.exploit_type, frozenset(bank.tasks))
        apart = subject_counts(own, joined=(0, 0), step=LATE)
        joined = subject_counts(own, joined=rollouts_at(made, LATE).own_counts(each), step=LATE)
        drawn = len(each.tasks) * EACH
        assert apart.draws.sum() == 2 * drawn
        assert joined.draws.sum() == drawn
        assert joined.draws[joined.step == LATE].tolist() == [0]
        assert joined.hits[joined.step == LATE].tolist() == [0]
        early, _ = rollouts.at([4]).counts(each.exploit_type)
        assert joined.hits[joined.step == 4].tolist() == [early]


def test_every_estimate_says_what_is_probable(
    joined: tuple[dict[tuple[str, int], RateEstimate], ...],
) -> None:
    for found in joined:
        for each in found.values():
            assert each.probable is not None
            median, low, high = each.probable
            assert 0 < low < median < high < 1
