"""Whole programs in a one-shot box: contained, bounded, and gone when they end."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import descendants

from foretoken.errors import IsolationError
from foretoken.sandbox.base import Ending, Limits
from foretoken.sandbox.oneshot import Finished, run_program

LIMITS = Limits(cpu_s=0.9, wall_factor=4.0, memory_mib=256, answer_bytes=1 << 18, tmpfs_mib=4)
MOUNT = {"x86_64": 165, "aarch64": 40}
HERE = Path(__file__).parent
NOBODY = 65534

Run = Callable[..., Finished]


def run(code: str, **options: object) -> Finished:
    return run_program(textwrap.dedent(code), limits=LIMITS, **options)  # type: ignore[arg-type]


def said(code: str, **options: object) -> list[str]:
    finished = run(code, **options)
    assert finished.ending is Ending.COMPLETED, finished
    return finished.stdout.decode().splitlines()


def processes_with(marker: str) -> list[int]:
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def test_a_program_runs_beside_its_files_and_says_what_it_says() -> None:
    finished = run(
        """
        import sys, helper
        print(helper.word, open("note.txt").read(), __name__, sys.argv)
        print("aside", file=sys.stderr)
        open("own.txt", "w").write("kept nowhere")
        """,
        files={"helper.py": "word = 'hello'", "note.txt": "wörld"},
    )
    assert finished.stdout.decode() == "hello wörld __main__ ['main.py']\n"
    assert finished.stderr == b"aside\n"
    assert (finished.ending, finished.exit_status) == (Ending.COMPLETED, 0)
    assert 0 < finished.cpu_s < LIMITS.cpu_s
    assert said("import os; print(os.listdir())") == ["['main.py']"]


@pytest.mark.parametrize(
    ("code", "ending", "status"),
    [
        ("import sys; sys.exit(7)", Ending.EXIT, 7),
        ("import os; os._exit(3)", Ending.EXIT, 3),
        ("raise ValueError('no')", Ending.EXIT, 1),
        ("def f(:", Ending.EXIT, 1),
        ("import ctypes; ctypes.string_at(0)", Ending.SIGNAL, 128 + signal.SIGSEGV),
    ],
)
def test_the_exit_status_is_told(code: str, ending: Ending, status: int) -> None:
    finished = run(code)
    assert (finished.ending, finished.exit_status) == (ending, status), finished


def test_the_files_of_the_host_are_not_there(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the answer")
    places = [str(secret), __file__, "/etc/passwd", "/proc/self/status", "/sys/kernel"]
    code = f"import os\nfor path in {places}: print(os.path.lexists(path))"
    assert said(code) == ["False"] * len(places)
    # Not /dev/zero: no limit counts what is shared through it.
    assert said("import os; print(sorted(os.listdir('/dev')))") == ["['null', 'random', 'urandom']"]
    assert said("import importlib.util as u; print(u.find_spec('foretoken'), u.find_spec('pip'))")[
        0
    ] == ("None None")


def test_nothing_of_the_host_can_be_written() -> None:
    code = """
        import os, sys
        for path in ("/x", "/usr/lib/x", os.path.dirname(os.__file__) + "/x", sys.executable):
            try:
                open(path, "a")
                print("written", path)
            except OSError as error:
                print(error.errno in (1, 13, 30, 26))
    """
    assert said(code) == ["True"] * 4


def test_tmp_is_its_own_and_shares_the_room_of_the_working_directory(tmp_path: Path) -> None:
    code = """
        import os, tempfile
        print(os.getcwd(), os.listdir("/tmp"), tempfile.gettempdir())
        written = 0
        try:
            for path in ("big", "/tmp/big", "/tmp/bigger"):
                with open(path, "wb", buffering=0) as file:
                    while True:
                        written += file.write(bytes(1 << 16))
        except OSError as error:
            print(error.errno, written >> 20)
    """
    mine = set(Path("/tmp").iterdir())
    assert said(code) == ["/tmp/box ['box'] /tmp", f"28 {LIMITS.tmpfs_mib - 1}"]
    assert not {path.name for path in set(Path("/tmp").iterdir()) - mine} & {"big", "bigger"}
    assert said(code)[0] == "/tmp/box ['box'] /tmp"


def test_there_is_no_network() -> None:
    code = """
        import socket
        for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
            try:
                socket.socket(family, socket.SOCK_DGRAM)
                print("made")
            except OSError as error:
                print(error.errno)
    """
    assert said(code) == ["1"] * 4


def test_the_environment_does_not_enter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "secret")
    code = "import os; print(sorted(os.environ)); print(os.getuid(), os.uname().nodename)"
    names, who = said(code)
    assert "API_TOKEN" not in names
    assert set(re.findall(r"\w+", names)) <= {"PWD", "LC_CTYPE"}
    assert who == "1000 box"


def test_standard_input_is_empty_and_no_descriptor_leaks_in() -> None:
    code = """
        import os, sys
        print(repr(sys.stdin.read()))
        for number in range(64):
            try:
                os.fstat(number)
            except OSError:
                continue
            print(number)
    """
    assert said(code) == ["''", "0", "1", "2"]


def test_a_program_that_may_have_no_processes_gets_none() -> None:
    code = """
        import os, subprocess, sys, threading
        for make in (os.fork, lambda: subprocess.run([sys.executable, "-c", "1"])):
            try:
                make()
                print("made")
            except OSError as error:
                print(error.errno)
        thread = threading.Thread(target=print, args=("thread",))
        thread.start()
        thread.join()
    """
    assert said(code) == ["1", "1", "thread"]


def test_helper_processes_run_where_they_were_asked_for() -> None:
    code = """
        import subprocess, sys
        done = subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True)
        print(done.stdout.decode().strip(), done.returncode)
    """
    assert said(code, processes=2) == ["42 0"]


def test_a_fork_bomb_stays_within_its_number() -> None:
    count = """
        import os, time
        made = 0
        try:
            while made < 100:
                if os.fork() == 0:
                    time.sleep(30)
                made += 1
        except OSError as error:
            print(made, error.errno)
    """
    assert said(count, processes=4) == ["4 11"]
    bomb = """
        import os
        while True:
            try:
                os.fork()
            except OSError:
                pass
    """
    assert run(bomb, processes=4).ending in (Ending.CPU_LIMIT, Ending.WALL_LIMIT)


def test_memory_is_bounded() -> None:
    finished = run("x = bytes(1 << 20)\nwhile True: x += x")
    assert finished.ending is Ending.EXIT
    assert b"MemoryError" in finished.stderr
    disk = run("f = open('big', 'wb')\nwhile True: f.write(bytes(1 << 20))")
    assert disk.ending is Ending.EXIT
    assert b"No space left" in disk.stderr


def test_an_endless_loop_ends_by_processor_time() -> None:
    finished = run("while True: pass")
    assert finished.ending is Ending.CPU_LIMIT
    assert LIMITS.cpu_s < finished.cpu_s < LIMITS.cpu_s + 1


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(60)",
        "import os\nos.close(1);os.close(2)\nimport time; time.sleep(60)",
    ],
)
def test_an_endless_wait_ends_by_the_wall_clock(code: str) -> None:
    started = time.monotonic()
    assert run(code).ending is Ending.WALL_LIMIT
    assert time.monotonic() - started < LIMITS.wall_s + 5


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_endless_output_is_cut_off(stream: str) -> None:
    finished = run(f"import sys\nwhile True: sys.{stream}.write('x' * 65536)")
    assert finished.ending is Ending.OUTPUT_LIMIT
    assert len(finished.stdout + finished.stderr) <= LIMITS.answer_bytes + 16


def test_too_long_a_program_is_not_started() -> None:
    assert run("#" * (LIMITS.code_bytes + 1)).ending is Ending.OUTPUT_LIMIT


@pytest.mark.parametrize("name", ["../out", "/etc/x", "", "..", "main.py", "a\0b"])
def test_a_file_stays_in_the_box(name: str) -> None:
    with pytest.raises(ValueError, match="plain names"):
        run("", files={name: "text"})


LEAVE_BEHIND = """
import subprocess, sys
subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(60)", MARKER], start_new_session=True
)
"""


def test_what_a_program_leaves_behind_ends_with_it() -> None:
    marker = f"left-{os.getpid()}"
    code = f"MARKER = {marker!r}\n{LEAVE_BEHIND}\nprint('left')"
    assert said(code, processes=4) == ["left"]
    assert processes_with(marker) == []


KEEPS = """
import fcntl, os
def tried(call, *arguments):
    try: call(*arguments)
    except OSError as error: return type(error).__name__
    return "done"
print(tried(os.utime, 0))
print(tried(os.utime, "/dev/null"))
print(tried(fcntl.fcntl, 0, fcntl.F_SETFL, os.O_NONBLOCK))
print(tried(os.pipe))
print(tried(os.utime, os.__file__), tried(os.open, os.__file__ + "x", 66))
print(os.stat(0).st_dev == os.stat(".").st_dev, os.stat(0).st_nlink)
print(os.stat(os.__file__).st_dev)
"""


def test_nothing_that_a_program_changes_is_met_by_another() -> None:
    *refused, own, library = said(KEEPS)
    assert refused == ["PermissionError"] * 4 + ["PermissionError OSError"]
    assert own == "True 0"
    assert library not in {str(Path(place).stat().st_dev) for place in ("/", os.__file__)}


def test_a_killed_caller_leaves_nothing_behind() -> None:
    marker = f"orphan-{os.getpid()}"
    code = f"MARKER = {marker!r}\n{LEAVE_BEHIND}\nimport time\ntime.sleep(60)"
    call = (
        "import sys; from foretoken.sandbox.oneshot import run_program; "
        "from foretoken.sandbox.base import Limits; "
        "run_program(sys.stdin.read(), processes=4, limits=Limits(cpu_s=20))"
    )
    with subprocess.Popen([sys.executable, "-c", call], stdin=subprocess.PIPE) as caller:
        assert caller.stdin is not None
        caller.stdin.write(code.encode())
        caller.stdin.close()
        assert within(20, lambda: bool(processes_with(marker)))
        boxes = set(processes_with("--info-fd")) & set(descendants(caller.pid))
        assert boxes
        caller.kill()
        assert within(1, lambda: not processes_with(marker))
        assert within(1, lambda: not boxes & set(processes_with("--info-fd")))


def test_what_cannot_help_the_program_to_get_out_is_refused() -> None:
    code = """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        def errno(status):
            return ctypes.get_errno() if status == -1 else f"status {status}"
        print(errno(libc.unshare(0x10000000)))
        print(errno(libc.mount(b"none", b"/tmp/box", b"tmpfs", 0, None)))
        print(errno(libc.ptrace(0, 0, 0, 0)))
        print(errno(libc.prctl(1, 0, 0, 0, 0)))
        print(errno(libc.syscall(CLONE, 0x10000011, 0, 0, 0, 0)))
    """.replace("CLONE", str({"x86_64": 56, "aarch64": 220}[os.uname().machine]))
    assert said(code, processes=4) == ["1"] * 5


def test_a_missing_bubblewrap_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(IsolationError, match=r"no bubblewrap.*apt install bubblewrap"):
        run("print(1)")


REFUSED = """
import os, struct
from foretoken.errors import IsolationError
from foretoken.sandbox import kernel
from foretoken.sandbox.oneshot import run_program
step = lambda code, value, yes=0, no=0: struct.pack("HBBI", code, yes, no, value)
kernel.forbid_new_privileges()
kernel.Filter(
    step(0x20, 0) + step(0x15, MOUNT, no=1) + step(0x06, 0x00050001) + step(0x06, 0x7FFF0000)
).install()
try:
    print(run_program("print('ran')"))
except IsolationError as error:
    print("refused:", error)
"""


def test_refused_mounts_are_an_error_that_says_how_to_allow_them() -> None:
    code = REFUSED.replace("MOUNT", str(MOUNT[os.uname().machine]))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.search(r"refused: this machine refuses the mount of .*permitted", done.stdout)
    assert "user.max_user_namespaces" in done.stdout


@pytest.mark.slow
def test_the_box_holds_for_an_ordinary_user_too() -> None:
    if os.getuid() != 0:
        assert "CapEff:\t0000000000000000" in Path("/proc/self/status").read_text()
        return
    done = subprocess.run(
        [sys.executable, "-B", str(HERE / "ordinary.py"), str(NOBODY), __file__, "-W", "error"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert f"user {NOBODY}" in done.stdout
