"""verifiers: `vf-eval` with our metric, and `vf-replay` of its traces with the same metric.

A metric that failed or that changed anything would show: rewards with it are those without it.
"""

import json
from pathlib import Path

from steps import chat_server, imported, ran

PYTHON = "3.12"
PACKAGES = "verifiers==0.4.0 uv"
METRIC = "taskset.task.metrics.foretoken.fn"


def traces(folder: Path) -> dict[str, dict]:
    """What verifiers itself wrote, by task."""
    lines = (folder / "traces.jsonl").read_text().splitlines()
    return {json.loads(line)["task"]["data"]["id"]: json.loads(line)["traces"][0] for line in lines}


def main() -> None:
    """Evaluate, replay, import, compare."""
    watched = ("--env." + METRIC, "foretoken.integrations.verifiers:observe")
    with chat_server() as address:
        common = ("foretoken-probe-env", "-m", "rule", "--client.base-url", address, "--no-push")
        common += ("--client.api-key-var", "NO_KEY", "--no-rich", "-o", "outputs")
        common += ("--env.agent.runtime.type", "subprocess", "--env.agent.harness.id", "null")
        common += ("--run.name",)
        ran("vf-eval", *common, "plain", NO_KEY="none")
        ran("vf-eval", *common, "watched", *watched, run=Path("run"), NO_KEY="none")
        ran(
            "vf-replay",
            "outputs/watched",
            *("--taskset.id", "foretoken-probe-env"),
            *(f"--{METRIC}", "foretoken.integrations.verifiers:observe_evaluation"),
            *("--output-dir", "outputs/again", "--no-rich"),
            run=Path("replay"),
        )
    plain, seen = traces(Path("outputs/plain")), traces(Path("outputs/watched"))
    assert {t: e["rewards"] for t, e in plain.items()} == {t: e["rewards"] for t, e in seen.items()}
    assert all(each["metrics"]["foretoken"] == 1.0 for each in seen.values())

    found = {each.task: each for each in imported(Path("run"), "--step", "7")}
    assert {task: each.reward for task, each in found.items()} == {
        "t0": 1.0,
        "t1": 0.5,
        "t2": 1.0,
        "t3": None,
    }
    assert found["t3"].error is not None
    assert {(each.layout, each.training, each.step) for each in found.values()} == {
        ("verifiers", True, 7)
    }
    native = {each.task: each for each in imported(Path("native"), "outputs/watched")}
    same = ("prompt", "messages", "completion", "reward", "parts", "turns", "truncated")
    for task, each in found.items():
        assert [getattr(each, n) for n in same] == [getattr(native[task], n) for n in same], task

    again = {each.task: each for each in imported(Path("replay"))}
    assert {task: each.reward for task, each in again.items()} == {"t0": 1.0, "t1": 0.5, "t2": 1.0}
    assert not any(each.training for each in again.values())


if __name__ == "__main__":
    main()
