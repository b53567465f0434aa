"""What to say where the machine refuses a part of the sandbox, or has no room for it."""

import errno
import os
import resource

from foretoken.errors import IsolationError
from foretoken.sandbox.base import Limits

HOW_TO_ALLOW = (
    "Untrusted code is not run without isolation. Allow it: as root in a container, start the "
    "container with --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt "
    "apparmor=unconfined; as an ordinary user, `sysctl user.max_user_namespaces=10000` and, on "
    "Ubuntu, `sysctl kernel.apparmor_restrict_unprivileged_userns=0`"
)
_HOW_TO_MAKE_ROOM = (
    "Use fewer workers, or raise the limits: `ulimit -n` (descriptors), `ulimit -u` (processes), "
    "the memory and the processes of the container"
)
_SHORTAGES = {
    errno.EAGAIN: (resource.RLIMIT_NPROC,),
    errno.EMFILE: (resource.RLIMIT_NOFILE,),
    errno.ENFILE: (),
    errno.ENOMEM: (resource.RLIMIT_AS, resource.RLIMIT_DATA),
    errno.ETOOMANYREFS: (),
}
_KIB, _MIB = 1 << 10, 1 << 20
_HELPER_MIB, _LARGEST_FILE_MIB, _SIGNALS = 96, 64, 64
_NAMES = {
    resource.RLIMIT_AS: ("address space", "-v", "KiB", _KIB),
    resource.RLIMIT_DATA: ("data", "-d", "KiB", _KIB),
    resource.RLIMIT_FSIZE: ("size of a file", "-f", "KiB", _KIB),
    resource.RLIMIT_CPU: ("processor time", "-t", "s", 1),
    resource.RLIMIT_NOFILE: ("open files", "-n", "", 1),
    resource.RLIMIT_NPROC: ("processes of this user", "-u", "", 1),
    resource.RLIMIT_SIGPENDING: ("pending signals", "-i", "", 1),
}
"""What it bounds, its letter of `ulimit`, its unit there, and what that is in the kernel's."""


def _needs(limits: Limits) -> dict[int, int]:
    """The least of each limit that a helper and its submissions need, in the kernel's units."""
    return {
        resource.RLIMIT_AS: max(limits.memory_mib, _HELPER_MIB) * _MIB,
        resource.RLIMIT_DATA: _HELPER_MIB * _MIB,
        resource.RLIMIT_FSIZE: max(limits.file_mib, _LARGEST_FILE_MIB) * _MIB,
        resource.RLIMIT_CPU: int(limits.cpu_s) + 2,
        resource.RLIMIT_NOFILE: limits.descriptors,
        resource.RLIMIT_NPROC: limits.threads,
        resource.RLIMIT_SIGPENDING: _SIGNALS,
    }


def _in_the_way(limits: Limits, suspects: tuple[int, ...]) -> list[str]:
    """Limits of this process that are too low, or that may be what a shortage is one of."""
    said: list[str] = []
    for what, least in _needs(limits).items():
        name, letter, unit, size = _NAMES[what]
        now, most = resource.getrlimit(what)
        # The helper raises these two as far as it may.
        now = most if what in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC) else now
        if now == resource.RLIM_INFINITY or (now >= least and what not in suspects):
            continue
        shown = f"{now // size} {unit}".rstrip()
        wanted = f"{-(-least // size)} {unit}".rstrip()
        more = f"; at least {wanted} are needed" if now < least else ""
        said.append(f"the limit on {name} (`ulimit {letter}`) is {shown}{more}")
    return said


def refusal(step: str, number: int, *, limits: Limits | None = None) -> IsolationError:
    """The error for a step that the kernel refused.

    Args:
        step: What was being set up.
        number: The kernel's error number; 0: there is no such thing on this machine.
        limits: What one submission may use.
    """
    reason = os.strerror(number) if number else "not supported"
    bounds = _in_the_way(limits or Limits(), _SHORTAGES.get(number, ()))
    if number in _SHORTAGES:
        found = f" Here {', and '.join(bounds)}." if bounds else ""
        return IsolationError(f"no room for the {step} ({reason}).{found} {_HOW_TO_MAKE_ROOM}.")
    if bounds:
        return IsolationError(
            f"a limit of this process refuses the {step} ({reason}): {', and '.join(bounds)}. "
            "Raise it, or lower the limits of a submission."
        )
    return IsolationError(f"this machine refuses the {step} ({reason}). {HOW_TO_ALLOW}.")


class HelperDiedError(IsolationError):
    """A helper ended before it stood, without naming a step that was refused."""


def death(who: str, text: str, *, limits: Limits | None = None) -> HelperDiedError:
    """The error for a helper that ended before it stood.

    Args:
        who: Which helper.
        text: What it wrote to its standard error.
        limits: What one submission may use.
    """
    last = text.strip().splitlines()[-1] if text.strip() else "it ended without a word"
    bounds = _in_the_way(limits or Limits(), ())
    if bounds:
        return HelperDiedError(
            f"{who} did not start: {last}. Probably because {', and '.join(bounds)}. Raise it, or "
            "lower the limits of a submission."
        )
    return HelperDiedError(f"{who} did not start: {last}. {HOW_TO_ALLOW}.")
