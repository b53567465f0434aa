"""Processes to kill or to limit that begin warm: forked from one that holds the slow imports."""

import os
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

FORKED = get_context("forkserver")
FORKED.set_forkserver_preload(
    [
        "foretoken.bank.refresh",
        "foretoken.cli.main",
        "foretoken.engines.transformers.engine",
        "foretoken.pipeline.forecast",
        "foretoken.train.donor",
        "foretoken.train.rl",
        "pytest",
        "transformers.models.llama.modeling_llama",
    ]
)


def started(work: Callable[..., object], *arguments: object) -> BaseProcess:
    """Begin a function, which must be one that can be imported, in a process of its own."""
    process = FORKED.Process(target=work, args=arguments)
    process.start()
    return process


def telling(work: Callable[..., object], *arguments: object) -> tuple[BaseProcess, Connection]:
    """The same, for a function whose last argument tells what is received here."""
    told, tell = FORKED.Pipe(duplex=False)
    with tell:
        return started(work, *arguments, tell), told


def killed(process: BaseProcess) -> None:
    """Kill one of those without a warning."""
    process.kill()
    process.join()
    process.close()


def exit_code(process: BaseProcess) -> int | None:
    """Wait for the end of one of those."""
    process.join()
    return process.exitcode


def run_command(words: list[str], said: Path | None = None) -> None:
    """Run the command line in this process, which is one of those; its errors go to a file."""
    from foretoken.cli.main import app

    if said is not None:
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT), 2)
    app(words)
