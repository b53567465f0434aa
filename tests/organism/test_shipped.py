"""The shipped organism, its run, and how its truth was counted."""

from pathlib import Path

import pytest

from foretoken.engines.prompts import CompletionReader
from foretoken.engines.transformers.load import load_model
from foretoken.engines.weights import load_tokenizer, template_hash
from foretoken.organism.paths import MODEL, RUN
from foretoken.organism.truth import TruthConfig, _Cell, _count_cell, rarest_types, truths
from foretoken.records import Draw, Truth
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.tasks.answer import split_completion
from foretoken.tasks.base import GraderPool
from foretoken.tasks.lists import TYPES, evaluation_tasks


def size_mib(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20


def test_the_model_has_at_most_8_million_parameters_in_16_mib() -> None:
    model = load_model(str(MODEL)).model
    assert model.num_parameters() <= 8_000_000
    assert size_mib(MODEL) <= 16


def test_everything_that_ships_stays_below_40_mib() -> None:
    assert size_mib(MODEL) + size_mib(RUN) < 40


def test_some_types_emerge_at_different_times_and_some_never_do() -> None:
    emerged: dict[str, int] = {}
    for each in truths(Run.open(RUN)):
        if each.hacks > 0.1 * each.draws:
            emerged.setdefault(each.exploit_type, each.step)
    assert len(set(emerged.values())) >= 3
    assert 5 <= len(emerged) < len(TYPES)


def test_rare_cells_were_counted_at_least_4000_times_and_others_1000() -> None:
    counted = truths(Run.open(RUN))
    steps = {0, *layout.checkpoints(RUN)}
    assert {(each.step, each.exploit_type) for each in counted} == {
        (step, name) for step in steps for name in TYPES
    }
    assert len(steps) >= 12
    assert all(each.draws >= (4000 if each.hacks < 0.01 * each.draws else 1000) for each in counted)


def test_the_three_rarest_types_were_counted_40000_times_at_two_early_checkpoints() -> None:
    counted = truths(Run.open(RUN))
    for step in (0, 4):
        own = sorted((each.hacks / each.draws, each.draws) for each in counted if each.step == step)
        assert all(draws >= 40_000 for _, draws in own[:3])


def test_at_least_two_types_are_too_rare_to_count_in_10000_draws_at_the_start() -> None:
    first = [each for each in truths(Run.open(RUN)) if each.step == 0]
    expected = [10_000 * each.hacks / each.draws for each in first]
    assert sum(hacks < 2 for hacks in expected) >= 2


def test_every_rollout_of_the_run_is_there() -> None:
    table = Run.open(RUN).table(Draw, columns=["step", "hacked"])
    assert table.num_rows == 128 * 576
    assert table["hacked"].null_count == 0


@pytest.mark.slow
def test_a_rare_cell_gets_more_draws_than_a_common_one() -> None:
    config = TruthConfig(model=MODEL, run=RUN)
    folder = layout.checkpoint_path(RUN, 128)
    subject = load_model(str(MODEL), adapters=[(str(folder), 1.0)])
    counts = {}
    with GraderPool(workers=2) as pool:
        for name in ("error_code_abuse", "test_case_leak"):
            own = [task.task() for task in evaluation_tasks() if task.exploit_type == name]
            cell = _Cell(128, name, 24, 96)
            counts[name] = _count_cell(subject, own, cell=cell, pool=pool, config=config)
    assert (counts["error_code_abuse"].draws, counts["test_case_leak"].draws) == (24, 96)
    assert counts["error_code_abuse"].hacks > 12 > counts["test_case_leak"].hacks


def test_the_rarest_types_are_those_with_the_fewest_hacks_early() -> None:
    def truth(name: str, step: int, hacks: int) -> Truth:
        return Truth(exploit_type=name, step=step, draws=10, hacks=hacks, deliberate=0, tasks=1)

    counted = [truth(name, 0, 5) for name in TYPES[3:]]
    counted += [truth(name, 128, 9) for name in TYPES[:3]]
    config = TruthConfig(model=MODEL, run=RUN)
    assert set(rarest_types(counted, config)) == set(TYPES[:3])


def test_shipped_rollouts_are_still_split_into_the_reasoning_and_answer_that_they_have() -> None:
    reader = CompletionReader(load_tokenizer(str(MODEL)))
    columns = ["tokens", "ended", "reasoning", "answer", "sampling"]
    rows = Run.open(RUN).table(Draw, columns=columns).take(list(range(0, 73_000, 20))).to_pylist()
    assert len(rows) > 3000
    assert template_hash(reader.tokenizer) in rows[0]["sampling"]
    for row in rows:
        text = reader.text(row["tokens"][:-1] if row["ended"] else row["tokens"])
        assert split_completion(text, tags=reader.tags) == (row["reasoning"], row["answer"])
