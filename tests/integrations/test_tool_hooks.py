"""Hooks inside of tools record what the tools' own logs say, and no tool learns of their faults.

Their tools are not installed beside us: small classes stand in for what they hand over, with real
samples of theirs, and `make integrations` runs the tools themselves.

Faults that were injected and seen here: a trace that is written before its rewards are there; one
whose scoring is cut short, paid what it had so far; errors of attempts before one that went well,
taken for a failure; a service of Tinker's that never answers, waited for; faults of a hook that
nobody is told.
"""

import asyncio
import inspect
import json
import sys
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from foretoken.integrations import harbor, open_instruct, tinker, verifiers, verl
from foretoken.integrations.graded import RUN_VARIABLE, hand_over, recorder_of, told_once
from foretoken.integrations.openrlhf import recorded_server
from foretoken.logs import hooks
from foretoken.logs.base import LoggedRollout
from foretoken.logs.read import find_logs, read_on
from foretoken.logs.rows import rows_of
from foretoken.pipeline.logged import ImportConfig, import_logs

SAMPLES = Path(__file__).parents[1] / "logs" / "samples"
NOT_HANDED_OVER = ("key", "batch")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run directory that the environment names."""
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path / "run"))
    yield tmp_path / "run"
    recorder_of(str(tmp_path / "run")).close()
    recorder_of.cache_clear()
    told_once.cache_clear()


def rollouts(path: Path) -> list[LoggedRollout]:
    return [each for file in find_logs(path).files for each in read_on(file).rollouts]


def kept(run: Path) -> list[LoggedRollout]:
    recorder_of(str(run)).close()
    return rollouts(run / "inbox")


def said(each: LoggedRollout) -> dict[str, Any]:
    return each.model_dump(exclude={*NOT_HANDED_OVER})


@pytest.mark.parametrize(
    "name", ["verifiers", "verifiers-failed", "prime-rl", "inspect", "harbor", "tinker"]
)
def test_what_a_hook_writes_is_read_as_the_tools_own_log_is(run: Path, name: str) -> None:
    native = rollouts(SAMPLES / name)
    for each in native:
        assert hand_over(str(run), each.layout, lambda each=each: [each])
    assert [said(each) for each in kept(run)] == [said(each) for each in native]


class Trace:
    """What verifiers gives its metrics: a trace of its own that is being scored."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.row, self.agent = row, SimpleNamespace(trainable=row["agent"]["trainable"])
        self.rewards: dict[str, Any] = dict.fromkeys(row["rewards"])
        self.errors: list[Any] = []
        self.ok = False

    def score(self, *, fails: bool = False) -> None:
        """Let its rewards come, or an error."""
        if fails:
            self.errors.append({"type": "TaskError", "message": "the grader is away"})
        else:
            self.rewards = dict(self.row["rewards"])
        self.ok = not fails

    def to_record(self) -> dict[str, Any]:
        return {**self.row, "rewards": self.rewards, "errors": self.errors, "ok": self.ok}


@pytest.fixture
def traces() -> list[Trace]:
    placed = rows_of(SAMPLES / "verifiers" / "traces.jsonl")
    return [Trace(trace) for each in placed for trace in (each.row or {})["traces"]]


def observed(trace: Any, metric: Callable[..., Any] = verifiers.observe) -> float:
    return asyncio.run(metric(task=None, trace=trace))


def looked(ending: bool = False) -> None:
    verifiers._waiting(verifiers.os.getpid()).look(ending=ending)


def test_a_trace_is_written_when_its_rewards_are_there_and_not_before(
    run: Path, traces: list[Trace]
) -> None:
    evaluated = [observed(each, verifiers.observe_evaluation) for each in traces]
    assert evaluated == [1.0] * len(traces)
    time.sleep(3 * verifiers.LOOK_EVERY_S)
    looked()
    assert not (run / "inbox").exists()
    for each in traces:
        each.score()
    looked()
    found, native = kept(run), rollouts(SAMPLES / "verifiers")
    assert [said(each) for each in found] == [said(each) for each in native]
    assert all(each.reward is not None for each in found)


def test_a_trace_whose_scoring_fails_or_is_cut_short_is_paid_nothing(
    run: Path, traces: list[Trace]
) -> None:
    failed, cut = traces[:2]
    assert observed(failed) == observed(cut, verifiers.observe_evaluation) == 1.0
    failed.score(fails=True)
    cut.ok, name = True, next(iter(cut.rewards))
    cut.rewards = {**cut.rewards, name: {"score": 1.0, "weight": 1.0}, "later": None}
    looked(ending=True)
    ours, theirs = kept(run)
    assert (ours.reward, ours.error) == (None, "TaskError: the grader is away")
    assert (theirs.reward, theirs.error) == (None, "the trace is marked as failed")
    assert (ours.training, theirs.training) == (True, False)


def test_a_metric_never_raises_and_says_whether_it_handed_over(
    run: Path, traces: list[Trace], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert observed(None) == observed(object()) == 0.0
    traces[0].agent.trainable = False
    assert observed(traces[0]) == 0.0
    odd = traces[1]
    odd.to_record = lambda: {"no": "trace"}  # type: ignore[method-assign]
    odd.score()
    assert observed(odd) == 1.0
    looked()
    assert sum(recorder_of(str(run)).faults.values()) == 1
    monkeypatch.setattr(verifiers, "MOST_WAITING", 0)
    assert observed(traces[2]) == 0.0
    monkeypatch.delenv(RUN_VARIABLE)
    assert observed(traces[2]) == 0.0


def test_the_metrics_are_what_verifiers_calls_with_and_without_a_runtime() -> None:
    for metric in (verifiers.observe, verifiers.observe_evaluation):
        assert inspect.iscoroutinefunction(metric)
        assert set(inspect.signature(metric).parameters) == {"task", "trace"}


def test_errors_of_attempts_before_one_that_went_well_fail_nothing(tmp_path: Path) -> None:
    (row,) = [placed.row for placed in rows_of(SAMPLES / "verifiers" / "traces.jsonl")][:1]
    retried = deepcopy(dict(row or {}))
    error = [{"type": "ProviderError", "message": "busy"}]
    retried["errors"] = retried["traces"][0]["errors"] = error
    (tmp_path / "traces.jsonl").write_text(json.dumps(retried) + "\n")
    (read,) = rollouts(tmp_path)
    native = rollouts(SAMPLES / "verifiers")[0]
    assert (read.reward, read.error) == (native.reward, None)


@pytest.mark.parametrize("name", ["ft-task__QY3oNjv", "ft-task__nxNxNyu"])
def test_harbor_trials_are_recorded_with_what_their_agents_did(run: Path, name: str) -> None:
    folder = SAMPLES / "harbor" / "tiny" / name
    (placed,) = rows_of(folder / "result.json")
    row = dict(placed.row or {})
    result = SimpleNamespace(
        exception_info=row["exception_info"], model_dump=lambda mode: deepcopy(row)
    )
    config = SimpleNamespace(trials_dir=folder.parent, trial_name=name)
    asked: list[Any] = []
    job = SimpleNamespace(on_trial_ended=asked.append)
    plugin = harbor.Trials(run=str(run))

    async def go() -> None:
        await plugin.on_job_start(job)
        await asked[0](SimpleNamespace(config=config, result=result))
        await asked[0](SimpleNamespace(config=None, result=None))
        await plugin.on_job_end(None)

    asyncio.run(go())
    (found,) = kept(run)
    (native,) = [each for each in rollouts(SAMPLES / "harbor") if each.columns["trial"] == name]
    assert said(found) == said(native)
    assert found.completion_ids
    assert any("not recorded" in what for what in plugin.counts)
    asyncio.run(harbor.Trials().on_job_start(None))


class Client:
    """A sampling client of Tinker."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.answer = answer

    async def sample(self, prompt: Any, num_samples: int, sampling_params: Any) -> Any:
        given = self.answer()
        if inspect.isawaitable(given):
            await given
        one = SimpleNamespace(tokens=[7, 8, sampling_params.max_tokens], stop_reason="length")
        return SimpleNamespace(sequences=[one] * num_samples)


def test_a_probe_of_tinker_records_samples_and_outlives_its_service(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in = ModuleType("tinker")
    stand_in.SamplingParams = SimpleNamespace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tinker", stand_in)
    prompt = SimpleNamespace(to_ints=lambda: [1, 2])
    probe = tinker.FixedPrompts(
        run,
        {"t0": prompt},
        samples=2,
        max_tokens=9,
        every=5,
        timeout_s=1.0,
        decode=lambda ids: "".join(map(str, ids)),
    )

    def away() -> None:
        raise ConnectionError("the service is away")

    evaluated = [
        asyncio.run(probe(Client(answer)))
        for answer in (lambda: None, away, lambda: asyncio.sleep(5), lambda: None)
    ]
    assert [each["foretoken/recorded"] for each in evaluated] == [2.0, 0.0, 0.0, 2.0]
    found = kept(run)
    assert [(each.step, each.task, each.completion) for each in found] == [
        *[(0, "t0", "789")] * 2,
        *[(15, "t0", "789")] * 2,
    ]
    assert {(each.training, each.truncated, each.prompt_ids) for each in found} == {
        (False, True, (1, 2))
    }
    assert "the service is away" in capsys.readouterr().out


def test_verifiers_of_open_instruct_score_and_raise_as_before(run: Path) -> None:
    class Verifier:
        name, weight = "mine", 2.0

        async def async_call(
            self,
            tokenized_prediction: list[int],
            prediction: str,
            label: Any,
            query: str | None = None,
            rollout_state: dict[str, Any] | None = None,
        ) -> Any:
            if label == "bad":
                raise RuntimeError("no sandbox")
            return SimpleNamespace(score=0.5, state=rollout_state)

    class Base(Verifier):
        pass

    assert open_instruct.recorded(run)(Base) is Base
    given: dict[str, Any] = {"tokenized_prediction": [4, 5], "prediction": "x", "query": "p?"}
    state = {"done": True}
    result = asyncio.run(Base().async_call(**given, label="1", rollout_state=state))
    assert (result.score, result.state) == (0.5, state)
    with pytest.raises(RuntimeError, match="no sandbox"):
        asyncio.run(Base().async_call([4], "y", "bad", "q?"))
    paid, failed = kept(run)
    assert (paid.prompt, paid.completion, paid.completion_ids) == ("p?", "x", (4, 5))
    assert (paid.reward, paid.parts, paid.truth) == (1.0, {"mine": 0.5}, "1")
    assert (failed.reward, failed.prompt, failed.truth) == (None, "q?", "bad")
    assert failed.error == "mine: RuntimeError: no sandbox"
    assert Verifier.async_call is not Base.async_call


def test_a_reward_server_answers_as_before_and_its_requests_are_kept(run: Path) -> None:
    body = {"query": ["p? a", "p? b"], "prompts": ["p?", "p?"], "labels": ["1", "2"]}
    answered = {"rewards": [1.0, 0.0], "scores": [1.0, 0.0], "extra_logs": {"hack": [0.0, 1.0]}}

    def plain(asked: Any) -> Any:
        assert asked is body
        return answered

    async def later(asked: Any) -> Any:
        return plain(asked)

    assert recorded_server(plain, run=run)(body) is answered
    assert asyncio.run(recorded_server(later, run=run)(body)) is answered
    assert recorded_server(lambda _: b"not a mapping", run=run)({}) == b"not a mapping"
    found = kept(run)
    assert [(e.completion, e.reward, e.parts) for e in found] == [
        (" a", 1.0, {"hack": 0.0}),
        (" b", 0.0, {"hack": 1.0}),
    ] * 2


def test_checkpoints_of_verl_are_named_and_what_is_switched_off_is_said(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kwargs = {"reward_kwargs": {"run": str(run)}}
    config: dict[str, Any] = {
        "reward": {"custom_reward_function": kwargs},
        "trainer": {"save_freq": -1},
        "actor_rollout_ref": {"actor": {"checkpoint": {"save_contents": ["model"]}}},
    }
    callback = verl.Checkpoints(config)
    callback.on_save(
        trainer=None, global_step=4, checkpoint_dir=str(run / "global_step_4"), async_save=True
    )
    callback.on_save(global_step=None, checkpoint_dir=None)  # type: ignore[arg-type]
    told = capsys.readouterr().out
    assert "save_contents='[model,optimizer,extra,hf_model]'" in told
    assert "trainer.save_freq" in told
    assert "cannot name a checkpoint" in told
    recorder_of(str(run)).close()
    (file,) = (run / "inbox").glob("checkpoints-*.jsonl")
    (row,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert (row["step"], row["path"]) == (4, str(run / "global_step_4"))

    class Odd:
        def get(self, name: str) -> Any:
            raise KeyError(name)

    verl.Checkpoints(Odd()).on_save(global_step=1, checkpoint_dir="x")


def test_what_a_hook_could_not_record_is_told_when_the_run_is_read(run: Path) -> None:
    def broken() -> list[LoggedRollout]:
        raise ValueError("a layout of next month")

    assert hand_over(str(run), "inspect", broken)
    assert hand_over(str(run), "inspect", broken)
    assert hand_over(str(run), "inspect", lambda: rollouts(SAMPLES / "inspect")[:1])
    recorder_of(str(run)).close()
    told = "a hook could not record all: ValueError: a layout of next month (2x)"
    assert hooks.faults(run / "inbox") == [told]
    imported = import_logs(ImportConfig(run=run, label="exploit/hack"), show=False)
    assert told in list(imported.lines())
    assert imported.counts["rollouts"] == 1
