"""Draws of one source are sampled with the same settings in all parts of a run."""

from bisect import bisect_left
from collections.abc import Iterable

from foretoken.errors import MismatchError
from foretoken.records import Draw, Sampling
from foretoken.store import codec, layout
from foretoken.store.places import Place
from foretoken.store.reading import read_parts


class Samplings:
    """Settings by source, as far as the parts of a run have been looked at."""

    def __init__(self, run: Place) -> None:
        self._run = run
        self._known: dict[str, Sampling] = {}
        self._seen: set[str] = set()

    def check(self, draws: Iterable[Draw], *, part: str) -> None:
        """Refuse draws whose settings are not those of their source's other parts.

        Raises:
            MismatchError: The settings of a source differ.
        """
        expected: dict[str, Sampling] = {}
        for draw in draws:
            if draw.source not in expected:
                known = self.of(draw.source, near=part)
                expected[draw.source] = draw.sampling if known is None else known
            require_equal_sampling(
                expected[draw.source],
                draw.sampling,
                what=f"{draw.source} draws of {self._run}",
            )

    def of(self, source: str, *, near: str) -> Sampling | None:
        """Settings of a source; None where no part has draws of it.

        Every part was checked when it was written, so one part of the source is enough. Parts with
        neighbouring names are looked at first: they most likely hold it. No part is opened twice.
        """
        if source in self._known:
            return self._known[source]
        paths = layout.part_paths(self._run, Draw)
        here = bisect_left([path.name for path in paths], f"{near}{layout.PART_SUFFIX}")
        for number in sorted(range(len(paths)), key=lambda number: abs(number - here + 0.5)):
            if str(paths[number]) not in self._seen:
                self._look_into(paths[number])
            if source in self._known:
                break
        return self._known.get(source)

    def _look_into(self, path: Place) -> None:
        table = read_parts([path], codec.schema(Draw), columns=["source", "sampling"])
        for row in table.group_by(["source", "sampling"]).aggregate([]).to_pylist():
            found = Sampling.model_validate(codec.decode(row["sampling"]))
            self._known.setdefault(row["source"], found)
        self._seen.add(str(path))


def require_equal_sampling(known: Sampling, other: Sampling, *, what: str) -> None:
    """Refuse to join draws that were sampled with different settings.

    Raises:
        MismatchError: The settings differ; the message names each that does.
    """
    if known == other:
        return
    raise MismatchError(
        f"{what} were sampled with other settings ({differences(known, other)}): a weight compares "
        "one distribution with itself, so use another run directory or sample again"
    )


def differences(known: Sampling, other: Sampling) -> str:
    """Each setting that differs, with both values."""
    pairs = [(name, getattr(known, name), getattr(other, name)) for name in Sampling.model_fields]
    return ", ".join(f"{name} {a!r} against {b!r}" for name, a, b in pairs if a != b)
