from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretoken.sandbox.wire import encode
from foretoken.tasks.compare import same, same_text

NAN = float("nan")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, True),
        (0, False),
        (1, 1.0),
        ("1", 1),
        ([1], (1,)),
        ({1}, frozenset({1})),
        ([1, 1, 2], [1, 2]),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 1.0}),
        ({1: "a"}, {"1": "a"}),
        (b"a", "a"),
        (None, "None"),
        ([], ()),
        ({}, set()),
        (1 << 70, float(1 << 70)),
        ("a", "a\0"),
        ([[1], [2]], [[1, 2]]),
        (["a", "b"], ['a","b']),
    ],
)
def test_different_values_or_types_are_not_the_same(first: Any, second: Any) -> None:
    assert not same(first, encode(second))
    assert not same(second, encode(first))
    assert not same([first], encode([second]))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (NAN, NAN),
        (0.0, -0.0),
        ({1, 2, 3}, {3, 2, 1}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ([{(1, 2): {3}}], [{(1, 2): {3}}]),
        (1 << 5000, 1 << 5000),
        ("\ud800", "\ud800"),
    ],
)
def test_equal_values_are_the_same_whatever_their_order_of_making(first: Any, second: Any) -> None:
    assert same(first, encode(second))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text("ab", max_size=2),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.lists(inside, max_size=3).map(tuple)
        | st.dictionaries(st.integers(-2, 2) | st.text("ab", max_size=1), inside, max_size=3)
        | st.sets(st.integers(-2, 2) | st.text("ab", max_size=1))
    ),
    max_leaves=6,
)


def alike(first: Any, second: Any) -> bool:
    """Equality of values and of all types inside, said in another way than the code under test."""
    if type(first) is not type(second):
        return False
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(alike, first, second))
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            alike(first[key], second[key]) for key in first
        )
    return first == second


@settings(max_examples=400, deadline=None)
@given(VALUES, VALUES)
def test_same_means_equal_value_and_equal_types(first: Any, second: Any) -> None:
    assert same(first, encode(second)) == alike(first, second)
    assert same(first, encode(first))


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_text_comparison_sees_what_str_prints(value: Any) -> None:
    assert same_text(value, encode(str(value))) or isinstance(value, float) or "-0.0" in str(value)
    assert same_text(str(value), encode(value))


@pytest.mark.parametrize(
    "tree",
    [
        {"o": ["int", "13"]},
        {"x": 13},
        {"s": [1, 1]},
        {"d": [[1, 2], [1, 3]]},
        {"d": [1]},
        {"d": 5},
        {"t": 5},
        {"c": [1]},
        {"b": 3},
        {"i": 13},
        {"f": 1},
    ],
)
def test_a_malformed_or_foreign_tree_is_the_same_as_nothing(tree: Any) -> None:
    for expected in (13, "13", {1}, {1: 2}, (), b"3", 1.0):
        assert not same(expected, tree)
        assert not same([expected], [tree])


def test_a_huge_answer_costs_no_more_than_the_expected_one() -> None:
    import time

    tree = {"s": [[number] for number in range(300_000)]}
    started = time.process_time()
    for _ in range(20):
        assert not same({1}, tree)
        assert not same_text({1}, tree)
    assert time.process_time() - started < 1.0


def test_an_object_prints_what_it_says_it_prints_under_text_comparison_only() -> None:
    assert same_text(13, {"o": ["A", "13"]})
    assert not same(13, {"o": ["A", "13"]})
    assert not same_text([13], [{"o": ["A", "13"]}])
