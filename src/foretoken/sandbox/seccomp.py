"""Translate the policy into the small program that the kernel runs at every call.

This module runs inside the sandbox: it imports the standard library only.
"""

import errno
import fcntl
import struct

from foretoken.sandbox.policy import ALLOWED, CONDITIONAL, RESULT

_LOAD, _JUMP, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = (
    0x20,
    0x05,
    0x15,
    0x35,
    0x45,
    0x06,
)
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_CLONE_THREAD = 0x00010000
_CLONE_BEYOND_THREADS = 0xFFFFFFFF & ~0x017D0F00
_X32_BIT = 0x40000000
_FUTEX_PRIVATE, _FUTEX_WAITS = 0x80, (0, 9, 9 | 0x100)
_GIVEN_BACK = (4,)
_MAP_SHARED, _MAP_DROPPABLE, _MAP_ANONYMOUS, _MAP_HUGETLB = 1, 8, 0x20, 0x40000
_MREMAP_FIXED, _MREMAP_DONTUNMAP = 2, 4

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


class UnknownMachineError(Exception):
    """There is no policy for this processor architecture."""


def _step(code: int, value: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _refuse(number: int) -> bytes:
    return _step(_RETURN, _ERRNO | number)


def _one_of(place: int, wanted: tuple[int, ...], *, otherwise: int) -> list[bytes]:
    """Go on where an argument is one of these, else refuse with an error number."""
    return [
        _step(_LOAD, _ARGUMENTS + 8 * place),
        *(
            _step(_JUMP_EQUAL, value, if_true=len(wanted) - number)
            for number, value in enumerate(wanted)
        ),
        _refuse(otherwise),
    ]


def _none_of(place: int, bits: int) -> list[bytes]:
    """Allow where an argument has none of these bits."""
    return [
        _step(_LOAD, _ARGUMENTS + 8 * place),
        _step(_JUMP_ANY_BIT, bits, if_false=1),
        _refuse(errno.EPERM),
        _step(_RETURN, _ALLOW),
    ]


def _own_pages() -> list[bytes]:
    """Pages of a file, or of this process alone: shared ones without a file outlive their place.

    As long as one page of such a mapping is there, all of it is held, and no limit counts it.
    """
    return [
        _step(_LOAD, _ARGUMENTS + 8 * 3),
        _step(_JUMP_ANY_BIT, _MAP_HUGETLB | _MAP_DROPPABLE, if_true=2),
        _step(_JUMP_ANY_BIT, _MAP_ANONYMOUS, if_false=2),
        _step(_JUMP_ANY_BIT, _MAP_SHARED, if_false=1),
        _refuse(errno.EPERM),
        _step(_RETURN, _ALLOW),
    ]


def _not_the_answers(answers: int | None) -> list[bytes]:
    """Allow with any descriptor but the one that answers go through."""
    allow = _step(_RETURN, _ALLOW)
    if answers is None:
        return [allow]
    is_it = _step(_JUMP_EQUAL, answers, if_false=1)
    return [_step(_LOAD, _ARGUMENTS), is_it, _refuse(errno.EPERM), allow]


def _copies_and_flags(answers: int | None) -> list[bytes]:
    """Allow copying a descriptor, and reading flags or setting those of its number."""
    own = (fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL)
    copies = (fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC)
    last = len(own) + len(copies)
    return [
        _step(_LOAD, _ARGUMENTS + 8),
        *(_step(_JUMP_EQUAL, what, if_true=last - place) for place, what in enumerate(own)),
        *(
            _step(_JUMP_EQUAL, what, if_true=last + 1 - place)
            for place, what in enumerate(copies, start=len(own))
        ),
        _refuse(errno.EPERM),
        _step(_RETURN, _ALLOW),
        *_not_the_answers(answers),
    ]


def _futex() -> list[bytes]:
    """Threads of one process; a wait on a page that processes may share ends at once.

    The C library waits like that for the end of a thread, and looks again where it is told to.
    """
    return [
        _step(_LOAD, _ARGUMENTS + 8),
        _step(_JUMP_ANY_BIT, _FUTEX_PRIVATE, if_false=1),
        _step(_RETURN, _ALLOW),
        *_one_of(1, _FUTEX_WAITS, otherwise=errno.EPERM),
        _refuse(errno.EAGAIN),
    ]


def _verdicts(column: int, answers: int | None) -> list[tuple[int, list[bytes]]]:
    """Ranges of call numbers, each with the instructions that decide it.

    Returns:
        (first number, body) in ascending order; a range ends where the next one starts.
    """
    refuse, allow = [_refuse(errno.EPERM)], [_step(_RETURN, _ALLOW)]
    bodies = {
        "clone": _thread_only(),
        "clone3": [_refuse(errno.ENOSYS)],
        "prlimit64": _reading_only(),
        "ioctl": [_refuse(errno.ENOTTY)],
        "fcntl": _copies_and_flags(answers),
        "futex": _futex(),
        "madvise": [*_one_of(2, _GIVEN_BACK, otherwise=errno.EINVAL), *allow],
        "mmap": _own_pages(),
        "statx": [_refuse(errno.ENOSYS)],
        "mremap": _none_of(3, _MREMAP_FIXED | _MREMAP_DONTUNMAP),
    }
    for name in ("dup", "dup2", "dup3", "fstat", "newfstatat"):
        bodies[name] = _not_the_answers(answers)
    by_number: dict[int, list[bytes]] = {}
    for group in ALLOWED.values():
        for numbers in group.values():
            number = numbers[column]
            if number is not None:
                by_number[number] = allow
    for name, numbers in CONDITIONAL.items():
        number = numbers[column]
        if number is not None:
            by_number[number] = bodies[name]
    ranges = [(0, by_number.get(0, refuse))]
    for number in range(1, max(by_number) + 2):
        body = by_number.get(number, refuse)
        if body is not ranges[-1][1]:
            ranges.append((number, body))
    return ranges


def _search(ranges: list[tuple[int, list[bytes]]]) -> list[bytes]:
    """A binary search over the ranges: the kernel runs it at every call, so it is kept short."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    below, above = _search(ranges[:middle]), _search(ranges[middle:])
    # Jump distances have 8 bits; a longer way is a jump without condition.
    if len(below) < 256:
        return [_step(_JUMP_AT_LEAST, ranges[middle][0], if_true=len(below)), *below, *above]
    far = _step(_JUMP, len(below))
    return [_step(_JUMP_AT_LEAST, ranges[middle][0], if_false=1), far, *below, *above]


def _thread_only() -> list[bytes]:
    flags = _ARGUMENTS
    return [
        _step(_LOAD, flags),
        _step(_JUMP_ANY_BIT, _CLONE_BEYOND_THREADS, if_true=2),
        _step(_JUMP_ANY_BIT, _CLONE_THREAD, if_false=1),
        _step(_RETURN, _ALLOW),
        _refuse(errno.EPERM),
    ]


def _reading_only() -> list[bytes]:
    new_limit = _ARGUMENTS + 2 * 8
    return [
        _step(_LOAD, new_limit),
        _step(_JUMP_EQUAL, 0, if_false=3),
        _step(_LOAD, new_limit + 4),
        _step(_JUMP_EQUAL, 0, if_false=1),
        _step(_RETURN, _ALLOW),
        _refuse(errno.EPERM),
    ]


def compile_policy(machine: str, *, answers: int | None = RESULT) -> bytes:
    """The filter program for one architecture.

    Args:
        machine: Name of the architecture.
        answers: Descriptor of the pipe that answers go through; None: there is none.

    Raises:
        UnknownMachineError: The policy has no call numbers for it.
    """
    if machine not in _MACHINES:
        raise UnknownMachineError(machine)
    column, arch = _MACHINES[machine]
    program = [
        _step(_LOAD, _ARCH),
        _step(_JUMP_EQUAL, arch, if_true=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        program += [_step(_JUMP_AT_LEAST, _X32_BIT, if_false=1), _step(_RETURN, _KILL)]
    return b"".join([*program, *_search(_verdicts(column, answers))])
