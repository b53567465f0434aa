"""Write docs/cli.md from the commands themselves: `python docs/make_cli.py`."""

import os
from pathlib import Path

os.environ["COLUMNS"] = "96"
os.environ["NO_COLOR"] = "1"

from typer.main import get_command
from typer.testing import CliRunner

from foretoken.cli.main import app

PAGE = Path(__file__).with_name("cli.md")
INTRODUCTION = """# Command line

Every command prints what it wrote and what to do next; progress goes to standard error. Long
commands can be stopped or killed at any moment: the same command continues where they stopped, with
the same result. Settings come from a TOML file (`--config`), then from flags, and are saved in the
run directory.

Exit codes: 0 done, 1 an error of ours or of the machine, 2 something to change (usage, a missing
folder, things that do not fit together), 3 alarm.

This page is made by `python docs/make_cli.py`.
"""


def page() -> str:
    """The help of every command, as one page."""
    sections = [INTRODUCTION]
    for words in command_paths():
        shown = CliRunner().invoke(app, [*words, "--help"], prog_name="foretoken")
        title = " ".join(["foretoken", *words])
        body = "\n".join(line.rstrip() for line in shown.output.strip().splitlines())
        sections.append(f"## {title}\n\n```text\n{body}\n```\n")
    return "\n".join(sections)


def command_paths() -> list[list[str]]:
    """Words of every command, groups resolved."""
    paths: list[list[str]] = []
    for name, command in get_command(app).commands.items():
        inner = getattr(command, "commands", None)
        paths += [[name]] if inner is None else [[name, each] for each in inner]
    return paths


if __name__ == "__main__":
    PAGE.write_text(page())
