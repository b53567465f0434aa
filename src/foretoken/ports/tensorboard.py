"""To TensorBoard: one event file in a folder of its own, which needs no package."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from foretoken.alarm_records import Alarm
from foretoken.ports import event_file
from foretoken.ports.base import OfNumbers, Point


class TensorBoard(OfNumbers):
    """Appends to `events.out.tfevents.*` in a folder.

    The file itself says what it holds, so that nothing stands in it twice.

    Args:
        folder: Of the file.
        run: Name of the run, unique in the folder.
        name: See `Port`.
    """

    def __init__(self, folder: Path, *, run: str, name: str) -> None:
        self.name, self.into = name, f"TensorBoard, {folder}"
        self._folder, self._ending = folder, f".{run}.foretoken"
        self._held: set[tuple[int, str]] = set()
        self._end: int | None = None
        """Of the file, as this process left it."""

    def send(self, points: Sequence[Point], alarms: Sequence[Alarm]) -> None:
        """See `Port`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path()
        self._look_at(path)
        now = time.time()
        said = [
            (each.step, each.name, event_file.scalar(*_named(each), step=each.step, wall_time=now))
            for each in points
        ]
        for each in alarms:
            tag = f"foretoken/{each.part}"
            words = event_file.text(tag, each.words, step=each.step, wall_time=now)
            said.append((each.step, tag, words))
        missing = [each for each in said if each[:2] not in self._held]
        with path.open("ab") as file:
            if not file.tell():
                file.write(event_file.record(event_file.version(wall_time=now)))
            file.write(b"".join(event_file.record(message) for *_, message in missing))
            file.flush()
            os.fsync(file.fileno())
            self._end = file.tell()
        self._held |= {(step, tag) for step, tag, _ in missing}

    def _path(self) -> Path:
        """The file, of this run alone; made where there is none."""
        found = sorted(self._folder.glob(f"events.out.tfevents.*{self._ending}"))
        made = self._folder / f"events.out.tfevents.{time.time():010.0f}{self._ending}"
        return found[0] if found else made

    def _look_at(self, path: Path) -> None:
        """See what a file holds; what a killed writer left half is cut off."""
        size = path.stat().st_size if path.is_file() else 0
        if size == self._end:
            return
        content = path.read_bytes() if size else b""
        self._held, end = set(), 0
        for message, place in event_file.records(content):
            step, tags = event_file.step_and_tags(message)
            self._held |= {(step, tag) for tag in tags}
            end = place
        if end < len(content):
            os.truncate(path, end)


def _named(point: Point) -> tuple[str, float]:
    return point.name, point.value
