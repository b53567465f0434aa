"""Every error that Foretoken raises on purpose.

The tree::

    ForetokenError
    ├── SetupError          the user must change something: one line, no traceback, exit code 2
    │   ├── RunError        what was named is not a run, not a checkpoint, or not a query
    │   ├── TaskError       a task or a file of tasks is not usable
    │   ├── ModelError      a model, tokenizer or adapter is missing or does not fit
    │   ├── IsolationError  the machine refuses the isolation that hostile code needs
    │   └── MismatchError   two things that may not be joined (temperature, tokenizer, engine)
    ├── StoreError          a run directory or a part of it cannot be read or written
    └── ScoringError        numbers that cannot enter an estimate (NaN, infinite, no draws)

Each message says what is wrong, where, and what to do now. Code that fails inside the sandbox is
a verdict, never an exception.
"""


class ForetokenError(Exception):
    """Root of every error raised on purpose."""


class SetupError(ForetokenError):
    """Something that the user must change before the command can go on."""


class RunError(SetupError):
    """What the user named is not a run, not a checkpoint, not a query, or not on a local disk."""


class TaskError(SetupError):
    """A task, or a file of tasks, is not usable."""


class ModelError(SetupError):
    """A model, tokenizer or adapter is missing, damaged, or does not fit the others."""


class IsolationError(SetupError):
    """The machine refuses the isolation that untrusted code needs."""


class MismatchError(SetupError):
    """Two things that may not be joined: temperature, tokenizer, template, dtype or engine."""


class StoreError(ForetokenError):
    """A run directory, or a part of it, cannot be read or written."""


class ScoringError(ForetokenError):
    """Numbers that cannot enter an estimate: NaN, infinite, or none at all."""
