"""Read what a submission's process wrote, trusting none of it.

Only JSON is parsed, under a byte limit; nothing is called, imported, hashed or compared that the
submission built.
"""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from foretoken.sandbox.base import CallEnd, Oversize, Raised, Returned
from foretoken.sandbox.wire import MAX_DEPTH, Tree

_MOST_CLAIMS = 1_000
_MAX_NESTING = 4 * MAX_DEPTH
"""Brackets of a line; a container of ours has at most three levels of them."""
_MAX_DIGITS = 4_000
_LINES_PER_CALL, _OTHER_LINES = 4, 16
_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?')  # never fails, so its time is linear
_NOT_BRACKETS = re.compile(r"[^][{}]+")


class BadTranscriptError(Exception):
    """The lines are not what our own harness writes."""


@dataclass
class Transcript:
    """The lines of one process, in order."""

    ready: bool = False
    ended: bool = False
    too_much: bool = False
    """An answer was longer than an answer may be."""
    calls: list[CallEnd] = field(default_factory=list[CallEnd])
    failed: Raised | None = None
    notes: tuple[str, ...] = ()
    attribute: bool = False
    flags: frozenset[str] = frozenset()
    claims: tuple[tuple[Tree, Tree], ...] | None = None
    nonce: str | None = None
    probed: int = 0
    """Calls up to and including the last one that came with a probe's report."""


def _refuse(text: str) -> Any:
    raise BadTranscriptError(f"constant {text}")


def _one_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) != 1:
        raise BadTranscriptError("an object must have exactly one key")
    return dict(pairs)


def _number(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise BadTranscriptError("a number of too many digits")
    return int(text)


def _refuse_deep(text: str) -> None:
    """Refuse what would fill the stack, whatever recursion limit this program has set."""
    if text.count("[") + text.count("{") <= _MAX_NESTING:
        return
    depth = 0
    for bracket in _NOT_BRACKETS.sub("", _STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > _MAX_NESTING:
            raise BadTranscriptError("nested too deeply")


def _parse(line: bytes) -> list[Tree]:
    try:
        text = line.decode("utf-8", "surrogatepass")
        _refuse_deep(text)
        parsed: Tree = json.loads(
            text,
            # Reading a long number takes the square of its length, and a program may have lifted
            # Python's own limit; a short line cannot hold one.
            parse_int=_number if len(text) > _MAX_DIGITS else None,
            parse_constant=_refuse,
            object_pairs_hook=_one_key,
        )
    except (ValueError, RecursionError) as error:
        raise BadTranscriptError(str(error)[:200]) from error
    if not isinstance(parsed, list) or not parsed:
        raise BadTranscriptError("a line must be a list")
    return parsed


def _printable(name: str) -> str:
    """A name that a terminal, a file and a web page can show; it is a submission's choice."""
    return name if name.isprintable() else ascii(name)


def _raised(body: list[Tree]) -> Raised:
    match body:
        case [str() as name, bool() as skipped]:
            return Raised(error_class=_printable(name[:200]), skipped=skipped)
        case _:
            raise BadTranscriptError("raised")


def _call_end(kind: str, body: list[Tree]) -> CallEnd:
    if kind == "value" and len(body) == 1:
        return Returned(tree=body[0])
    if kind == "raised":
        return _raised(body)
    if kind == "oversize" and not body:
        return Oversize()
    raise BadTranscriptError("unknown line")


def _names(texts: list[Tree]) -> frozenset[str]:
    if len(texts) > 16 or not all(isinstance(text, str) and len(text) <= 16 for text in texts):
        raise BadTranscriptError("marks")
    return frozenset(map(str, texts))


def _probed(transcript: Transcript, marks: list[Tree], after: Tree) -> None:
    """Add a probe's report to the call that it follows; one per call."""
    if transcript.probed >= len(transcript.calls):
        raise BadTranscriptError("a report without a call")
    transcript.probed = len(transcript.calls)
    transcript.calls[-1] = replace(transcript.calls[-1], marks=_names(marks), after=after)


def _claims(pairs: list[Tree]) -> tuple[tuple[Tree, Tree], ...]:
    if len(pairs) > _MOST_CLAIMS:
        raise BadTranscriptError("claims")
    claims = [(pair[0], pair[1]) for pair in pairs if isinstance(pair, list) and len(pair) == 2]
    if len(claims) < len(pairs):
        raise BadTranscriptError("claims")
    return tuple(claims)


def _take(transcript: Transcript, line: list[Tree]) -> None:
    kind, *body = line
    if transcript.ended or not isinstance(kind, str):
        raise BadTranscriptError("text after the end")
    match kind, body:
        case "ready", []:
            transcript.ready = True
        case "notes", [list() as texts] if all(isinstance(text, str) for text in texts):
            transcript.notes = tuple(map(str, texts))
        case "failed", _:
            transcript.failed = _raised(body)
        case "attribute", [bool() as value]:
            transcript.attribute = value
        case "end", []:
            transcript.ended = True
        case "too much", []:
            transcript.too_much = True
        case _:
            _take_probed(transcript, kind, body)


def _take_probed(transcript: Transcript, kind: str, body: list[Tree]) -> None:
    if kind not in ("probed", "flags", "claims"):
        transcript.calls.append(_call_end(kind, body))
        return
    nonce, *report = body or [None]
    if transcript.nonce is None or nonce != transcript.nonce:
        raise BadTranscriptError("a forged report")
    match kind, report:
        case "probed", [list() as marks, after]:
            _probed(transcript, marks, after)
        case "flags", [list() as names]:
            transcript.flags = _names(names)
        case "claims", [list() as pairs]:
            transcript.claims = _claims(pairs)
        case _:
            raise BadTranscriptError(kind)


def read_transcript(raw: bytes, *, calls: int, nonce: str | None = None) -> Transcript:
    """Read the lines; a torn last line counts as not written.

    Args:
        raw: What the process wrote.
        calls: How many calls it was asked to make.
        nonce: What a probe's lines must carry; None: there is no probe.

    Raises:
        BadTranscriptError: A line is malformed, comes after the end, or there are too many.
    """
    transcript = Transcript(nonce=nonce)
    if raw.count(b"\n") > _LINES_PER_CALL * calls + _OTHER_LINES:
        raise BadTranscriptError("too many lines")
    *lines, torn = raw.split(b"\n")
    for line in lines:
        _take(transcript, _parse(line))
        if len(transcript.calls) > calls:
            raise BadTranscriptError("more answers than calls")
    if transcript.ended and (torn or (transcript.failed is None and len(transcript.calls) < calls)):
        raise BadTranscriptError("ended early")
    return transcript


def was_ready(raw: bytes | bytearray) -> bool:
    """Whether our own harness got as far as reading the submission."""
    return raw.startswith(b'["ready"]\n')
