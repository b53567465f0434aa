"""To Inspect Scout: a folder of Parquet files in the schema of its transcript databases.

`scout db validate FOLDER` accepts it, and `transcripts_from(FOLDER)` reads it as it is. Columns
that the schema does not name (step, exploit type, hack, ...) are metadata that scans can filter by.
Contract: `database/schema.py` of inspect_scout 0.6.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from foretoken.ports.base import GradedRollout, OfRollouts
from foretoken.store.run import write_atomically

_TEXT = pa.string()
SCHEMA = pa.schema(
    [
        ("transcript_id", _TEXT),
        ("source_type", _TEXT),
        ("source_id", _TEXT),
        ("task_set", _TEXT),
        ("task_id", _TEXT),
        ("score", _TEXT),
        ("success", pa.bool_()),
        ("message_count", pa.int64()),
        ("total_tokens", pa.int64()),
        ("error", _TEXT),
        ("limit", _TEXT),
        ("messages", _TEXT),
        ("step", pa.int64()),
        ("exploit_type", _TEXT),
        ("hacked", pa.bool_()),
        ("strict_passed", pa.bool_()),
        ("flawed_passed", pa.bool_()),
        ("names_the_flaw", pa.bool_()),
    ]
)


class Scout(OfRollouts):
    """Writes one file for each part of rollouts.

    Args:
        folder: The transcript database.
        run: Name of the run, unique in the folder.
        name: See `Port`.
    """

    def __init__(self, folder: Path, *, run: str, name: str) -> None:
        self.name, self.into = name, f"Inspect Scout, {folder}"
        self._folder, self._run = folder, run

    def send_rollouts(self, part: str, rollouts: Sequence[GradedRollout], /) -> None:
        """See `Port`."""
        rows = [self._row(each) for each in rollouts]
        columns = {name: [row[name] for row in rows] for name in SCHEMA.names}
        buffer = pa.BufferOutputStream()
        pq.write_table(pa.table(columns, schema=SCHEMA), buffer, compression="zstd")
        path = self._folder / f"transcripts_{self._run}_{part}.parquet"
        write_atomically(path, buffer.getvalue().to_pybytes())

    def _row(self, each: GradedRollout) -> dict[str, Any]:
        draw, logged = each.draw, each.logged
        said = _messages(each)
        return {
            "transcript_id": f"{self._run}/{draw.key}",
            "source_type": "foretoken",
            "source_id": self._run,
            "task_set": draw.exploit_type,
            "task_id": draw.task,
            "score": None if draw.reward is None else json.dumps(draw.reward),
            "success": draw.strict_passed,
            "message_count": len(said),
            "total_tokens": draw.prompt_tokens + len(draw.tokens) or None,
            "error": draw.grader_error or (logged.error if logged else None),
            "limit": None if draw.ended else "token",
            "messages": json.dumps(said),
            "step": draw.step,
            "exploit_type": draw.exploit_type,
            "hacked": draw.hacked,
            "strict_passed": draw.strict_passed,
            "flawed_passed": draw.flawed_passed,
            "names_the_flaw": draw.deliberate,
        }


def _messages(each: GradedRollout) -> list[dict[str, Any]]:
    """The dialogue as Inspect writes it."""
    draw, logged, task = each.draw, each.logged, each.task
    asked = (logged.messages if logged else ()) or (task.messages if task else ())
    prompt = (logged.prompt if logged else None) or (task.prompt if task else None)
    said: list[dict[str, Any]] = [
        {"role": one.role, "content": one.content if isinstance(one.content, str) else ""}
        for one in asked
        if one.role in ("system", "user", "assistant")
    ]
    if not said and prompt is not None:
        said = [{"role": "user", "content": prompt}]
    content: list[dict[str, str]] = [{"type": "text", "text": draw.answer}]
    if draw.reasoning:
        content.insert(0, {"type": "reasoning", "reasoning": draw.reasoning})
    return [*said, {"role": "assistant", "content": content}]
