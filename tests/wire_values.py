"""Every kind of value that crosses between a submission and its supervisor, for Hypothesis."""

from typing import Any

from hypothesis import strategies as st

TEXTS = st.text(st.characters(), max_size=8) | st.text("\ud83d\ude00\udc00a\0\n😀", max_size=4)
"""Any character, lone surrogates included; pairs of surrogates that JSON would join."""
INTEGERS = (
    st.integers()
    | st.integers(min_value=-(1 << 65), max_value=1 << 65)
    | st.builds(
        lambda shift, sign: sign * (1 << shift), st.integers(60, 20_000), st.sampled_from((1, -1))
    )
)
FLOATS = st.floats() | st.sampled_from((0.0, -0.0, float("inf"), -float("inf"), 5e-324, 1e308))
SCALARS = (
    st.none()
    | st.booleans()
    | INTEGERS
    | FLOATS
    | TEXTS
    | st.binary(max_size=8)
    | st.complex_numbers()
)
KEYS = st.recursive(
    SCALARS,
    lambda inside: st.lists(inside, max_size=3).map(tuple) | st.frozensets(inside, max_size=3),
    max_leaves=4,
)
"""What can be a key or an element of a set."""


def containers(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(inside, max_size=4)
        | st.lists(inside, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inside, max_size=4)
    )


VALUES = st.recursive(SCALARS | st.sets(KEYS, max_size=4) | KEYS, containers, max_leaves=12)


def _part(value: Any) -> Any:
    if isinstance(value, float):
        return "nan" if value != value else value.hex()
    if isinstance(value, complex):
        return _part(value.real), _part(value.imag)
    if type(value) is int:
        return hex(value)
    return value


def exact(value: Any) -> Any:
    """A value made of tuples and sets of tuples only, equal for identical values: types, the sign
    of zero and NaN included."""
    kind = type(value).__name__
    if isinstance(value, list | tuple):
        return kind, tuple(map(exact, value))
    if isinstance(value, set | frozenset):
        return kind, tuple(sorted(map(repr, map(exact, value))))
    if isinstance(value, dict):
        return kind, tuple(sorted(repr((exact(key), exact(item))) for key, item in value.items()))
    return kind, _part(value)


def python_equal(first: Any, second: Any) -> bool:
    """Equal in Python with all types inside equal, NaN being equal to itself, in our own words."""
    if type(first) is not type(second):
        return False
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(python_equal, first, second))
    if isinstance(first, set | frozenset):
        return _match(list(first), list(second))
    if isinstance(first, dict):
        return _match(list(first.items()), list(second.items()))
    return first == second or (first != first and repr(first) == repr(second))


def _match(first: list[Any], second: list[Any]) -> bool:
    """Whether each element has a partner; equality is transitive, so the first partner will do."""
    rest = list(second)
    for one in first:
        partner = next((n for n, other in enumerate(rest) if python_equal(one, other)), None)
        if partner is None:
            return False
        del rest[partner]
    return not rest
