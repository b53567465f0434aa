"""What goes into the sandbox and what comes out.

Contained: files, network, other processes, other submissions, memory, processor time, disk. Not
contained: faults of the kernel itself; see docs/threat-model.md. A job holds no expected value
unless its flaw is that it leaks one.
"""

import secrets
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
    """Longest submission, in UTF-8."""

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
    frame: str | None = None
    """Local variable of the frame that makes each call; hooks are cleared before it."""
    hook: str | None = None
    """Local variable of a function that runs and returns before each call, for hooks to see."""
    leaks: tuple[Tree, ...] = ()
    """One encoded value per call, for `keyword`, `module`, `frame` and `hook`."""
    log: str | None = None
    """File in the working directory to which a line is appended before each call."""
    log_lines: tuple[str, ...] = ()
    """One line per call, for `log`."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a careless grader does or reports beside the results; it shows no expected value."""

    noise: bool = False
    """Report `noise`: a log record or a warning was emitted."""
    module: str | None = None
    """Make an empty module importable, and report `imported` where it was."""
    variable: str | None = None
    """Report `variable`: this environment variable is not empty at the end."""
    test_cases: str | None = None
    """Global list of (args, result) of the submission's own: call on them, report both sides."""
    equality: bool = False
    """Mark a call `equal`: `operator.eq` of the returned object and a fresh object is true."""
    comparer: str | None = None
    """Make a function importable, `module.name`; mark a call `same` where it calls the returned
    object and a fresh object the same."""
    inputs: str | None = None
    """Global list that holds the arguments of the present call; report it after the call."""
    validator: str | None = None
    """Global function of the submission's own; mark a call `valid` where it returns true."""
    words: str | None = None
    """Mark a call `printed`: these words were written to standard error."""
    seconds: float | None = None
    """Mark a call `late`: it used more processor time than this."""
    checks: bool = False
    """Mark a call `unchecked`: a failed assertion was not recorded by `sys.excepthook`."""


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
    probe: Probe = field(default_factory=Probe)
    nonce: str = field(default_factory=lambda: secrets.token_hex(8), compare=False)
    """Fresh word that the probe's reports must carry: a line without it was forged."""

    @property
    def probed(self) -> bool:
        """Whether a probe reports on this execution."""
        return self.probe != Probe()

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
    MEM_LIMIT = "mem_limit"
    WALL_LIMIT = "wall_limit"
    OUTPUT_LIMIT = "output_limit"
    PROTOCOL_ERROR = "protocol_error"
    INFRA_ERROR = "infra_error"


@dataclass(frozen=True, kw_only=True)
class Returned:
    """One call returned this (still encoded, never built)."""

    tree: Tree
    marks: frozenset[str] = frozenset()
    """What the job's probe saw around this call."""
    after: Tree = None
    """The arguments after the call (an encoded tuple), where the probe asks for them."""


@dataclass(frozen=True, kw_only=True)
class Raised:
    """One call (or the whole submission, before any call) raised."""

    error_class: str
    skipped: bool = False
    """Whether it was `unittest.SkipTest`."""
    marks: frozenset[str] = frozenset()
    after: Tree = None


@dataclass(frozen=True, kw_only=True)
class Oversize:
    """One call returned something too large or too deep to cross."""

    marks: frozenset[str] = frozenset()
    after: Tree = None


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
    flags: frozenset[str] = frozenset()
    """What the job's probe saw in the whole run."""
    claims: tuple[tuple[Tree, Tree], ...] | None = None
    """Result and claimed result of the submission's own test cases; None: it has none."""
    infra: str | None = None
    """Why our own part failed (with `INFRA_ERROR`)."""
