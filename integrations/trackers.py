"""trackio, W&B (offline), MLflow, TensorBoard and Inspect Scout read what `foretoken export` sends.

In an environment of its own, with foretoken and `PACKAGES` in it: `python integrations/trackers.py`
in an empty folder. It needs no network and no account.
"""

import asyncio
import json
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

from foretoken.alarm_records import Alarm, Urgency
from foretoken.records import Draw, RateEstimate, Sampling, Source, Task
from foretoken.store.run import Run

PYTHON = "3.11"
PACKAGES = (
    "trackio==0.43.0 wandb==0.31.0 mlflow-skinny==3.17.2 tensorboard==2.21.0 inspect-scout==0.6.1"
)
STEPS, ROLLOUTS = 6, 20
BLOCK = 32_768
"""Bytes of a block of LevelDB's logs."""
WORDS = "process_exit is above 1.0 % since step 3."


def main() -> None:
    """Make a run, send it everywhere twice and once more as it grows, and read it back."""
    os.environ |= {
        "WANDB_MODE": "offline",
        "TRACKIO_DIR": str(Path("trackio").resolve()),
        "MLFLOW_TRACKING_URI": Path("mlruns").resolve().as_uri(),
        "MLFLOW_ALLOW_FILE_STORE": "true",
    }
    run = made_run(Path("run"))
    for name, read in READERS.items():
        begin = time.monotonic()
        exported(run, name)
        first = read()
        assert "nothing new" in exported(run, name), name
        assert read() == first, f"{name}: sent twice"
        begun = time.monotonic() - begin
        print(f"{name}: {len(first)} things read back, {begun:.1f} s", flush=True)
    grow(run, STEPS)
    for name, read in READERS.items():
        exported(run, name)
        found = read()
        assert len(found) == len(set(found)), f"{name}: something stands there twice"
        if name == "scout":
            assert len(found) == ROLLOUTS * (STEPS + 1)
        else:
            require_numbers(name, found)
    webhook(run)
    names = ("trackio", "wandb", "mlflow-skinny", "tensorboard", "inspect-scout")
    print(", ".join(f"{name} {version(name)}" for name in names))


def require_numbers(name: str, found: list[tuple[str, int, float]]) -> None:
    """Check some numbers at their optimiser steps."""
    known = {(what, step): value for what, step, value in found}
    assert abs(known["foretoken/rate/process_exit", 2] - 0.05) < 1e-6, (name, found)
    assert known["foretoken/alarm/process_exit", 3] == 1.0
    shares = [known["foretoken/rollouts/process_exit", step] for step in range(STEPS)]
    assert [round(share * ROLLOUTS) for share in shares] == [*range(STEPS)], (name, shares)
    assert ("foretoken/rollouts/process_exit", STEPS) not in known, "not complete yet"
    assert all("told" in what or step <= STEPS for what, step, _ in found)


def exported(run: Run, tracker: str) -> str:
    """Run the command; what it said."""
    command = [sys.executable, "-m", "foretoken", "export", str(run.path), "--to", tracker]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{tracker}: {done.stdout}{done.stderr}"
    return done.stdout


Numbers = list[tuple[str, int, float]]


def of_trackio() -> Numbers:
    """From its database."""
    from trackio.sqlite_storage import SQLiteStorage

    (name,) = SQLiteStorage.get_runs("foretoken")
    rows: list[dict[str, Any]] = SQLiteStorage.get_logs("foretoken", name)
    (alert,) = SQLiteStorage.get_alerts("foretoken")
    assert (alert["text"], alert["level"], alert["step"]) == (WORDS, "error", 3), alert
    return [
        (what, row["step"], value)
        for row in rows
        for what, value in row.items()
        if what.startswith("foretoken/")
    ]


def of_wandb() -> Numbers:
    """From the files that wait for an upload."""
    from wandb.proto import wandb_internal_pb2

    found: Numbers = []
    alerts: list[str] = []
    for file in sorted(Path("wandb").glob("offline-run-*/*.wandb")):
        for content in leveldb_records(file.read_bytes()):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(content)
            row = {
                (item.key or "/".join(item.nested_key)): json.loads(item.value_json)
                for item in record.history.item
            }
            step = row.pop("foretoken/step", None)
            if step is not None:
                found += [(what, step, v) for what, v in row.items() if "foretoken/" in what]
            if record.HasField("alert"):
                alerts.append(record.alert.text)
    assert alerts == [WORDS], alerts
    return found


def leveldb_records(content: bytes) -> Iterator[bytes]:
    """The records of a file of W&B: a log of LevelDB, in blocks, after a header of its own."""
    place, parts = 7, b""
    while place + 7 <= len(content):
        if BLOCK - place % BLOCK < 7:
            place += BLOCK - place % BLOCK
            continue
        _, length, kind = struct.unpack_from("<IHB", content, place)
        parts += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):
            yield parts
            parts = b""


def of_mlflow() -> Numbers:
    """From its own client."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient()
    experiment = client.get_experiment_by_name("foretoken")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.tags["foretoken.alarm.process_exit"] == WORDS
    return [
        (name, each.step, each.value)
        for name in run.data.metrics
        for each in client.get_metric_history(run.info.run_id, name)
    ]


def of_tensorboard() -> Numbers:
    """From its own reader of event files."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator("run/tensorboard", size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    assert tags["tensors"] == ["foretoken/alarm-process_exit"], tags
    (text,) = events.Tensors("foretoken/alarm-process_exit")
    assert text.tensor_proto.string_val[0].decode() == WORDS
    return [(tag, each.step, each.value) for tag in tags["scalars"] for each in events.Scalars(tag)]


def of_scout() -> list[tuple[str, int, float]]:
    """From its own view of a folder of Parquet files, messages included."""
    from inspect_scout import transcripts_from
    from inspect_scout._transcript.database.schema import validate_transcript_schema
    from inspect_scout._transcript.types import TranscriptContent

    folder = "run/transcripts_db"
    assert validate_transcript_schema(folder) == []

    async def read() -> list[tuple[str, int, float]]:
        found: list[tuple[str, int, float]] = []
        async with transcripts_from(folder).reader() as reader:
            async for info in reader.index():
                whole = await reader.read(info, TranscriptContent(messages="all"))
                assert whole.messages[0].text == "Write process_exit."
                assert whole.messages[1].role == "assistant"
                assert isinstance(info.metadata["hacked"], bool)
                found.append((info.transcript_id, info.metadata["step"], float(info.success or 0)))
        return found

    return asyncio.run(read())


READERS: dict[str, Callable[[], Numbers]] = {
    "tensorboard": of_tensorboard,
    "mlflow": of_mlflow,
    "trackio": of_trackio,
    "wandb": of_wandb,
    "scout": of_scout,
}


def webhook(run: Run) -> None:
    """One POST for one alarm, however often one looks."""
    posts: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take it."""
            posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    command = [sys.executable, "-m", "foretoken", "watch", str(run.path), "--once"]
    command += ["--horizon-step", "40", "--webhook", address]
    for _ in range(2):
        subprocess.run(command, check=False, capture_output=True)
    server.shutdown()
    said = [post["text"] for post in posts]
    assert said.count(f"Foretoken alarm, run: {WORDS}") == 1, said
    assert len(said) == len(set(said)) == len(run.read(Alarm)), said


def made_run(folder: Path) -> Run:
    """A run with rollouts, one published estimate, and an alarm."""
    run = Run.create(folder)
    run.append([Task(key="t", exploit_type="process_exit", prompt="Write process_exit.")], part="t")
    for step in range(STEPS):
        grow(run, step)
    estimate = RateEstimate(
        estimator="switch",
        exploit_type="process_exit",
        step=2,
        rate=0.05,
        published=True,
        lower_bound=0.01,
        interval=(0.02, 0.1),
        upper_bound=0.2,
        hits=30,
        effective_hits=25.0,
        draws=100,
        tasks=1,
    )
    run.append([estimate], part="step-000002")
    alarm = Alarm(
        urgency=Urgency.ALARM,
        exploit_type="process_exit",
        step=3,
        known_at=4,
        score=3.0,
        limit=2.3,
        words=WORDS,
    )
    run.append([alarm], part=alarm.part)
    return run


def grow(run: Run, step: int) -> None:
    """One more step, in which as many rollouts hack as have gone before."""
    draws = [
        Draw(
            key=f"rollout/{step}/{number}",
            source=Source.ROLLOUT,
            task="t",
            exploit_type="process_exit",
            step=step,
            tokens=(5, 6),
            ended=True,
            prompt_tokens=3,
            reasoning="",
            answer="exit(0)",
            strict_passed=number >= step,
            flawed_passed=True,
            hacked=number < step,
            sampling=Sampling(),
        )
        for number in range(ROLLOUTS)
    ]
    run.append(draws, part=f"rollout-{step:06d}")


if __name__ == "__main__":
    main()
