"""What was seen of a grader that was followed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from foretoken.audit.source.held import UNKNOWN, Held, Role
from foretoken.audit.source.read import ModuleSource

N = TypeVar("N", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
Scope = dict[str, Held]


@dataclass(frozen=True, eq=False)
class DefinedAt:
    """A function or class of the grader, and the names that it sees."""

    module: ModuleSource
    node: Function | ast.ClassDef
    around: Scope = field(repr=False, default_factory=dict[str, Held])
    fields: Scope = field(repr=False, default_factory=dict[str, Held])
    """Of an object of it, by name."""


@dataclass(eq=False)
class CodeFrame:
    """A call that is being followed."""

    module: ModuleSource
    scope: Scope
    returned: list[Held] = field(default_factory=list[Held])
    opened: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Names of the paths of each open file, by its name."""

    def branch(self) -> "CodeFrame":
        """One of several ways to go on."""
        return CodeFrame(self.module, dict(self.scope), self.returned, self.opened)

    def meet(self, *others: "CodeFrame") -> None:
        """Go on after several ways, whichever was taken."""
        names = {name for each in others for name in each.scope}
        for name in names:
            held = [each.scope[name] for each in others if name in each.scope]
            one = held[0]
            for each in held[1:]:
                one = one if each is one else one.join(each)
            self.scope[name] = one


@dataclass(frozen=True)
class Written:
    """What was written to a file."""

    call: ast.Call
    to: ast.expr
    holds: frozenset[Role]


@dataclass(eq=False)
class Followed:
    """What was seen of a grader."""

    entry: list[DefinedAt] = field(default_factory=list[DefinedAt])
    """What is called with an answer."""
    values: dict[ast.AST, Held] = field(default_factory=dict[ast.AST, Held])
    """Of each expression that was reached; a statement has an unknown one."""
    where: dict[ast.AST, ModuleSource] = field(default_factory=dict[ast.AST, ModuleSource])
    names: dict[ast.Call, str] = field(default_factory=dict[ast.Call, str])
    """Of the function of a library that a call calls."""
    called: dict[ast.Call, DefinedAt] = field(default_factory=dict[ast.Call, DefinedAt])
    """The function of the grader that a call calls."""
    inside: set[ast.AST] = field(default_factory=set[ast.AST])
    """Functions that run in the grader's own process."""
    written: list[Written] = field(default_factory=list[Written])
    whole: bool = True
    """Whether it was followed to its end."""

    def of(self, node: ast.AST | None) -> Held:
        """What an expression may be."""
        return UNKNOWN if node is None else self.values.get(node, UNKNOWN)

    def every(self, kind: type[N]) -> Iterator[N]:
        """Yield all that was reached of a type of node."""
        yield from (each for each in self.values if isinstance(each, kind))

    def calls(self, *names: str) -> Iterator[ast.Call]:
        """Yield calls of these functions of libraries."""
        yield from (call for call, name in self.names.items() if name in names)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node stands in, the nearest first."""
        parents = self.where[node].parents if node in self.where else {}
        up = parents.get(node)
        while up is not None:
            yield up
            up = parents.get(up)

    def function_of(self, node: ast.AST) -> ast.AST:
        """The function that a node stands in, or the module."""
        around = (*FUNCTIONS, ast.Module)
        return next((each for each in self.above(node) if isinstance(each, around)), node)

    def within(self, node: ast.AST, kind: type[N]) -> Iterator[N]:
        """Yield what was reached of a type within a node."""
        for each in ast.walk(node):
            if isinstance(each, kind) and each in self.values:
                yield each
