"""The filter program says exactly what the policy says, for every call on both processors."""

import errno
import struct

import pytest

from foretoken.sandbox.policy import ALLOWED, CONDITIONAL
from foretoken.sandbox.seccomp import UnknownMachineError, compile_policy

ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
MACHINES = list(ARCH)


def decide(program: bytes, number: int, *arguments: int, arch: int) -> int:
    """Run the filter as the kernel would."""
    six = (*arguments, *([0] * (6 - len(arguments))))
    call = struct.pack("IIQ6Q", number, arch, 0, *six)
    steps = list(struct.iter_unpack("HBBI", program))
    place = accumulator = 0
    while True:
        code, if_true, if_false, value = steps[place]
        place += 1
        if code == 0x06:
            return value
        if code == 0x20:
            accumulator = struct.unpack_from("I", call, value)[0]
        elif code == 0x05:
            place += value
        else:
            holds = {
                0x15: accumulator == value,
                0x35: accumulator >= value,
                0x45: bool(accumulator & value),
            }[code]
            place += if_true if holds else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_every_call_without_conditions_is_decided_by_the_policy(machine: str) -> None:
    program, column = compile_policy(machine), MACHINES.index(machine)
    allowed = {numbers[column] for group in ALLOWED.values() for numbers in group.values()}
    conditional = {numbers[column] for numbers in CONDITIONAL.values()}
    for number in set(range(1200)) - conditional:
        said = decide(program, number, 1, 1, 1, arch=ARCH[machine])
        assert said == (ALLOW if number in allowed else REFUSE | errno.EPERM), number


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "wanted"),
    [
        ("clone", (0x003D0F00,), ALLOW),
        ("clone", (0x003D1F00,), REFUSE | errno.EPERM),
        ("clone", (0x01200011,), REFUSE | errno.EPERM),
        ("clone", (17,), REFUSE | errno.EPERM),
        ("clone", (0x00010000 | 0x20000000,), REFUSE | errno.EPERM),
        ("clone", (0x00010000 | 0x10000000,), REFUSE | errno.EPERM),
        ("clone3", (0, 0), REFUSE | errno.ENOSYS),
        ("prlimit64", (0, 7, 0, 1 << 40), ALLOW),
        ("prlimit64", (0, 7, 1 << 40, 0), REFUSE | errno.EPERM),
        ("prlimit64", (0, 7, 8, 0), REFUSE | errno.EPERM),
        ("ioctl", (0, 0x5401), REFUSE | errno.ENOTTY),
        ("ioctl", (0, 0x5412), REFUSE | errno.ENOTTY),
        ("fcntl", (3, 1), ALLOW),
        ("fcntl", (3, 1030), ALLOW),
        ("fcntl", (3, 0), ALLOW),
        ("fcntl", (4, 3), ALLOW),
        ("fcntl", (4, 0), REFUSE | errno.EPERM),
        ("fcntl", (4, 1030), REFUSE | errno.EPERM),
        ("fcntl", (3, 4), REFUSE | errno.EPERM),
        ("fcntl", (3, 6), REFUSE | errno.EPERM),
        ("fcntl", (3, 37), REFUSE | errno.EPERM),
        ("fcntl", (3, 1024), REFUSE | errno.EPERM),
        ("dup", (3,), ALLOW),
        ("dup", (4,), REFUSE | errno.EPERM),
        ("dup3", (4, 9, 0), REFUSE | errno.EPERM),
        ("fstat", (5,), ALLOW),
        ("fstat", (4,), REFUSE | errno.EPERM),
        ("newfstatat", (4,), REFUSE | errno.EPERM),
        ("statx", (0,), REFUSE | errno.ENOSYS),
        ("futex", (0, 128), ALLOW),
        ("futex", (0, 1 | 128), ALLOW),
        ("futex", (0, 0), REFUSE | errno.EAGAIN),
        ("futex", (0, 9 | 256), REFUSE | errno.EAGAIN),
        ("futex", (0, 1), REFUSE | errno.EPERM),
        ("futex", (0, 4), REFUSE | errno.EPERM),
        ("madvise", (0, 4096, 4), ALLOW),
        ("madvise", (0, 4096, 8), REFUSE | errno.EINVAL),
        ("madvise", (0, 4096, 25), REFUSE | errno.EINVAL),
        ("madvise", (0, 4096, 14), REFUSE | errno.EINVAL),
        ("mmap", (0, 4096, 3, 0x22), ALLOW),
        ("mmap", (0, 4096, 3, 0x01), ALLOW),
        ("mmap", (0, 4096, 3, 0x21), REFUSE | errno.EPERM),
        ("mmap", (0, 4096, 3, 0x23), REFUSE | errno.EPERM),
        ("mmap", (0, 4096, 3, 0x28), REFUSE | errno.EPERM),
        ("mmap", (0, 4096, 3, 0x40022), REFUSE | errno.EPERM),
        ("mremap", (0, 4096, 8192, 1), ALLOW),
        ("mremap", (0, 4096, 8192, 3), REFUSE | errno.EPERM),
    ],
)
def test_calls_with_conditions(
    machine: str, name: str, arguments: tuple[int, ...], wanted: int
) -> None:
    number = CONDITIONAL[name][MACHINES.index(machine)]
    assert number is not None
    assert decide(compile_policy(machine), number, *arguments, arch=ARCH[machine]) == wanted


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_another_architecture_end_the_process(machine: str) -> None:
    assert decide(compile_policy(machine), 0, arch=0x40000003) == KILL


def test_x32_calls_end_the_process() -> None:
    program = compile_policy("x86_64")
    assert decide(program, 0x40000000 | 39, arch=ARCH["x86_64"]) == KILL


def test_an_unknown_processor_has_no_policy() -> None:
    with pytest.raises(UnknownMachineError):
        compile_policy("riscv64")


FORBIDDEN = """
socket socketpair connect bind ptrace fork vfork execve execveat mount umount2 unshare setns
keyctl bpf io_uring_setup perf_event_open userfaultfd memfd_create shmget msgget semget
process_vm_readv process_vm_writev init_module mknod mknodat setuid chroot pivot_root flock
name_to_handle_at open_by_handle_at prctl seccomp personality
""".split()  # noqa: SIM905  forty quoted names read worse


def test_no_dangerous_call_is_in_the_policy() -> None:
    names = {name for group in ALLOWED.values() for name in group} | set(CONDITIONAL)
    assert not names & set(FORBIDDEN)
