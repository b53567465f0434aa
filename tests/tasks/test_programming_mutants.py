"""The properties of the programming problems tell right answers from wrong ones."""

import ast
import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from foretoken.sandbox.wire import encode
from foretoken.tasks.compare import canonical
from foretoken.tasks.programming import declared_problems, programming_problems
from foretoken.tasks.programming.declare import Declared

DECLARED = {declared.key: declared for declared in declared_problems()}
PROBLEMS = {problem.key: problem for problem in programming_problems()}
LINES, BITS = 10_000, 4_000
"""A mutant that executes more lines in one call, or makes longer integers, is given up."""

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
NAMES = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "sorted": "list",
    "reversed": "list",
}


WITHOUT_MUTANTS = {
    "numbers/continued_fraction",
    "numbers/unit_fractions",
    "lists/without_repeats",
    "lists/rotate",
    "lists/transpose",
    "dictionaries/total_price",
    "dictionaries/invert",
    "dictionaries/reports_by_level",
    "graphs/reachable",
    "graphs/round_trip_groups",
    "dates/days_between",
    "parsing/read_numbers",
}
"""Problems none of whose mutants ends with a wrong answer."""


class Mutate(ast.NodeTransformer):
    """Change the place with a given number."""

    def __init__(self, place: int) -> None:
        self.place, self.places = place, 0

    def _here(self) -> bool:
        self.places += 1
        return self.places - 1 == self.place

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if type(node) in SWAPS and self._here():
            return SWAPS[type(node)]()
        if isinstance(node, ast.Constant) and type(node.value) is int and self._here():
            return ast.Constant(node.value + 1)
        if isinstance(node, ast.Constant) and type(node.value) is str and self._here():
            return ast.Constant(node.value + "x")
        if isinstance(node, ast.Name) and node.id in NAMES and self._here():
            return ast.Name(NAMES[node.id], node.ctx)
        return super().generic_visit(node)


def mutants(source: str) -> Iterator[str]:
    """Every text that differs from the source in one operator, constant or built-in function."""
    counter = Mutate(-1)
    counter.visit(ast.parse(source))
    for place in range(counter.places):
        changed = ast.fix_missing_locations(Mutate(place).visit(ast.parse(source)))
        yield ast.unparse(changed)


class TooLongError(Exception):
    """A mutant executed too many lines."""


@contextmanager
def few_lines() -> Iterator[None]:
    left = LINES

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        left -= 1
        local = frame.f_locals.values()
        if left < 0 or any(type(x) is int and x.bit_length() > BITS for x in local):
            raise TooLongError
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> str | None:
    """The answer as text that can be compared, or None where there is none."""
    try:
        with few_lines():
            return canonical(encode(function(*copy.deepcopy(arguments))))
    except Exception:  # noqa: BLE001 - a mutant can fail in any way
        return None


def accepts(declared: Declared, arguments: tuple[Any, ...], answer: Any) -> bool:
    try:
        return declared.holds(*copy.deepcopy(arguments), answer)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, AssertionError):
        return False


def wrong_answers(declared: Declared, source: str) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Inputs with the mutant's answer, wherever it differs from the right one."""
    namespace: dict[str, Any] = {}
    source = "from __future__ import annotations\n" + source
    exec(compile(source, "mutant", "exec"), namespace)
    function = namespace[declared.function.__name__]
    for case in PROBLEMS[declared.key].cases:
        said = call(function, case.args)
        if said is not None and said != canonical(encode(case.expected)):
            yield case.args, function(*copy.deepcopy(case.args))


@pytest.mark.parametrize("declared", DECLARED.values(), ids=DECLARED)
def test_property_refuses_every_wrong_answer_of_a_mutated_reference(declared: Declared) -> None:
    tried = 0
    for source in mutants(PROBLEMS[declared.key].reference):
        for arguments, answer in wrong_answers(declared, source):
            tried += 1
            assert not accepts(declared, arguments, answer), (source, arguments, answer)
    assert (tried == 0) is (declared.key in WITHOUT_MUTANTS)


def altered(answer: Any) -> Any:
    """A wrong answer of the same type that is close to the right one."""
    if isinstance(answer, bool):
        return not answer
    if isinstance(answer, int):
        return answer + 1
    if isinstance(answer, str):
        return answer[:-1] + ("a" if not answer.endswith("a") else "b")
    if isinstance(answer, dict):
        return {**answer, "another": 1}
    return [*answer, answer[-1]] if answer else [0]


@pytest.mark.parametrize("declared", DECLARED.values(), ids=DECLARED)
def test_property_refuses_an_answer_that_is_slightly_off(declared: Declared) -> None:
    for case in PROBLEMS[declared.key].cases:
        wrong = altered(copy.deepcopy(case.expected))
        assert not accepts(declared, case.args, wrong), (case, wrong)
