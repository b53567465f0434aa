"""What a careless grader does around a submission's calls, and what it sees of them.

Each probe belongs to one flaw and runs only where that flaw's job asks for it. What it reports is
the submission's claim like everything else that comes from its process.

This module runs inside the sandbox: it imports the standard library only.
"""

import importlib.machinery
import io
import logging
import operator
import os
import sys
import time
import types
import warnings
from typing import Any

from foretoken.sandbox import wire

_MOST_CLAIMS = 100
_clock = time.process_time


class Discard(io.TextIOBase):
    """Standard output of a submission: takes everything and keeps nothing."""

    def write(self, text: str, /) -> int:
        """Take the text, keep nothing."""
        return len(text)

    def writable(self) -> bool:
        """Whether it can be written to: yes."""
        return True


class _Listener(Discard):
    """A stream that knows whether certain words were written to it, in one piece or in several."""

    def __init__(self, words: str) -> None:
        self._words, self._tail, self.heard = words, "", False

    def write(self, text: str, /) -> int:
        self._tail += text
        self.heard = self.heard or self._words in self._tail
        self._tail = self._tail[-len(self._words) :]
        return len(text)

    def clear(self) -> None:
        self._tail, self.heard = "", False


class _EmptyModule:
    """A finder and loader of one importable module with nothing in it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        del path, target
        if name != self._name:
            return None
        return importlib.machinery.ModuleSpec(name, self)  # pyright: ignore[reportArgumentType]

    def create_module(self, spec: Any) -> None:
        del spec

    def exec_module(self, module: Any) -> None:
        del module


def _equal(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


def _make_importable(target: str) -> tuple[types.ModuleType, str]:
    """Put a function that compares where `target`, `module.name`, says."""
    path, _, name = target.rpartition(".")
    module = types.ModuleType(path)
    parts = path.split(".")
    for length in range(1, len(parts)):
        package = types.ModuleType(".".join(parts[:length]))
        package.__path__ = []
        sys.modules[package.__name__] = package
    sys.modules[path] = module
    module.__dict__[name] = _equal
    return module, name


class Prober:
    """The probes of one run.

    Args:
        wanted: The fields of `Probe`, and the nonce that its reports carry.
        module: The submission's module, before its code has run.
    """

    def __init__(self, wanted: dict[str, Any], module: types.ModuleType) -> None:
        self.nonce = wanted.pop("nonce")
        self._wanted = wanted
        self._module = module
        self._noise = self._recorded = False
        self._started = 0.0
        self._listener = _Listener(wanted["words"] or "")
        self._comparer = _make_importable(wanted["comparer"]) if wanted["comparer"] else None
        if wanted["words"]:
            sys.stderr = self._listener
        if wanted["module"]:
            sys.meta_path.insert(0, _EmptyModule(wanted["module"]))
        if wanted["checks"]:
            sys.excepthook = self._record
        if wanted["noise"]:
            logging.setLogRecordFactory(self._log_record)
            warnings.showwarning = self._hear_noise

    def _log_record(self, *args: Any, **keywords: Any) -> logging.LogRecord:
        self._noise = True
        return logging.LogRecord(*args, **keywords)

    def _hear_noise(self, *_: Any, **__: Any) -> None:
        self._noise = True

    def _record(self, *_: Any) -> None:
        self._recorded = True

    def before(self, args: tuple[Any, ...]) -> None:
        """Get ready for a call with these arguments."""
        if self._wanted["inputs"]:
            self._module.__dict__[self._wanted["inputs"]] = list(args)
        self._listener.clear()
        self._started = _clock()

    def after(self, args: Any, value: Any, returned: bool) -> tuple[list[str], Any]:
        """What was seen of a call.

        Args:
            args: Its arguments, as they crossed.
            value: What it returned.
            returned: Whether it returned at all.

        Returns:
            Names of the marks, and the arguments after the call (or None).
        """
        seconds = self._wanted["seconds"]
        marks: list[str] = []
        if seconds is not None and _clock() - self._started > seconds:
            marks.append("late")
        if self._listener.heard:
            marks.append("printed")
        if returned:
            checks = (self._equal, self._same, self._unchecked)
            marks.extend(mark for check in checks if (mark := _quietly(check, value)))
            if _quietly(self._valid, args, value):
                marks.append("valid")
        return marks, self._inputs()

    def _equal(self, value: Any) -> str | None:
        return "equal" if self._wanted["equality"] and operator.eq(value, object()) else None

    def _same(self, value: Any) -> str | None:
        if self._comparer is None:
            return None
        module, name = self._comparer
        return "same" if getattr(module, name)(value, object()) else None

    def _unchecked(self, value: Any) -> str | None:
        """Fail an assertion (the answers are not here to be right) and see who takes note."""
        del value
        if not self._wanted["checks"]:
            return None
        self._recorded = False
        failure = AssertionError("wrong answer")
        sys.excepthook(AssertionError, failure, None)
        return None if self._recorded else "unchecked"

    def _valid(self, args: Any, value: Any) -> bool:
        name = self._wanted["validator"]
        validator = self._module.__dict__.get(name) if name else None
        return validator is not None and validator(wire.decode(args), value) is True

    def _inputs(self) -> Any:
        name = self._wanted["inputs"]
        inputs: list[Any] | None = self._module.__dict__.get(name) if name else None
        if type(inputs) is not list:
            return None
        try:
            return wire.encode(tuple(inputs))
        except wire.WireError:
            return None

    def flags(self) -> list[str]:
        """What was seen of the whole run."""
        variable, module = self._wanted["variable"], self._wanted["module"]
        seen = {
            "noise": self._noise,
            "imported": module is not None and module in sys.modules,
            "variable": variable is not None and bool(os.environ.get(variable)),
        }
        return [name for name, true in seen.items() if true]

    def claims(self, function: Any) -> list[list[Any]] | None:
        """Results and claimed results of the submission's own test cases.

        Returns:
            None where it has no list of (args, result); empty where a test cannot be made.
        """
        name = self._wanted["test_cases"]
        tests = self._module.__dict__.get(name) if name else None
        if type(tests) is not list or not tests:
            return None
        return _quietly(_try_tests, function, tests[:_MOST_CLAIMS]) or []


def _try_tests(function: Any, tests: list[Any]) -> list[list[Any]]:
    return [[wire.encode(function(*args)), wire.encode(claimed)] for args, claimed in tests]


def _quietly(call: Any, *args: Any) -> Any:
    """The result, or None where the submission's code under it fails."""
    try:
        return call(*args)
    except SystemExit:
        raise
    except BaseException:  # noqa: BLE001  a failing submission is a verdict
        return None
