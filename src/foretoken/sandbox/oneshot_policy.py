"""What a whole program may do beyond the policy of a submission."""

import errno
import platform
import struct

from foretoken.errors import IsolationError
from foretoken.sandbox.policy import Numbers
from foretoken.sandbox.seccomp import UnknownMachineError, compile_policy

_NAMESPACES = 0x7E020000 | 0x80
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_CALLS: dict[str, Numbers] = {
    "execve": (59, 221),
    "prlimit64": (302, 261),
    "clone": (56, 220),
    "fork": (57, None),
    "vfork": (58, None),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "pipe": (22, None),
    "pipe2": (293, 59),
}
"""Numbers of the kernel calls that a whole program may make beyond a submission's."""


_OF_PROCESSES = ("fork", "vfork", "setsid", "setpgid", "pipe", "pipe2")


def _step(code: int, value: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def program_policy(*, processes: bool) -> bytes:
    """The policy of a submission, preceded by what a whole program may do beyond it.

    Its Python is started by `execve` and lowers its own limits; where asked, it may fork.

    Raises:
        IsolationError: There is no policy for this processor architecture.
    """
    machine = platform.machine()
    try:
        rest = compile_policy(machine, answers=None)
    except UnknownMachineError as error:
        raise IsolationError(f"there is no policy for {machine} processors.") from error
    load, equal, any_bit = 0x20, 0x15, 0x45
    allow, refuse = _step(0x06, 0x7FFF0000), _step(0x06, 0x00050000 | errno.EPERM)
    number, arch, first_argument = 0, 4, 16
    own_limits = [_step(load, first_argument), _step(equal, 0, if_false=1), allow, refuse]
    no_namespace = [
        _step(load, first_argument),
        _step(any_bit, _NAMESPACES, if_true=1),
        allow,
        refuse,
    ]
    bodies = {"execve": [allow], "prlimit64": own_limits}
    if processes:
        bodies |= {name: [allow] for name in _OF_PROCESSES}
        bodies["clone"] = no_namespace
    column, arch_number = _MACHINES[machine]
    rules: list[bytes] = []
    for name, body in bodies.items():
        call = _CALLS[name][column]
        if call is not None:
            rules += [_step(equal, call, if_false=len(body)), *body]
    head = [_step(load, arch), _step(equal, arch_number, if_false=len(rules) + 1)]
    return b"".join([*head, _step(load, number), *rules, rest])
