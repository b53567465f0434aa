"""Claims on parts, so that several processes and machines fill one run without doing work twice.

A claim is a small file that its maker creates exclusively, rewrites now and then (its heartbeat)
and deletes when the part is there. A part is the same whoever makes it, so claims only save work:
where two workers hold one, for whatever reason, nothing is wrong but the time.

No clock is compared with another: a claim is stale where it has not changed while this process
looked at it for long enough, or where its maker was a process of this machine that is gone.
"""

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

from foretoken.records import Record
from foretoken.store import layout
from foretoken.store.places import Place, create_exclusively, read_bytes, remove
from foretoken.store.run import Run

STALE_S = 60.0
"""Seconds without a heartbeat after which a part is taken over."""
BEATS = 6
"""Heartbeats in that time."""
LOOK_S = 1.0
"""Seconds between two looks at the parts that others make."""


P = TypeVar("P")
R = TypeVar("R")


class SideBySide(Protocol):
    """Does independent pieces of work, as many at a time as suits; results in their order."""

    def __call__(self, work: Callable[[P], R], pieces: Sequence[P]) -> Iterator[R]:
        """Do the work; see `Engine.side_by_side`."""
        ...


def in_order(work: Callable[[P], R], pieces: Sequence[P]) -> Iterator[R]:
    """Do one piece after the other."""
    return map(work, pieces)


class Claims:
    """The claims of one process on the parts of one kind in a run."""

    def __init__(
        self,
        run: Run,
        kind: type[Record],
        *,
        within: str | None = None,
        stale_s: float = STALE_S,
    ) -> None:
        self.run = run
        self.kind = kind
        self.within = within
        self.stale_s = stale_s
        self._looked: dict[str, tuple[bytes, float]] = {}

    def take(self, part: str) -> "Claim | None":
        """Claim a part; None where somebody else who is alive has it.

        Raises:
            StoreError: The claim cannot be written, or the part's name is not a plain one.
        """
        claim = Claim(self._path(part), beat_s=self.stale_s / BEATS)
        if claim.create():
            return claim
        if not self._is_stale(part):
            return None
        remove(self._path(part))
        return claim if claim.create() else None

    def forget(self, part: str) -> None:
        """Delete the claim on a part that is finished, whoever left it."""
        remove(self._path(part))

    def tidy(self) -> None:
        """Delete the folders of claims that hold none."""
        folder = self._path("none").parent
        while isinstance(folder, Path) and folder != self.run.path:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent

    def _path(self, part: str) -> Place:
        return layout.claim_path(self.run.path, self.kind, part, self.within)

    def _is_stale(self, part: str) -> bool:
        content = read_bytes(self._path(part))
        if content is None:
            return False
        if _maker_is_gone(content):
            return True
        now = time.monotonic()
        seen, since = self._looked.get(part, (None, now))
        if seen != content:
            since = now
        self._looked[part] = (content, since)
        return now - since > self.stale_s


class Claim:
    """One claim; as a context it beats in the background, and is deleted at the end."""

    def __init__(self, path: Place, *, beat_s: float) -> None:
        self.path = path
        self.beat_s = beat_s
        self.owner = secrets.token_hex(8)
        self._beats = 0
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)

    def create(self) -> bool:
        """Write the claim unless there is one; say whether it was written.

        Raises:
            StoreError: The disk or store refuses.
        """
        return create_exclusively(self.path, self._content())

    def __enter__(self) -> "Claim":
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._heart.join()
        if self._is_ours():
            remove(self.path)

    def _content(self) -> bytes:
        machine, process = _this_process()
        said = {"machine": machine, "process": process, "owner": self.owner, "beats": self._beats}
        return json.dumps(said).encode()

    def _is_ours(self) -> bool:
        return self.owner.encode() in (read_bytes(self.path) or b"")

    def _beat(self) -> None:
        while not self._over.wait(self.beat_s):
            self._beats += 1
            with suppress(OSError):
                if not self._is_ours():
                    return
                self.path.write_bytes(self._content())


def work_parts(
    run: Run,
    kind: type[Record],
    parts: Sequence[str],
    make: Callable[[str], R],
    *,
    finish: Callable[[str, R], Sequence[Record]],
    side_by_side: SideBySide = in_order,
    within: str | None = None,
    stale_s: float = STALE_S,
) -> None:
    """Fill parts together with any other process that is given the same ones.

    Parts that nobody makes come first; then this waits for those of others, and takes over what a
    killed one left. At the end all parts are there, and no claims.

    Args:
        run: Where the parts go.
        kind: Class of the records.
        parts: Names of the parts, each deterministic in what it holds.
        make: The costly half of making a part; may run in several threads.
        finish: From what `make` returned to the part's records, one part after the other.
        side_by_side: Makes several parts at a time; results in their order.
        within: The partition, where the kind is divided.
        stale_s: Seconds without a heartbeat after which a part is taken over.

    Raises:
        StoreError: The disk or store refuses.
    """
    claims = Claims(run, kind, within=within, stale_s=stale_s)
    held: dict[str, Claim] = {}

    def claimed(part: str) -> tuple[R] | None:
        claim = claims.take(part)
        if claim is None:
            return None
        held[part] = claim.__enter__()
        return None if run.has_part(part, kind, within) else (make(part),)

    missing = _missing(run, kind, parts, within)
    while missing:
        worked = False
        try:
            for part, made in zip(missing, side_by_side(claimed, missing), strict=True):
                if made is not None:
                    records = finish(part, made[0])
                    run.append(records, part=part, kind=kind, within=within, keep=True)
                    worked = True
                if part in held:
                    held.pop(part).__exit__()
        finally:
            for claim in held.values():
                claim.__exit__()
            held.clear()
        missing = _missing(run, kind, parts, within)
        if missing and not worked:
            time.sleep(min(LOOK_S, stale_s / BEATS))
    for part in parts:
        claims.forget(part)
    claims.tidy()


def _missing(run: Run, kind: type[Record], parts: Sequence[str], within: str | None) -> list[str]:
    finished = set(run.parts(kind, within))
    return [part for part in parts if part not in finished]


def _this_process() -> tuple[str, str]:
    """The machine (with its start and its process namespace), and the process (with its start)."""
    boot, space = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    named = [socket.gethostname()]
    with suppress(OSError):
        named += [boot.read_text().strip(), str(space.readlink())]
    return " ".join(named), f"{os.getpid()} {_started(os.getpid())}"


def _started(process: int) -> str | None:
    """When a process of this machine was started, in the kernel's count; None: it is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def _maker_is_gone(content: bytes) -> bool:
    """Whether a claim's maker was a process of this machine that no longer runs."""
    try:
        said = json.loads(content)
        machine, (process, started) = said["machine"], said["process"].split()
    except (ValueError, KeyError, TypeError):
        return False
    known = " pid:[" in machine and machine == _this_process()[0]
    return known and _started(int(process)) != started
