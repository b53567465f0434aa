"""What submissions try in order to see what they must not see."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foretoken.sandbox.base import Exposure, Job
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import encode

Answer = Callable[..., Any]

CANARY = "canary-" + os.urandom(8).hex()
"""Lives in this process's memory, environment and files; must not be found in the sandbox."""


def test_submission_cannot_find_a_secret_in_the_frames_above_it(answer: Answer) -> None:
    code = """
        import sys
        def f(x):
            found, frame = [], sys._getframe()
            while frame:
                found.append(repr(frame.f_locals) + repr(frame.f_globals))
                frame = frame.f_back
            return any("canary" + "-" in text for text in found), len(found)
    """
    found, frames = answer(code)
    assert not found
    assert frames > 2


def test_submission_cannot_find_a_secret_among_the_objects_of_its_process(answer: Answer) -> None:
    code = """
        import gc
        def f(x):
            gc.unfreeze()
            texts = [o for o in gc.get_objects() if "canary" + "-" in repr(o)[:2000]]
            return len([t for t in texts if t is not f.__code__.co_consts]), len(gc.get_objects())
    """
    code = code.replace("repr(o)[:2000]", "(o if type(o) is str else '')")
    found, objects = answer(code)
    assert found == 0
    assert objects > 1000


@pytest.mark.parametrize("path", ["/proc/self/mem", "/proc/1/environ", "/proc/self/maps", "/proc"])
def test_submission_has_no_process_files(answer: Answer, path: str) -> None:
    assert answer(f"def f(x): return open({path!r}, 'rb').read(10)") == "FileNotFoundError"


def test_submission_cannot_read_a_file_of_the_host(answer: Answer, tmp_path: Path) -> None:
    secret = tmp_path / "cases.json"
    secret.write_text(CANARY)
    secret.chmod(0o644)
    assert answer(f"def f(x): return open({str(secret)!r}).read()") == "FileNotFoundError"


@pytest.mark.parametrize("path", ["/etc/passwd", "/home", "/tmp", "/dev/null", "/sys", "/var"])
def test_the_room_lacks_the_hosts_directories(answer: Answer, path: str) -> None:
    assert answer(f"import os\ndef f(x): return os.path.lexists({path!r})") is False


def test_submission_sees_an_empty_environment(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORETOKEN_CANARY", CANARY)
    code = """
        import os, ctypes
        def f(x):
            getenv = ctypes.CDLL(None).getenv
            getenv.restype = ctypes.c_char_p
            return dict(os.environ), getenv(b"FORETOKEN_CANARY"), getenv(b"HOME")
    """
    assert answer(code) == ({}, None, None)


def test_submission_sees_no_other_process(answer: Answer) -> None:
    code = """
        import os
        def alive(pid):
            try:
                os.kill(pid, 0)
                return True
            except ProcessLookupError:
                return False
        def f(x):
            return os.getpid(), os.getppid(), [pid for pid in range(2, 4000) if alive(pid)]
    """
    assert answer(code) == (1, 0, [])


def test_submission_cannot_see_the_files_of_an_earlier_submission(answer: Answer) -> None:
    leave = "import os\ndef f(x):\n    open('note', 'w').write('hello')\n    return os.listdir('.')"
    assert answer(leave) == ["note"]
    for _ in range(4):
        assert answer("import os\ndef f(x): return os.listdir('.')") == []


def test_submission_cannot_change_the_python_of_a_later_submission(answer: Answer) -> None:
    poison = """
        import builtins, json, math, sys
        builtins.sum = lambda items: 99
        math.floor = json.dumps
        sys.path.insert(0, "/box")
        def f(x): return sum([1])
    """
    assert answer(poison) == 99
    clean = "import math\ndef f(x): return sum([1]), math.floor(2.5)"
    for _ in range(4):
        assert answer(clean) == (1, 2)


@pytest.mark.parametrize("module", ["foretoken", "foretoken.tasks.lists", "numpy", "pydantic"])
def test_submission_cannot_import_our_packages(answer: Answer, module: str) -> None:
    assert answer(f"import importlib\ndef f(x): importlib.import_module({module!r})") == (
        "ModuleNotFoundError"
    )


@pytest.mark.parametrize("call", ["ptrace(0, 0, 0, 0)", "process_vm_readv(1, 0, 0, 0, 0, 0)"])
def test_submission_cannot_trace_a_process(answer: Answer, call: str) -> None:
    code = f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        def f(x): return libc.{call}, ctypes.get_errno()
    """
    assert answer(code) == (-1, 1)


@pytest.mark.parametrize(
    "lock", ["fcntl.flock(file, fcntl.LOCK_SH)", "fcntl.lockf(file, fcntl.LOCK_SH)"]
)
def test_submission_cannot_signal_another_one_through_a_file_lock(
    answer: Answer, lock: str
) -> None:
    code = f"import fcntl\ndef f(x):\n    file = open(fcntl.__file__, 'rb')\n    {lock}"
    assert answer(code) == "PermissionError"


def test_each_exposure_reaches_its_own_execution_only(pool: SandboxPool) -> None:
    code = (
        "import os, sys\ndef f(x, **extra):\n"
        "    return os.listdir('.'), 'problem' in globals(), sorted(extra), 'helper' in sys.modules"
    )
    leaks = (encode(7),)
    exposures = (
        Exposure(),
        Exposure(files={"cases.json": "{}"}),
        Exposure(objects={"problem": {"answers": encode({})}}),
        Exposure(keyword="expected", leaks=leaks),
        Exposure(module="helper", leaks=leaks),
    )
    jobs = [
        Job(code=code, function="f", calls=(encode((1,)),), exposure=exposure)
        for exposure in exposures
    ]
    seen = [execution.calls[0].tree["t"] for execution in pool.run(jobs)]  # type: ignore[union-attr]
    assert seen == [
        [[], False, [], False],
        [["cases.json"], False, [], False],
        [[], True, [], False],
        [[], False, ["expected"], False],
        [[], False, [], True],
    ]
