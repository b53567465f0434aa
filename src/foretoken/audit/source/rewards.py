"""Which expressions of a grader are what it gives: traced back from what it returns."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from foretoken.audit.source.followed import DefinedAt, Followed, Function
from foretoken.audit.source.held import Held
from foretoken.graders.shapes import SCORES

_PASSES_ON = frozenset({"float", "int", "bool", "round", "min", "max", "sum", "list", "tuple"})
_WRAPS = ("tensor", "array", "asarray", "mean", "gather", "Score", "run", "dict")
_ADDS = ("append", "extend", "insert", "add")


@dataclass(frozen=True)
class Paying:
    """An expression whose value a grader gives, or that decides what it gives."""

    node: ast.expr
    decides: bool = False
    """Whether it is no value itself: something is paid where it holds."""


@lru_cache(maxsize=2)
def payings(followed: Followed) -> list[Paying]:
    """Return what a grader gives, and what decides it."""
    tracer = _Tracer(followed)
    for each in followed.entry:
        tracer.function(each, decides=False)
    return tracer.found


def is_positive(held: Held) -> bool:
    """Whether it is a constant that pays."""
    said = held.constant
    return said in ("C", "CORRECT") or (isinstance(said, bool | int | float) and said > 0)


def _parts(node: ast.expr) -> list[ast.expr]:
    """What a value is one of, or made of."""
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.BoolOp(values=parts):
            return parts
        case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part):
            return [part]
        case ast.Await(value=part) | ast.Starred(value=part) | ast.NamedExpr(value=part):
            return [part]
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.Dict():
            return _scores(node)
        case _:
            return []


def tests_above(followed: Followed, node: ast.expr) -> Iterator[ast.expr]:
    """Yield the conditions, of whichever outcome, under which something is given."""
    for above in followed.above(node):
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if isinstance(above, ast.If | ast.IfExp | ast.While):
            yield above.test


class _Tracer:
    def __init__(self, followed: Followed) -> None:
        self.followed = followed
        self.found: list[Paying] = []
        self._seen: set[tuple[ast.AST, bool]] = set()

    def function(self, defined: DefinedAt, *, decides: bool) -> None:
        node = defined.node
        if (node, decides) in self._seen or isinstance(node, ast.ClassDef):
            return
        self._seen.add((node, decides))
        for each in returned(node):
            self.trace(each, decides=decides)

    def trace(self, node: ast.expr, *, decides: bool, part: bool = False) -> None:
        if (node, decides) in self._seen or node not in self.followed.values:
            return
        self._seen.add((node, decides))
        inner = list(self._inner(node, decides=decides))
        for each, is_part in inner:
            self.trace(each, decides=decides, part=part or is_part)
        if isinstance(node, ast.Call) and node in self.followed.called:
            self.function(self.followed.called[node], decides=decides)
        elif not inner and not (part and isinstance(node, ast.Constant)):
            self.found.append(Paying(node, decides))
            if not decides:
                self._conditions(node)

    def _inner(self, node: ast.expr, *, decides: bool) -> Iterator[tuple[ast.expr, bool]]:
        """Yield what a value comes from, and whether a constant there is only a part of it."""
        match node:
            case ast.Name():
                yield from ((each, False) for each in assigned(self.followed, node))
            case ast.BinOp(left=left, right=right):
                scaled = not isinstance(node.op, ast.Add | ast.Sub)
                for side in (left, right):
                    yield side, scaled or isinstance(side, ast.Constant)
            case ast.Call():
                yield from ((each, False) for each in self._passed_on(node, decides=decides))
            case _:
                yield from ((each, False) for each in _parts(node))

    def _passed_on(self, node: ast.Call, *, decides: bool) -> Iterator[ast.expr]:
        name = self.followed.names.get(node, "")
        if name in _PASSES_ON or name.rpartition(".")[2] in _WRAPS:
            yield from node.args
            yield from (k.value for k in node.keywords if k.arg in SCORES)
        elif name in ("any", "all") and decides:
            yield from node.args

    def _conditions(self, node: ast.expr) -> None:
        """Trace what decides that something is paid."""
        pays = is_positive(self.followed.of(node)) or not isinstance(node, ast.Constant)
        below: ast.AST = node
        for above in self.followed.above(node):
            if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                return
            if isinstance(above, ast.If | ast.IfExp):
                body = above.body if isinstance(above.body, list) else [above.body]
                holds = below in body
                test = above.test
                if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
                    test, holds = test.operand, not holds
                if below is not above.test and holds is pays:
                    self.trace(test, decides=True)
            below = above


def assigned(followed: Followed, name: ast.Name) -> Iterator[ast.expr]:
    """Yield what a name is given in its function, or in the module."""
    around = followed.function_of(name)
    for each in ast.walk(around):
        match each:
            case ast.Assign(targets=targets, value=said):
                if any(isinstance(to, ast.Name) and to.id == name.id for to in targets):
                    yield said
            case ast.AnnAssign(target=ast.Name(id=to), value=ast.expr() as said):
                yield from [said] if to == name.id else []
            case ast.AugAssign(target=ast.Name(id=to), value=said):
                yield from [said] if to == name.id else []
            case ast.NamedExpr(target=ast.Name(id=to), value=said):
                yield from [said] if to == name.id else []
            case ast.Call(func=ast.Attribute(value=ast.Name(id=to), attr=attr)):
                yield from each.args[-1:] if to == name.id and attr in _ADDS else []
            case _:
                continue


def returned(node: Function) -> Iterator[ast.expr]:
    """Yield what a function returns, without those within it."""
    if isinstance(node, ast.Lambda):
        yield node.body
        return
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(each, ast.Return | ast.Yield) and each.value is not None:
            yield each.value
        waiting += ast.iter_child_nodes(each)


def _scores(node: ast.Dict) -> list[ast.expr]:
    """Values of a mapping that a trainer reads."""
    named = [
        value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value in SCORES
    ]
    return named or list(node.values)
