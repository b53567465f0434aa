"""Root of a user namespace (a rootless container): root by name, without the other users."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NOBODY = 65534
PID_MAX = Path("/proc/sys/kernel/pid_max")
RELEASE = tuple(int(number) for number in os.uname().release.split("-")[0].split(".")[:2])
BECOME_ROOT = ("unshare", "--user", "--map-root-user")
BECOME_ORDINARY = f"""
import os, sys
from pathlib import Path
sys.path.insert(0, {str(HERE)!r})
from ordinary import become
if os.getuid() == 0:
    become({NOBODY}, [Path({str(HERE.parents[1])!r}), Path(sys.base_prefix), Path(sys.prefix)])
os.environ["HOME"] = "/nonexistent"
os.execvp(sys.argv[1], sys.argv[1:])
"""
PROGRAM = """
import os
from pathlib import Path
from foretoken.errors import IsolationError
from foretoken.sandbox.base import Job, Limits
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import encode

CODE = '''
import os, threading
def f(x):
    started, stop = 0, threading.Event()
    threading.stack_size(1 << 15)
    try:
        while started < 2000:
            threading.Thread(target=stop.wait, daemon=True).start()
            started += 1
    except RuntimeError: pass
    said = [os.getuid(), os.getpid(), started, os.listdir("/")]
    for call in (os.fork, lambda: os.setuid(0), lambda: os.listdir("/etc"), lambda: os.kill(-1, 9)):
        try: said.append(str(call()))
        except OSError as error: said.append(type(error).__name__)
    return said
'''
print(os.getuid(), *Path("/proc/self/uid_map").read_text().split())
try:
    with SandboxPool(workers=2, limits=Limits(cpu_s=0.6, memory_mib=256)) as pool:
        before = pool.process_ids
        job = Job(code=CODE, function="f", calls=(encode((1,)),))
        for execution in pool.run([job] * 4):
            print(execution.ending, execution.calls[0].tree)
        print("same slots", pool.process_ids == before)
except IsolationError as error:
    print("refused:", error)
"""


def start(*command: str, ordinary: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program, as an ordinary user or as who we are."""
    before = (sys.executable, "-B", "-c", BECOME_ORDINARY) if ordinary else ()
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [*before, *command], capture_output=True, text=True, check=False, env=environment
    )


def threads_of(said: str) -> int:
    """How many threads a submission could start, from what the program printed of it."""
    found = re.search(r"\[1000, 1, (\d+), \[", said)
    assert found is not None, said
    return int(found[1])


@pytest.fixture(scope="module")
def allowed() -> bool:
    """Whether an ordinary user may have a user namespace; else the sandbox refuses as it should."""
    if start(*BECOME_ROOT, "true").returncode == 0:
        return True
    refused = start(sys.executable, "-c", PROGRAM).stdout.splitlines()[1]
    assert refused.startswith("refused: this machine refuses the user namespace"), refused
    assert "sysctl user.max_user_namespaces" in refused
    return False


def test_root_of_a_user_namespace_has_a_sandbox_like_any_other(allowed: bool) -> None:
    done = start(*BECOME_ROOT, sys.executable, "-c", PROGRAM)
    assert (done.returncode == 0) is allowed, done.stderr
    if allowed:
        who, *executions, slots = done.stdout.splitlines()
        assert who == f"0 0 {os.getuid() or NOBODY} 1"
        assert slots == "same slots True"
        assert len(executions) == 4
        (said,) = {line.removeprefix("completed ") for line in executions}
        assert 16 <= threads_of(said) <= 32
        assert re.search(r"\], 'PermissionError', 'PermissionError', \S+, '\w+Error'\]$", said)


@pytest.mark.slow
def test_escapes_fail_under_root_of_a_user_namespace_too(allowed: bool) -> None:
    plain = ["-p", "no:cacheprovider", "-p", "no:xdist", "--confcutdir", str(HERE), "-W", "error"]
    pytest_here = (sys.executable, "-B", "-m", "pytest", *plain, str(HERE / "test_escaping.py"))
    done = start(*BECOME_ROOT, *pytest_here)
    assert (done.returncode == 0) is allowed, done.stdout[-4000:] + done.stderr[-2000:]
    dots = "".join(re.findall(r"^(\S+)\s+\[ *\d+%\]$", done.stdout, flags=re.MULTILINE))
    assert not allowed or len(dots) >= 20
    assert set(dots) <= {"."}


def test_whoever_is_root_of_a_user_namespace_is_bounded_in_threads() -> None:
    """For user 0 of the host the kernel waives the limit on processes, whatever it is called."""
    before = PID_MAX.read_text()
    done = start(*BECOME_ROOT, sys.executable, "-c", PROGRAM, ordinary=False)
    if done.returncode != 0:
        assert "unshare" in done.stderr, done.stderr
        return
    who, *said, last = done.stdout.splitlines()
    assert who == f"0 0 {os.getuid()} 1"
    if os.getuid() == 0 and RELEASE < (6, 14):
        assert last.startswith("refused: this machine refuses the limit on the number of threads")
    else:
        assert last == "same slots True", done.stdout + done.stderr
        assert all(16 <= threads_of(line) <= (32 if os.getuid() else 348) for line in said)
    assert PID_MAX.read_text() == before
