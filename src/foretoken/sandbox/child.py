"""What happens in the one process that a submission gets: lock it in, run it, say what it did.

The process writes JSON lines to its result pipe: `["ready"]`, before the submission is read;
`["notes", texts]` where asked for; `["failed", class, false]` if there is nothing to call; per
call `["value", tree]`, `["raised", class, skip]` or `["oversize"]`, then, where asked for,
`["probed", nonce, marks, args]`; `["attribute", bool]`, `["flags", nonce, names]` and
`["claims", nonce, pairs]` where asked for; and `["end"]`. After `ready` each line is no more than a
claim of the submission's.

This module runs inside the sandbox: it imports the standard library only.
"""

import ast
import builtins
import gc
import inspect
import io
import json
import os
import random
import resource
import sys
import tokenize
import types
import unittest
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from foretoken.sandbox import kernel, room, wire
from foretoken.sandbox.probes import Discard, Prober

REQUEST, RESULT = 3, 4
_BROKEN = 70
_MIB = 1 << 20
_NOTES_TEXT = 65_536
_WARMING_RUNS = 12

_encode = json.JSONEncoder(allow_nan=False).encode
_write = os.write
_exit = os._exit
_open = open


def lock_in(limits: dict[str, Any], program: kernel.Filter, *, user: int | None) -> None:
    """Give up everything that a submission does not need. There is no way back.

    What the zygote can give up for all that it forks, it has given up in `prepare`.

    Args:
        limits: The fields of `Limits`.
        program: The seccomp filter.
        user: Number of the unprivileged user to become (None: already one).
    """
    os.setsid()  # a signal to "my process group" must not reach the zygote
    kernel.unshare(
        kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS,
        "mount, ipc and host name namespaces of a submission",
    )
    room.open_box(mib=limits["tmpfs_mib"], inodes=limits["tmpfs_inodes"])
    _set_rlimits(limits)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    kernel.drop_capabilities()
    kernel.forbid_dumps()
    program.install()


def _set_rlimits(limits: dict[str, Any]) -> None:
    cpu_s = int(limits["cpu_s"]) + 2
    for what, most in (
        (resource.RLIMIT_AS, limits["memory_mib"] * _MIB),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_NOFILE, limits["descriptors"]),
        (resource.RLIMIT_NPROC, limits["threads"]),
    ):
        resource.setrlimit(what, (most, most))


def _say(*line: Any) -> None:
    rest = memoryview(_encode(line).encode() + b"\n")
    while rest:
        rest = rest[_write(RESULT, rest) :]


def _read_request() -> dict[str, Any]:
    parts: list[bytes] = []
    while part := os.read(REQUEST, 1 << 16):
        parts.append(part)
    os.close(REQUEST)
    return json.loads(b"".join(parts))


def serve() -> NoReturn:
    """Read one request, run it, and end the process, whatever happens."""
    try:
        _say("ready")
        _run(_read_request())
        _exit(0)
    except SystemExit as stop:
        _exit(_exit_status(stop.code))
    except BaseException:  # noqa: BLE001  the boundary: only the status leaves this process
        _exit(_BROKEN)


def _exit_status(code: object) -> int:
    if code is None:
        return 0
    return code & 0xFF if isinstance(code, int) else 1


def _run(request: dict[str, Any]) -> None:
    random.seed(request["seed"])
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = Discard()
    os.environ.clear()
    module = types.ModuleType("submission")
    sys.modules["submission"] = module
    try:
        code = compile(request["code"], "submission.py", "exec", dont_inherit=True)
        if request["notes"]:
            _say("notes", _notes(request["code"]))
        _expose(request, module)
        prober = Prober(request["probe"], module) if request["probe"] else None
        exec(code, module.__dict__)  # noqa: S102  this is what the sandbox is for
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001  a failing submission is a verdict
        _say("failed", _class_name(error), False)
        _say("end")
        return
    function = module.__dict__.get(request["function"])
    if function is None:
        _say("failed", "NameError", False)
        _say("end")
        return
    _call_all(request, function, prober)
    if request["attribute"] is not None:
        _say("attribute", bool(getattr(function, request["attribute"], False)))
    if prober is not None:
        _say("flags", prober.nonce, prober.flags())
        claims = prober.claims(function)
        if claims is not None:
            _say("claims", prober.nonce, claims)
    _say("end")


def _call_all(request: dict[str, Any], function: Any, prober: Prober | None) -> None:
    leak_of = _leaks(request, function)
    for number, tree in enumerate(request["calls"]):
        args = wire.decode(tree)
        if prober is not None:
            prober.before(args)
        call, keywords = leak_of(number)
        value = None
        try:
            value = call(function, args, keywords)
            line = ("value", wire.encode(value))
        except SystemExit:
            raise
        except wire.WireError:
            line = ("oversize",)
        except BaseException as error:  # noqa: BLE001  a failing submission is a verdict
            line = ("raised", _class_name(error), isinstance(error, unittest.SkipTest))
        report = None if prober is None else prober.after(tree, value, returned=line[0] == "value")
        _say(*line)
        if prober is not None and report is not None:
            _say("probed", prober.nonce, *report)


Call = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]


def _plain_call(function: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    return function(*args, **keywords)


def _leaks(request: dict[str, Any], function: Any) -> Callable[[int], tuple[Call, dict[str, Any]]]:
    """What to do before a call, and how to make it, so that it can see its leak."""
    keyword = request["keyword"] if _accepts(function, request["keyword"]) else None
    helper = sys.modules.get(request["module"] or "")
    framed = _define("call", ("function", "args", "keywords"), request["frame"])
    shown = _define("show", (), request["hook"])

    def prepare_call(number: int) -> tuple[Call, dict[str, Any]]:
        leak = request["leaks"][number]
        if request["log"] is not None:
            with _open(request["log"], "a") as log:
                log.write(request["log_lines"][number] + "\n")
        if helper is not None:
            helper.__dict__["expected"] = wire.decode(leak)
        if shown is not None:
            shown(wire.decode(leak))
        if framed is None:
            return _plain_call, {} if keyword is None else {keyword: wire.decode(leak)}
        sys.setprofile(None)
        sys.settrace(None)
        return partial(framed, wire.decode(leak)), {}

    return prepare_call


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


def warm_up(request: str) -> None:
    """Run a request in the zygote, so that each submission's process finds its path warm.

    Python adapts code that it has run some times, and keeps what it looked up: done in every
    process anew, that writes to pages which are shared until then.
    """
    streams = sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__
    for _ in range(_WARMING_RUNS):
        _run(json.loads(request))
    del sys.modules["submission"]
    # What stops the zygote from here on must still be told to its owner.
    sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__ = streams


def prepare(limits: dict[str, Any]) -> None:
    """Make the zygote ready to be forked: what each submission would otherwise do again."""
    for what, most in (
        (resource.RLIMIT_FSIZE, limits["file_mib"] * _MIB),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(what, (most, most))
    kernel.forbid_new_privileges()
    quitter: Any = __import__("_sitebuiltins").Quitter
    builtins.exit = quitter("exit", "Ctrl-D")
    builtins.quit = quitter("quit", "Ctrl-D")
    gc.collect()
    gc.freeze()
