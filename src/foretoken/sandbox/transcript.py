"""Read what a submission's process wrote, trusting none of it.

Only JSON is parsed, under a byte limit; nothing is called, imported, hashed or compared that the
submission built.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from foretoken.sandbox.base import CallEnd, Oversize, Raised, Returned


class BadTranscriptError(Exception):
    """The lines are not what our own harness writes."""


@dataclass
class Transcript:
    """The lines of one process, in order."""

    ready: bool = False
    ended: bool = False
    calls: list[CallEnd] = field(default_factory=list[CallEnd])
    failed: Raised | None = None
    notes: tuple[str, ...] = ()
    attribute: bool = False


def _refuse(text: str) -> Any:
    raise BadTranscriptError(f"constant {text}")


def _one_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) != 1:
        raise BadTranscriptError("an object must have exactly one key")
    return dict(pairs)


def _parse(line: bytes) -> list[Any]:
    try:
        parsed = json.loads(line, parse_constant=_refuse, object_pairs_hook=_one_key)
    except (ValueError, RecursionError) as error:
        raise BadTranscriptError(str(error)[:200]) from error
    if not isinstance(parsed, list) or not parsed:
        raise BadTranscriptError("a line must be a list")
    return parsed


def _raised(body: list[Any]) -> Raised:
    match body:
        case [str() as name, bool() as skipped]:
            return Raised(error_class=name[:200], skipped=skipped)
        case _:
            raise BadTranscriptError("raised")


def _call_end(kind: Any, body: list[Any]) -> CallEnd:
    if kind == "value" and len(body) == 1:
        return Returned(tree=body[0])
    if kind == "raised":
        return _raised(body)
    if kind == "oversize" and not body:
        return Oversize()
    raise BadTranscriptError("unknown line")


def _take(transcript: Transcript, line: list[Any]) -> None:
    kind, *body = line
    if transcript.ended or not isinstance(kind, str):
        raise BadTranscriptError("text after the end")
    match kind, body:
        case "ready", []:
            transcript.ready = True
        case "notes", [list() as texts] if all(isinstance(text, str) for text in texts):
            transcript.notes = tuple(texts)
        case "failed", _:
            transcript.failed = _raised(body)
        case "attribute", [bool() as value]:
            transcript.attribute = value
        case "end", []:
            transcript.ended = True
        case _:
            transcript.calls.append(_call_end(kind, body))


def read_transcript(raw: bytes, *, calls: int) -> Transcript:
    """Read the lines; a torn last line counts as not written.

    Raises:
        BadTranscriptError: A line is malformed, comes after the end, or there are too many.
    """
    transcript = Transcript()
    *lines, torn = raw.split(b"\n")
    for line in lines:
        _take(transcript, _parse(line))
        if len(transcript.calls) > calls:
            raise BadTranscriptError("more answers than calls")
    if transcript.ended and (torn or (transcript.failed is None and len(transcript.calls) < calls)):
        raise BadTranscriptError("ended early")
    return transcript


def was_ready(raw: bytes) -> bool:
    """Whether our own harness got as far as reading the submission."""
    return raw.startswith(b'["ready"]\n')
