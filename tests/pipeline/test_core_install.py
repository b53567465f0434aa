"""A run is forecast, reported and queried without what only training and development need."""

import os
import subprocess
import sys
import tomllib
import venv
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from foretoken.records import Forecast
from foretoken.store.run import Run

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ONLY_CORE = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {refused}:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from foretoken.cli.main import app
for words in {commands}:
    app(words, standalone_mode=False)
"""
COMMANDS = {
    "forecast": ["--horizon-step", "100", "--cutoff-step", "4", "--rollouts-per-step", "8"],
    "report": [],
    "query": ["select exploit_type, step, rate from estimates"],
}


def modules_of_extras() -> set[str]:
    """What `train` and `dev` install, as names to import."""
    extras = PROJECT["optional-dependencies"]
    wanted = {line.split(">")[0] for extra in ("train", "dev") for line in extras[extra]}
    return {
        module
        for module, homes in packages_distributions().items()
        if wanted & {home.lower().replace("_", "-") for home in homes}
    }


def expect_done(run: Run, done: subprocess.CompletedProcess[str], command: str) -> None:
    assert done.returncode == 0, done.stderr
    if command == "forecast":
        assert {each.cutoff_step for each in run.read(Forecast)} == {4}
    elif command == "report":
        assert "process_exit" in (run.path / "report.html").read_text()
    else:
        assert "process_exit" in done.stdout


def test_a_finished_run_is_read_without_the_packages_of_any_extra(
    copy_measured: Callable[[Path], Run], run_folder: Path
) -> None:
    refused = modules_of_extras()
    assert {"torch", "transformers", "peft", "trl", "beartype", "jaxtyping", "pytest"} <= refused
    run = copy_measured(run_folder)
    commands = [[command, str(run.path), *words] for command, words in COMMANDS.items()]
    code = ONLY_CORE.replace("{refused}", repr(refused)).replace("{commands}", repr(commands))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    for command in COMMANDS:
        expect_done(run, done, command)


@pytest.mark.slow
def test_the_core_install_in_an_environment_of_its_own_reads_a_finished_run(
    copy_measured: Callable[[Path], Run], run_folder: Path, tmp_path: Path
) -> None:
    run = copy_measured(run_folder)
    venv.create(tmp_path / "core", with_pip=True)
    programs = tmp_path / "core/bin"
    environment = {key: word for key, word in os.environ.items() if key != "PYTHONPATH"}

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [programs / words[0], *words[1:]],
            capture_output=True, text=True, check=False, env=environment, cwd=tmp_path,
        )  # fmt: skip

    installed = call("pip", "install", "--quiet", str(ROOT))
    assert installed.returncode == 0, installed.stderr
    assert call("python", "-c", "import foretoken").returncode == 0
    assert call("python", "-c", "import torch").returncode == 1
    assert "forecast" in call("foretoken", "--help").stdout
    for command, words in COMMANDS.items():
        expect_done(run, call("foretoken", command, str(run.path), *words), command)
