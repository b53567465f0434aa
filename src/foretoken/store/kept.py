"""What was made of parts, for whoever looks at a run again and again: what is known stays known."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from foretoken.files import FileMark, mark_of
from foretoken.records import Record
from foretoken.store import layout
from foretoken.store.places import Place
from foretoken.store.reading import unreadable
from foretoken.store.run import Run

R = TypeVar("R", bound=Record)
T = TypeVar("T")


class KeptParts(Generic[T]):
    """What was made of each part of a kind, made again only of parts that changed.

    Of a run in an object store nothing is kept: it is made anew each time.

    Args:
        kind: Of the parts; one that is not divided.
        make: Makes it of a run and the name of a part.
    """

    def __init__(self, kind: type[Record], make: Callable[[Run, str], T]) -> None:
        self._kind, self._make = kind, make
        self._known: dict[Place, tuple[FileMark, T]] = {}

    def of(self, run: Run) -> list[T]:
        """Return what is made of all parts, in the order of their names.

        Raises:
            StoreError: A part cannot be read.
        """
        known, found = self._known, list[T]()
        self._known = {}
        for path in layout.part_paths(run.path, self._kind):
            mark = _mark(path)
            before = known.get(path)
            if before is not None and before[0] == mark:
                made = before[1]
            else:
                made = self._make(run, path.name.removesuffix(layout.PART_SUFFIX))
            if mark is not None:
                self._known[path] = (mark, made)
            found.append(made)
        return found


def kept_records(kind: type[R]) -> KeptParts[list[R]]:
    """Return the records of each part of a kind."""
    return KeptParts(kind, lambda run, part: run.read(kind, part=part))


def _mark(path: Place) -> FileMark | None:
    if not isinstance(path, Path):
        return None
    try:
        return mark_of(path)
    except OSError as error:
        raise unreadable(path, error) from error
