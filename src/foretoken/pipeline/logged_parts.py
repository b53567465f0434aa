"""What a run knows of logs that were read into it: part by part, how far, and of which steps."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

import pyarrow.compute as pc

from foretoken.logs.base import LoggedRollout
from foretoken.records import Record
from foretoken.store.run import Run


class LogPart(Record):
    """How far a file of rollouts was read."""

    folder = "log-parts"

    file: str
    """Where it lies in what was named."""
    layout: str
    mark: str
    """What tells whether it is still the same file."""
    begin: int
    """First row that was read."""
    rows: int
    """Rows before the next one."""
    end: int
    """Bytes before the next one."""
    complete: bool
    """Whether the file does not grow, and all of it was read."""
    steps: tuple[int, ...] | None = None
    """Of its rollouts that training learned from; None: an older version did not say."""
    counts: tuple[int, ...] | None = None
    """How many of each."""
    faults: tuple[str, ...] = ()
    """Lines about rows that could not be read."""

    @property
    def name(self) -> str:
        """Of the part."""
        return _part_name(self.file, self.begin)


def draw_part(name: str) -> str:
    """Return the part of draws that were made of a part of rollouts."""
    return f"rollout-{name}"


def counted(rollouts: Iterable[LoggedRollout]) -> Mapping[int, int]:
    """Return how many rollouts training learned from, by step."""
    steps = (each.step for each in rollouts if each.training)
    return dict(sorted(Counter(step for step in steps if step is not None).items()))


def training_steps(run: Run, part: LogPart) -> Mapping[int, int]:
    """Return the same of a part that is stored."""
    if part.steps is not None and part.counts is not None:
        return dict(zip(part.steps, part.counts, strict=True))
    used = pc.field("training") & pc.field("step").is_valid()
    found = run.table(LoggedRollout, part=part.name, where=used, columns=["step"])
    return Counter(found["step"].to_pylist())


def _part_name(file: str, begin: int) -> str:
    return f"log-{hashlib.sha256(file.encode()).hexdigest()[:12]}-{begin:09d}"
