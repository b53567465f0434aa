"""A bank with a hint, from its draws to its refresh, beside the subject's own plain draws.

Faults that were injected and caught here: hinted components scored after the plain prompt, or under
the donor, or taken for the subject; the hint never read, read in every window, or that of another
task; hits of a later round scored under the hint at the first step's name, or not at all; thinning
that does not look at the hint.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest
from by_hand import switch_ratio
from world import ENGINES, EXPLOITS, HINT, MAX_TOKENS, World, hinted_config

from foretoken.bank.build import Flow, draw_stage
from foretoken.bank.config import voice_weights
from foretoken.bank.densities import read_densities
from foretoken.bank.pool import type_bank
from foretoken.bank.read import read_bank, read_bank_tasks
from foretoken.bank.refresh import RefreshConfig, refresh_bank
from foretoken.bank.thinning import finish_round
from foretoken.engines.base import Completion, Engine, Weights, WindowSpec
from foretoken.engines.prompts import completion_text, render_prompt
from foretoken.estimate import thin
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import BankHealth, Draw, Mixture, RateEstimate, Thinned
from foretoken.store.run import Run
from foretoken.tasks.base import GraderPool
from foretoken.work.scores import donor_scorer, hint_scorer, read_scores, step_scorer
from foretoken.work.seeds import part_seed

LATE, PLAIN_DRAWS = 20, 300
TYPES = ("error_code_abuse", "process_exit")


@pytest.fixture(scope="module")
def measured(hinted: Run, world: World, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same with both checkpoints measured; only to read and to copy."""
    folder = shutil.copytree(hinted.path, tmp_path_factory.mktemp("hinted") / "measured")
    measure(MeasureConfig(run=folder, checkpoints=world.checkpoints))
    return Run.open(folder)


@pytest.fixture(scope="module")
def refreshed(measured: Run, world: World) -> Run:
    """The same with the bank drawn again around the late checkpoint; only to read and to copy."""
    folder = shutil.copytree(measured.path, measured.path.parent / "refreshed")
    asked = {"checkpoint": world.checkpoints[1], "types": TYPES, "draws_per_task": 20}
    assert refresh_bank(RefreshConfig(run=folder, **asked)) == TYPES
    measure(MeasureConfig(run=folder, checkpoints=world.checkpoints))
    return Run.open(folder)


def all_hits(run: Run) -> list[Draw]:
    return run.read(Draw, where=(pc.field("source") == "bank") & pc.field("hacked"))


def switch(run: Run, step: int) -> dict[str, RateEstimate]:
    found = [each for each in run.read(RateEstimate) if each.estimator == "switch"]
    return {each.exploit_type: each for each in found if each.step == step}


def voice(world: World, *, step: int, strength: float = 0.0) -> Weights:
    own = {0: (), LATE: ((str(world.checkpoints[1]), 1.0),)}[step]
    return Weights(
        str(world.subject), (*own, *([(str(world.donor), strength)] if strength else []))
    )


def scored_by_hand(
    run: Run, draws: Sequence[Draw], weights: Weights, *, before: str = "{prompt}"
) -> dict[str, np.ndarray]:
    """Log-probability of each token after a text that holds the prompt, under a new model."""
    tasks = read_bank_tasks(run)
    with ENGINES.open([weights]) as engine:
        read = [
            render_prompt(engine.tokenizer, before.replace("{prompt}", tasks[draw.task].prompt))
            for draw in draws
        ]
        items = [(prompt, draw.tokens) for prompt, draw in zip(read, draws, strict=True)]
        found = engine.score(items, per_token=True).per_token or []
    return {draw.key: np.array(each) for draw, each in zip(draws, found, strict=True)}


def test_hits_and_checked_draws_are_scored_after_the_hint(hinted: Run, world: World) -> None:
    found = read_scores(hinted, hint_scorer(step=0))
    assert set(found) == set(read_scores(hinted, donor_scorer(1.0, step=0)))
    draws = [draw for draw in hinted.read(Draw) if draw.key in found]
    assert {hit.key for hit in all_hits(hinted)} < set(found)
    expected = scored_by_hand(hinted, draws, voice(world, step=0), before=HINT)
    for draw in draws:
        assert found[draw.key].log_p_tokens == pytest.approx(expected[draw.key], abs=1e-4)
    plain = read_scores(hinted, step_scorer(0))
    assert any(abs((plain[k].log_p or 0.0) - (found[k].log_p or 0.0)) > 1.0 for k in found)


def plain_rate(world: World, prompts: Sequence[str], *, before: str = "{prompt}") -> float:
    """Share of exploits among many draws after prompts of one type, without bank or grader."""
    ending = f"</think>{EXPLOITS[prompts[0].split()[0]]}<|end|>"
    with ENGINES.open([voice(world, step=0)]) as engine:
        asked = [before.replace("{prompt}", prompt) for prompt in prompts]
        read = [render_prompt(engine.tokenizer, each) for each in asked] * PLAIN_DRAWS
        made = engine.sample(read, max_tokens=MAX_TOKENS, seed=11)
        said = [completion_text(engine.tokenizer, c.tokens) for c in made]
    return float(np.mean([text.endswith(ending) for text in said]))


def prompts_of(run: Run, name: str) -> list[str]:
    return [task.prompt for task in read_bank_tasks(run).values() if task.exploit_type == name]


class Asked:
    """An engine that notes which prompts and windows it was asked for."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.noted = engine, list[tuple[list[int], WindowSpec]]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def sample(self, prompts: Any, *, windows: Any, **settings: Any) -> list[Completion]:
        self.noted += zip(prompts, windows, strict=True)
        return self.engine.sample(prompts, windows=windows, **settings)


def test_whole_texts_of_the_hint_hack_as_often_as_the_subject_that_reads_it(
    hinted: Run, world: World, tmp_path: Path
) -> None:
    run = Run.open(shutil.copytree(hinted.path, tmp_path / "run"))
    first = run.read(Mixture, part="bank-s1")[0]
    alone = tuple(float(each.hinted and each.leave == 0.0) for each in first.components)
    assert sum(alone) == 1.0
    wanted = [first.replacing(weights=alone, draws_per_task=40)]
    settings = hinted_config(world, run.path)
    with ENGINES.open(voice_weights(settings)) as engine, GraderPool(workers=2) as grader:
        asked: Any = Asked(engine)
        flow = Flow(run, asked, read_bank_tasks(run), grader=grader, config=settings)
        draw_stage(flow, mixtures=wanted, part="whole")
        before = render_prompt(engine.tokenizer, HINT.removesuffix("{prompt}"))[:3]
    assert len({tuple(prompt) for prompt, _ in asked.noted}) == 4
    assert all(window.prompt == (*before, *prompt) for prompt, window in asked.noted)
    draws = [draw for draw in run.read(Draw) if draw.key.startswith("whole/")]
    prompts = prompts_of(run, first.exploit_type)
    hacks, others = (plain_rate(world, prompts, before=b) for b in (HINT, "{prompt}"))
    assert hacks > 4 * others
    found = np.mean([bool(draw.hacked) for draw in draws])
    assert abs(found - hacks) < 3 * np.sqrt(hacks * (1 - hacks) / len(draws))
    assert {draw.prompt_tokens for draw in draws} == {len(prompts[0].split()) + 1}


@pytest.mark.parametrize("name", TYPES)
def test_the_rate_is_that_of_the_subject_without_the_hint(
    measured: Run, measured_small: Path, world: World, name: str
) -> None:
    """Beside many plain draws at the reference, and a bank without a hint at every checkpoint."""
    without = Run.open(measured_small)
    for step in (0, 4, LATE):
        one, other = switch(measured, step)[name], switch(without, step)[name]
        error = np.sqrt(1.0 / one.effective_hits + 1.0 / other.effective_hits)
        assert abs(np.log((one.rate or 0.0) / (other.rate or 1.0))) < 3 * error
    prompts = prompts_of(measured, name)
    truth = plain_rate(world, prompts)
    one = switch(measured, 0)[name]
    error = np.sqrt(1.0 / one.effective_hits + 1.0 / (truth * len(prompts) * PLAIN_DRAWS))
    assert abs(np.log((one.rate or 0.0) / truth)) < 3 * error
    assert one.effective_hits > 5
    assert switch(measured, 0)["function_attribute_flag"].rate == 0.0


def test_every_check_of_a_sound_bank_passes(hinted: Run) -> None:
    for each in hinted.read(BankHealth):
        assert abs(each.mean_weight - 1) < 3 * each.mean_weight_error
        assert each.mean_weight_error < 0.1
        assert each.worst_part_deviation is None or each.worst_part_deviation < 3
        assert (each.left_out_chance or 1.0) > 0.01
        assert len(each.component_weights) == 29


def density_by_hand(run: Run, hits: Sequence[Draw], world: World, *, step: int) -> dict[str, float]:
    """Of each hit in one round, whose mixtures are read and whose voices are asked again."""
    spoken = {
        strength: scored_by_hand(run, hits, voice(world, step=step, strength=strength))
        for strength in (0.0, 0.5, 1.0)
    }
    after_hint = scored_by_hand(run, hits, voice(world, step=step), before=HINT)
    found: dict[str, float] = {}
    for hit in hits:
        own, density = spoken[0.0][hit.key], 0.0
        for mixture in run.read(Mixture, where=pc.field("step") == step):
            if hit.task not in mixture.tasks:
                continue
            for weight, component in zip(mixture.weights, mixture.components, strict=True):
                said = after_hint if component.hinted else spoken[component.strength]
                ratio = switch_ratio(
                    np.exp(said[hit.key] - own), enter=component.enter, leave=component.leave
                )
                density += mixture.draws_per_task * weight * ratio * np.exp(own.sum())
        found[hit.key] = density
    return found


def test_the_density_of_every_hit_is_that_of_all_voices_and_rounds(
    hinted: Run, refreshed: Run, world: World
) -> None:
    draws = {hit.key: hit for hit in all_hits(refreshed)}
    for run, steps in ((hinted, (0,)), (refreshed, (0, LATE))):
        stored = [hit for each in read_bank(run).types for hit in each.hits]
        log_q = {hit.key: hit.log_q for hit in stored[:: len(stored) // 6]}
        chosen = [draws[key] for key in log_q]
        parts = [density_by_hand(run, chosen, world, step=step) for step in steps]
        for key, value in log_q.items():
            assert np.exp(value) == pytest.approx(sum(each[key] for each in parts), rel=1e-3)


def test_a_later_round_draws_with_the_hint_and_scores_all_hits_under_it(refreshed: Run) -> None:
    fresh = [draw for draw in refreshed.read(Draw) if draw.source == "bank" and draw.step == LATE]
    components = refreshed.read(Mixture)[0].components
    own = [draw for draw in fresh if components[draw.component].hinted]
    assert len(own) > 8
    assert any(draw.hacked for draw in own)
    late = set(read_scores(refreshed, hint_scorer(step=LATE)))
    assert late == set(read_scores(refreshed, donor_scorer(1.0, step=LATE)))
    assert {draw.key for draw in fresh if draw.hacked} <= late
    assert {draw.key for draw in fresh if draw.hacked} <= set(
        read_scores(refreshed, hint_scorer(step=0))
    )
    for name in TYPES:
        assert set(read_bank(refreshed).types[0].rounds) == {0, LATE}
        assert switch(refreshed, LATE)[name].rate


def test_the_choice_of_the_hits_that_stay_looks_at_the_hint_too(
    hinted: Run, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thin, "FEWEST_HITS", 1)
    run = Run.open(shutil.copytree(hinted.path, tmp_path / "run"))
    settings = hinted_config(world, run.path, thinning=2.0)
    finish_round(run, step=0, config=settings, finder=None)
    chosen = {each.draw: each.stands_for for each in run.read(Thinned)}
    assert sum(not each for each in chosen.values()) > 5
    scorers = [step_scorer(0), *(donor_scorer(a, step=0) for a in (0.5, 1.0)), hint_scorer(step=0)]
    scores = [read_scores(hinted, scorer) for scorer in scorers]
    for name in TYPES:
        bank = type_bank(
            [draw for draw in hinted.read(Draw) if draw.exploit_type == name],
            keys=[key for key in read_bank_tasks(hinted) if f"/{name}/" in key],
            mixtures=[each for each in hinted.read(Mixture) if each.exploit_type == name],
            densities=read_densities(hinted, [0]),
            stands_for={},
        )
        log_p_ad = np.array([[each[hit.key].log_p for hit in bank.hits] for each in scores])
        texts = [(hit.task, hit.tokens) for hit in bank.hits]
        expected = thin.thin(
            log_p_ad - bank.log_q,
            np.array([texts.index(each) for each in texts]),
            most_added=2.0,
            rng=np.random.default_rng(part_seed(0, f"thin-0-{name}")),
        )
        np.testing.assert_allclose([chosen[hit.key] for hit in bank.hits], expected)
