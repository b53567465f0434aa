from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretoken.sandbox.transcript import BadTranscriptError, read_transcript
from foretoken.sandbox.wire import MAX_DEPTH, WireError, decode, encode

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=1 << 64)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False)
)
VALUES = st.recursive(
    SCALARS,
    lambda inside: (
        st.lists(inside)
        | st.lists(inside).map(tuple)
        | st.dictionaries(st.integers() | st.text() | st.tuples(st.integers()), inside)
        | st.sets(st.integers() | st.text())
        | st.frozensets(st.integers())
    ),
    max_leaves=20,
)


def through_json(value: Any) -> Any:
    import json

    line = json.dumps(["value", encode(value)], allow_nan=False).encode() + b"\n"
    (end,) = read_transcript(line, calls=1).calls
    return end.tree  # type: ignore[union-attr]


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_every_built_in_value_crosses_with_its_type(value: Any) -> None:
    again = decode(through_json(value))
    assert again == value
    assert type(again) is type(value)


def test_a_value_nested_beyond_the_limit_does_not_cross() -> None:
    value: list[Any] = []
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    with pytest.raises(WireError):
        encode(value)


@pytest.mark.parametrize(
    "raw",
    [
        b"\n",
        b"[]\n",
        b"3\n",
        b'["value"]\n',
        b'["value",1,2]\n',
        b'["raised","E"]\n',
        b'["raised",1,true]\n',
        b'["failed"]\n',
        b'["notes","x"]\n',
        b'["notes",[1]]\n',
        b'["attribute",1]\n',
        b'["end"]\n["end"]\n',
        b'["value",{}]\n',
        b'["value",{"t":[1],"s":[1]}]\n',
        b'["value",Infinity]\n',
        b'["end",1]\n',
    ],
)
def test_a_malformed_transcript_is_refused(raw: bytes) -> None:
    with pytest.raises(BadTranscriptError):
        read_transcript(raw, calls=1)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        transcript = read_transcript(raw, calls=2)
    except BadTranscriptError:
        return
    assert len(transcript.calls) <= 2
