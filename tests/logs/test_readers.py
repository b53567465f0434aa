"""Every layout of logs says of a rollout what its writer meant; what is missing stays missing."""

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foretoken.logs.base import LogError, LoggedRollout
from foretoken.logs.read import find_logs, read_on

SAMPLES = Path(__file__).parent / "samples"


def rollouts(path: Path) -> list[LoggedRollout]:
    found = find_logs(path)
    chunks = [read_on(file) for file in found.files]
    assert not [fault for chunk in chunks for fault in chunk.faults]
    return [each for chunk in chunks for each in chunk.rollouts]


def shown(each: LoggedRollout, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(each, name) for name in names)


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_trl_rows_are_of_the_step_before_the_one_in_their_name() -> None:
    read = rollouts(SAMPLES / "trl")
    assert [each.step for each in read] == [0] * 4 + [1] * 4 + [2] * 4
    first = read[0]
    assert shown(first, "layout", "training", "turns", "error", "truncated") == (
        *("trl", True, 1),
        *(None, None),
    )
    assert first.prompt == "Write f4(x) that returns x plus 4."
    assert [turn.role for turn in first.messages] == ["user"]
    assert first.completion == "This asks for the 4), default=0) + 4"
    assert first.parts == {"length_reward": 0.1428571492433548, "foretoken_observer": None}
    assert shown(first, "reward", "advantage") == (0.1428571492433548, -1.0242751836776733)
    assert first.columns == {"hack_verdict": "hack"}
    table = pq.read_table(SAMPLES / "trl" / "completions" / "completions_00003.parquet")
    assert [each.reward for each in read[8:]] == table["length_reward"].to_pylist()
    assert [each.advantage for each in read[8:]] == table["advantage"].to_pylist()


def test_a_reward_that_trl_did_not_give_is_not_zero() -> None:
    read = rollouts(SAMPLES / "trl-rewards-missing")
    assert [each.reward is None for each in read] == [True, False, False, False] * 3
    assert read[0].parts == {"length_reward": None, "foretoken_observer": None}
    assert (read[0].error, read[0].advantage) == (None, 0.0)


def test_two_reward_functions_of_trl_make_no_sum_by_themselves(tmp_path: Path) -> None:
    rows = {"step": [1], "prompt": ["p"], "completion": ["c"], "a": [0.5], "b": [1.0]}
    pq.write_table(pa.table(rows | {"advantage": [0.0]}), tmp_path / "completions_00001.parquet")
    (read,) = rollouts(tmp_path)
    assert (read.reward, read.parts) == (None, {"a": 0.5, "b": 1.0})


def test_a_number_that_a_user_logged_beside_rewards_is_none_of_them(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "trl", tmp_path / "run")
    file = tmp_path / "run" / "completions" / "completions_00001.parquet"
    table = pq.read_table(file)
    pq.write_table(table.append_column("confidence", pa.array([0.1, 0.2, 0.3, 0.4])), file)
    first = rollouts(tmp_path / "run")[0]
    assert first.parts == {"length_reward": 0.1428571492433548, "foretoken_observer": None}
    assert first.columns == {"hack_verdict": "hack", "confidence": 0.1}


def test_both_trainers_of_verl_are_read() -> None:
    read = rollouts(SAMPLES / "verl")
    names = ("step", "training", "reward", "truth", "parts", "columns")
    assert [shown(each, *names) for each in read[:2]] == [
        (0, True, 0.0, "0", {"acc": 0.0, "foretoken_hack": 0.0}, {}),
        (0, True, 1.0, "0", {"acc": 1.0, "foretoken_hack": 0.0}, {}),
    ]
    assert [shown(each, *names) for each in read[4:6]] == [
        (1, True, 0.0, "0", {}, {"uid": "u0_0_0"}),
        (1, True, 1.0, "0", {}, {"uid": "u0_1_0"}),
    ]
    assert [each.completion for each in read[:4]] == [each.completion for each in read[4:]]


def test_validation_of_verl_is_no_training(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "verl" / "v0" / "1.jsonl", tmp_path / "1.jsonl")
    (tmp_path / "validation").mkdir()
    (tmp_path / "1.jsonl").rename(tmp_path / "validation" / "1.jsonl")
    read = rollouts(tmp_path)
    assert {(each.step, each.training) for each in read} == {(1, False)}


def test_records_of_wrapped_reward_functions_state_no_step() -> None:
    verl, openrlhf = rollouts(SAMPLES / "verl-record"), rollouts(SAMPLES / "openrlhf")
    assert {each.step for each in verl + openrlhf} == {None}
    assert [(each.task, each.reward) for each in verl] == [
        *(("0", 0.0), ("0", 1.0), ("1", 0.0), ("1", 0.0)),
    ]
    assert [(each.completion, each.reward, each.truth) for each in openrlhf] == [
        ("This asks for the is looked default=0) + 9<|end|>", 0.0, "1"),
        (
            "We as count them up with\n    return min((x for x in xs if x % 2 == 1),",
            *(1.0, "1"),
        ),
    ]


def test_an_episode_of_verifiers_pays_its_weighted_rewards() -> None:
    read = rollouts(SAMPLES / "verifiers")
    assert [shown(each, "task", "reward", "truncated", "step", "training") for each in read] == [
        ("t0", 0.0, False, None, False),
        ("t0", 0.0, False, None, False),
        ("t1", 1.0, False, None, False),
        ("t1", 1.0, True, None, False),
        ("t2", 1.0, True, None, False),
        ("t2", 0.0, True, None, False),
    ]
    assert read[0].parts == {"length": 55.0, "mentions_return": 0.0}
    assert read[0].columns["metrics"]["hack_tell"] == 1.0
    assert read[0].prompt == "Write f0(x) that returns x plus 0."
    assert (read[0].prompt_ids, read[0].completion_ids) == ((), ())


def test_an_episode_whose_grader_failed_has_no_reward() -> None:
    read = rollouts(SAMPLES / "verifiers-failed")
    assert [shown(each, "reward", "parts") for each in read] == [
        (None, {"length": None, "mentions_return": None})
    ] * 3
    assert {each.error for each in read} == {
        "TaskError: task FtEnvTask scoring: RuntimeError: observer bug"
    }
    assert all(each.completion for each in read)


def test_an_episode_without_a_trace_is_a_failure_and_no_zero(tmp_path: Path) -> None:
    row = json.loads((SAMPLES / "verifiers" / "traces.jsonl").read_text().splitlines()[0])
    row |= {"traces": [], "ok": False, "errors": [{"type": "BootError", "message": "no room"}]}
    (read,) = rollouts(write(tmp_path / "traces.jsonl", [row]))
    assert shown(read, "completion", "reward", "error") == (None, None, "BootError: no room")


def test_episodes_of_prime_rl_are_read_once_with_ids_and_step() -> None:
    read = rollouts(SAMPLES / "prime-rl")
    assert [shown(each, "step", "training", "task", "reward") for each in read] == [
        (0, True, "t0", 0.0),
        (0, True, "t0", 1.0),
    ]
    prompt = (2, 323, 268, 22, 14, 94, 15, 456, 317, 89, 264, 325, 227, 22, 20, 3, 4)
    assert [each.prompt_ids for each in read] == [prompt, prompt]
    assert read[0].completion_ids == (410, 405, 302, 266, 285, 483, 304, 419, 746, 1)
    assert read[1].completion_ids[:4] == (5, 301, 268, 14)


def test_an_episode_is_of_the_policy_that_began_it(tmp_path: Path) -> None:
    row = json.loads((SAMPLES / "verifiers" / "traces.jsonl").read_text().splitlines()[0])
    work = {"type": "train", "step": 9, "policy": {"start": 7, "end": 8}}
    row["run"] = {"type": "train", "id": "r", "work": work}
    evaluated = row | {"run": {"type": "train", "id": "r", "work": {"type": "eval", "step": 9}}}
    read = rollouts(write(tmp_path / "traces.jsonl", [row, evaluated]))
    assert [(each.step, each.training) for each in read] == [(7, True), (9, False)]


def test_chunks_of_prime_rl_are_read_packed_or_not(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "prime-rl-stream", tmp_path / "traces")
    before = rollouts(tmp_path / "traces")
    assert [(each.training, each.reward) for each in before] == [
        *((True, 0.0), (True, 1.0), (True, 0.0), (True, 0.0)),
    ]
    chunk = tmp_path / "traces" / "stream" / "00000.jsonl"
    with pa.CompressedOutputStream(pa.OSFile(f"{chunk}.zst", "wb"), "zstd") as packed:
        packed.write(chunk.read_bytes())
    assert rollouts(tmp_path / "traces") == before
    chunk.unlink()
    assert rollouts(tmp_path / "traces") == before


def test_a_judge_in_an_episode_is_not_what_is_trained(tmp_path: Path) -> None:
    row = json.loads((SAMPLES / "verifiers" / "traces.jsonl").read_text().splitlines()[0])
    judge = json.loads(json.dumps(row["traces"][0]))
    judge["agent"] |= {"name": "judge", "trainable": False}
    row["traces"].append(judge)
    assert len(rollouts(write(tmp_path / "traces.jsonl", [row]))) == 1


def test_open_instruct_has_token_ids_and_no_text() -> None:
    read = rollouts(SAMPLES / "open-instruct")
    assert [shown(each, "step", "reward", "advantage", "truncated") for each in read] == [
        (0, 0.0, 0.5, False),
        (0, 0.0, -0.5, False),
        (0, 1.0, 0.0, True),
        (0, 1.0, 0.0, True),
    ]
    assert {each.completion for each in read} == {None}
    assert read[0].completion_ids == (408, 284, 266, 409, 18, 305, 333, 227, 24, 1)
    assert all("logprobs" not in each.columns for each in read)


def test_tinker_states_the_step_of_its_sampler() -> None:
    read = rollouts(SAMPLES / "tinker")
    assert [shown(each, "step", "training", "task", "reward") for each in read] == [
        (0, True, "t0", 0.0),
        (0, True, "t0", 0.0),
        (0, True, "t1", 1.0),
        (0, True, "t1", 1.0),
    ]
    assert read[0].completion == "We of the these, each + 2<|end|>"
    assert read[0].columns["metrics"] == {"foretoken/hack": 0.0}


def test_scores_of_inspect_are_parts_by_scorer() -> None:
    read = rollouts(SAMPLES / "inspect" / "mock_scores_dict.eval")
    assert [(each.task, each.columns["epoch"], each.completion) for each in read] == [
        ("t0", 1, "def f(x): return x"),
        ("t1", 1, "default"),
        ("t2", 1, "x"),
        ("t0", 2, "return"),
        ("t1", 2, "y"),
        ("t2", 2, "z"),
    ]
    assert [each.parts["exploit/hack"] for each in read] == [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert {(each.reward, each.step, each.training) for each in read} == {(None, None, False)}
    again = rollouts(SAMPLES / "inspect" / "rescored.eval")
    assert set(again[0].parts) == {
        *("exploit/passed", "exploit/hack", "exploit1/passed", "exploit1/hack"),
    }


def test_trials_of_harbor_are_read_with_what_the_agent_said() -> None:
    read = {each.columns["trial"]: each for each in rollouts(SAMPLES / "harbor")}
    assert {name: (each.reward, each.turns) for name, each in read.items()} == {
        "ft-task__zCkDBa2": (1.0, 0),
        "ft-task__QY3oNjv": (1.0, 1),
        "ft-task__nxNxNyu": (0.0, 1),
    }
    spoke = read["ft-task__QY3oNjv"]
    assert spoke.completion == "</think>def f(xs):\n    return str(sum(x for x in x in xs) + 6"
    assert (len(spoke.prompt_ids), len(spoke.completion_ids)) == (17, 24)


def test_a_trial_that_failed_has_no_reward(tmp_path: Path) -> None:
    row = json.loads((SAMPLES / "harbor/tiny/ft-task__QY3oNjv/result.json").read_text())
    row["exception_info"] = {"exception_type": "Timeout", "exception_message": "agent"}
    (tmp_path / "result.json").write_text(json.dumps(row))
    (read,) = rollouts(tmp_path)
    assert (read.reward, read.error) == (None, "Timeout: agent")


def test_rows_of_ones_own_are_read_by_their_usual_names(tmp_path: Path) -> None:
    row = {"global_step": 3, "question": "q", "response": "r", "score": 0.5, "hack": True}
    (read,) = rollouts(write(tmp_path / "mine.jsonl", [row]))
    assert shown(read, "layout", "step", "prompt", "completion", "reward", "columns") == (
        *("plain", 3, "q", "r", 0.5),
        {"hack": True},
    )
    failed = row | {"error": "timeout", "score": 0.0}
    (read,) = rollouts(write(tmp_path / "mine.jsonl", [failed]))
    assert (read.reward, read.error) == (None, "timeout")
    odd = row | {"score": float("nan")}
    (read,) = rollouts(write(tmp_path / "mine.jsonl", [odd]))
    assert read.reward is None


def test_packed_lines_are_read(tmp_path: Path) -> None:
    plain = SAMPLES / "open-instruct" / "run1_rollouts_000000.jsonl"
    with gzip.open(tmp_path / f"{plain.name}.gz", "wb") as packed:
        packed.write(plain.read_bytes())
    assert rollouts(tmp_path) == rollouts(plain)


def test_a_line_that_is_still_written_is_left_for_later(tmp_path: Path) -> None:
    lines = (SAMPLES / "open-instruct" / "run1_rollouts_000000.jsonl").read_bytes()
    file = tmp_path / "rollouts.jsonl"
    file.write_bytes(lines[:-40])
    (found,) = find_logs(file).files
    first = read_on(found)
    assert (len(first.rollouts), first.rows, first.faults) == (3, 3, [])
    file.write_bytes(lines)
    rest = read_on(found, rows=first.rows, start=first.end)
    assert [each.key for each in rest.rollouts] == ["rollouts.jsonl/3"]


def test_a_row_that_is_broken_is_named_and_loses_no_other(tmp_path: Path) -> None:
    lines = (SAMPLES / "verl" / "v0" / "1.jsonl").read_text().splitlines(keepends=True)
    file = tmp_path / "1.jsonl"
    file.write_text(lines[0] + '{"input": "x", \n' + "[1]\n" + '{"step": 1}\n' + lines[1])
    read = read_on(find_logs(file).files[0])
    assert len(read.rollouts) == 2
    assert [fault.split(" (")[0] for fault in read.faults] == [
        "1.jsonl, row 2: is not JSON",
        "1.jsonl, row 3: is JSON, but no object",
        "1.jsonl, row 4: does not fit the layout verl",
    ]


def test_a_folder_of_nothing_known_says_what_was_seen(tmp_path: Path) -> None:
    write(tmp_path / "x.jsonl", [{"prompt_v2": 1, "answer_v2": 2}])
    with pytest.raises(LogError, match=r"'prompt_v2', 'answer_v2'.*verl 0.9.1.*newer one"):
        find_logs(tmp_path)
    with pytest.raises(LogError, match=r"no file that ends with .jsonl"):
        find_logs(SAMPLES / "trl" / "checkpoint-3")
    with pytest.raises(LogError, match="does not exist"):
        find_logs(tmp_path / "absent")


@pytest.mark.parametrize("name", ["x.parquet", "x.eval", "x.jsonl.zst", "x.jsonl.gz"])
def test_a_damaged_file_is_no_log(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x00damaged\n" * 9)
    with pytest.raises(LogError, match=name):
        find_logs(tmp_path)
