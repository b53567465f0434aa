"""Each failure of a reward function that was planted is counted, as what it is, and no other.

Faults that were injected to see these tests fail: what is not finite written as None; the reward of
a rollout summed with NaN; calls that failed counted as time-outs; equal answers compared without
their truth; a rise told wherever the newest steps fail more than those before; grades of a log that
was written anew kept.
"""

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hooked import batch, imported, write

from foretoken.grader_records import Grade
from foretoken.ledger.failing import RISK, rises
from foretoken.ledger.faults import UNITS, FaultCounts, read_fault_counts
from foretoken.ledger.sums import GraderSum, ledger_of, read_ledger
from foretoken.logs.base import LoggedRollout
from foretoken.store import codec
from foretoken.store.run import Run
from foretoken.store.tables import query

NAN, INF = math.nan, math.inf


def total(run: Path, grader: str) -> GraderSum:
    (found,) = (one for one in read_ledger(Run.open(run)).totals if one.grader == grader)
    return found


def test_every_planted_failure_is_counted_as_what_it_is(tmp_path: Path) -> None:
    lines = [
        batch(0, {"judge": [1.0, None, NAN, INF], "fine": [1.0, 0.0, 0.5, 0.5]}),
        batch(0, {"judge": [0.0] * 4}, seconds={"judge": 9.0}),
        batch(1, {"judge": [0.0] * 4}, errors={"judge": "TimeoutError: no answer"}),
        batch(1, {"judge": [0.0] * 4}, errors={"judge": "ValueError: no prompt"}),
        batch(2, {"judge": [0.5, -0.5, 7.0, 1.0]}, seconds={"judge": 0.3}),
    ]
    write(tmp_path, lines)
    done = imported(tmp_path, grader_seconds=5.0, grader_ranges={"judge": [0.0, 1.0]})
    judge, fine = total(tmp_path, "judge"), total(tmp_path, "fine")
    assert (judge.answers, judge.calls, fine.answers, fine.calls) == (20, 5, 4, 1)
    assert (judge.failed_calls, judge.failed, judge.timed_out_calls) == (2, 8, 2)
    assert (judge.no_value, judge.nan, judge.infinite, judge.outside) == (1, 1, 1, 3)
    assert (judge.median_s, judge.longest_s) == (0.1, 9.0)
    assert (fine.failed, fine.no_value, fine.nan, fine.infinite, fine.outside) == (0, 0, 0, 0, None)
    by_step = {(o.grader, o.step): o for o in read_ledger(Run.open(tmp_path)).steps}
    assert (by_step["judge", 0].timed_out_calls, by_step["judge", 1].timed_out_calls) == (1, 1)
    assert by_step["judge", 0].high_s == pytest.approx(0.1 + 0.95 * 8.9)
    assert ("fine", 1) not in by_step
    said = "\n".join(done.lines())
    assert "reward function judge: 2 of 5 calls failed; 2 of 5 calls timed out; NaN for 1" in said
    assert "reward function fine" not in said


def test_none_nan_and_absent_stay_apart_and_none_of_them_is_a_reward(tmp_path: Path) -> None:
    file = write(tmp_path, [batch(0, {"a": [None, NAN, 2.0], "b": [1.0, 1.0, -INF]})])

    def refuse(constant: str) -> Any:
        raise AssertionError(f"{constant} is not JSON")

    for line in file.read_text().splitlines():
        json.loads(line, parse_constant=refuse)
    imported(tmp_path)
    run = Run.open(tmp_path)
    rollouts = run.read(LoggedRollout)
    assert [each.parts for each in rollouts] == [
        {"a": None, "b": 1.0},
        {"a": None, "b": 1.0},
        {"a": 2.0, "b": -INF},
    ]
    assert [each.not_numbers for each in rollouts] == [(), ("a",), ()]
    assert [each.reward for each in rollouts] == [1.0, 1.0, -INF]
    sql = "SELECT value IS NULL, isnan(value), grader FROM grades WHERE key LIKE '%/1' ORDER BY 3"
    assert query(run, sql)[1] == [(False, True, "a"), (False, False, "b")]
    sql = "SELECT count(*) FROM grades WHERE value IS NULL"
    assert query(run, sql)[1] == [(1,)]


def test_what_a_log_does_not_tell_is_not_measured_and_never_zero(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    (logs / "completions").mkdir(parents=True)
    table = {"step": [1, 1], "prompt": ["p", "p"], "completion": ["x", "y"], "mine": [1.0, None]}
    table["advantage"] = [0.0, 0.0]
    pq.write_table(pa.table(table), logs / "completions" / "completions_00001.parquet")
    imported(tmp_path / "run", logs=logs)
    mine = total(tmp_path / "run", "mine")
    assert (mine.calls, mine.failed_calls, mine.median_s, mine.longest_s) == (None,) * 4
    assert (mine.nan, mine.no_value, mine.outside, mine.far) == (None, 1, None, None)
    assert (mine.failed, mine.repeated) == (0, 0)
    (line,) = (line for line in imported(tmp_path / "run", logs=logs).lines() if "mine" in line)
    assert line.endswith("no value or NaN (the log keeps both as one) for 1 of 2 answers")


def test_a_line_of_an_older_hook_does_not_claim_that_there_was_no_nan(tmp_path: Path) -> None:
    write(tmp_path, [batch(0, {"a": [None, 1.0]}, version=1)])
    imported(tmp_path)
    assert (total(tmp_path, "a").nan, total(tmp_path, "a").no_value) == (None, 1)


def test_equal_answers_with_other_values_are_found_across_processes_and_steps(
    tmp_path: Path,
) -> None:
    same = {"said": ["x", "x", "y", "z"], "prompts": ["p", "p", "p", "q"]}
    write(tmp_path, [batch(0, {"a": [1.0, 1.0, 0.0, 0.0]}, **same)], process=1)
    write(tmp_path, [batch(0, {"a": [0.25, 1.0, 1e-9, NAN]}, **same)], process=2)
    write(tmp_path, [batch(1, {"a": [1.0, 1.0, 0.0, 0.5]}, **same)], process=1)
    imported(tmp_path)
    ledger = read_ledger(Run.open(tmp_path))
    assert [(o.step, o.repeated, o.disagreeing) for o in ledger.steps] == [(0, 2, 1), (1, 1, 0)]
    (a,) = ledger.totals
    assert (a.repeated, a.disagreeing, a.widest) == (3, 2, 0.75)
    assert [(o.low, o.high, o.times) for o in ledger.disagreements] == [
        (0.25, 1.0, 6),
        (0.0, 0.5, 2),
    ]
    keys = {each.key for each in Run.open(tmp_path).read(LoggedRollout)}
    assert {ledger.disagreements[0].low_key, ledger.disagreements[0].high_key} <= keys


@pytest.mark.parametrize("told", [{"truth": [1, 2]}, {"turns": 2}, {"prompt": None}])
def test_answers_to_what_may_be_another_question_are_not_compared(
    tmp_path: Path, told: dict[str, Any]
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    rows: list[dict[str, Any]] = []
    for place, score in enumerate((0.0, 1.0)):
        row: dict[str, Any] = {"step": 0, "prompt": "p", "completion": "x", "reward": score}
        if "truth" in told:
            row["truth"] = told["truth"][place]
        if "prompt" in told:
            del row["prompt"]
        if "turns" in told:
            turn = {"role": "assistant", "content": "x"}
            row["completion"] = [turn, {"role": "user", "content": str(place)}, turn]
        rows.append(row)
    (logs / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    imported(tmp_path / "run", logs=logs)
    assert not total(tmp_path / "run", "reward").disagreeing


def test_a_value_far_from_all_others_is_counted_and_a_rare_success_is_not(tmp_path: Path) -> None:
    usual = [float(place % 2) for place in range(198)]
    write(tmp_path, [batch(0, {"a": [*usual, 57.0, 1.5], "rare": [0.0] * 199 + [1.0]})])
    imported(tmp_path)
    assert (total(tmp_path, "a").far, total(tmp_path, "rare").far) == (1, None)


def test_a_log_that_was_written_anew_leaves_no_grade_behind(tmp_path: Path) -> None:
    file = write(tmp_path, [batch(0, {"a": [NAN] * 4}), batch(1, {"a": [NAN] * 4})])
    imported(tmp_path)
    file.unlink()
    write(tmp_path, [batch(0, {"a": [1.0, 0.0]})])
    imported(tmp_path)
    assert (total(tmp_path, "a").answers, total(tmp_path, "a").nan) == (2, 0)


def test_evaluations_count_for_nothing(tmp_path: Path) -> None:
    lines = [batch(0, {"a": [NAN, 1.0]}), batch(0, {"a": [1.0, 0.0]})]
    for rollout in lines[0]["rollouts"]:
        rollout["training"] = False
    write(tmp_path, lines)
    imported(tmp_path)
    assert (total(tmp_path, "a").answers, total(tmp_path, "a").nan) == (2, 0)


def test_the_views_the_ledger_and_the_counts_of_faults_agree(tmp_path: Path) -> None:
    rng = random.Random(0)
    some = [0.0, 1.0, None, NAN, INF]
    for step in range(6):
        errors = {"a": "RuntimeError: no"} if step == 4 else None
        values = {name: rng.choices(some, k=8) for name in "ab"}
        write(tmp_path, [batch(step, values, errors=errors)] * 2, process=step % 2)
    imported(tmp_path)
    run = Run.open(tmp_path)
    names, rows = query(run, "SELECT * FROM ledger ORDER BY grader, step")
    steps = read_ledger(run).steps
    assert [dict(zip(names, row, strict=True)) for row in rows] == [vars(one) for one in steps]
    assert ledger_of(run.read(Grade)).steps == steps
    counts = read_fault_counts(run)
    for one in steps:
        assert one.step is not None
        counted = counts.by_step[one.grader][one.step]
        assert (counted[UNITS], counted["failed"]) == (one.calls, one.failed_calls)
    (a, b) = sorted(read_ledger(run).totals, key=lambda one: one.grader)
    assert a.failed == 16
    assert sum(one.nan or 0 for one in steps if one.grader == "b") == b.nan


def test_work_does_not_grow_with_what_was_imported_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched: list[int] = []
    to_table, to_records = codec.to_table, codec.to_records
    watched = (Grade, LoggedRollout)

    def written(records: Sequence[Any], kind: Any) -> pa.Table:
        touched.append(len(records) if kind in watched else 0)
        return to_table(records, kind)

    def read(table: pa.Table, kind: Any) -> list[Any]:
        touched.append(table.num_rows if kind in watched else 0)
        return to_records(table, kind)

    monkeypatch.setattr(codec, "to_table", written)
    monkeypatch.setattr(codec, "to_records", read)
    per_look: list[int] = []
    for step in range(8):
        write(tmp_path, [batch(step, {"a": [1.0] * 4})])
        touched.clear()
        imported(tmp_path)
        per_look.append(sum(touched))
    assert per_look == [8] * 8
    touched.clear()
    imported(tmp_path)
    assert sum(touched) == 0


def counts_of(faults: Sequence[int], units: int, kind: str = "failed") -> FaultCounts:
    counts = FaultCounts(as_calls={"a": True})
    for step, many in enumerate(faults):
        counts.by_step["a"][step].update({UNITS: units, kind: many})
    return counts


def test_a_grader_that_begins_to_fail_is_told_of_with_its_counts() -> None:
    (rise,) = rises(counts_of([0, 1, 0, 0, 0, 0, 0, 0, 5, 6], 16))
    assert rise.words == ("reward function a: 11 of 32 calls failed in steps 8-9, 1 of 128 before")
    (slow,) = rises(counts_of([0] * 20 + [4], 16, "timed_out"))
    assert slow.words.endswith("4 of 16 calls timed out in step 20, 0 of 320 before")
    (broken,) = rises(counts_of([16, 16, 15], 16))
    assert broken.words.endswith("47 of 48 calls failed in steps 0-2")
    assert not list(rises(counts_of([0, 0, 0, 0, 0, 0, 0, 2], 16)))
    assert not list(rises(counts_of([6] * 10, 16, "no_value")))


@pytest.mark.parametrize("rate", [0.002, 0.02, 0.08])
def test_a_grader_that_fails_as_ever_is_not_told_of(rate: float) -> None:
    rng = random.Random(1)
    runs, told = 60, 0
    for _ in range(runs):
        faults: list[int] = []
        for _ in range(40):
            faults.append(sum(rng.random() < rate for _ in range(16)))
            if list(rises(counts_of(faults, 16))):
                told += 1
                break
    assert told <= 3 * RISK * runs


def test_a_range_of_no_reward_function_is_told_of_and_one_upside_down_refused(
    tmp_path: Path,
) -> None:
    write(tmp_path, [batch(0, {"judge": [1.0]})])
    said = "\n".join(imported(tmp_path, grader_ranges={"juge": [0, 1]}).lines())
    assert "grader_ranges names juge, and there are judge" in said
    with pytest.raises(ValueError, match="the lowest value comes first"):
        imported(tmp_path, grader_ranges={"judge": [1, 0]})
