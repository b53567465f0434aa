"""Where errors become one line and an exit code."""

import sys
import warnings
from typing import Any

import typer
from typer.core import TyperGroup

from foretoken.errors import ForetokenError, SetupError

OUR_ERROR = 1
USAGE = 2
ALARM = 3
INTERRUPTED = 130


EXTRAS = {
    "train": ("torch", "transformers", "peft", "trl", "accelerate", "datasets", "safetensors"),
    "server": ("httpx2",),
    "ray": ("ray",),
    "trackio": ("trackio",),
    "wandb": ("wandb",),
    "mlflow": ("mlflow",),
}
"""Modules that an extra brings."""


def extra_of(module: str) -> str | None:
    """Return the extra that brings a module; None: a missing one is our own fault."""
    root = module.partition(".")[0]
    return next((name for name, modules in EXTRAS.items() if root in modules), None)


class ErrorBoundary(TyperGroup):
    """Command group that prints an error raised on purpose as one line, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command.

        Exit codes: 0 done, 1 our error, 2 something that the user must change, 3 alarm.
        """
        warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
        try:
            return super().invoke(ctx)
        except ForetokenError as error:
            from rich.console import Console

            console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
            console.print(f"[bold red]{type(error).__name__}[/]: ", end="")
            console.print(str(error), markup=False)
            raise typer.Exit(USAGE if isinstance(error, SetupError) else OUR_ERROR) from error
        except ModuleNotFoundError as error:
            extra = extra_of(error.name or "")
            if extra is None:
                raise
            sys.stderr.write(
                f"SetupError: {error.name} is not installed, which this command needs: "
                f"pip install 'foretoken[{extra}]'\n"
            )
            raise typer.Exit(USAGE) from error
        except KeyboardInterrupt as error:
            sys.stderr.write("\nStopped. What was finished is kept: run the same command again.\n")
            raise typer.Exit(INTERRUPTED) from error
