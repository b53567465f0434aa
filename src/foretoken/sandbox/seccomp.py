"""Translate the policy into the small program that the kernel runs at every call.

This module runs inside the sandbox: it imports the standard library only.
"""

import errno
import fcntl
import struct

from foretoken.sandbox.policy import ALLOWED, CONDITIONAL

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
_CLONE_NAMESPACES = 0x7E020000 | 0x80
_X32_BIT = 0x40000000

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


class UnknownMachineError(Exception):
    """There is no policy for this processor architecture."""


def _step(code: int, value: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _refuse(number: int) -> bytes:
    return _step(_RETURN, _ERRNO | number)


def _flags_only() -> list[bytes]:
    command = _ARGUMENTS + 8
    harmless = (fcntl.F_DUPFD, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL, fcntl.F_SETFL)
    wanted = (*harmless, fcntl.F_DUPFD_CLOEXEC)
    return [
        _step(_LOAD, command),
        *(
            _step(_JUMP_EQUAL, number, if_true=len(wanted) - place)
            for place, number in enumerate(wanted)
        ),
        _refuse(errno.EPERM),
        _step(_RETURN, _ALLOW),
    ]


def _verdicts(column: int) -> list[tuple[int, list[bytes]]]:
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
        "fcntl": _flags_only(),
    }
    by_number: dict[int, list[bytes]] = {}
    for group in ALLOWED.values():
        for numbers in group.values():
            number = numbers[column]
            if number is not None:
                by_number[number] = allow
    for name, numbers in CONDITIONAL.items():
        number = numbers[column]
        assert number is not None
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
        _step(_JUMP_ANY_BIT, _CLONE_NAMESPACES, if_true=2),
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


def compile_policy(machine: str) -> bytes:
    """The filter program for one architecture.

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
    return b"".join([*program, *_search(_verdicts(column))])
