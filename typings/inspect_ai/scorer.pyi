from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from inspect_ai.solver import TaskState

F = TypeVar("F")

class Target: ...

class Score:
    def __init__(self, value: Mapping[str, float], answer: str, explanation: str = ...) -> None: ...

Scorer = Callable[[TaskState, Target], Awaitable[Score]]

def mean() -> Any: ...
def stderr() -> Any: ...
def scorer(metrics: Mapping[str, Sequence[Any]]) -> Callable[[F], F]: ...
