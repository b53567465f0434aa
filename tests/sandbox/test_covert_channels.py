"""What a submission tries in order to leave something for another one, or to hear from it.

Time cannot be hidden (see the threat model); everything that the kernel would keep can.
"""

from collections.abc import Callable
from typing import Any

import pytest

from foretoken.sandbox.base import Job, Returned
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import decode, encode

Answer = Callable[..., Any]

REFUSED = {
    "an abstract socket": "socket.socket(socket.AF_UNIX).bind('\\0meet')",
    "a listening port": "socket.create_server(('127.0.0.1', 4321))",
    "a file lock": "fcntl.flock(open(os.__file__), fcntl.LOCK_EX | fcntl.LOCK_NB)",
    "a lease": "fcntl.fcntl(open(os.__file__), 1024, 0)",
    "a question about leases": "fcntl.fcntl(open(os.__file__), 1025)",
    "a directory's notices": "fcntl.fcntl(os.open('/usr/lib', 0), 1026, 1)",
    "an owner of signals": "fcntl.fcntl(4, fcntl.F_SETOWN, 2)",
    "a pipe's size": "fcntl.fcntl(4, 1031, 1 << 20)",
    "shared memory by name": "SharedMemory('meet', create=True, size=1)",
    "a named pipe": "os.mkfifo('/box/pipe')",
    "an extended attribute": "os.setxattr(os.__file__, 'user.x', b'1')",
    "reading an extended attribute": "os.getxattr('/box', 'user.x')",
    "a file's times": "os.utime(os.__file__)",
    "a file's rights": "os.chmod(os.__file__, 0o600)",
    "a hard link to the outside": "os.link(os.__file__, '/box/hard')",
    "renaming the library": "os.rename(os.__file__, os.__file__ + '.old')",
    "removing the library": "os.unlink(os.__file__)",
    "a file beside the box": "os.mkdir('/note')",
    "removing the box": "os.rmdir('/box')",
    "renaming the box": "os.rename('/box', '/other')",
    "free space": "os.statvfs('/usr/lib')",
    "the load": "os.getloadavg()[0] and None",
    "pinning a processor": "os.sched_setaffinity(0, {0})",
    "priorities": "os.nice(1)",
    "a scheduling policy": "os.sched_setscheduler(0, 3, os.sched_param(0))",
    "memory in a file": "os.memfd_create('meet')",
    "the system's log": "open('/dev/log', 'w')",
    "a terminal": "os.openpty()",
    "what is in the page cache": "os.preadv(os.open(os.__file__, 0), [bytearray(1)], 0, 8)",
    "dropping the page cache": "os.posix_fadvise(os.open(os.__file__, 0), 0, 0, 4)",
    "kernel settings": "open('/proc/sys/kernel/ns_last_pid').read()",
    "kernel objects": "open('/sys/kernel/mm/ksm/run').read()",
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED.keys())
def test_a_thing_that_two_submissions_could_share_is_refused(answer: Answer, call: str) -> None:
    code = f"""
        import fcntl, os, socket
        from multiprocessing.shared_memory import SharedMemory
        def f(x): return {call}
    """
    assert answer(code) in ("PermissionError", "OSError", "FileNotFoundError")


RAW = {
    "a posix message queue": (240, "b'/meet', 0o102, 0o666, 0"),
    "a keyring": (248, "b'user', b'meet', b'1', 1, -3"),
    "asking for a key": (249, "b'user', b'meet', 0, -3"),
    "key control": (250, "0, -3, 0, 0"),
    "shared memory": (29, "4321, 4096, 0o1666"),
    "semaphores": (64, "4321, 1, 0o1666"),
    "a message queue": (68, "4321, 0o1666"),
    "a perf event": (298, "0, 0, -1, -1, 0"),
    "watching the file system": (300, "0, 0"),
    "pages in memory": (27, "0, 4096, 0"),
    "the system's counters": (99, "b'x' * 128"),
    "comparing processes": (312, "1, 1, 0, 4, 4"),
    "another's robust list by join": (272, "0x08000000"),
    "splicing": (275, "3, 0, 4, 0, 1, 0"),
    "tees": (276, "3, 4, 1, 0"),
    "user fault handling": (323, "0"),
    "a thread's descriptor": (56, "0x00051F00, 0, 0, 0, 0"),
}


@pytest.mark.parametrize(("number", "arguments"), RAW.values(), ids=RAW.keys())
def test_the_kernel_keeps_nothing_for_a_later_submission(
    answer: Answer, number: int, arguments: str, machine_number: Callable[[int], int]
) -> None:
    code = f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        def f(x): return libc.syscall({machine_number(number)}, {arguments}), ctypes.get_errno()
    """
    assert answer(code) == (-1, 1)


LEAVE = """
import os, sys, signal, time, random, builtins, locale, decimal, threading
def f(x):
    os.umask(0o77); open("mark", "w").write("1"); os.mkdir("d"); os.chdir("d")
    os.symlink("/usr/lib", "out"); os.symlink("loop", "loop")
    os.environ["MARK"] = "1"; sys.path.insert(0, "/box"); random.seed(1)
    sys.modules["json"] = sys.modules["math"] = None; builtins.mark = 1
    signal.signal(signal.SIGCHLD, signal.SIG_IGN); signal.pthread_sigmask(0, range(1, 32))
    decimal.getcontext().prec = 3; sys.setrecursionlimit(99); sys.setswitchinterval(9)
    threading.stack_size(1 << 16); int.__doc__
    return 1
"""
LOOK = """
import os, sys, signal, random, builtins, decimal, threading, time
def f(x):
    mask = os.umask(0); os.umask(mask)
    fds = []
    for n in range(64):
        try: os.fstat(n); fds.append(n)
        except OSError: pass
    return (mask, os.listdir("."), os.getcwd(), fds, dict(os.environ), "/box" in sys.path,
        random.random(), sys.modules.get("json") is None, hasattr(builtins, "mark"),
        [int(signal.getsignal(n)) for n in (14, 17) if not callable(signal.getsignal(n))],
        sorted(signal.pthread_sigmask(0, [])), decimal.getcontext().prec,
        sys.getrecursionlimit() > 500, threading.stack_size(), os.getpid(), os.getppid(),
        os.stat("/usr/lib").st_atime_ns, os.stat(".").st_nlink, hash("mark"))
"""


def test_whatever_a_submission_leaves_the_next_one_finds_the_same_world(pool: SandboxPool) -> None:
    def see(code: str) -> Any:
        (execution,) = pool.run([Job(code=code, function="f", calls=(encode((1,)),))])
        (end,) = execution.calls
        assert isinstance(end, Returned), end
        return decode(end.tree)

    before = [see(LOOK) for _ in range(4)]
    for _ in range(4):
        assert see(LEAVE) == 1
    assert [see(LOOK) for _ in range(4)] == before
    assert len(set(map(repr, before))) == 1


def test_a_fork_in_the_file_tree_leads_nowhere(answer: Answer) -> None:
    code = """
        import os
        def f(x):
            found = []
            for name, target in (("a", "/"), ("b", "/.."), ("c", "/proc/1/root"), ("d", "../..")):
                os.symlink(target, name)
                for below in ("etc/passwd", "proc/1/root/etc", "rest", "old", "new", "tmp", "var"):
                    found.append(os.path.lexists(f"{name}/{below}"))
            return any(found)
    """
    assert answer(code) is False


def test_a_directory_held_open_does_not_lead_out(answer: Answer) -> None:
    code = """
        import os
        def f(x):
            held = os.open("/", os.O_RDONLY)
            os.mkdir("a"); os.chdir("a"); os.rename("/box/a", "/box/b")
            seen = []
            for _ in range(30):
                os.chdir("..")
            os.fchdir(held)
            for _ in range(30):
                os.chdir("..")
            return os.getcwd(), os.path.lexists("etc/passwd")
    """
    assert answer(code) == ("/", False)
