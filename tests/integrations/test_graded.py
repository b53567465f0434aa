"""Reward functions of verl and OpenRLHF give and raise what they did, and what they say is kept."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from foretoken.integrations import verl
from foretoken.integrations.graded import RUN_VARIABLE, recorder_of, told_once
from foretoken.integrations.openrlhf import recorded
from foretoken.logs.base import LoggedRollout
from foretoken.logs.read import find_logs, read_on


@pytest.fixture(autouse=True)
def rewards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module with a user's functions."""
    mine = ModuleType("users_rewards")

    def plain(
        data_source: Any, solution_str: str, ground_truth: Any, extra_info: Any = None
    ) -> float:
        return float("return" in solution_str)

    async def detailed(*said: Any, bonus: float = 0.0) -> dict[str, Any]:
        return {"score": 0.5 + bonus, "acc": 1.0, "why": "text"}

    def bad(*_: Any) -> float:
        raise RuntimeError("no answer from the sandbox")

    mine.plain, mine.detailed, mine.bad = plain, detailed, bad  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "users_rewards", mine)
    yield
    told_once.cache_clear()
    recorder_of.cache_clear()


def kept(run: Path) -> list[LoggedRollout]:
    recorder_of(str(run)).close()
    return [each for file in find_logs(run / "inbox").files for each in read_on(file).rollouts]


def test_scores_of_verl_are_passed_on_and_kept(tmp_path: Path) -> None:
    run = str(tmp_path / "run")
    given = {"inner": "users_rewards:plain", "run": run}
    assert verl.compute_score("s", "return 1", "1", {"index": 7}, **given) == 1.0
    assert verl.compute_score("s", "pass", "1", None, **given) == 0.0
    inner = {"inner": "users_rewards:detailed", "run": run, "bonus": 0.25}
    said = asyncio.run(verl.compute_score_async("s", "x", "1", {"task_id": "t"}, **inner))
    assert said == {"score": 0.75, "acc": 1.0, "why": "text"}
    found = kept(tmp_path / "run")
    assert [(each.task, each.completion, each.reward) for each in found] == [
        *(("7", "return 1", 1.0), (None, "pass", 0.0), ("t", "x", 0.75)),
    ]
    assert found[2].parts == {"acc": 1.0, "why": None}
    assert {(each.layout, each.step, each.truth) for each in found} == {("verl", None, "1")}


def test_what_a_reward_function_raises_is_raised_and_kept(tmp_path: Path) -> None:
    given = {"inner": "users_rewards:bad", "run": str(tmp_path / "run")}
    with pytest.raises(RuntimeError, match="no answer from the sandbox"):
        verl.compute_score("s", "x", "1", None, **given)
    (failed,) = kept(tmp_path / "run")
    assert failed.reward is None
    assert failed.error == "users_rewards:bad: RuntimeError: no answer from the sandbox"


def test_a_recorder_that_cannot_write_changes_no_score(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where a folder should be")
    given = {"inner": "users_rewards:plain", "run": str(tmp_path / "run")}
    assert verl.compute_score("s", "return", "1", None, **given) == 1.0
    recorder_of(str(tmp_path / "run")).close()
    assert recorder_of(str(tmp_path / "run")).faults


def test_without_a_run_scores_are_passed_on_and_that_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    for _ in range(3):
        assert verl.compute_score("s", "return", "1", inner="users_rewards:plain") == 1.0
    assert capsys.readouterr().out.count("Foretoken records nothing") == 1


def test_rewards_of_openrlhf_are_passed_on_and_kept(tmp_path: Path) -> None:
    result = {"rewards": torch.tensor([1.0, 0.0]), "scores": torch.tensor([1.0, 0.0])}
    result["extra_logs"] = {"hack": torch.tensor([0.0, 1.0])}

    def mine(queries: list[str], prompts: list[str], labels: list[str], **_: Any) -> Any:
        return result

    around = recorded(mine, run=tmp_path / "run")
    assert around(["p? a", "p? b"], ["p?", "p?"], ["1", "2"], step=3) is result
    found = kept(tmp_path / "run")
    assert [(e.prompt, e.completion, e.reward, e.truth, e.parts) for e in found] == [
        ("p?", " a", 1.0, "1", {"hack": 0.0}),
        ("p?", " b", 0.0, "2", {"hack": 1.0}),
    ]
    odd = recorded(lambda *_: torch.tensor([0.5]), run=tmp_path / "odd")
    assert float(odd([], [], [])) == 0.5
