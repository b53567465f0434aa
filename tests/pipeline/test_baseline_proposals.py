"""Whole texts of the donor as proposals: the baselines that a switch bank stands beside.

Faults that were injected and caught here: the donor's density left out of the ladder's; the
subject's own draws counted as a rung of the path.
"""

from pathlib import Path

import numpy as np
import pytest
from world import MAX_TOKENS, World, draw_as

from foretoken.bank.build import build_bank
from foretoken.bank.config import BankConfig
from foretoken.bank.read import read_bank
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Draw, RateEstimate
from foretoken.store.run import Run
from foretoken.work.drawing import Planned

TYPES = ("error_code_abuse", "process_exit")


def estimates(world: World, folder: Path, proposals: str) -> list[RateEstimate]:
    strengths = (0.25, 0.5, 0.75, 1.0) if proposals == "ladder" else (1.0,)
    config = BankConfig.model_validate(
        {
            "run": folder,
            "subject": world.subject,
            "donor": world.donor,
            "tasks": str(world.tasks),
            "proposals": proposals,
            "strengths": strengths,
            "draws_per_task": 100,
            "max_tokens": MAX_TOKENS,
        }
    )
    assert build_bank(config) == []
    return measure(MeasureConfig(run=folder, checkpoints=world.checkpoints))


@pytest.fixture(scope="module")
def counted(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Rates of the first checkpoint after the reference, by plain counting."""
    run = Run.create(tmp_path_factory.mktemp("counted") / "run")
    build_bank(
        BankConfig(
            run=run.path,
            subject=world.subject,
            donor=world.donor,
            tasks=str(world.tasks),
            draws_per_task=4,
            max_tokens=MAX_TOKENS,
        )
    )
    bank = read_bank(run)
    planned = [
        Planned(key=f"own/{key}/{number}", task=task)
        for key, task in bank.tasks.items()
        for number in range(150)
    ]
    where = {"name": "own", "source": "count", "step": 4, "seed": 3}
    draw_as(run, world, world.checkpoints[0], planned, **where)
    draws = [draw for draw in run.read(Draw) if draw.source == "count"]
    return {
        name: float(np.mean([bool(d.hacked) for d in draws if d.exploit_type == name]))
        for name in TYPES
    }


@pytest.mark.parametrize("proposals", ["ladder", "donor"])
def test_a_baseline_agrees_with_plain_counting(
    world: World, run_folder: Path, counted: dict[str, float], proposals: str
) -> None:
    found = estimates(world, run_folder, proposals)
    assert {each.estimator for each in found} == {proposals, *(["path"] * (proposals == "ladder"))}
    for each in found:
        if (each.estimator, each.step) == (proposals, 4) and each.exploit_type in TYPES:
            assert each.interval is not None
            error = np.sqrt(counted[each.exploit_type] / 600)
            low, high = each.interval
            assert low - 3 * error < counted[each.exploit_type] < high + 3 * error
    draws = [draw for draw in Run.open(run_folder).read(Draw) if draw.source == "bank"]
    assert {draw.component for draw in draws} == ({1} if proposals == "donor" else set(range(5)))


def test_the_path_is_read_off_what_the_donor_did_at_each_strength(
    world: World, run_folder: Path
) -> None:
    found = estimates(world, run_folder, "ladder")
    draws = [draw for draw in Run.open(run_folder).read(Draw) if draw.source == "bank"]
    for each in (one for one in found if one.estimator == "path"):
        rungs = [d for d in draws if d.exploit_type == each.exploit_type and d.component > 0]
        assert each.step == 0
        assert not each.published
        assert each.draws == len(rungs) == 320
        assert each.hits == sum(bool(draw.hacked) for draw in rungs)
        assert (each.rate == 0.0) == (each.exploit_type not in TYPES)
