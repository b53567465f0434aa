"""Before system packages are installed it is said which, what for, how long, and how to decline.

Faults that were injected: the line said after the installation; a refusal that installs all
the same.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "system-packages"


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder of commands in which both packages are missing and apt-get notes what was said."""
    folder = tmp_path / "bin"
    folder.mkdir()
    said, noted = tmp_path / "said", tmp_path / "noted"
    write(folder / "id", "echo 0")
    write(folder / "apt-get", f'read -r line < {said}\necho "$* after: $line" >> {noted}')
    return folder


def write(file: Path, body: str) -> None:
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


def run(commands: Path, **environment: str) -> str:
    said = commands.parent / "said"
    with said.open("w") as file:
        subprocess.run(
            [shutil.which("bash") or "bash", str(SCRIPT)],
            env={"PATH": str(commands), **environment}, stdout=file, check=True,
        )  # fmt: skip
    return said.read_text()


def test_it_is_said_what_is_installed_and_why_before_it_is(commands: Path) -> None:
    said = run(commands)
    assert said == (
        "Installing system packages with apt-get, one to three minutes: bubblewrap to test graders "
        "that are whole programs of others, chromium to test the report in a browser. "
        "SYSTEM_PACKAGES=no leaves them out, with the tests that need them failing.\n"
    )
    update, install = (commands.parent / "noted").read_text().splitlines()
    assert update == f"update -qq after: {said.strip()}"
    assert install.startswith("install -y -qq --no-install-recommends bubblewrap chromium after: ")


def test_a_refusal_installs_nothing(commands: Path) -> None:
    assert run(commands, SYSTEM_PACKAGES="no").startswith("System packages left out: bubblewrap")
    assert not (commands.parent / "noted").exists()


def test_what_is_there_is_not_spoken_of(commands: Path) -> None:
    write(commands / "bwrap", "")
    assert "bubblewrap" not in run(commands)
    write(commands / "chromium", "")
    assert run(commands) == ""


def test_the_demo_installs_no_system_package() -> None:
    makefile = (SCRIPT.parents[1] / "Makefile").read_text()
    (line,) = [each for each in makefile.splitlines() if each.startswith("demo:")]
    assert line == "demo: $(VENV)/.installed"
