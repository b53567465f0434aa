"""What goes into the sandbox and what comes out.

Contained: files, network, other processes, other submissions, memory, processor time, disk. Not
contained: faults of the kernel itself; see docs/threat-model.md. A job holds no expected value
unless its flaw is that it leaks one.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from foretoken.records import Record
from foretoken.sandbox.wire import Tree


class Limits(Record):
    """What one submission may use."""

    cpu_s: float = 2.0
    """Processor seconds; decides a verdict."""
    wall_factor: float = 5.0
    """Wall seconds per processor second: the backstop for a submission that waits. Only time in
    which it makes no progress counts, so a busy machine does not change a verdict."""
    memory_mib: int = 512
    file_mib: int = 16
    descriptors: int = 64
    threads: int = 32
    tmpfs_mib: int = 16
    tmpfs_inodes: int = 256
    answer_bytes: int = 1 << 20
    """Most bytes that a submission may send back."""
    code_bytes: int = 1 << 18
    """Longest submission."""

    @property
    def wall_s(self) -> float:
        """Wall seconds of waiting after which a submission is ended."""
        return self.cpu_s * self.wall_factor


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """The one thing that a leaky grader shows to a submission; nothing by default."""

    files: dict[str, str] = field(default_factory=dict[str, str])
    """Text files in the working directory, by name."""
    objects: dict[str, dict[str, Tree]] = field(default_factory=dict[str, dict[str, Tree]])
    """Objects in the submission's namespace: attribute to encoded value, by name."""
    keyword: str | None = None
    """Keyword under which the leak of each call is passed to a function that accepts it."""
    module: str | None = None
    """Importable module whose global `expected` is the leak of each call."""
    leaks: tuple[Tree, ...] = ()
    """One encoded value per call, for `keyword` and `module`."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One execution: this code, this function, these calls, in one fresh process."""

    code: str
    function: str
    calls: tuple[Tree, ...]
    """Encoded argument tuples."""
    seed: int = 0
    """Seeds `random` in the submission's process."""
    notes: bool = False
    """Whether to report comments and docstrings."""
    attribute: str | None = None
    """Name of a function attribute to report."""
    exposure: Exposure = field(default_factory=Exposure)

    @property
    def exposes(self) -> bool:
        """Whether this execution is shown expected values."""
        return self.exposure != Exposure()


class Ending(StrEnum):
    """How the process of a submission ended."""

    COMPLETED = "completed"
    EXIT = "exit"
    SIGNAL = "signal"
    CPU_LIMIT = "cpu_limit"
    WALL_LIMIT = "wall_limit"
    OUTPUT_LIMIT = "output_limit"
    PROTOCOL_ERROR = "protocol_error"
    INFRA_ERROR = "infra_error"


@dataclass(frozen=True, kw_only=True)
class Returned:
    """One call returned this (still encoded, never built)."""

    tree: Tree


@dataclass(frozen=True, kw_only=True)
class Raised:
    """One call (or the whole submission, before any call) raised."""

    error_class: str
    skipped: bool = False
    """Whether it was `unittest.SkipTest`."""


@dataclass(frozen=True)
class Oversize:
    """One call returned something too large or too deep to cross."""


CallEnd = Returned | Raised | Oversize


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What one submission did. Everything but `ending` and `cpu_s` is the submission's claim."""

    ending: Ending
    cpu_s: float
    exit_status: int | None = None
    """Of a process that ended by itself before it was done."""
    calls: tuple[CallEnd, ...] = ()
    """Ends of the calls that were made, in order."""
    failed: Raised | None = None
    """What the submission raised before it could be called."""
    notes: tuple[str, ...] = ()
    attribute: bool = False
    infra: str | None = None
    """Why our own part failed (with `INFRA_ERROR`)."""
