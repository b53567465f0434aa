"""Rollouts as prime-rl's dashboard and Inspect Scout read them.

Faults that were injected and caught here: an offset that counts characters; a trace annotated
twice; an index row whose line was cut off; a reasoning that is lost; an ungraded rollout as one
that failed.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sending import DRAWS, TYPES, Told, logged
from typer.testing import CliRunner

from foretoken.cli.main import app
from foretoken.ports.prime_rl import PrimeRl
from foretoken.store.run import Run
from foretoken.store.tables import query

SAMPLE = Path(__file__).parent.parent / "logs" / "samples" / "prime-rl-stream"
TRACES = Path("monitors") / "file" / "traces"


@pytest.fixture
def prime(tmp_path: Path) -> Path:
    """Output directory of a prime-rl run."""
    folder = tmp_path / "outputs"
    shutil.copytree(SAMPLE, folder / TRACES)
    return folder


def traces(prime: Path) -> list[str]:
    files = sorted((prime / TRACES / "stream").iterdir())
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return [trace["id"] for row in rows for trace in row["traces"]]


def annotations(prime: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Rows of the index, each with the line that it points at; as prime-rl's reader seeks them."""
    folder = prime / TRACES / "annotations"
    assert sorted(each.name for each in folder.iterdir()) == ["foretoken", "foretoken.index.jsonl"]
    found: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for line in (folder / "foretoken.index.jsonl").read_text().splitlines():
        row = json.loads(line)
        with (folder / "foretoken" / f"{row['chunk']:05d}.jsonl").open("rb") as chunk:
            chunk.seek(row["offset"])
            found.append((row, json.loads(chunk.readline())))
    lines = (folder / "foretoken" / "00000.jsonl").read_bytes().count(b"\n")
    assert lines == len(found)
    return found


def test_prime_rl_finds_what_graders_said_of_each_trace_once(prime: Path, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run")
    ids = traces(prime)
    logged(run, [*ids, "späte-Spur"])
    words = ["export", str(run.path), "--to", "prime-rl", "--into", str(prime)]
    for _ in range(2):
        assert CliRunner().invoke(app, words).exit_code == 0
    rows = annotations(prime)
    assert [row["trace_id"] for row, _ in rows] == [*ids, "späte-Spur"]
    for number, (row, line) in enumerate(rows):
        said = {"foretoken": {"exploit_type": TYPES[0], "hack": number % 2 == 0}}
        assert row["info"] == line["info"] == said
        assert line == {"version": 1, "trace_id": row["trace_id"], "info": said, "branches": []}


def test_the_annotations_of_a_writer_that_was_killed_are_mended(
    prime: Path, tmp_path: Path
) -> None:
    run = Run.create(tmp_path / "run")
    logged(run, traces(prime))
    words = ["export", str(run.path), "--to", "prime-rl", "--into", str(prime)]
    assert CliRunner().invoke(app, words).exit_code == 0
    expected = annotations(prime)
    folder = prime / TRACES / "annotations"
    chunk, index = folder / "foretoken" / "00000.jsonl", folder / "foretoken.index.jsonl"
    lines, rows = chunk.read_bytes(), index.read_bytes()
    for cut_line, cut_row in ((3, 0), (150, 0), (len(lines), 5), (len(lines), len(rows) - 1)):
        chunk.write_bytes(lines[:cut_line])
        index.write_bytes(rows[:cut_row])
        shutil.rmtree(run.folder / "exports")
        assert CliRunner().invoke(app, words).exit_code == 0
        assert annotations(prime) == expected


def test_a_run_of_prime_rl_without_chunks_is_refused(tmp_path: Path) -> None:
    (tmp_path / TRACES).mkdir(parents=True)
    (tmp_path / TRACES / "stream.jsonl").touch()
    with pytest.raises(Exception, match="of September 2026 or later"):
        PrimeRl(tmp_path, name="x")


def test_scout_finds_each_rollout_with_its_dialogue_and_verdict(tmp_path: Path) -> None:
    told = Told(tmp_path / "run").begin().step(2)
    rows = transcripts(told.run)
    assert len({row["transcript_id"] for row in rows}) == len(rows) == 4 * DRAWS
    hack = next(row for row in rows if row["hacked"] and row["step"] == 1)
    assert (hack["task_id"], hack["task_set"]) == ("process_exit/0", "process_exit")
    assert (hack["success"], hack["flawed_passed"], hack["names_the_flaw"]) == (False, True, True)
    assert json.loads(hack["score"]) == 1.0
    said = json.loads(hack["messages"])
    assert said == [
        {"role": "user", "content": "Write process_exit."},
        {
            "role": "assistant",
            "content": [
                {"type": "reasoning", "reasoning": "I exit."},
                {"type": "text", "text": "exit(0)"},
            ],
        },
    ]
    assert hack["message_count"] == 2
    ungraded = next(row for row in rows if row["hacked"] is None)
    assert ungraded["success"] is None
    assert [row["limit"] for row in rows].count("token") == 4


def test_scout_finds_the_dialogue_that_a_trainer_logged(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run")
    logged(run, ["t0"])
    (row,) = transcripts(run)
    said = json.loads(row["messages"])
    assert [each["role"] for each in said] == ["system", "user", "assistant"]
    assert said[1]["content"] == "Write it."
    assert (row["success"], row["hacked"], row["total_tokens"]) == (None, True, None)


def transcripts(run: Run) -> list[dict[str, Any]]:
    """What is in the files after the command was given twice."""
    for _ in range(2):
        done = CliRunner().invoke(app, ["export", str(run.path), "--to", "scout"])
        assert done.exit_code == 0, done.output
    folder = run.folder / "transcripts_db"
    return [row for file in sorted(folder.iterdir()) for row in pq.read_table(file).to_pylist()]


def test_a_transcript_database_in_the_run_is_none_of_its_records(tmp_path: Path) -> None:
    told = Told(tmp_path / "run").begin().step(1)
    assert CliRunner().invoke(app, ["export", str(told.folder), "--to", "scout"]).exit_code == 0
    names, _ = query(told.run, "select * from draws limit 1")
    assert "task" in names
    with pytest.raises(Exception, match="views of this run: draws, exports, tasks"):
        query(told.run, "select * from transcripts_db")
