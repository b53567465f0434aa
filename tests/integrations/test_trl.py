"""A GRPO training by TRL is seen as it was, and is as it would be without an observer."""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

from foretoken.integrations.recorder import STOP_FILE, Recorder
from foretoken.integrations.trl import Watch
from foretoken.ledger.sums import read_ledger
from foretoken.logs.base import LoggedRollout
from foretoken.organism.paths import MODEL
from foretoken.pipeline.logged import ImportConfig, import_logs
from foretoken.store.run import Run

pytestmark = pytest.mark.filterwarnings("ignore:`gradient_checkpointing:FutureWarning")
PROMPTS = [[{"role": "user", "content": f"Write f(xs), the sum plus {i}."}] for i in range(8)]


def length(completion_ids: Sequence[Sequence[int]], **_: Any) -> list[float | None]:
    given = [float(len(c) % 7) / 7 for c in completion_ids]
    return [None, math.nan, *given[2:]]


async def returns(completions: Sequence[Any], **_: Any) -> list[float]:
    return [float("return" in said[0]["content"]) for said in completions]


@dataclass
class Trained:
    steps: int
    seconds: list[float]
    completions: list[dict[str, Any]]
    """What the trainer's own log says of each rollout."""


def train(
    out: Path, *, rewards: list[Any], callbacks: Sequence[Any] = (), **settings: Any
) -> Trained:
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32)
    rows = [{"prompt": prompt, "task_id": f"t{i}"} for i, prompt in enumerate(PROMPTS)]
    given: dict[str, Any] = {"save_strategy": "no", "max_steps": 3}
    config = GRPOConfig(
        output_dir=str(out),
        per_device_train_batch_size=4,
        num_generations=4,
        max_completion_length=12,
        logging_steps=1,
        log_completions=True,
        report_to="none",
        use_cpu=True,
        bf16=False,
        seed=0,
        **(given | settings),
    )
    trainer = GRPOTrainer(
        model=model,
        processing_class=tokenizer,
        args=config,
        train_dataset=Dataset.from_list(rows),
        reward_funcs=rewards,
        callbacks=list(callbacks),
    )
    trainer.train()
    files = sorted((out / "completions").glob("*.parquet"))
    logged = [row for file in files for row in pq.read_table(file).to_pylist()]
    history = [log["step_time"] for log in trainer.state.log_history if "step_time" in log]
    return Trained(trainer.state.global_step, history, logged)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(tmp_path_factory.mktemp("plain"), rewards=[length, returns])


def read(run: Path, **settings: Any) -> list[LoggedRollout]:
    import_logs(ImportConfig.model_validate({"run": run, "label": "length", **settings}))
    return Run.open(run).read(LoggedRollout)


def test_a_watched_training_is_the_same_training_and_all_of_it_is_kept(
    tmp_path: Path, plain: Trained
) -> None:
    watch = Watch(run=tmp_path / "run")
    watched = train(
        tmp_path / "out",
        rewards=watch.rewards([length, returns]),
        callbacks=[watch],
        save_strategy="steps",
        save_steps=2,
    )
    assert not watch.recorder.faults
    names = ("step", "completion", "length", "returns", "advantage")
    assert [[row[n] for n in names] for row in watched.completions] == [
        [row[n] for n in names] for row in plain.completions
    ]
    kept = read(tmp_path / "run")
    assert len(kept) == len(watched.completions) == 12
    for ours, theirs in zip(kept, watched.completions, strict=True):
        assert ours.step == theirs["step"] - 1
        assert ours.completion == theirs["completion"][0]["content"]
        assert ours.prompt == theirs["prompt"][0]["content"]
        assert ours.parts == {
            "length": pytest.approx(theirs["length"]),
            "returns": theirs["returns"],
        }
        assert ours.reward == pytest.approx((theirs["length"] or 0.0) + theirs["returns"])
        assert ours.task is not None
        assert ours.prompt == PROMPTS[int(ours.task[1:])][0]["content"]
        assert (ours.layout, ours.training, ours.error) == ("trl", True, None)
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    said = [tokenizer.decode(each.completion_ids, skip_special_tokens=True) for each in kept]
    assert said == [each.completion for each in kept]
    inbox = tmp_path / "run" / "inbox"
    (checkpoints,) = inbox.glob("checkpoints-*.jsonl")
    saved = [json.loads(line) for line in checkpoints.read_text().splitlines()]
    assert [each["step"] for each in saved] == [2, 3]
    assert all((Path(each["path"]) / "model.safetensors").is_file() for each in saved)
    (batches,) = inbox.glob("rollouts-*.jsonl")
    first = json.loads(batches.read_text().splitlines()[0])
    assert set(first["graders"]) == {"length", "returns"}
    assert all(0 <= each["seconds"] < 5 and not each["error"] for each in first["graders"].values())
    assert Run.open(tmp_path / "run").read_config()["import"]["steps"] == 3
    totals = {each.grader: each for each in read_ledger(Run.open(tmp_path / "run")).totals}
    given = (totals["length"].answers, totals["length"].calls, totals["length"].failed_calls)
    assert given == (12, 3, 0)
    assert (totals["length"].no_value, totals["length"].nan, totals["returns"].nan) == (3, 3, 0)
    assert 0 <= (totals["returns"].longest_s or -1) < 5
    import_logs(ImportConfig(run=tmp_path / "log", logs=tmp_path / "out", label="length"))
    of_log = {each.grader: each for each in read_ledger(Run.open(tmp_path / "log")).totals}
    assert (of_log["length"].no_value, of_log["length"].nan) == (6, None)
    assert (of_log["length"].calls, of_log["length"].median_s) == (None, None)


def broken_disk(watch: Watch, _: Path) -> None:
    (watch.recorder.run / "inbox").write_text("a file where a folder should be")


def raising(watch: Watch, _: Path) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug of the observer")

    watch._begin = fail  # type: ignore[method-assign,assignment]


def slow(watch: Watch, _: Path) -> None:
    watch.recorder.wait_s = 0.2
    appended = watch.recorder._append
    watch.recorder._append = lambda *a: (time.sleep(2), appended(*a))[1]  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("harm", "said"),
    [(broken_disk, "exists"), (raising, "a bug of the observer"), (slow, "not written within")],
)
def test_an_observer_that_fails_changes_nothing_and_says_so(
    tmp_path: Path,
    plain: Trained,
    capsys: pytest.CaptureFixture[str],
    harm: Callable[[Watch, Path], None],
    said: str,
) -> None:
    (tmp_path / "run").mkdir()
    watch = Watch(run=tmp_path / "run")
    harm(watch, tmp_path)
    watched = train(tmp_path / "out", rewards=watch.rewards([length, returns]), callbacks=[watch])
    assert [row["advantage"] for row in watched.completions] == [
        row["advantage"] for row in plain.completions
    ]
    told = capsys.readouterr().out
    assert "Foretoken could not record all; training was not touched" in told
    assert said in told


def test_a_stop_that_is_asked_for_ends_the_training_with_a_checkpoint(tmp_path: Path) -> None:
    watch = Watch(run=tmp_path / "run")

    def asking(completions: Sequence[Any], **columns: Any) -> list[float]:
        if columns["trainer_state"].global_step == 1:
            (tmp_path / "run" / STOP_FILE).touch()
        return [0.0] * len(completions)

    trained = train(
        tmp_path / "out",
        rewards=watch.rewards(asking),
        callbacks=[watch],
        max_steps=20,
        save_strategy="steps",
        save_steps=20,
    )
    assert trained.steps == 2
    assert (tmp_path / "out" / "checkpoint-2" / "model.safetensors").is_file()


def test_a_grader_that_raises_stops_training_as_it_did_and_is_kept(tmp_path: Path) -> None:
    watch = Watch(run=tmp_path / "run")

    def breaks(completions: Sequence[Any], **_: Any) -> list[float]:
        raise TimeoutError(f"no answer for {len(completions)}")

    with pytest.raises(TimeoutError, match="no answer for 4"):
        train(tmp_path / "out", rewards=watch.rewards([breaks]), callbacks=[watch])
    watch._flush()
    watch.recorder.close()
    kept = read(tmp_path / "run", label="breaks")
    assert {each.error for each in kept} == {"breaks: TimeoutError: no answer for 4"}
    assert {each.reward for each in kept} == {None}
    (breaks,) = read_ledger(Run.open(tmp_path / "run")).totals
    assert (breaks.failed_calls, breaks.timed_out_calls, breaks.failed, breaks.no_value) == (
        *(1, 1, 4, 0),
    )


def test_a_run_that_keeps_no_checkpoint_is_told_what_to_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watch(run=tmp_path / "run")
    train(tmp_path / "out", rewards=watch.rewards(length), callbacks=[watch], max_steps=1)
    assert 'set save_strategy="steps"' in capsys.readouterr().out


def test_a_line_that_a_full_disk_cut_spoils_no_other(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.write("rollouts", lambda: {"a": 1})
    recorder.close()
    (file,) = (tmp_path / "inbox").glob("*.jsonl")
    with file.open("a") as cut:
        cut.write('{"cut')
    recorder._ends[file] = b""
    recorder.write("rollouts", lambda: {"a": 2})
    recorder.close()
    lines = file.read_text().splitlines()
    assert [json.loads(line)["a"] for line in (lines[0], lines[2])] == [1, 2]
    assert lines[1] == '{"cut'
    assert not recorder.faults
