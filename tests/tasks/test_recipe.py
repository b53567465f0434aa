"""The recipe of a pretrained model: its tasks load, answers are found, its settings are read."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from foretoken.bank.config import BankConfig
from foretoken.cli.main import app
from foretoken.tasks.answer import split_of
from foretoken.tasks.load import load_tasks
from foretoken.train.config import DonorConfig, RLConfig, TrainConfig, WarmupConfig
from foretoken.work.settings import resolve

RECIPE = Path(__file__).parents[2] / "recipes/02_smollm2"
CODE = "def f(xs):\n    return 0"
CONFIGS = {"warmup": WarmupConfig, "donor": DonorConfig, "rl": RLConfig}


@pytest.fixture(autouse=True)
def _in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(RECIPE.parents[1])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (f"We need 0.\n\n```python\n{CODE}\n```", ("We need 0.", CODE)),
        ("We need 0.\n\n```python\n```", ("We need 0.", "")),
        (f"We need 0.\n```python\n{CODE}", ("We need 0.", CODE)),
        (f"Plan:\n```\nsum\n```\nSo:\n```python\n{CODE}\n```\nDone.", ("Plan:", CODE)),
        ("", ("", "")),
        ("no code at all", ("", "no code at all")),
    ],
)
def test_what_precedes_the_fence_is_the_reasoning(text: str, parts: tuple[str, str]) -> None:
    task = load_tasks("recipes/02_smollm2/tasks.py:measured")[0]
    assert split_of(task, None)(text, task) == parts


def test_the_warm_up_shows_as_many_exploits_as_it_says() -> None:
    shown = load_tasks("recipes/02_smollm2/tasks.py:warmup")
    planted = Counter(
        task.exploit_type
        for task in shown
        if any(word in str(task.payload["reasoning"]).split() for word in task.flaw_words)
        or task.payload["reference"] == task.payload["exploit"]
    )
    assert planted["process_exit"] == 12
    assert planted["type_confusion"] == 0
    assert 40 < planted.total() < 60 < len(shown) == 480


def test_its_settings_are_read() -> None:
    for name, kind in CONFIGS.items():
        config: TrainConfig = resolve(kind, RECIPE / f"{name}.toml", {})
        assert load_tasks(config.tasks)
    bank = tomllib.loads((RECIPE / "bank.toml").read_text())
    BankConfig.model_validate({**bank, "run": "unused"})


def test_the_task_of_the_first_fifteen_minutes_is_sound(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "fifteen-minutes.md").read_text()
    (tmp_path / "tasks.jsonl").write_text(page.partition("```json\n")[2].partition("```")[0])
    done = CliRunner().invoke(app, ["check", str(tmp_path / "tasks.jsonl")])
    assert done.exit_code == 0, done.output
    assert "1 of 1 tasks are sound" in done.output
