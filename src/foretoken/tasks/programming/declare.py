"""How a problem is declared: a real function, whose docstring is the statement.

```python
numbers = Topic("numbers")

@numbers.problem(
    1,
    examples=[(493,), (70,)],
    edges=[(0,), (-15,)],
    make=lambda rng: (rng.randint(0, 10**9),),
    holds=lambda n, answer: answer == sum(map(int, str(abs(n)))),
)
def digit_sum(n: int) -> int:
    \"""Return the sum of the decimal digits of n. ...\"""
```

The function is the honest solution, so it imports what it needs inside itself and leaves its
arguments as they are. `holds` says independently of it whether an answer is right.
"""

import ast
import copy
import inspect
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from foretoken.errors import TaskError
from foretoken.records import Json
from foretoken.sandbox.wire import encode
from foretoken.tasks.code import Case
from foretoken.tasks.compare import canonical
from foretoken.tasks.problems import Problem

Inputs = tuple[Json, ...]
Function = TypeVar("Function", bound=Callable[..., Json])

CASES = 12
"""Cases of a problem, where its generator has so many."""
_TRIES = 600


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One declared problem, before its cases are made."""

    topic: str
    level: int
    function: Callable[..., Json]
    examples: tuple[Inputs, ...]
    """Ordinary inputs; the first two are shown in prompts."""
    edges: tuple[Inputs, ...]
    """Empty, single, repeated, negative, large ones; they come last."""
    make: Callable[[random.Random], Inputs]
    """Draws ordinary inputs."""
    holds: Callable[..., bool]
    """Whether the last argument is the right answer for the arguments before it."""

    @property
    def key(self) -> str:
        """Unique in the family."""
        return f"{self.topic}/{self.function.__name__}"

    def answer(self, inputs: Inputs) -> Json:
        """What the reference returns; it gets a copy of the inputs."""
        return self.function(*copy.deepcopy(inputs))

    def generated(self, seed: int) -> Iterator[Inputs]:
        """Drawn inputs without end, the same for the same seed."""
        rng = random.Random(f"{self.key}/{seed}")
        while True:
            yield self.make(rng)

    def problem(self) -> Problem:
        """The problem with its cases.

        Raises:
            TaskError: More than half of the cases share one answer.
        """
        return Problem(
            key=self.key,
            topic=self.topic,
            level=self.level,
            statement=statement(self.function),
            function=self.function.__name__,
            parameters=tuple(inspect.signature(self.function).parameters),
            cases=self._cases(),
            reference=source(self.function),
        )

    def _cases(self) -> tuple[Case, ...]:
        """Examples, then drawn cases, then edges; no answer stands for more than half of them."""
        fixed = [self._case(inputs) for inputs in (*self.examples, *self.edges)]
        seen = {_text(case.args) for case in fixed}
        answers = Counter(_text(case.expected) for case in fixed)
        size = max(CASES, len(fixed))
        drawn: list[Case] = []
        for _, inputs in zip(range(_TRIES), self.generated(0), strict=False):
            if len(fixed) + len(drawn) == size:
                break
            case = self._case(inputs)
            answer = _text(case.expected)
            if _text(inputs) in seen or 2 * (answers[answer] + 1) > size:
                continue
            seen.add(_text(inputs))
            answers[answer] += 1
            drawn.append(case)
        if 2 * max(answers.values()) > len(fixed) + len(drawn):
            raise TaskError(f"{self.key}: more than half of the cases have one answer")
        shown = len(self.examples)
        return (*fixed[:shown], *drawn, *fixed[shown:])

    def _case(self, inputs: Inputs) -> Case:
        return Case(args=inputs, expected=self.answer(inputs))


class Topic:
    """The problems of one topic, in the order of their declaration."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.declared: list[Declared] = []

    def problem(
        self,
        level: int,
        *,
        examples: Sequence[Inputs],
        edges: Sequence[Inputs],
        make: Callable[[random.Random], Inputs],
        holds: Callable[..., bool],
    ) -> Callable[[Function], Function]:
        """Declare the decorated function as the reference of a problem; see `Declared`."""

        def declare(function: Function) -> Function:
            self.declared.append(
                Declared(
                    topic=self.name,
                    level=level,
                    function=function,
                    examples=tuple(examples),
                    edges=tuple(edges),
                    make=make,
                    holds=holds,
                )
            )
            return function

        return declare


def statement(function: Callable[..., Json]) -> str:
    """The docstring, one line per paragraph."""
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def source(function: Callable[..., Json]) -> str:
    """The function's own text, without decorator and docstring."""
    text = inspect.getsource(sys.modules[function.__module__])
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == function.__name__:
            lines = text.splitlines()
            docstring = node.body[0]
            head = lines[node.lineno - 1 : docstring.lineno - 1]
            return "\n".join(head + lines[docstring.end_lineno : node.end_lineno])
    raise TaskError(f"no function {function.__name__} at the top level of its module")


def _text(value: Json) -> str:
    return canonical(encode(value))
