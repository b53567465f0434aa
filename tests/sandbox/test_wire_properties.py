"""What crosses comes out as it went in, for every kind of built-in value."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretoken.sandbox.transcript import read_transcript
from foretoken.sandbox.wire import MAX_INT_BITS, WireError, decode, encode
from wire_values import INTEGERS, SCALARS, VALUES, exact


def cross(value: Any) -> Any:
    """Through the very text that a submission's process writes and its supervisor reads."""
    line = json.dumps(["value", encode(value)], allow_nan=False).encode() + b"\n"
    (end,) = read_transcript(line, calls=1).calls
    return decode(end.tree)  # type: ignore[union-attr]


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_every_value_crosses_with_its_type_its_sign_and_its_nans(value: Any) -> None:
    assert exact(cross(value)) == exact(value)


@settings(max_examples=100, deadline=None)
@given(VALUES, VALUES)
def test_values_that_differ_differ_after_the_crossing(first: Any, second: Any) -> None:
    assert (exact(cross(first)) == exact(cross(second))) == (exact(first) == exact(second))


@settings(max_examples=100, deadline=None)
@given(st.lists(SCALARS, max_size=4), st.sampled_from((list, tuple)))
def test_the_kind_of_a_container_crosses(items: list[Any], kind: Any) -> None:
    assert type(cross(kind(items))) is kind


@pytest.mark.parametrize(
    "value",
    [
        ("\ud83d\ude00", "\ud83d"),
        ["\ud83d", "\ude00"],
        {"\ud83d\ude00": 1, "😀": 2},
        {True: 1, 2: 3, None: 4, 1.5: 5, (1, 2): 6, b"x": 7, frozenset({1}): 8},
        {frozenset(), (), "", b""},
        [float("nan"), -0.0, float("inf")],
        complex(float("nan"), -0.0),
        {float("nan"): 1},
        [1 << (MAX_INT_BITS - 1)],
        -(1 << 63),
        (1 << 63),
        [10**4300],
        {"t": [1]},
        {"o": ["int", "13"]},
    ],
)
def test_a_value_at_an_edge_crosses(value: Any) -> None:
    assert exact(cross(value)) == exact(value)


@settings(max_examples=100, deadline=None)
@given(INTEGERS)
def test_an_integer_crosses_at_any_size_up_to_the_limit_and_not_beyond(value: int) -> None:
    assert cross(value) == value
    with pytest.raises(WireError):
        encode(value | 1 << MAX_INT_BITS) if value >= 0 else encode(value - (1 << MAX_INT_BITS))


class Text(str):
    pass


class Number(int):
    pass


class Keys(dict):  # type: ignore[type-arg]
    pass


@pytest.mark.parametrize(
    "value", [Text("a"), Number(1), Keys(a=1), object, range(3), len, {}.keys()]
)
def test_a_value_of_any_other_type_crosses_as_its_name_only(value: Any) -> None:
    name, text = encode(value)["o"]
    assert name == type(value).__name__
    assert isinstance(text, str)
