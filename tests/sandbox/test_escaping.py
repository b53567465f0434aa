"""What submissions try in order to leave the box."""

import errno
import platform
from collections.abc import Callable
from typing import Any

import pytest

from foretoken.sandbox.base import Ending, Execution, Returned

Answer = Callable[..., Any]
Run = Callable[..., Execution]

FAMILIES = ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG"]


@pytest.mark.parametrize("family", FAMILIES)
def test_no_socket_of_any_family(answer: Answer, family: str) -> None:
    code = f"import socket\ndef f(x): socket.socket(socket.{family}, socket.SOCK_DGRAM)"
    assert answer(code) == "PermissionError"


def test_no_socket_pair(answer: Answer) -> None:
    assert answer("import socket\ndef f(x): socket.socketpair()") == "PermissionError"


LIBC = {
    "new namespaces": "unshare(0x10000000)",
    "joining namespaces": "setns(3, 0)",
    "mounting": "mount(b'x', b'/box', b'tmpfs', 0, None)",
    "unmounting": "umount2(b'/box', 2)",
    "changing the root": "chroot(b'/box')",
    "becoming root": "setresuid(0, 0, 0)",
    "another group": "setgroups(0, None)",
    "capabilities": "prctl(23, 21, 0, 0, 0)",
    "another personality": "personality(0x0400000)",
    "a device": "mknod(b'/box/sda', 0o60666, 0x800)",
    "a named pipe": "mkfifo(b'/box/pipe', 0o666)",
    "shared memory segments": "shmget(0, 4096, 0o1600)",
    "message queues": "msgget(0, 0o1600)",
    "semaphores": "semget(0, 1, 0o1600)",
    "priorities": "setpriority(0, 0, -5)",
    "other limits": "setrlimit(0, b'\\xff' * 16)",
    "the host's name": "sethostname(b'x', 1)",
    "rebooting": "reboot(0x4321fedc)",
    "swapping": "swapoff(b'x')",
    "watching files": "inotify_init()",
    "locking memory": "mlockall(1)",
}


@pytest.mark.parametrize("call", LIBC.values(), ids=LIBC.keys())
def test_the_kernel_refuses(answer: Answer, call: str) -> None:
    code = f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        def f(x): return libc.{call}, ctypes.get_errno()
    """
    assert answer(code) == (-1, 1)


NEW_CALLS = {
    "io_uring": 425,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "mount_setattr": 442,
    "open_tree": 428,
    "fsopen": 430,
    "landlock": 444,
    "memfd_secret": 447,
    "process_madvise": 440,
}


@pytest.mark.parametrize("number", NEW_CALLS.values(), ids=NEW_CALLS.keys())
def test_the_kernel_refuses_its_newer_calls(answer: Answer, number: int) -> None:
    code = f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        def f(x): return libc.syscall({number}, 0, 0, 0, 0, 0), ctypes.get_errno()
    """
    assert answer(code) == (-1, 1)


MACHINE_CODE = {
    "x86_64": "b814000000cd80c3",  # mov eax, 20; int 0x80; ret
    "aarch64": "e8031f2a010000d4c0035fd6",  # mov w8, wzr; svc 0; ret: io_setup
}
"""A kernel call in code of its own: a 32-bit one, or, where there are none, a forbidden one."""


def test_machine_code_of_its_own_gets_no_call_of_another_width(run: Run) -> None:
    code = f"""
        import ctypes, mmap
        page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE, prot=7)
        page.write(bytes.fromhex("{MACHINE_CODE[platform.machine()]}"))
        start = ctypes.addressof(ctypes.c_char.from_buffer(page))
        call = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long, ctypes.c_long)(start)
        def f(x): return call(1, 0)
    """
    execution = run(code)
    if platform.machine() == "x86_64":
        assert execution.ending is Ending.SIGNAL
    else:
        assert execution.calls == (Returned(tree=-errno.EPERM),)


def test_a_call_number_beyond_the_table_is_refused_or_ends_the_process(run: Run) -> None:
    code = """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        def f(x): return libc.syscall(0x40000000 | 39), ctypes.get_errno()
    """
    execution = run(code)
    if platform.machine() == "x86_64":  # there it is a call of the x32 kind
        assert execution.ending is Ending.SIGNAL
    else:
        assert execution.calls == (Returned(tree={"t": [-1, errno.EPERM]}),)


@pytest.mark.parametrize("target", ["-1", "0", "1", "2"])
def test_signals_reach_nobody_else(run: Run, target: str) -> None:
    execution = run(f"import os\ndef f(x):\n    os.kill({target}, 9)\n    return 5")
    assert execution.ending in (Ending.COMPLETED, Ending.EXIT)


@pytest.mark.parametrize(
    "path", ["os.__file__", "'/new'", "'/usr/lib/new'", "os.path.dirname(os.__file__) + '/new'"]
)
def test_the_room_is_read_only(answer: Answer, path: str) -> None:
    code = f"import os\ndef f(x): open({path}, 'a')"
    assert answer(code) in ("OSError", "PermissionError")


def test_programs_in_the_working_directory_cannot_run(answer: Answer) -> None:
    code = """
        import os
        def f(x):
            open("x", "w").write("#!/bin/sh")
            os.chmod("x", 0o755)
            os.execv("x", ["x"])
    """
    assert answer(code) == "PermissionError"


def test_the_submission_has_no_rights_and_is_not_root(answer: Answer) -> None:
    code = """
        import ctypes, os, struct
        def f(x):
            held = ctypes.create_string_buffer(24)
            ctypes.CDLL(None).capget(struct.pack("Ii", 0x20080522, 0), held)
            return os.getuid() != 0, os.geteuid() != 0, held.raw == bytes(24)
    """
    assert answer(code) == (True, True, True)


def test_only_files_of_its_own_and_the_pipe_for_answers_are_open(answer: Answer) -> None:
    code = """
        import errno, os
        def kind(number):
            try:
                about = os.fstat(number)
            except OSError as error:
                return errno.errorcode[error.errno]
            return about.st_dev == os.stat("/box").st_dev, about.st_nlink, about.st_size
        def f(x): return [kind(number) for number in range(1000)]
    """
    kinds = answer(code)
    # The request pipe is closed once it is read.
    assert kinds[:5] == [(True, 0, 0)] * 3 + ["EBADF", "EPERM"]
    assert set(kinds[5:]) == {"EBADF"}


LOOKS = (
    "os.fstat(4)",
    "os.stat(4)",
    "os.fstat(os.dup(4))",
    "os.fstat(os.dup2(4, 9))",
    "os.fstat(os.dup2(4, 9, inheritable=False))",
    "os.fstat(fcntl.fcntl(4, fcntl.F_DUPFD, 9))",
    "os.fstat(fcntl.fcntl(4, fcntl.F_DUPFD_CLOEXEC, 9))",
    "raw(FSTATAT, 4, b'', room, 0x1000)",
    "raw(STATX, 4, b'', 0x1000, 0x7ff, room)",
)


@pytest.mark.parametrize("look", LOOKS)
def test_the_pipe_for_answers_cannot_be_looked_at(
    answer: Answer, look: str, machine_number: Callable[[int], int]
) -> None:
    refused = "OSError" if "STATX" in look else "PermissionError"
    for name, number in (("FSTATAT", 262), ("STATX", 332)):
        look = look.replace(name, str(machine_number(number)))
    code = f"""
        import ctypes, fcntl, os
        room = ctypes.create_string_buffer(512)
        libc = ctypes.CDLL(None, use_errno=True)
        def raw(*arguments):
            if libc.syscall(*arguments) < 0:
                raise OSError(ctypes.get_errno(), "")
        def f(x): return repr({look})
    """
    assert answer(code) == refused
