"""Nothing that differs in Python is the same answer, but for NaN, which is the same as NaN."""

import json
import random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from foretoken.sandbox.wire import encode
from foretoken.tasks.compare import canonical, same, same_text, text
from wire_values import KEYS, VALUES, python_equal

SMALL = st.recursive(
    st.sampled_from(
        (0, 1, True, False, 0.0, -0.0, 1.0, None, "", "a", "1", float("nan"), b"a", 1j)
    ),
    lambda inside: (
        st.lists(inside, max_size=2)
        | st.lists(inside, max_size=2).map(tuple)
        | st.dictionaries(st.sampled_from((0, "a", (1,), float("nan"))), inside, max_size=2)
        | st.sampled_from(({1}, {1.0}, {True}, frozenset({1}), set(), {(), ""}))
    ),
    max_leaves=4,
)
"""Few values, so that two draws are often equal or nearly so."""


def sent(value: Any) -> Any:
    """The tree of a value as the supervisor reads it."""
    return json.loads(json.dumps(encode(value)))


@settings(max_examples=250, deadline=None)
@given(SMALL, SMALL)
def test_the_same_answer_is_an_equal_value_of_equal_types(first: Any, second: Any) -> None:
    assert same(first, sent(second)) == python_equal(first, second)


@settings(max_examples=120, deadline=None)
@given(VALUES, VALUES)
def test_what_differs_in_python_is_never_the_same_answer(first: Any, second: Any) -> None:
    if same(first, sent(second)):
        assert python_equal(first, second)


@settings(max_examples=120, deadline=None)
@given(SMALL | VALUES, SMALL | VALUES)
def test_the_comparison_is_symmetric(first: Any, second: Any) -> None:
    assert same(first, sent(second)) == same(second, sent(first))


@settings(max_examples=120, deadline=None)
@given(VALUES)
def test_every_value_is_the_same_as_itself(value: Any) -> None:
    assert same(value, sent(value))
    assert same([value], sent([value]))
    assert not same([value], sent(value))
    assert not same([value], sent([value, value]))


@settings(max_examples=100, deadline=None)
@given(VALUES, st.integers(0, 6))
def test_one_change_anywhere_is_another_answer(value: Any, seed: int) -> None:
    changed, done = _change(value, random.Random(seed))
    assume(done and not python_equal(value, changed))
    assert not same(value, sent(changed))


def _change(value: Any, rng: random.Random) -> tuple[Any, bool]:
    if isinstance(value, list | tuple) and value:
        place = rng.randrange(len(value))
        inside, done = _change(value[place], rng)
        return type(value)([*value[:place], inside, *value[place + 1 :]]), done
    if isinstance(value, dict) and value:
        key = rng.choice(list(value))
        inside, done = _change(value[key], rng)
        return value | {key: inside}, done
    if isinstance(value, bool | int | float | complex):
        return rng.choice((value + 1, [value], hash(value) & 7, -value)), True
    if isinstance(value, str | bytes):
        return value + value[:1] * 2, bool(value)
    return None, value is not None


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, KEYS, max_size=6), st.sets(KEYS, max_size=6), st.randoms())
def test_the_order_of_sets_and_dictionaries_does_not_matter(
    pairs: dict[Any, Any], elements: set[Any], rng: random.Random
) -> None:
    shuffled = list(pairs.items())
    rng.shuffle(shuffled)
    assert same(pairs, sent(dict(shuffled)))
    tree = sent(elements)
    rng.shuffle(tree["s"])
    assert same(elements, tree)
    assert canonical(tree) == canonical(encode(elements))


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.builds(lambda tag, body: {tag: body}, st.sampled_from("tszdbuifcox"), inside)
    ),
    max_leaves=12,
)
"""What a forger can write: any body under any tag."""


@settings(max_examples=250, deadline=None)
@given(SMALL | VALUES, TREES)
def test_a_forged_tree_is_compared_without_an_error(expected: Any, tree: Any) -> None:
    assert same(expected, tree) in (True, False)
    assert same_text(expected, tree) in (True, False)


@pytest.mark.parametrize(
    "tree",
    [
        {"c": {"t": []}},
        {"c": [{"t": []}, 1]},
        {"c": ["1"]},
        {"i": [1]},
        {"i": "f" * 100_000},
        {"b": "\ud800"},
        {"u": "ff"},
        {"u": 3},
        {"o": ["A", ["13"]]},
        {"o": {"t": []}},
        {"d": {"t": []}},
        {"s": {"s": [1]}},
    ],
    ids=lambda tree: json.dumps(tree)[:40],
)
def test_a_tag_with_a_strange_body_is_no_answer_and_no_error(tree: Any) -> None:
    for expected in (13, "13", [1, 2, 3], 1 << 400, {1: 2}, 1j, b"a", "a" * 400):
        assert not same(expected, tree)
        assert not same_text(expected, tree)


def test_a_number_too_long_to_print_prints_like_nothing() -> None:
    assert same(1 << 60_000, sent(1 << 60_000))
    assert not same_text(1 << 60_000, sent(1 << 60_000))


def test_two_surrogates_are_not_the_character_that_they_would_make() -> None:
    assert not same("😀", sent("\ud83d\ude00"))
    assert not same("😀", "\ud83d\ude00")
    assert same("\ud83d\ude00", sent("\ud83d\ude00"))
    assert text(sent("\ud83d")) == "\ud83d"
    assert same_text(["\ud83d"], sent("['\\ud83d']"))
