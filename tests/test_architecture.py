"""The page that shows the house: its examples run, and its plan is the one that is checked."""

import re
import tomllib
from pathlib import Path

import pytest

import foretoken

ROOT = Path(foretoken.__file__).parent.parent.parent
PAGE = (ROOT / "docs/architecture.md").read_text()


def test_every_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) >= 6
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, "docs/architecture.md", "exec"), names)


def test_every_room_stands_on_the_plan() -> None:
    plan = PAGE.partition("```\n")[2].partition("```")[0]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    rooms = {room.strip() for layer in layers for room in layer.split("|")}
    folders = {room for room in rooms if (ROOT / "src/foretoken" / room).is_dir()}
    assert folders
    assert {room for room in folders if not re.search(rf"\b{room}\b", plan)} == set()
