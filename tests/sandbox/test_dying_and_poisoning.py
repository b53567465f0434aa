"""What submissions try in order to have our own part blamed, or to be found by a later import."""

from collections.abc import Callable
from typing import Any

import pytest

from foretoken.sandbox.base import Ending, Execution, Oversize, Raised
from foretoken.sandbox.pool import SandboxPool

Answer = Callable[..., Any]
Run = Callable[..., Execution]

DEATHS = {
    "killing itself": "os.kill(os.getpid(), 9)",
    "killing its thread": "signal.pthread_kill(threading.get_ident(), 9)",
    "a killing timer": (
        "ev = struct.pack('qii48x', 0, 9, 0); t = ctypes.c_int()\n"
        "    libc.timer_create(1, ev, ctypes.byref(t))\n"
        "    libc.timer_settime(t, 0, struct.pack('qqqq', 0, 0, 0, 1), None); time.sleep(0.2)"
    ),
    "an alarm": "signal.setitimer(signal.ITIMER_REAL, 0.01); time.sleep(0.2)",
    "a broken instruction pointer": "ctypes.CFUNCTYPE(None)(1)()",
    "a broken stack": "ctypes.memset(id(f), 0, 1 << 12)",
    "a null type": "ctypes.memset(id(1.5), 0, 16); gc.collect()",
    "stopping its group": "os.killpg(0, 19)",
    "ending its threads' process": (
        "threading.Thread(target=os._exit, args=(9,)).start(); time.sleep(1)"
    ),
    "exiting with a signal's number": "os._exit(137)",
    "exiting with our own failure's number": "os._exit(71)",
    "a fatal error": "sys.setrecursionlimit(10**8); exec('f(x)')",
    "a thread that dies of memory": "threading.Thread(target=bytearray, args=(1 << 40,)).start()",
    "no descriptor at all": "os.closerange(0, 99)",
    "another file as the result": "os.dup2(os.open('r', 66), 4)",
    "an unwritable result": "os.dup2(os.open(os.__file__, 0), 4)",
    "a result that is its own reader": "r, w = os.pipe(); os.dup2(w, 4)",
}


@pytest.mark.parametrize("call", DEATHS.values(), ids=DEATHS.keys())
def test_no_way_of_dying_looks_like_a_failure_of_the_sandbox(run: Run, call: str) -> None:
    code = (
        "import ctypes, gc, os, signal, struct, sys, threading, time\nlibc = ctypes.CDLL(None)\n"
        f"def f(x):\n    {call}\n    return 5\n"
    )
    execution = run(code)
    assert execution.ending is not Ending.INFRA_ERROR
    assert execution.ending in set(Ending) - {Ending.PROTOCOL_ERROR, Ending.OUTPUT_LIMIT}


POISON = {
    "a module in the working directory": "open('bisect.py', 'w').write('poisoned = 1')",
    "a site customisation": "open('sitecustomize.py', 'w').write('poisoned = 1')",
    "a path of its own": "sys.path.insert(0, '/box'); sys.path_importer_cache.clear()",
    "a finder": "sys.meta_path.insert(0, object())",
    "a loaded module": "sys.modules['bisect'] = type(sys)('bisect')",
    "compiled code": "os.makedirs('__pycache__'); open('__pycache__/bisect.pyc', 'wb').write(b'x')",
    "a codec": "codecs.register(lambda name: 1 / 0)",
    "a display": "sys.displayhook = sys.excepthook = sys.unraisablehook = None",
    "the import itself": "builtins.__import__ = None",
    "a class's methods": "collections.OrderedDict.__init__ = None",
    "the abstract classes": "collections.abc.Sized.register(int)",
}
CLEAN = """
import bisect, codecs, collections.abc, importlib, sys
def f(x):
    importlib.reload(bisect)
    collections.OrderedDict(a=1)
    sized = isinstance(3, collections.abc.Sized)
    return (bisect.bisect([1, 2], 1), hasattr(bisect, "poisoned"), sized,
            "x".encode("utf-8"), len(sys.meta_path), callable(sys.excepthook))
"""


@pytest.mark.parametrize("call", POISON.values(), ids=POISON.keys())
def test_a_poisoned_import_poisons_nobody_else(answer: Answer, run: Run, call: str) -> None:
    before = answer(CLEAN)
    for _ in range(3):
        run(f"import builtins, codecs, collections.abc, os, sys\n{call}\ndef f(x): return 1")
    assert [answer(CLEAN) for _ in range(3)] == [before] * 3
    assert before[:4] == (1, False, False, b"x")


BOMBS = {
    "a folded power": "x = 2 ** 10**9",
    "a folded string": "x = 'a' * 10**9",
    "folded tuples": "x = ((1,) * 9999,) * 9999999",
    "nested expressions": "x = " + "(" * 5000 + ")" * 5000,
    "nested statements": "\n".join(" " * n + "if 1:" for n in range(150))
    + "\n"
    + " " * 150
    + "pass",
    "nested functions": "x = " + "lambda: " * 3000 + "1",
    "nested formats": "x = " + "f'{" * 200 + "1" + "}'" * 200,
    "nested lists": "x = " + "[" * 199 + "]" * 199,
    "many operators": "x = 1" + " + 1" * 50_000,
    "many arguments": "print(" + "1," * 60_000 + ")",
    "a long digit row": "x = " + "9" * 200_000,
    "an endless pattern": "match 1:\n case " + "[" * 3000 + "]" * 3000 + ": pass",
    "names without end": "x = " + "a." * 60_000 + "a",
    "a coding that does not exist": "# -*- coding: nonsense -*-\n1 +",
    "a comprehension tower": "x = " + "[" * 150 + "1" + " for a in b]" * 150,
}


@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS.keys())
def test_a_source_that_explodes_when_compiled_is_a_verdict(run: Run, source: str) -> None:
    execution = run(source + "\ndef f(x): return 1")
    assert execution.ending in (
        *(Ending.COMPLETED, Ending.SIGNAL, Ending.CPU_LIMIT, Ending.OUTPUT_LIMIT),
    ), execution


GRABS = {
    "shared memory of its own": "[mmap.mmap(-1, 1 << 26) for _ in range(99)]",
    "private memory": "[mmap.mmap(-1, 1 << 26, flags=mmap.MAP_PRIVATE) for _ in range(99)]",
    "a sparse file": "open('s', 'wb').truncate(1 << 40)",
    "a mapped file": "mmap.mmap(os.open('m', 66), 1 << 30)",
    "a growing stack": "threading.stack_size(1 << 30) or threading.Thread(target=print).start()",
    "many timers": "[threading.Timer(9, print).start() for _ in range(999)]",
    "many eventfds": "[os.eventfd(0) for _ in range(999)]",
    "long names": "[open('n' * 250 + str(n), 'w').close() for n in range(9999)]",
    "links": "[os.symlink('x', str(n)) for n in range(9999)]",
    "appending": "[open('a', 'a').write('x' * (1 << 20)) for _ in range(99)]",
}


@pytest.mark.parametrize("grab", GRABS.values(), ids=GRABS.keys())
def test_whatever_is_grabbed_has_an_end(run: Run, grab: str) -> None:
    execution = run(f"import mmap, os, threading\ndef f(x):\n    v = {grab}\n    return len(v)")
    assert execution.ending in (Ending.COMPLETED, Ending.SIGNAL, Ending.CPU_LIMIT), execution
    assert all(isinstance(end, Raised | Oversize) for end in execution.calls)


def test_a_batch_of_hostile_submissions_leaves_the_order_of_the_verdicts(pool: SandboxPool) -> None:
    from foretoken.sandbox.base import Job, Returned
    from foretoken.sandbox.wire import encode

    hostile = ["import os\nos._exit(0)", "def f(x): return f(x)", "import os\nos.write(4, b'{')"]
    codes = [hostile[n % 3] if n % 2 else f"def f(x): return x + {n}" for n in range(40)]
    jobs = [Job(code=code, function="f", calls=(encode((1,)),)) for code in codes]
    executions = pool.run(jobs)
    assert [one.calls for one in executions[::2]] == [
        (Returned(tree=n + 1),) for n in range(0, 40, 2)
    ]
