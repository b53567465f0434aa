"""Self-checks of a bank on the tiny world, with right and with spoilt scores.

Faults that were injected and caught here: no look at the end token; a score that left it out; a
control compared the other way round; hits of the subject counted as the donor's.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner
from world import MAX_TOKENS, World, bank_config

from foretoken.bank.build import build_bank
from foretoken.bank.checks import require_whole
from foretoken.bank.control import ControlConfig, check_control
from foretoken.bank.read import read_bank
from foretoken.cli.main import app
from foretoken.errors import ScoringError, SetupError, StoreError
from foretoken.estimate.doubts import health_doubts
from foretoken.records import (
    BankHealth,
    ControlCheck,
    ControlStanding,
    Doubt,
    Draw,
    Sampling,
    Score,
    Spoken,
)
from foretoken.store import layout
from foretoken.store.run import Run

ENOUGH = {"draws_per_task": 80, "effective_hits": 1000}


@pytest.fixture(scope="module")
def built(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checked") / "run"
    build_bank(bank_config(world, folder, **ENOUGH))
    return folder


@pytest.fixture
def run(built: Path, tmp_path: Path) -> Run:
    shutil.copytree(built, tmp_path / "run")
    return Run.open(tmp_path / "run")


def spoil(run: Run, change: Callable[[Score], Score]) -> None:
    """Change every stored score, and forget the checks."""
    for part in run.parts(Score):
        run.append([change(each) for each in run.read(Score, part=part)], part=part, replace=True)
    layout.part_path(run.path, BankHealth, "bank-health").unlink()


def shifted(*scorers: str) -> Callable[[Score], Score]:
    """Six nats more under these scorers, at the first token."""

    def change(score: Score) -> Score:
        if score.scorer not in scorers or not score.log_p_tokens or score.log_p is None:
            return score
        first, *others = score.log_p_tokens
        moved = {"log_p": score.log_p + 6, "log_p_tokens": (first + 6, *others)}
        return score.model_copy(update=moved)

    return change


def test_a_sound_bank_passes_every_check(run: Run) -> None:
    health = run.read(BankHealth)
    assert len(health) == 3
    for each in health:
        assert health_doubts(each) in ([], [Doubt.LOW_DONOR_YIELD])
        assert each.worst_part_deviation is not None
        assert each.ended_share is not None
        assert 0.9 < each.ended_share <= 1.0
        assert (each.left_out is None) is (each.hits == 0)
    assert any(each.left_out_chance is not None for each in health)


def test_donor_scores_of_another_model_are_doubted(run: Run, world: World) -> None:
    spoil(run, shifted("donor:1:0"))
    health = build_bank(bank_config(world, run.path, **ENOUGH))
    assert all(Doubt.WEIGHTS_OFF_ONE in health_doubts(each) for each in health)
    hacked = [each for each in health if each.hits > 50]
    assert hacked
    assert all(Doubt.COMPONENTS_DISAGREE in health_doubts(each) for each in hacked)


def test_a_score_without_the_end_token_names_its_draw(run: Run) -> None:
    key = next(each.draw for each in run.read(Score) if each.log_p_tokens)

    def shortened(score: Score) -> Score:
        tokens = score.log_p_tokens or ()
        return score.model_copy(update={"log_p_tokens": tokens[:-1]} if score.draw == key else {})

    spoil(run, shortened)
    with pytest.raises(ScoringError, match=f"{key} has .* tokens, end token included, but"):
        build_bank(bank_config(built_world(run), run.path, **ENOUGH))


def built_world(run: Run) -> World:
    saved = run.read_config()["bank"]
    return World(Path(saved["subject"]), Path(saved["donor"]), (), Path(saved["tasks"]))


def draw(tokens: tuple[int, ...], *, ended: bool) -> Draw:
    return Draw(
        key="bank-s1/tiny/0", source="bank", task="tiny", exploit_type="tiny", step=0,
        tokens=tokens, ended=ended, prompt_tokens=3, reasoning="", answer="",
        sampling=Sampling(max_tokens=MAX_TOKENS),
    )  # fmt: skip


@pytest.mark.parametrize(
    "tokens, ended",
    [
        ((5, 6), True),
        ((2, 5, 2), True),
        ((5, 2, 6), True),
        ((5, 6), False),
        ((5,) * 7 + (2,), False),
    ],
)
def test_an_end_token_that_is_missing_or_in_the_middle_is_refused(
    tokens: tuple[int, ...], ended: bool
) -> None:
    with pytest.raises(ScoringError, match=r"tiny/0 has .* end token must be counted once"):
        require_whole([draw(tokens, ended=ended)], end_tokens={2})


def test_whole_draws_and_draws_cut_at_the_limit_pass() -> None:
    whole = [draw((5, 6, 2), ended=True), draw((5, 7), ended=True), draw((5,) * 8, ended=False)]
    assert require_whole(whole, end_tokens={2, 7}) is None


def control(run: Run, world: World, **changes: object) -> ControlConfig:
    settings = {"run": run.path, "name": "same", "donor": world.donor, "draws_per_task": 60}
    return ControlConfig.model_validate(settings | changes)


def test_a_control_agrees_with_a_sound_bank_and_is_continued(run: Run, world: World) -> None:
    checks = check_control(control(run, world, types=("process_exit",)))
    assert [each.exploit_type for each in checks] == ["process_exit"]
    assert checks[0].standing is ControlStanding.AGREES
    assert checks[0].hits > 0
    assert checks[0].interval is not None
    assert checks[0].main_interval is not None
    assert checks[0].interval[0] < checks[0].main_interval[1]
    assert checks[0].main_interval[0] < checks[0].interval[1]
    words = ["bank", "control", "same", "--run", str(run.path), "--donor", str(world.donor)]
    shown = CliRunner().invoke(app, [*words, "--draws-per-task", "60", "--types", "process_exit"])
    assert shown.exit_code == 0
    assert f"No rate is higher with the control donor same. Next: foretoken report {run.path}" in (
        shown.output.replace("\n", " ")
    )
    assert "agrees" in shown.output
    assert run.read(ControlCheck) == checks
    assert not any(each.health and each.health.control_higher for each in read_bank(run).types)


def test_a_bank_whose_control_finds_more_is_doubted(run: Run, world: World) -> None:
    checks = check_control(control(run, world, name="first"))
    assert all(each.standing is not ControlStanding.HIGHER for each in checks)
    spoil(run, shifted("donor:0.5:0", "donor:1:0"))
    build_bank(bank_config(world, run.path, **ENOUGH))
    checks = check_control(control(run, world))
    higher = {each.exploit_type for each in checks if each.standing is ControlStanding.HIGHER}
    assert higher == {"error_code_abuse", "process_exit"}
    for each in read_bank(run).types:
        assert (Doubt.CONTROL_HIGHER in health_doubts(each.health)) is (each.exploit_type in higher)


def test_controls_of_unknown_types_or_with_a_path_for_a_name_are_refused(
    run: Run, world: World
) -> None:
    with pytest.raises(SetupError, match="no type 'absent': it has error"):
        check_control(control(run, world, types=("absent",)))
    with pytest.raises(StoreError, match="cannot name a control"):
        check_control(control(run, world, name="../other"))


def test_self_checks_count_the_donors_hits_of_each_kind_and_all_draws_that_end(run: Run) -> None:
    draws = [draw for draw in run.read(Draw) if draw.source == "bank"]
    health = {each.exploit_type: each for each in run.read(BankHealth)}
    assert any(each.donor_kinds for each in health.values())
    assert any(draw.hacked and not draw.component for draw in draws)
    for name, each in health.items():
        own = [draw for draw in draws if draw.exploit_type == name]
        by_donor = [draw for draw in own if draw.hacked and draw.component]
        counted = {one.kind: one.hits for one in each.donor_kinds}
        wanted = {kind: sum(draw.spoken is kind for draw in by_donor) for kind in Spoken}
        assert counted == (wanted if by_donor else {})
        assert each.reasoned_share == np.mean([bool(draw.reasoning) for draw in own])
        assert each.ended_share == np.mean([draw.ended for draw in own])
        spontaneous = [draw for draw in own if draw.hacked and not draw.component]
        assert sum(one.hits for one in each.uncovered_kinds) == len(spontaneous)
        if each.uncovered_spontaneous is not None:
            missed = sum(one.hits * (one.share or 0.0) for one in each.uncovered_kinds)
            assert missed == pytest.approx(each.uncovered_spontaneous * len(spontaneous))
