"""A watcher says when graders begin to fail, and goes on whatever a second grader does.

Faults that were injected to see these tests fail: a note in other words at each look; a second
grader that cannot be used ends the watch; a look that does not end when its time is over.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from foretoken.grader_records import SecondOpinion
from foretoken.store.layout import REPORT_FILE
from foretoken.store.run import Run
from foretoken.watch import rollouts
from foretoken.watch.config import WatchConfig
from foretoken.watch.watcher import Watcher

STEPS = 16


def step(run: Path, number: int, *, error: str | None = None) -> None:
    """What the hook writes of one step: eight calls of four answers, some of which fail."""
    file = run / "inbox" / "rollouts-host-1.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    for call in range(8):
        failed = error if call < 4 else None
        rollouts: list[dict[str, Any]] = [
            {"completion": f"{number}/{call}/{n}", "prompt": 0, "reward": 1.0 - n % 2}
            for n in range(4)
        ]
        said = {"foretoken": 2, "by": "trl", "step": number, "prompts": ["p"]}
        graders = {"judge": {"seconds": 0.1, "error": failed}}
        lines.append(json.dumps({**said, "graders": graders, "rollouts": rollouts}) + "\n")
    with file.open("a") as opened:
        opened.writelines(lines)


def config(run: Path, **changes: Any) -> WatchConfig:
    return WatchConfig.model_validate({"run": run, "horizon_step": STEPS, **changes})


def test_a_grader_that_begins_to_fail_is_told_of_once_with_counts(tmp_path: Path) -> None:
    watcher = Watcher(config(tmp_path), [])
    told: list[tuple[str, ...]] = []
    for number in range(9):
        step(tmp_path, number, error="RuntimeError: no box" if number > 5 else None)
        told.append(watcher.look().notes)
    watcher.close()
    assert told[:7] == [()] * 7
    (note,) = told[7]
    assert note == "reward function judge: 8 of 16 calls failed in steps 6-7, 0 of 48 before"
    assert told[8] == (note,)
    again = Watcher(config(tmp_path), [])
    step(tmp_path, 9, error="RuntimeError: no box")
    (note,) = again.look().notes
    again.close()
    assert "16 of 80 calls failed" in (tmp_path / REPORT_FILE).read_text()
    assert note == "reward function judge: 16 of 32 calls failed in steps 6-9, 0 of 48 before"


def test_a_second_grader_is_asked_while_a_training_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "second.py").write_text("def strict(p, a, t):\n    return float(a[-1] != '0')\n")
    shadow = {"shadow": f"{tmp_path / 'second.py'}:strict", "shadow_share": 0.5}
    monkeypatch.setattr(rollouts, "SHADOW_S", 0.0)
    watcher = Watcher(config(tmp_path / "run", **shadow), [])
    step(tmp_path / "run", 0)
    assert watcher.look().notes == ("some steps wait for the second grader",)
    assert watcher._rollouts._shadow is not None
    watcher._rollouts._shadow.seconds = 600.0
    step(tmp_path / "run", 1)
    assert watcher.look().notes == ()
    version = watcher.seen.version
    assert watcher.look().version == version
    watcher.close()
    last = Watcher(config(tmp_path / "run", once=True, **shadow), [])
    last.look()
    last.close()
    opinions = Run.open(tmp_path / "run").read(SecondOpinion)
    assert sorted({each.step for each in opinions}) == [0, 1]
    assert len(opinions) == 2 * 16
    assert "refuses" in (tmp_path / "run" / REPORT_FILE).read_text()


def test_a_second_grader_that_cannot_be_used_is_a_note(tmp_path: Path) -> None:
    watcher = Watcher(config(tmp_path, shadow="nowhere.at:all"), [])
    step(tmp_path, 0)
    (note,) = watcher.look().notes
    assert "the second grader nowhere.at:all cannot be used" in note
    step(tmp_path, 1)
    assert watcher.look().notes == ("some steps wait for the second grader",)
    watcher.close()
    assert (tmp_path / REPORT_FILE).is_file()
