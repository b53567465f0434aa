"""A donor's yield is measured on fresh draws, raised where it is low, and never on unread text."""

import shutil
import tomllib
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from world import EXIT, HONEST, MESSAGE, World

from foretoken.cli.main import app
from foretoken.cli.yields import advice
from foretoken.engines.prompts import CompletionReader, completion_text, render_prompt
from foretoken.engines.tags import THINK
from foretoken.engines.transformers.load import ADAPTER_WEIGHTS, load_model, load_tokenizer
from foretoken.engines.transformers.sample import sample
from foretoken.errors import MismatchError
from foretoken.records import Draw
from foretoken.store.toml import dump_toml
from foretoken.tasks.answer import split_completion
from foretoken.tasks.base import GraderPool
from foretoken.tasks.load import load_tasks
from foretoken.train import quality as rounds_of_quality
from foretoken.train.checkpoints import SETTINGS_FILE
from foretoken.train.config import DonorConfig, QualityConfig
from foretoken.train.donor import NO_LOSS, donor_rows, train_donor
from foretoken.train.quality import QUALITY_FILE, Raising, raise_yield
from foretoken.train.yields import (
    DonorQuality,
    TrainingRound,
    TypeYield,
    shortfall,
    type_yield,
    weak_types,
)
from warm import killed, telling

WEAK, HARD = ("error_code_abuse", "process_exit"), "function_attribute_flag"
WANTED = QualityConfig(wanted=0.3, spoken=0.1)


@pytest.fixture(scope="module")
def subject(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model, with a tokenizer that reads whole programs as one token."""
    folder = Path(shutil.copytree(world.subject, tmp_path_factory.mktemp("subject") / "model"))
    tokenizer = load_tokenizer(str(folder))
    tokenizer.add_tokens([MESSAGE, EXIT, HONEST, "<think>", "</think>"])
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def first(world: World, subject: Path, tmp_path_factory: pytest.TempPathFactory) -> DonorConfig:
    """A donor that has hardly begun to learn."""
    config = DonorConfig.model_validate(
        {
            "model": str(subject),
            "tasks": str(world.tasks),
            "out": tmp_path_factory.mktemp("first") / "donor",
            "steps": 2,
            "batch": 16,
            "learning_rate": 1e-2,
            "rank": 4,
            "before_answer": "hm</think>",
            "bf16": False,
        }
    )
    train_donor(config)
    return config


def weak_donor(first: DonorConfig, folder: Path, **quality: object) -> DonorConfig:
    """A copy of the weak donor, with settings of what is to be done about it."""
    shutil.copytree(first.out, folder / "donor")
    settings: dict[str, object] = {"tasks": 4, "draws": 30, "steps": 8, "rounds": 2, "spoken": 0}
    settings |= {"max_tokens": 8, "workers": 1, "hit_draws": 400, **quality}
    return DonorConfig.model_validate(
        {**first.model_dump(), "out": folder / "donor", "quality": settings}
    )


def shares(one: TrainingRound) -> dict[str, float]:
    return {each.exploit_type: each.share for each in one.yields}


def files(folder: Path) -> dict[str, bytes]:
    """Weights and settings (peft writes the names of layers in any order)."""
    return {name: (folder / name).read_bytes() for name in (ADAPTER_WEIGHTS, SETTINGS_FILE)}


def test_own_hits_raise_the_yield_of_a_weak_donor_and_the_result_replaces_it(
    first: DonorConfig, tmp_path: Path
) -> None:
    config = weak_donor(first, tmp_path, remedies=["own hits"], wanted=0.9, rounds=1)
    quality = raise_yield(config)
    before, after = shares(quality.rounds[0]), shares(quality.rounds[quality.best])
    assert quality.best > 0
    assert sum(after.values()) > sum(before.values()) + 0.15
    assert after[HARD] == 0
    assert HARD in quality.weak
    assert not (tmp_path / "donor.quality").exists()
    stored = (tmp_path / "donor" / QUALITY_FILE).read_text()
    assert DonorQuality.model_validate_json(stored) == quality

    assert own_yields(config) == pytest.approx(after, abs=0.2)
    known = tomllib.loads((tmp_path / "donor/settings.toml").read_text())
    assert known == tomllib.loads((first.out / "settings.toml").read_text())
    assert "quality" not in known
    assert train_donor(config) == config.out
    assert raise_yield(config) == quality


def own_yields(config: DonorConfig) -> dict[str, float]:
    """Yields of the donor that was put in place, by other draws."""
    donor = load_model(config.model, adapters=[(str(config.out), 1.0)])
    tasks = [task for task in load_tasks(config.tasks) for _ in range(40)]
    prompts = [render_prompt(donor.tokenizer, task) for task in tasks]
    made = sample([donor], prompts, max_tokens=8, seed=77)
    reader = CompletionReader(donor.tokenizer)
    said = [reader.text(c.said) for c in made]
    texts = [split_completion(each, tags=reader.tags)[1] for each in said]
    with GraderPool(workers=1) as pool:
        verdicts = pool.grade(list(zip(tasks, texts, strict=True)))
    found: dict[str, list[bool]] = {}
    for task, verdict in zip(tasks, verdicts, strict=True):
        found.setdefault(task.exploit_type, []).append(bool(verdict.hacked))
    return {name: sum(own) / len(own) for name, own in found.items()}


def test_own_hits_are_verified_hacks_with_at_least_as_many_original_pairs(
    first: DonorConfig, tmp_path: Path
) -> None:
    config = weak_donor(first, tmp_path, wanted=0.9)
    (tmp_path / "work").mkdir()
    with GraderPool(workers=1) as pool:
        raising = Raising(config, tmp_path / "work", pool, known=None, report=lambda _: None)
        rows, counts = raising.rows("own hits", (*WEAK, HARD))
        tasks = load_tasks(config.tasks)
        original = donor_rows(raising.base, tasks, config, forms=raising.forms)
        known = {tuple(row["input_ids"]) for row in original}
        own = [row for row in rows if tuple(row["input_ids"]) not in known]
        tokenizer = raising.base.tokenizer
        prompts = {tuple(render_prompt(tokenizer, task)): task for task in load_tasks(config.tasks)}
        jobs = []
        for row in own:
            prompt = row["input_ids"][: row["labels"].count(NO_LOSS)]
            text = CompletionReader(tokenizer).text(row["input_ids"][len(prompt) : -1])
            jobs.append((prompts[tuple(prompt)], split_completion(text, tags=THINK)[1]))
        assert len(rows) == 8 * config.batch
        assert 0 < len(own) <= len(rows) / 2
        assert all(verdict.hacked for verdict in pool.grade(jobs))
    assert {task.exploit_type for task, _ in jobs} == set(WEAK)
    assert counts[HARD] == 0
    assert min(counts[name] for name in WEAK) >= 8


def test_a_round_for_spoken_hits_learns_no_others(
    first: DonorConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = weak_donor(first, tmp_path, wanted=0.9)
    (tmp_path / "work").mkdir()
    whole = rounds_of_quality.graded_draws

    def every_second_names_the_flaw(*args: Any, **kwargs: Any) -> list[Draw]:
        draws = whole(*args, **kwargs)
        return [each.replacing(deliberate=number % 2 == 0) for number, each in enumerate(draws)]

    monkeypatch.setattr(rounds_of_quality, "graded_draws", every_second_names_the_flaw)
    with GraderPool(workers=1) as pool:
        raising = Raising(config, tmp_path / "work", pool, known=None, report=lambda _: None)
        _, own = raising.rows("own hits", WEAK)
        rows, spoken = raising.rows("spoken hits", WEAK)
        monkeypatch.setattr(rounds_of_quality, "FEWEST_HITS", 1 + max(spoken.values()))
        assert raising.rows("spoken hits", WEAK) == ([], spoken)
    assert len(rows) == 8 * config.batch
    for name in WEAK:
        assert 8 <= spoken[name] < own[name]


def test_only_tasks_of_weak_types_are_learnt_in_the_second_phase(
    first: DonorConfig, tmp_path: Path
) -> None:
    config = weak_donor(first, tmp_path, wanted=0.9)
    (tmp_path / "work").mkdir()
    with GraderPool(workers=1) as pool:
        raising = Raising(config, tmp_path / "work", pool, known=None, report=lambda _: None)
        rows, _ = raising.rows("weak types", (WEAK[0],))
    tokenizer = raising.base.tokenizer
    assert all(WEAK[0] in completion_text(tokenizer, row["input_ids"]) for row in rows)


def test_without_remedies_or_need_the_donor_stays_as_it_was(
    first: DonorConfig, tmp_path: Path
) -> None:
    before = files(first.out)
    asked = raise_yield(weak_donor(first, tmp_path / "asked", remedies=[]))
    good = raise_yield(weak_donor(first, tmp_path / "good", wanted=0.0))
    assert [len(each.rounds) for each in (asked, good)] == [1, 1]
    assert files(tmp_path / "asked/donor") == files(tmp_path / "good/donor") == before
    assert asked.rounds[0].yields == good.rounds[0].yields


def test_a_round_that_finds_nothing_or_does_harm_is_written_down_and_undone(
    first: DonorConfig, tmp_path: Path
) -> None:
    config = weak_donor(first, tmp_path, remedies=["own hits", "more steps"], hit_draws=1)
    quality = raise_yield(config.model_copy(update={"learning_rate": 30.0}))
    assert [(each.remedy, each.steps, each.kept) for each in quality.rounds] == [
        ("first training", 2, True),
        ("own hits", 0, False),
        ("more steps", 8, False),
    ]
    assert quality.best == 0
    assert files(tmp_path / "donor") == files(first.out)
    (line,) = advice(quality)
    assert HARD in line


def raise_and_tell(config: DonorConfig, tell: Connection) -> None:
    raise_yield(config, on_round=lambda one: tell.send(one.remedy))


def test_killed_in_a_round_and_started_again_the_result_is_the_same(
    first: DonorConfig, tmp_path: Path
) -> None:
    remedies = {"remedies": ["more steps", "own hits"], "wanted": 0.9, "hit_draws": 150}
    unhurt = weak_donor(first, tmp_path / "unhurt", **remedies)
    expected = raise_yield(unhurt)
    assert len(expected.rounds) >= 3
    config = weak_donor(first, tmp_path / "hurt", **remedies)
    process, told = telling(raise_and_tell, config)
    assert [told.recv(), told.recv()] == ["first training", "more steps"]
    killed(process)
    assert not (config.out / QUALITY_FILE).exists()
    adapter = tmp_path / "hurt/donor.quality/round-01" / ADAPTER_WEIGHTS
    made = adapter.stat().st_mtime_ns
    seen: list[tuple[TrainingRound, int]] = []
    again = raise_yield(config, on_round=lambda one: seen.append((one, adapter.stat().st_mtime_ns)))
    assert again == expected
    assert seen == [(one, made) for one in expected.rounds]
    assert files(config.out) == files(unhurt.out)


def test_other_quality_settings_are_refused_for_a_raised_donor(
    first: DonorConfig, tmp_path: Path
) -> None:
    config = weak_donor(first, tmp_path, remedies=[])
    raise_yield(config)
    other = config.quality.model_copy(update={"wanted": 0.5})
    with pytest.raises(MismatchError, match=r"other \[quality\] settings"):
        raise_yield(config.model_copy(update={"quality": other}))


def test_the_command_asks_the_donor_and_leaves_that_out_when_told_so(
    first: DonorConfig, tmp_path: Path
) -> None:
    config = weak_donor(first, tmp_path, remedies=[])
    file = tmp_path / "donor.toml"
    file.write_text(dump_toml(config.model_dump(mode="json")))
    quiet = CliRunner().invoke(app, ["train", "donor", "--config", str(file), "--no-quality"])
    assert quiet.exit_code == 0
    assert not (config.out / QUALITY_FILE).exists()
    told = CliRunner().invoke(app, ["train", "donor", "--config", str(file)])
    assert (config.out / QUALITY_FILE).is_file()
    assert "first training: 2 steps" in told.output
    assert "Below 30%: " in told.output
    assert HARD in told.output


def test_a_yield_above_what_is_wanted_makes_up_for_no_other() -> None:
    low = [type_yield("a", 5, 100), type_yield("b", 60, 100)]
    assert low[0].interval == pytest.approx((0.0164, 0.1128), abs=1e-3)
    assert weak_types(low, 0.3) == ("a",)
    assert shortfall(low, WANTED) == pytest.approx(0.125)
    assert shortfall([low[0], type_yield("b", 99, 100)], WANTED) == pytest.approx(0.125)
    assert shortfall([type_yield("a", 30, 100), type_yield("b", 5, 100)], WANTED) == pytest.approx(
        shortfall(low, WANTED)
    )


def test_a_donor_that_reasons_and_does_not_name_the_flaw_falls_short() -> None:
    spoken, silent = (type_yield("a", 50, 100, spoken=s, reasoned=90) for s in (10, 4))
    mute = type_yield("a", 50, 100, spoken=0, reasoned=9)
    assert shortfall([spoken], WANTED) == shortfall([mute], WANTED) == 0
    assert shortfall([spoken, silent], WANTED) == pytest.approx(0.03)
    quality = made(silent.replacing(exploit_type="b"), spoken, type_yield("c", 2, 100))
    assert (quality.silent, quality.weak) == (("b",), ("c",))
    assert quality.ails("spoken hits") == ("b",)
    assert quality.ails("own hits") == ("c",)
    assert [line[:14] for line in advice(quality)] == ["Below 30%: c. ", "Fewer than 10%"]


def made(*yields: TypeYield) -> DonorQuality:
    first = TrainingRound(remedy="first training", steps=1, types=("a",), yields=yields, kept=True)
    return DonorQuality(settings=WANTED, rounds=(first,))
