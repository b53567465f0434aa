"""A training of the shipped organism and a watcher beside it, each a process that can be killed."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from foretoken.bank.build import build_bank
from foretoken.bank.config import BankConfig
from foretoken.engines.choose import EngineConfig
from foretoken.engines.prompts import PROMPT
from foretoken.organism.corpus import AUDIT
from foretoken.organism.paths import MODEL, RUN
from foretoken.organism.specs import SHIPPED
from foretoken.organism.tasks import rl_tasks
from foretoken.records import Draw, Task
from foretoken.store.layout import donor_folder
from foretoken.store.run import Run
from foretoken.tasks.lists import make_tasks
from foretoken.tasks.load import save_tasks
from foretoken.work.parts import rollout_part

TYPES = ("error_code_abuse", "process_exit")
STEPS = 24
PROMPTS, GENERATIONS = 6, 16
PATIENCE_S = 2400.0
"""On a machine that others use, too."""


def organism_bank(folder: Path) -> None:
    """Make a run with a small bank of two types, before any training."""
    folder.mkdir()
    tasks = folder / "bank.jsonl"
    save_tasks([*make_tasks(9, per_type=8, types=TYPES)], tasks)
    build_bank(
        BankConfig(
            run=folder,
            subject=MODEL,
            donor=donor_folder(RUN),
            hint=AUDIT + PROMPT,
            tasks=str(tasks),
            draws_per_task=12,
            max_tokens=128,
            engine=EngineConfig(dtype="float32"),
        )
    )
    assert Run.open(folder).read(Task)
    of_types = [each for each in rl_tasks(SHIPPED) if each.exploit_type in TYPES]
    save_tasks(of_types, folder / "rl.jsonl")


def until(true: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> None:
    """Wait for something."""
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.2)


@dataclass
class Beside:
    """Starts, kills and starts again."""

    run: Path
    port: int = 0
    said: list[str] = field(default_factory=list[str])
    """Lines of all watchers."""

    def __post_init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = self.run / "rl.toml"
        config.write_text(
            f'model = "{MODEL}"\ntasks = "{self.run / "rl.jsonl"}"\nout = "{self.run}"\n'
            f"steps = {STEPS}\nlearning_rate = 1e-3\nrank = 16\nalpha = 32\n"
            f"prompts_per_step = {PROMPTS}\ngenerations = {GENERATIONS}\ncheckpoints = 6\n"
            'sampling_dtype = "float32"\nworkers = 1\n'
        )
        (self.run / "watch.toml").write_text("every_s = 0.5\nsettle_s = 0.5\n")

    @property
    def address(self) -> str:
        """Of the page."""
        return f"http://127.0.0.1:{self.port}/"

    def trainer(self) -> subprocess.Popen[str]:
        """Start to train, or go on."""
        return self._start("train", "rl", "--config", str(self.run / "rl.toml"))

    def watcher(self) -> subprocess.Popen[str]:
        """Start to watch, or go on."""
        words = ("--serve", "--port", str(self.port), "--device", "cpu")
        return self._start("watch", str(self.run), *words, "--config", str(self.run / "watch.toml"))

    def kill(self, process: subprocess.Popen[str]) -> None:
        """At once, whatever it does; what it had said is kept."""
        process.send_signal(signal.SIGKILL)
        self.ended(process)

    def ended(self, process: subprocess.Popen[str]) -> int:
        """Wait for the end of a process, and keep what it said."""
        said, _ = process.communicate(timeout=PATIENCE_S)
        self.said += said.splitlines()
        return process.returncode

    def steps_drawn(self) -> int:
        """Steps whose rollouts are on the disk."""
        parts = Run.open(self.run).parts(Draw)
        return sum(re.fullmatch(r"rollout-\d{6}", part) is not None for part in parts)

    def _start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "foretoken", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
        )


assert rollout_part(3) == "rollout-000003"
