"""Labelled rollouts of other people's runs are read as histories; what is unclear is refused."""

import gzip
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from foretoken.cli.main import app
from foretoken.errors import SetupError
from foretoken.forecast.skill import Unit, calibration_error
from foretoken.pipeline import backtest as module
from foretoken.pipeline.backtest import BacktestConfig, backtest
from foretoken.pipeline.external import is_rollout_file, read_rollout_file
from foretoken.pipeline.foretold import evidence_hash, foretell
from foretoken.records import Forecast
from foretoken.report.backtest import BacktestFrame, BacktestPage, reliability, render_backtest
from foretoken.work.labelled import RolloutColumns

GOLDEN: list[dict[str, Any]] = [
    {"step": 3, "hacked": True, "exploit_type": "a", "reward": 1.0},
    {"step": 3, "hacked": False, "exploit_type": "a", "reward": 0.0},
    {"step": 3, "hacked": True, "exploit_type": "a", "reward": 0.25},
    {"step": 9, "hacked": None, "exploit_type": "a", "reward": 1.0},
    {"step": 9, "hacked": False, "exploit_type": "b", "reward": 1.0},
    {"step": 9, "hacked": True, "exploit_type": "a", "reward": None},
]
SUMS = {("a", 3): (3, 2, 1, 1.25), ("b", 9): (1, 0, 0, 1.0), ("a", 9): (1, 1, 1, 0.0)}
"""Draws, hacks, those that were paid, and the sum of rewards."""


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    elif ".csv" in path.name:
        with pa.output_stream(path) as stream:
            pacsv.write_csv(pa.Table.from_pylist(list(rows)), stream)
    else:
        text = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def sums(path: Path, **columns: str) -> dict[tuple[str, int], tuple[int, int, int, float]]:
    read = read_rollout_file(path, RolloutColumns(**columns))
    return {
        (each.exploit_type, each.step): (each.draws, each.hacks, each.paid, each.reward)
        for each in read.history.tallies
    }


@pytest.mark.parametrize(
    "ending", ["jsonl", "ndjson", "jsonl.gz", "ndjson.gz", "parquet", "csv", "csv.gz"]
)
def test_every_format_says_the_same(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"odd [1]* 'run'.{ending}", GOLDEN)
    assert is_rollout_file(path)
    assert sums(path) == SUMS
    read = read_rollout_file(path)
    assert read.history.name == "odd [1]* 'run'"
    assert (read.history.step, read.history.plan.steps) == (9, 9)
    assert read.history.plan.rollouts == {"a": 2.0, "b": 1.0}
    assert read.history.plan.closed is None
    said = "; ".join(read.notes)
    for part in (
        "6 rollouts of steps 3 to 9",
        "1 without a label",
        "reward of 1 of 3 hacks is not known: they count as paid",
        "no 5",
    ):
        assert part in said
    assert read_rollout_file(path, steps=40).history.plan.steps == 40


@pytest.mark.parametrize(
    ("true", "false", "absent"),
    [
        (True, False, None),
        (1, 0, ""),
        (1.0, 0.0, "NaN"),
        ("True", "False", "None"),
        (" yes ", "NO", "n/a"),
        ("t", "f", "null"),
        ("1", "0", "<NA>"),
    ],
)
def test_labels_are_read_in_every_spelling(
    tmp_path: Path, true: object, false: object, absent: object
) -> None:
    labels = [true, false, absent, true]
    rows = [{"Iteration": 7 + (n > 1), "is_hack": label} for n, label in enumerate(labels)]
    assert sums(write(tmp_path / "run.jsonl", rows)) == {
        ("hack", 7): (2, 1, 1, 0.0),
        ("hack", 8): (1, 1, 1, 0.0),
    }


def test_a_type_of_hacks_alone_makes_each_rollout_a_draw_of_every_type(tmp_path: Path) -> None:
    told = [(0, "a"), (0, None), (0, "none"), (1, "b"), (1, None), (1, "")]
    rows = [
        {"step": step, "hack": kind in ("a", "b"), **({} if kind is None else {"hack_type": kind})}
        for step, kind in told
    ]
    path = write(tmp_path / "run.jsonl", [*rows, {"step": 1, "hack": True}])
    assert {cell: each[:2] for cell, each in sums(path).items()} == {
        ("a", 0): (3, 1),
        ("a", 1): (4, 0),
        ("b", 0): (3, 0),
        ("b", 1): (4, 1),
        ("hack", 0): (3, 0),
        ("hack", 1): (4, 1),
    }
    assert "draw of every type" in "; ".join(read_rollout_file(path).notes)
    assert {kind for kind, _ in sums(path, exploit_type="")} == {"hack"}


def test_rollouts_without_a_type_are_left_out_where_honest_ones_have_types(tmp_path: Path) -> None:
    kinds = ["a", "a", "a", None]
    rows = [{"step": n, "hack": n == 1, "type": kind} for n, kind in enumerate(kinds)]
    path = write(tmp_path / "run.jsonl", rows)
    assert {cell: each[0] for cell, each in sums(path).items()} == {("a", n): 1 for n in range(3)}
    assert "1 rollouts without a type are left out" in "; ".join(read_rollout_file(path).notes)


def test_no_folder_and_no_case_changes_what_a_column_says(tmp_path: Path) -> None:
    folder = tmp_path / "step=7" / "hack=1"
    folder.mkdir(parents=True)
    rows = [{"": 0, "STEP": 1, "Hack": False}, {"": 1, "STEP": 2, "Hack": True}]
    for ending in ("csv", "jsonl", "parquet"):
        path = write(folder / f"run.{ending}", rows)
        assert sums(path) == {("hack", 1): (1, 0, 0, 0.0), ("hack", 2): (1, 1, 1, 0.0)}
    path = write(folder / "both.jsonl", [{"Step": 8, "step": n, "hack": 0} for n in range(2)])
    assert {step for _, step in sums(path)} == {0, 1}


def test_columns_of_any_name_can_be_named(tmp_path: Path) -> None:
    names = {"step": "a/b~c", "label": "it's", "exploit_type": 'say "x"', "reward": "R"}
    old = {"step": "step", "label": "hacked", "exploit_type": "exploit_type", "reward": "reward"}
    rows = [{names[role]: row[name] for role, name in old.items()} for row in GOLDEN]
    for ending in ("jsonl", "csv", "parquet"):
        assert sums(write(tmp_path / f"run.{ending}", rows), **names) == SUMS


def test_rewards_that_are_no_numbers_are_not_known(tmp_path: Path) -> None:
    rewards = [True, False, float("nan"), float("inf"), "much", "0.5", None]
    rows = [{"step": n, "hack": True, "reward": each} for n, each in enumerate(rewards)]
    found = sums(write(tmp_path / "run.jsonl", rows))
    assert [found["hack", n][2] for n in range(len(rows))] == [1, 0, 1, 1, 1, 1, 1]
    assert sum(each[3] for each in found.values()) == 1.5


BAD: dict[str, tuple[bytes, str]] = {
    "empty.jsonl": (b"", "no step column: it has none"),
    "empty.csv": (b"", "no step column: it has none"),
    "header.csv": (b"step,hack\n", "no rollout with a label: 0 row"),
    "no-label.csv": (b"step,score\n1,2\n", "no label column: it has 'step', 'score'; known are"),
    "no-step.jsonl": (b'{"hack": true}\n', "no step column: it has 'hack'; known are step, global"),
    "null.jsonl": (b'{"step": 1, "hack": null}\n', "no rollout with a label: 1 row"),
    "list.jsonl": (b"[1]\n", "no object"),
    "cut.jsonl": (b'{"step": 1, "hack": true}\n{"step"', "cannot be read as .jsonl"),
    "latin.jsonl": (b'{"step": 1, "hack": true, "x": "\xe9"}\n', "cannot be read as .jsonl"),
    "latin.csv": (b"step,hack,x\n1,1,\xe9\n2,1,a\n", "cannot be read as .csv"),
    "twice.jsonl": (b'{"step": 1, "step": 2, "hack": true}\n', "say a key twice"),
    "twice.csv": (b"step,Step,hack\n1,2,1\n", "two columns of one name: 'step'"),
    "wide.csv": (b"step,hack\n1,1,1\n", "cannot be read as .csv"),
    "garbage.jsonl.gz": (b"garbage", "cannot be read as .jsonl.gz"),
    "garbage.csv.gz": (b"garbage", "cannot be read as .csv.gz"),
    "cut.csv.gz": (gzip.compress(b"step,hack\n1,1\n" * 999)[:40], "cannot be read as .csv.gz"),
    "garbage.parquet": (b"garbage", "cannot be read as .parquet"),
    "half.csv": (b"step,hack\n1.5,1\n2,1\n", "1 row.s. have no whole number .* '1.5'"),
    "below.csv": (b"step,hack\n-1,1\n2,1\n", "no whole number .* '-1'"),
    "words.csv": (b"step,hack\nstep-9,1\n2,1\n", "no whole number .* 'step-9'"),
    "stepless.csv": (b"step,hack\n,1\n2,1\n", "no whole number from 0 to 1,000,000"),
    "tokens.csv": (b"step,hack\n9e9,1\n2,1\n", "no whole number .* '9e9'"),
    "maybe.csv": (b"step,hack\n1,maybe\n2,0.7\n", "2 row.s. .* neither true nor false"),
    "once.csv": (b"step,hack\n1,1\n1,0\n", "all its rollouts are of step 1"),
    "notes.txt": (b"step,hack\n1,1\n", "neither a run directory nor a file of .jsonl"),
    "deeds.csv": (
        b"step,hack,type\n1,1,test edit\n2,0,honest\n",
        "all of 'test edit' hacked and none of 'honest' did",
    ),
    "many.csv": (
        b"step,hack,type\n" + b"".join(b"%d,1,type %d\n" % (n, n) for n in range(201)),
        "has 201 different values",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_one_line_that_says_where(tmp_path: Path, name: str) -> None:
    content, message = BAD[name]
    (tmp_path / name).write_bytes(content)
    assert is_rollout_file(tmp_path / name)
    with pytest.raises(SetupError, match=message) as caught:
        read_rollout_file(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_pipe_is_waited_for_and_no_step_passes_the_plan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("pipe.csv", "none.csv"):
        with pytest.raises(SetupError, match="is not a file"):
            read_rollout_file(tmp_path / name)
    path = write(tmp_path / "run.csv", GOLDEN)
    with pytest.raises(SetupError, match="goes on to step 9, beyond the 8"):
        read_rollout_file(path, steps=8)
    with pytest.raises(SetupError, match=r"no column 'x' \(label\); it has 'step', 'hacked'"):
        read_rollout_file(path, RolloutColumns(label="x"))


STEPS, ROLLOUTS = 30, 30


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two types hack always from the middle on, two never."""
    folder = tmp_path_factory.mktemp("rollouts")
    found: list[Path] = []
    for number, ending in enumerate(("jsonl", "csv", "parquet")):
        rng = np.random.default_rng(number)
        rows = [
            {"step": step, "hacked": bool(hacked), "type": name, "reward": float(hacked)}
            for step in range(STEPS)
            for name in "abcd"
            for hacked in rng.random(ROLLOUTS)
            < (0.9 if step > 15 and name in "ab" else 0.004 * (name in "ab"))
        ]
        found.append(write(folder / f"run-{number}.{ending}", rows))
    return found


def test_forecasts_stand_hashed_before_any_outcome_is_looked_up(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = BacktestConfig(runs=tuple(files), cutoffs=(0.3,), thresholds=(0.1,), out=tmp_path)
    first = backtest(config)
    written = (tmp_path / "forecasts.jsonl").read_bytes()
    assert first.forecasts_hash == hashlib.sha256(written).hexdigest()
    lines = (tmp_path / "outcomes.jsonl").read_text().splitlines()
    happened = [json.loads(line) for line in lines]
    assert len(happened) == first.lines[0].units == 12
    assert sum(each["emerged_step"] is not None for each in happened) == 6

    said: list[str] = []

    def fails(*_: object) -> None:
        raise InterruptedError(said[-1])

    monkeypatch.setattr(module, "outcomes", fails)
    (tmp_path / "forecasts.jsonl").unlink()
    with pytest.raises(InterruptedError, match=str(first.forecasts_hash)):
        backtest(config, say=said.append)
    assert (tmp_path / "forecasts.jsonl").read_bytes() == written
    assert not (tmp_path / "outcomes.jsonl").exists()
    assert "3,600 rollouts of steps 0 to 29, 4 type(s)" in said[0]


def test_a_forecaster_is_given_nothing_after_the_cutoff_and_the_hash_tells_it(
    files: list[Path],
) -> None:
    history = read_rollout_file(files[0]).history
    seen: list[str] = []

    class Watcher:
        name = "watcher"

        def forecast(self, history: object, *, threshold: float) -> list[Forecast]:
            assert isinstance(history, type(run))
            assert max(each.step for each in history.tallies) <= history.step == 6
            seen.append(evidence_hash(history))
            return [
                Forecast(
                    method="watcher",
                    exploit_type=name,
                    cutoff_step=6,
                    horizon_step=29,
                    threshold=threshold,
                    eligible=True,
                    measurable=False,
                    score=0.0,
                    probability=None,
                    expected_step=None,
                )
                for name in history.types
            ]

    run = history
    said = foretell([run], Watcher(), cutoffs=[0.2], thresholds=[0.1])
    assert {each.probability for each in said} == {0.5}
    assert seen == [evidence_hash(run.until(6))]
    assert evidence_hash(run.until(7)) != seen[0]


def test_the_command_prints_and_draws_files(files: list[Path], tmp_path: Path) -> None:
    config = tmp_path / "backtest.toml"
    config.write_text('cutoffs = [0.3]\nthresholds = [0.1]\nsteps = 40\n[columns]\nreward = ""\n')
    command = ["backtest", *map(str, files), "--config", str(config), "--out", str(tmp_path / "o")]
    said = CliRunner().invoke(app, command)
    assert said.exit_code == 0, said.output
    title = "At 30% of training, rate of 10%: 6 of 12 emerged"
    assert title in said.output
    assert "what hacks earn is left open" in said.output
    page = (tmp_path / "o" / "backtest.html").read_text()
    digest = hashlib.sha256((tmp_path / "o" / "forecasts.jsonl").read_bytes()).hexdigest()
    assert digest in said.output
    assert digest in page
    assert said.output.index(digest) < said.output.index(title)
    assert title in page
    assert page.count("<circle") == 1 + 10
    assert not [word for word in ("http:", "https:", "src=") if word in page]


def test_the_picture_shows_the_bins_behind_the_calibration_error() -> None:
    rng = np.random.default_rng(0)
    units = [
        Unit("r", "a", probability=float(p), score=0.0, emerged=bool(rng.random() < p))
        for p in rng.random(33)
    ]
    for some in (units, units[:4]):
        bins = reliability(some)
        gaps = sum(abs(each.mean - each.share) * each.forecasts for each in bins)
        assert gaps / len(some) == pytest.approx(calibration_error(some))
        assert all(low <= each.share <= high for each in bins for low, high in [each.interval])
    frame = BacktestFrame("<b>", ("method",), [("<i>",)], method="<u>", units=units)
    page = render_backtest(
        BacktestPage(
            ["<s>"], [frame], warned=[("alarms by",)], policies=["Stop <s>."], forecasts_hash="0"
        )
    )
    assert not [tag for tag in ("<b>", "<i>", "<u>", "<s>") if tag in page]
