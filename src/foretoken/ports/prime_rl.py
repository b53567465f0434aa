"""To prime-rl: annotations of its traces, which its dashboard shows beside its own.

Its file monitor keeps each producer's stream apart: chunks of lines in `annotations/PRODUCER/`,
and one index beside them, with the offset of each line. Readers fold what was said of a trace in
order. Contract: `monitors/file/traces/{chunks,update}.py` of prime-rl, September 2026.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foretoken.errors import SetupError
from foretoken.ports.base import GradedRollout, OfRollouts

PRODUCER = "foretoken"
VERSION = 1
_TRACES = Path("monitors") / "file" / "traces"
_CHUNK = 0


class PrimeRl(OfRollouts):
    """Appends what graders said of each trace to `annotations/foretoken/`.

    Args:
        folder: Output directory of the prime-rl run.
        name: See `Port`.

    Raises:
        SetupError: It holds no traces in chunks.
    """

    def __init__(self, folder: Path, *, name: str) -> None:
        self.name, self.into = name, f"prime-rl, {folder}"
        traces = folder / _TRACES
        if not (traces / "stream").is_dir():
            raise SetupError(
                f"{folder} has no {_TRACES}/stream: give the output directory of a prime-rl run "
                "with its file monitor, of September 2026 or later"
            )
        self._chunk = traces / "annotations" / PRODUCER / f"{_CHUNK:05d}.jsonl"
        self._index = traces / "annotations" / f"{PRODUCER}.index.jsonl"

    def send_rollouts(self, _: str, rollouts: Sequence[GradedRollout], /) -> None:
        """See `Port`."""
        self._chunk.parent.mkdir(parents=True, exist_ok=True)
        held, end = self._held()
        lines, rows = b"", b""
        for each in rollouts:
            trace = each.logged.columns.get("trace") if each.logged else None
            if trace is None or trace in held:
                continue
            told = {"trace_id": str(trace), "info": {PRODUCER: _said(each)}}
            line = _line({"version": VERSION, **told, "branches": []})
            rows += _line({**told, "chunk": _CHUNK, "offset": end + len(lines)})
            lines += line
        for path, content in ((self._chunk, lines), (self._index, rows)):
            with path.open("ab") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

    def _held(self) -> tuple[set[str], int]:
        """Traces that the index names, and where the last of their lines ends; what a killed
        writer left beyond is cut off."""
        index = _whole_lines(self._index)
        rows: list[dict[str, Any]] = [json.loads(line) for line in index.splitlines()]
        lines = _whole_lines(self._chunk)
        last = max((row["offset"] for row in rows), default=None)
        end = 0 if last is None else lines.index(b"\n", last) + 1
        if self._chunk.is_file():
            os.truncate(self._chunk, end)
        return {row["trace_id"] for row in rows}, end


def _said(each: GradedRollout) -> dict[str, Any]:
    draw = each.draw
    told = {
        "exploit_type": draw.exploit_type,
        "hack": draw.hacked,
        "strict_passed": draw.strict_passed,
        "flawed_passed": draw.flawed_passed,
        "grader_error": draw.grader_error,
    }
    return {name: value for name, value in told.items() if value is not None}


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def _whole_lines(path: Path) -> bytes:
    """The content of a file up to its last line end, to which it is cut."""
    content = path.read_bytes() if path.is_file() else b""
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    return whole
