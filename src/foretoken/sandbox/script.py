"""What is done with one request, as steps: run the submission, call it, say what it did.

A step is the only thing of ours that lies below the submission's frames, and it holds no more than
the one thing that it does. What else the request says (other calls, what is shown later, which flaw
this is about) stays in a generator that is not on the stack while the submission runs.

This module runs inside the sandbox: it imports the standard library only.
"""

import ast
import inspect
import io
import os
import random
import sys
import tokenize
import types
import unittest
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from foretoken.sandbox import wire
from foretoken.sandbox.probes import Discard, Prober

_NOTES_TEXT = 65_536

_open, _exit = open, os._exit
_set_profile, _profile = sys.setprofile, sys.getprofile
_set_trace, _trace = sys.settrace, sys.gettrace

Say = Callable[..., None]


class Step:
    """One thing that runs code of the submission's, and what came of it.

    Args:
        action: What to do, with its arguments.
        hooked: Whether trace and profile hooks of the submission's stay on.
    """

    def __init__(self, action: Callable[..., Any], *arguments: Any, hooked: bool = True) -> None:
        self._action = partial(action, *arguments)
        self.hooked = hooked
        self.value: Any = None
        self.error: BaseException | None = None

    def __call__(self) -> None:
        """Do it; only the wish to end the process goes through."""
        try:
            self.value = self._action()
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001  a failing submission is a verdict
            self.error = error

    def outcome(self) -> Any:
        """What it came to; what it raised is raised here."""
        if self.error is not None:
            raise self.error
        return self.value


def perform(steps: Iterable[Step]) -> None:
    """Do all steps; hooks of the submission's see nothing of what is between them."""
    profile = trace = None
    for step in steps:
        if step.hooked:
            _set_trace(trace)
            _set_profile(profile)
        step()
        profile, trace = _profile(), _trace()
        _set_profile(None)
        _set_trace(None)


def steps(request: dict[str, Any], *, say: Say, most_text: int) -> Iterator[Step]:
    """The steps of one request, in order.

    Args:
        request: What the supervisor asks for.
        say: Writes one line to the supervisor.
        most_text: Most bytes of text in one answer.
    """
    random.seed(request["seed"])
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = Discard()
    os.environ.clear()
    module = types.ModuleType("submission")
    sys.modules["submission"] = module
    try:
        code = compile(request["code"], "submission.py", "exec", dont_inherit=True)
        if request["notes"]:
            say("notes", _notes(request["code"]))
        _expose(request, module)
        prober = Prober(request["probe"], module) if request["probe"] else None
    except BaseException as error:  # noqa: BLE001  a failing submission is a verdict
        say("failed", _class_name(error), False)
        say("end")
        return
    yield (run := Step(exec, code, module.__dict__))
    function = module.__dict__.get(request["function"])
    if run.error is not None or function is None:
        say("failed", "NameError" if run.error is None else _class_name(run.error), False)
        say("end")
        return
    yield from _calls(request, function, prober=prober, most_text=most_text, say=say)
    yield from _reports(request, function, prober=prober, say=say)
    say("end")


def _calls(
    request: dict[str, Any], function: Any, *, prober: Prober | None, most_text: int, say: Say
) -> Iterator[Step]:
    """The calls, each preceded by what shows it its leak."""
    yield (accepts := Step(_accepts, function, request["keyword"]))
    keyword = request["keyword"] if accepts.value else None
    framed = _define("call", ("function", "args", "keywords"), request["frame"])
    shown = _define("show", (), request["hook"])
    for number, tree in enumerate(request["calls"]):
        leak, args = request["leaks"][number], wire.decode(tree)
        if request["log"] is not None:
            with _open(request["log"], "a") as log:
                log.write(request["log_lines"][number] + "\n")
        if request["module"] is not None:
            sys.modules[request["module"]].__dict__["expected"] = wire.decode(leak)
        if shown is not None:
            yield Step(shown, wire.decode(leak))
        keywords = {} if keyword is None else {keyword: wire.decode(leak)}
        call = partial(function, *args, **keywords)
        if framed is not None:
            call = partial(framed, wire.decode(leak), function, args, {})
        if prober is not None:
            prober.before(args)
        yield (made := Step(_call, call, most_text, hooked=framed is None))
        line, value = made.outcome()
        if line[0] == "too much":
            say(*line)
            _exit(0)
        if prober is None:
            say(*line)
            continue
        yield (seen := Step(prober.after, tree, value, line[0] == "value"))
        say(*line)
        say("probed", prober.nonce, *seen.outcome())


def _call(call: Callable[[], Any], most_text: int) -> tuple[tuple[Any, ...], Any]:
    """Make one call: the line that says what it did, and what it returned."""
    value = None
    try:
        value = call()
        return ("value", wire.encode(value, most_text=most_text)), value
    except SystemExit:
        raise
    except wire.TooMuchError:
        return ("too much",), None
    except wire.WireError:
        return ("oversize",), value
    except BaseException as error:  # noqa: BLE001  a failing submission is a verdict
        return ("raised", _class_name(error), isinstance(error, unittest.SkipTest)), value


def _reports(
    request: dict[str, Any], function: Any, *, prober: Prober | None, say: Say
) -> Iterator[Step]:
    """What is asked for after the calls."""
    if request["attribute"] is not None:
        yield (flag := Step(_flag_of, function, request["attribute"]))
        say("attribute", flag.outcome())
    if prober is not None:
        yield (flags := Step(prober.flags))
        say("flags", prober.nonce, flags.outcome())
        yield (claims := Step(prober.claims, function))
        if claims.outcome() is not None:
            say("claims", prober.nonce, claims.value)


def _flag_of(function: Any, attribute: str) -> bool:
    return bool(getattr(function, attribute, False))


def _define(name: str, parameters: tuple[str, ...], local: str | None) -> Any:
    """A function of the grader's own with a local variable of a chosen name (trusted text)."""
    if local is None:
        return None
    body = "return function(*args, **keywords)" if parameters else "pass"
    scope: dict[str, Any] = {}
    exec(f"def {name}({', '.join((local, *parameters))}):\n    {body}", scope)  # noqa: S102
    return scope[name]


def _class_name(error: BaseException) -> str:
    return wire.type_name(type(error))


def _accepts(function: Any, keyword: str | None) -> bool:
    if keyword is None:
        return False
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    return keyword in parameters or any(
        parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()
    )


def _expose(request: dict[str, Any], module: types.ModuleType) -> None:
    """Put the one thing that this run's flaw leaks where the flaw leaks it."""
    for name, text in request["files"].items():
        Path(name).write_text(text)
    for name, attributes in request["objects"].items():
        values = {key: wire.decode(tree) for key, tree in attributes.items()}
        module.__dict__[name] = types.SimpleNamespace(**values)
    if request["module"] is not None:
        sys.modules[request["module"]] = types.ModuleType(request["module"])


def _notes(source: str) -> list[str]:
    """Comments and docstrings of a source text that compiles."""
    texts = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts.extend(
        ast.get_docstring(node, clean=False) or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, owners)
    )
    return [text[:_NOTES_TEXT] for text in texts if text]
