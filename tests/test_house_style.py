"""The sizes and the public surface that the house style promises."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import foretoken

SOURCE = Path(foretoken.__file__).parent
ROOT = SOURCE.parent.parent
FILES = sorted(
    path
    for folder in (SOURCE, ROOT / "tests", ROOT / "benchmarks")
    for path in folder.rglob("*.py")
)
LINES_PER_FILE = 400
LINES_PER_FUNCTION = 60
PUBLIC_NAMES = 30


def long_functions(source: str) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False) or ""
            length = (node.end_lineno or 0) - node.lineno + 1 - docstring.count("\n")
            if length > LINES_PER_FUNCTION:
                found.append(f"{node.name}:{node.lineno} has {length} lines")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_short(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= LINES_PER_FILE
    assert long_functions(source) == []


def test_a_long_function_is_found() -> None:
    body = "\n".join(f"    x = {i}" for i in range(LINES_PER_FUNCTION))
    assert long_functions(f"def f():\n{body}\n") == [f"f:1 has {LINES_PER_FUNCTION + 1} lines"]


def shared_names(sources: dict[str, str]) -> dict[str, list[str]]:
    """Names of classes that more than one file defines, with those files."""
    homes: dict[str, list[str]] = {}
    for name, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(name)
    return {name: files for name, files in homes.items() if len(files) > 1}


def test_no_two_classes_of_the_package_share_a_name() -> None:
    sources = {str(path.relative_to(SOURCE)): path.read_text() for path in SOURCE.rglob("*.py")}
    assert shared_names(sources) == {}


def test_a_shared_name_of_two_classes_is_found() -> None:
    sources = {"a.py": "class Cell: ...", "b.py": "class Cell: ...", "c.py": "class Other: ..."}
    assert shared_names(sources) == {"Cell": ["a.py", "b.py"]}


def test_the_top_level_stays_small() -> None:
    assert len(foretoken.__all__) <= PUBLIC_NAMES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_prompts_are_rendered_from_tasks_so_that_dialogues_are(path: Path) -> None:
    assert not re.search(r"render_prompt\([^()]*\.prompt\b", path.read_text())


def test_every_function_tests_something() -> None:
    silent: list[str] = []
    for path in FILES:
        if path.is_relative_to(ROOT / "tests"):
            source = path.read_text()
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    segment = ast.get_source_segment(source, node) or ""
                    if not any(word in segment for word in ("assert", "raises(", "expect(")):
                        silent.append(f"{path.name}:{node.name}")
    assert silent == []


def test_only_task_data_is_excused_from_strict_types() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pyright"]
    excused = [each["root"] for each in settings["executionEnvironments"] if False in each.values()]
    assert settings["typeCheckingMode"] == "strict"
    assert excused == ["src/foretoken/tasks/programming"]
