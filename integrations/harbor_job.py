"""Harbor: a job with our plugin, by a scripted agent, in an environment without containers."""

from pathlib import Path

from steps import imported, ran

PYTHON = "3.12"
PACKAGES = "harbor==0.25.0"
CONFIG = """
version = "1.0"
[task]
name = "me/{name}"
[verifier]
timeout_sec = 60.0
[agent]
timeout_sec = 60.0
"""
VERIFY = """#!/bin/bash
if grep -q return /app/answer.py; then echo 1 > /logs/verifier/reward.txt
else echo 0 > /logs/verifier/reward.txt; fi
"""


def written(name: str, asked: str) -> None:
    """Write the folder of a task."""
    folder = Path("tasks") / name
    for inner in ("environment", "tests"):
        (folder / inner).mkdir(parents=True)
    (folder / "task.toml").write_text(CONFIG.format(name=name))
    (folder / "instruction.md").write_text(asked)
    (folder / "environment" / "Dockerfile").write_text("FROM scratch\n")
    (folder / "tests" / "test.sh").write_text(VERIFY)


def main() -> None:
    """Run a job of three trials, of which one agent fails; import, compare."""
    for i in range(2):
        written(f"t{i}", f"Write f{i}(x) that returns x plus {i}.")
    written("t9", "Fail.")
    said = ran(
        *("harbor", "run", "-p", "tasks", "-o", "jobs", "--job-name", "probe", "-y"),
        *("--environment-import-path", "harbor_parts:Local"),
        *("--agent-import-path", "harbor_parts:Scripted"),
        *("--plugin", "foretoken.integrations.harbor:Trials", "--plugin-kwarg", "run=run"),
    )
    assert "3 trials, 1 failed" in said, said
    found = {each.task: each for each in imported(Path("run"), "--step", "5")}
    assert {task: each.reward for task, each in found.items()} == {
        "me/t0": 1.0,
        "me/t1": 0.0,
        "me/t9": None,
    }
    assert "the agent gave up" in str(found["me/t9"].error)
    native = {each.task: each for each in imported(Path("native"), "jobs/probe")}
    same = ("prompt", "completion", "reward", "parts", "error", "completion_ids", "turns")
    for task, each in found.items():
        assert [getattr(each, n) for n in same] == [getattr(native[task], n) for n in same], task
    assert found["me/t0"].completion == "def f0(x):\n    return x + 0"


if __name__ == "__main__":
    main()
