"""What a bank costs is said before it is drawn, and can be made less."""

import re
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner
from world import EXPLOITS, MAX_TOKENS, World, bank_config

from foretoken.bank.build import build_bank
from foretoken.bank.outlook import chosen_tasks, outlook, plan_bank
from foretoken.bank.trial import bank_plan
from foretoken.cli.main import app
from foretoken.errors import MismatchError, SetupError
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.pipeline.trial import measure_plan
from foretoken.records import Draw, Mixture, RateEstimate, Score
from foretoken.store.run import Run
from foretoken.tasks.load import load_tasks
from foretoken.work.plan import tell_plan

HACKS = "error_code_abuse"


def words(world: World, run: Path) -> list[str]:
    options = {"--subject": world.subject, "--donor": world.donor, "--tasks": world.tasks}
    flags = [str(word) for pair in options.items() for word in pair]
    return ["bank", "build", "--run", str(run), *flags]


def test_a_dry_run_says_what_would_be_drawn_and_writes_nothing(
    world: World, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    fits = tmp_path / "bank.toml"
    fits.write_text(f"max_tokens = {MAX_TOKENS}\n")
    dry = ["--config", str(fits), "--dry-run"]
    said = CliRunner().invoke(app, [*words(world, run), *dry, "--price-per-hour", "2.5"])
    assert said.exit_code == 0, said.output
    assert "12 tasks of 3 types: at most 1,440 draws (168, 312, 960 by stage)" in said.stdout
    assert "of at most 8 tokens, 11,520 in all" in said.stdout
    assert re.search(r"Time: at most about .*, where 60 draws took [\d.]+ s just now", said.stdout)
    assert "an hour" in said.stdout
    assert said.stdout.endswith("Nothing was drawn, trained or written.\n")
    assert not run.exists()
    fewer = ["--types", HACKS, "--types", "process_exit", "--limit", "2", *dry]
    said = CliRunner().invoke(app, [*words(world, run), *fewer])
    assert "4 tasks of 2 types: at most 480 draws" in said.stdout
    assert "Cost: not known without the price of this machine" in said.stdout
    assert not run.exists()
    refused = CliRunner().invoke(app, [*words(world, run), "--types", "nonesuch", "--dry-run"])
    assert refused.exit_code == 2
    assert "nonesuch" in refused.stderr


def test_a_dry_run_refuses_what_the_bank_would_refuse(world: World, tmp_path: Path) -> None:
    run = tmp_path / "run"
    refused = CliRunner().invoke(app, [*words(world, run), "--dry-run"])
    assert refused.exit_code == 2
    assert "of at most 160 tokens, 230,400 in all" in refused.stdout
    assert "lower max_tokens" in refused.stderr
    assert not run.exists()


def test_a_dry_run_of_a_finished_bank_says_that_nothing_is_left(
    world: World, run_folder: Path
) -> None:
    config = bank_config(world, run_folder, limit=1)
    plan = bank_plan(config)
    assert plan.items == plan_bank(config).draws
    build_bank(config)
    before = sorted(path for path in run_folder.rglob("*"))
    lines: list[str] = []
    tell_plan(bank_plan(config), lines.append, price_per_hour=None)
    assert "of them are made." in lines[0]
    assert lines[1].startswith("Nothing is left to do.")
    assert sorted(path for path in run_folder.rglob("*")) == before


def test_what_measuring_would_score_is_what_it_scores(world: World, run_folder: Path) -> None:
    build_bank(bank_config(world, run_folder, limit=2))
    config = MeasureConfig(run=run_folder, checkpoints=world.checkpoints)
    plan = measure_plan(config)
    assert plan.words.startswith("3 of 3 checkpoints are not measured yet: each scores ")
    lines: list[str] = []
    tell_plan(plan, lines.append, price_per_hour=3600.0)
    assert re.match(r"Time: at most about \d+ s on this machine, where [\d,]+ tokens", lines[1])
    assert "an hour" in lines[2]
    assert not Run.open(run_folder).read(RateEstimate)
    measure(config)
    scores = Run.open(run_folder).read(Score, within="step:4")
    texts = int(re.findall(r"each scores ([\d,]+) texts", plan.words)[0].replace(",", ""))
    assert sum(each.scored_tokens > 0 for each in scores) == texts
    assert measure_plan(config).items == 0
    assert "0 of 3 checkpoints" in measure_plan(config).words


def test_a_bank_of_fewer_tasks_draws_no_more_than_was_said_and_says_how_long_it_takes(
    world: World, run_folder: Path
) -> None:
    config = bank_config(world, run_folder, types=(HACKS,), limit=3, third_stage=2.0)
    lines: list[str] = []
    build_bank(config, say=lines.append)
    plan, pace = lines
    found = plan_bank(config)
    assert plan == str(found)
    assert "for the first stage, at most about" in pace
    run = Run.open(run_folder)
    draws = run.read(Draw)
    assert {draw.exploit_type for draw in draws} == {HACKS}
    assert len({draw.task for draw in draws}) == 3
    by_stage = Counter(draw.stage for draw in draws)
    assert by_stage[1] == found.stages[0]
    assert all(by_stage[stage] <= found.stages[stage - 1] for stage in (2, 3))
    build_bank(config, say=lines.append)
    assert len(lines) == 2
    with pytest.raises(MismatchError, match="limit 3 against 2"):
        build_bank(config.replacing(limit=2))


def test_baselines_draw_everything_in_the_first_stage(world: World, run_folder: Path) -> None:
    config = bank_config(world, run_folder, proposals="donor")
    assert plan_bank(config).stages == (12 * 20,)
    build_bank(config.replacing(limit=1))
    mixtures = Run.open(run_folder).read(Mixture)
    assert sum(each.draws_per_task * len(each.tasks) for each in mixtures) == 3 * 20


def test_a_limit_keeps_tasks_of_all_types_evenly_spread_and_in_order(world: World) -> None:
    tasks = load_tasks(str(world.tasks))
    config = bank_config(world, Path("run"), limit=2)
    kept = [task.key for task in chosen_tasks(tasks, config)]
    assert kept == [f"tiny/{name}/{number}" for name in EXPLOITS for number in (0, 2)]
    assert chosen_tasks(tasks, config.replacing(limit=9)) == tasks
    assert outlook(chosen_tasks(tasks, config), config).tasks_of.total() == 6
    with pytest.raises(SetupError, match="nonesuch"):
        chosen_tasks(tasks, config.replacing(types=("nonesuch",)))
