"""A run in an object store is written, read and queried like one on a local disk."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pyarrow.compute as pc
import pytest
from test_run import a_draw
from typer.testing import CliRunner

from foretoken.cli.main import app
from foretoken.errors import MismatchError, RunError, SetupError, StoreError
from foretoken.records import Draw, Provenance, RateEstimate, Sampling, Score
from foretoken.store import layout
from foretoken.store.claims import Claims, work_parts
from foretoken.store.places import create_exclusively, place
from foretoken.store.run import Run
from foretoken.store.tables import query


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """A bucket on a server of this machine that speaks S3."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", address.split(":")[2]]
    known = {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    before = dict(os.environ)
    os.environ.update(known)
    with subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as server:
        try:
            _wait_for(address, server)
            bucket = place("s3://runs")
            assert not isinstance(bucket, Path)
            bucket.fs.mkdir("runs")
            yield "s3://runs"
        finally:
            server.kill()
            os.environ.clear()
            os.environ.update(before)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"nothing answers at {address}")


@pytest.fixture(params=["local", "memory", "s3"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "s3":
        return f"{request.getfixturevalue('s3')}/{uuid4().hex}/run"
    return str(tmp_path / "run") if request.param == "local" else f"memory://{uuid4().hex}/run"


def a_score(scorer: str, draw: str = "d") -> Score:
    return Score(draw=draw, scorer=scorer, log_p=-1.0, scored_tokens=6)


def test_parts_are_kept_and_read_wherever_the_run_lives(address: str) -> None:
    run = Run.create(address)
    run.append([a_draw("b", step=2)], part="p2")
    run.append([a_draw("a", step=1)], part="p1")
    run.append([a_score("step:13")], part="q")
    run.append([a_score("donor:0.5:13")], part="q")
    again = Run.open(address)
    assert again.parts(Draw) == ["p1", "p2"]
    assert [draw.key for draw in again.read(Draw)] == ["a", "b"]
    assert [draw.key for draw in again.read(Draw, where=pc.field("step") > 1)] == ["b"]
    assert again.read(Score, within="step:13") == [a_score("step:13")]
    assert len(again.read(Score)) == 2
    assert again.has_part("p1")
    assert again.has_part("q", Score)
    with pytest.raises(StoreError, match="never edited"):
        again.append([a_draw("c")], part="p1")
    with pytest.raises(MismatchError, match=r"temperature 1\.0 against 0\.5"):
        again.append([a_draw("hot", sampling=Sampling(temperature=0.5))], part="p3")


def test_what_another_process_writes_is_seen_at_once(s3: str) -> None:
    run = Run.create(f"{s3}/{uuid4().hex}")
    content = run.append([a_draw("a")], part="p1").read_bytes()
    assert run.parts(Draw) == ["p1"]
    _, _, bucket, folder = str(run.path).split("/", 3)
    boto3.client("s3").put_object(Bucket=bucket, Key=f"{folder}/draws/p2.parquet", Body=content)
    assert run.parts(Draw) == ["p1", "p2"]
    assert run.has_part("p2", Draw)
    assert len(run.read(Draw)) == 2


def test_settings_and_provenance_are_kept_wherever_the_run_lives(address: str) -> None:
    run = Run.create(address)
    assert (run.read_config(), run.read_provenance()) == ({}, None)
    run.write_config("bank", Sampling(temperature=0.5))
    origin = Provenance(
        foretoken="1", python="3", packages={}, machine="m", created="now", seed=1, models={}
    )
    run.write_provenance(origin)
    assert Run.open(address).read_config()["bank"]["temperature"] == 0.5
    assert Run.open(address).read_provenance() == origin


def test_sql_reads_the_parts_and_nothing_else_wherever_the_run_lives(address: str) -> None:
    run = Run.create(address)
    run.append([a_draw("a", step=1), a_draw("b", step=2)], part="p")
    run.append([a_score("step:13")], part="q")
    run.append([a_score("step:14", "x")], part="q")
    assert query(run, "select key from draws where step > 1")[1] == [("b",)]
    assert query(run, "select count(*), max(scorer) from scores")[1] == [(2, "step:14")]
    for sql in ("select * from read_text('/etc/passwd')", "drop view draws", "selec"):
        with pytest.raises(RunError):
            query(run, sql)


def test_a_damaged_part_is_named_wherever_the_run_lives(address: str) -> None:
    run = Run.create(address)
    run.append([a_draw("a")], part="p1")
    broken = run.append([a_draw("b")], part="p2")
    broken.write_bytes(broken.read_bytes()[:-30])
    with pytest.raises(StoreError, match=r"p2\.parquet is damaged .*move it away"):
        run.read(Draw)
    with pytest.raises(StoreError, match=r"p2\.parquet"):
        query(run, "select * from draws")


def test_claims_hold_and_are_removed_wherever_the_run_lives(address: str) -> None:
    run = Run.create(address)
    held = Claims(run, Draw).take("p1")
    assert held is not None
    with held:
        assert Claims(run, Draw).take("p1") is None
        assert not create_exclusively(held.path, b"mine")
    work_parts(run, Draw, ["p1", "p2"], lambda part: [a_draw(part)], finish=lambda _, made: made)
    assert run.parts(Draw) == ["p1", "p2"]
    assert not layout.claim_path(run.path, Draw, "p1").exists()


def test_the_commands_take_an_address(address: str) -> None:
    run = Run.create(address)
    estimate = RateEstimate(
        estimator="count", exploit_type="x", step=1, rate=0.5, published=True, lower_bound=0.1,
        interval=None, upper_bound=0.9, hits=1, effective_hits=1.0, draws=2, tasks=1,
    )  # fmt: skip
    run.append([estimate], part="m")
    shown = CliRunner().invoke(app, ["query", address, "select exploit_type, rate from estimates"])
    assert shown.exit_code == 0, shown.output
    assert "0.5" in shown.stdout
    assert CliRunner().invoke(app, ["report", address]).exit_code == 0
    assert (run.path / layout.REPORT_FILE).read_bytes().startswith(b"<!doctype html>")
    refused = CliRunner().invoke(app, ["forecast", address, "--horizon-step", "9"])
    assert refused.exit_code == 2
    assert "has no estimate up to step" in refused.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["query", "absent", "select 1"],
        ["query", "memory://absent/run", "select 1"],
        ["report", "."],
    ],
)
def test_what_is_no_run_is_the_users_to_change(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 2
    assert shown.stderr.startswith("RunError: ")


def test_a_query_that_is_no_select_is_the_users_to_change(tmp_path: Path) -> None:
    Run.create(tmp_path).append([a_draw()], part="p")
    for sql in ("drop view draws", "selec", "select absent from draws"):
        assert CliRunner().invoke(app, ["query", str(tmp_path), sql]).exit_code == 2


def test_checkpoints_of_a_run_elsewhere_are_refused_in_one_line() -> None:
    run = Run.create(f"memory://{uuid4().hex}")
    with pytest.raises(RunError, match=r"not on a local disk.* its checkpoints must be"):
        run.checkpoints()
    with pytest.raises(SetupError, match="nowhere://x cannot be opened"):
        Run.open("nowhere://x")
