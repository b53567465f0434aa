"""What submissions try in order to end, stall or starve who runs them."""

from collections.abc import Callable
from typing import Any

import pytest

from foretoken.sandbox.base import Ending, Execution, Raised

Answer = Callable[..., Any]
Run = Callable[..., Execution]


def raised(execution: Execution) -> bool:
    return isinstance((execution.failed, *execution.calls)[-1], Raised)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import os\nos._exit(0)", 0),
        ("import os\ndef f(x): os._exit(3)", 3),
        ("import sys\ndef f(x): sys.exit()", 0),
        ("def f(x): exit(0)", 0),
        ("def f(x): raise SystemExit('text')", 1),
        ("raise SystemExit(0)", 0),
        ("import os\nos.close(4)\nos._exit(0)", 0),
    ],
)
def test_an_early_exit_is_seen_with_its_status(run: Run, code: str, status: int) -> None:
    execution = run(code)
    assert (execution.ending, execution.exit_status) == (Ending.EXIT, status)


def test_a_closed_result_pipe_is_not_a_clean_exit(run: Run) -> None:
    execution = run("import os\ndef f(x):\n    os.closerange(0, 64)\n    return 5")
    assert execution.ending is Ending.EXIT
    assert execution.exit_status != 0


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("class E(BaseException): pass\ndef f(x): raise E", "E"),
        ("def f(x): raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("def f(x): raise GeneratorExit", "GeneratorExit"),
        ("def f(x): return f(x)", "RecursionError"),
        ("def f(x): raise BaseExceptionGroup('g', [SystemExit(0)])", "BaseExceptionGroup"),
    ],
)
def test_an_exotic_exception_is_a_verdict(answer: Answer, code: str, name: str) -> None:
    assert answer(code) == name


@pytest.mark.parametrize("code", ["", "def f(:", "g = 1", "f = None", "x = (", "return 1"])
def test_a_submission_without_the_function_fails(run: Run, code: str) -> None:
    execution = run(code)
    assert execution.ending is Ending.COMPLETED
    assert isinstance(execution.failed or execution.calls[0], Raised)


@pytest.mark.parametrize(
    "code",
    [
        "import ctypes\ndef f(x): ctypes.string_at(0)",
        "import os\ndef f(x): os.abort()",
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return list(map(f, [x]))",
    ],
)
def test_a_crash_is_a_signal_or_an_exception(run: Run, code: str) -> None:
    execution = run(code)
    assert execution.ending is Ending.SIGNAL or raised(execution), execution


@pytest.mark.parametrize(
    "code",
    [
        "def f(x):\n    while True: pass",
        "import signal\nfor n in (2, 15, 24): signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
        "import re\ndef f(x): return re.match(r'(a+)+$', 'a' * 40 + 'b')",
        "def f(x): return 9 ** 9 ** 9",
        "def f(x):\n    try:\n        while True: pass\n    finally:\n        while True: pass",
        "x = " + "+".join(["9**9**9"] * 3),
    ],
)
def test_endless_work_ends_at_the_processor_limit(run: Run, code: str) -> None:
    execution = run(code)
    assert execution.ending is Ending.CPU_LIMIT
    assert 0.5 < execution.cpu_s < 1.5


@pytest.mark.parametrize(
    "code",
    [
        "import time\ndef f(x): time.sleep(1000)",
        "import threading\ndef f(x): threading.Lock().acquire() and threading.Event().wait()",
        "import os, time\ndef f(x):\n    while os.write(4, b'['):\n        time.sleep(1)",
    ],
)
def test_waiting_ends_at_the_wall_limit(run: Run, code: str) -> None:
    execution = run(code)
    assert execution.ending is Ending.WALL_LIMIT
    assert execution.cpu_s < 0.6


def test_a_stop_signal_does_not_stall_the_slot(run: Run) -> None:
    code = "import os, signal\ndef f(x):\n    os.kill(os.getpid(), signal.SIGSTOP)\n    return 1"
    assert run(code).ending in (Ending.COMPLETED, Ending.WALL_LIMIT)


def test_threads_that_never_end_do_not_keep_the_process(run: Run) -> None:
    code = """
        import threading, time
        def f(x):
            for _ in range(5):
                threading.Thread(target=time.sleep, args=(1000,)).start()
            return 5
    """
    assert run(code).ending is Ending.COMPLETED


NEW_PROCESS = [
    "os.fork()",
    "os.forkpty()",
    "os.posix_spawn('/usr/bin/true', ['true'], {})",
    "1 // (os.system('true') == 0)",
    "os.execv('/usr/lib/x', ['x'])",
    "__import__('subprocess').run(['true'])",
    "__import__('multiprocessing').get_context('fork').Process(target=print).start()",
]


@pytest.mark.parametrize("call", NEW_PROCESS)
def test_a_submission_cannot_start_a_process(answer: Answer, call: str) -> None:
    name = answer(f"import os\ndef f(x): return {call}")
    assert name in ("PermissionError", "FileNotFoundError", "OSError", "ZeroDivisionError")


def test_threads_are_bounded(answer: Answer) -> None:
    code = """
        import threading
        def f(x):
            stop, started = threading.Event(), 0
            try:
                for _ in range(500):
                    threading.Thread(target=stop.wait, daemon=True).start()
                    started += 1
            except RuntimeError:
                pass
            return started
    """
    assert answer(code) < 40


@pytest.mark.parametrize(
    "grab",
    [
        "bytearray(1 << 30)",
        "[bytearray(1 << 20) for _ in range(2000)]",
        "__import__('mmap').mmap(-1, 1 << 30, flags=2)",
    ],
)
def test_memory_is_bounded(answer: Answer, grab: str) -> None:
    assert answer(f"def f(x): return len({grab})") in ("MemoryError", "OSError")


def test_no_memory_is_kept_that_no_limit_counts(answer: Answer) -> None:
    # One page of it that stays mapped would hold all of it.
    assert answer("import mmap\ndef f(x): mmap.mmap(-1, 1 << 20)") == "PermissionError"


def test_memory_files_are_refused(answer: Answer) -> None:
    assert answer("import os\ndef f(x): return os.memfd_create('m')") == "PermissionError"


def test_the_disk_is_bounded(answer: Answer) -> None:
    code = """
        def f(x):
            written = 0
            try:
                for number in range(100):
                    with open(str(number), "wb") as file:
                        written += file.write(bytes(1 << 20))
            except OSError:
                return written >> 20
    """
    assert answer(code) <= 16


def test_inodes_are_bounded(answer: Answer) -> None:
    code = """
        import os
        def f(x):
            for number in range(10**5):
                try:
                    os.mkdir(str(number))
                except OSError:
                    return number
    """
    assert answer(code) <= 256


def test_descriptors_are_bounded(answer: Answer) -> None:
    code = "import os\ndef f(x):\n    while True: os.open('/box', 0)"
    assert answer(code) == "OSError"


@pytest.mark.parametrize("source", ["'(' * 100000", "'-' * 10**5 + '1'", "'x' + '.x' * 10**5"])
def test_a_compile_time_bomb_is_a_verdict(run: Run, source: str) -> None:
    execution = run(f"def f(x): return eval({source})")
    assert execution.ending is Ending.SIGNAL or raised(execution), execution


def test_a_submission_above_the_length_limit_is_refused_unread(run: Run) -> None:
    assert run("#" * (1 << 19)).ending is Ending.OUTPUT_LIMIT
