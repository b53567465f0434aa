"""Follow the expressions of a grader."""

import ast
import builtins
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

from foretoken.audit.source.calls import CalledWith, column
from foretoken.audit.source.followed import CodeFrame, DefinedAt, Followed
from foretoken.audit.source.held import UNKNOWN, Held, Kind, Role, bounded, joined, roles_of
from foretoken.audit.source.read import ModuleSource

MOST_STEPS = 150_000
"""Expressions and statements that are followed; then it is left."""
_KNOWN_KINDS = (Kind.TEXT, Kind.GIVEN, Kind.SEVERAL, Kind.NUMBER, Kind.MATCH, Kind.RECORD)
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


class SpentError(Exception):
    """A grader is too large to be followed to its end."""


class ExpressionFollower(ABC):
    """Follows expressions, and notes what each may be."""

    def __init__(self) -> None:
        self.seen = Followed()
        self._steps = 0

    @abstractmethod
    def named(self, module: ModuleSource, name: str) -> Held | None:
        """What a name of a module is; None: it has none such."""

    @abstractmethod
    def method(self, made: Held, name: str) -> Held | None:
        """What a method of an object of the grader is; None: it has none such."""

    @abstractmethod
    def call(self, node: ast.Call, callee: Held, call: CalledWith, frame: CodeFrame) -> Held:
        """What a call gives."""

    def note(self, node: ast.AST, held: Held, frame: CodeFrame) -> None:
        """Note what a node may be.

        Raises:
            SpentError: Too much was followed.
        """
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise SpentError
        known = self.seen.values.get(node)
        self.seen.values[node] = held if known is None else known.join(held)
        self.seen.where[node] = frame.module

    def value(self, node: ast.expr, frame: CodeFrame) -> Held:
        """What an expression may be."""
        held = self._value(node, frame)
        self.note(node, held, frame)
        return held

    def _value(self, node: ast.expr, frame: CodeFrame) -> Held:
        match node:
            case ast.Constant():
                return _constant(node.value)
            case ast.Name():
                return self.look_up(node.id, frame)
            case ast.Call():
                return self._called(node, frame)
            case ast.Attribute():
                return self._of(self.value(node.value, frame), node)
            case ast.Subscript():
                return self._subscript(node, frame)
            case ast.BinOp() | ast.UnaryOp() | ast.BoolOp() | ast.Compare() | ast.IfExp():
                return self._operation(node, frame)
            case _:
                return self._made(node, frame)

    def _made(self, node: ast.expr, frame: CodeFrame) -> Held:
        match node:
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node, frame)
            case ast.List() | ast.Tuple() | ast.Set():
                parts = [self.value(each, frame) for each in node.elts]
                whole = Held(roles_of(parts), Kind.SEVERAL, joined(parts).kind, made_by="literal")
                return (
                    replace(whole, parts=bounded(parts)) if isinstance(node, ast.Tuple) else whole
                )
            case ast.Dict():
                keys = [self.value(each, frame) for each in node.keys if each is not None]
                values = [self.value(each, frame) for each in node.values]
                return Held(roles_of([*keys, *values]), Kind.RECORD)
            case ast.JoinedStr():
                parts = [self.value(each, frame) for each in node.values]
                return Held(roles_of(parts), Kind.TEXT, made_by="f-string")
            case ast.Lambda():
                return Held(kind=Kind.FUNCTION, function=DefinedAt(frame.module, node, frame.scope))
            case _:
                return self._rest(node, frame)

    def _rest(self, node: ast.expr, frame: CodeFrame) -> Held:
        match node:
            case ast.NamedExpr(target=ast.Name(id=name), value=said):
                frame.scope[name] = self.value(said, frame)
                return frame.scope[name]
            case ast.Await(value=said) | ast.FormattedValue(value=said):
                return self.value(said, frame)
            case ast.Starred(value=said):
                return self.value(said, frame).element()
            case _:
                inner = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
                return Held(roles_of([self.value(each, frame) for each in inner]), Kind.OTHER)

    def look_up(self, name: str, frame: CodeFrame) -> Held:
        """What a name is."""
        if name in frame.scope:
            return frame.scope[name]
        found = self.named(frame.module, name)
        if found is not None:
            return found
        return Held(kind=Kind.OTHER, made_by=name) if hasattr(builtins, name) else UNKNOWN

    def _called(self, node: ast.Call, frame: CodeFrame) -> Held:
        on = None
        if isinstance(node.func, ast.Attribute):
            on = self.value(node.func.value, frame)
            callee = self._of(on, node.func)
            self.note(node.func, callee, frame)
            on = on if callee.made_by and not _is_library(on) else None
        else:
            callee = self.value(node.func, frame)
        args = [self.value(each, frame) for each in node.args]
        keywords = {str(each.arg): self.value(each.value, frame) for each in node.keywords}
        return self.call(node, callee, CalledWith(callee.made_by, on, args, keywords), frame)

    def _of(self, on: Held, node: ast.Attribute) -> Held:
        """What an attribute of something is."""
        if isinstance(on.function, ModuleSource):
            return self.named(on.function, node.attr) or UNKNOWN
        if isinstance(on.function, DefinedAt):
            field = on.function.fields.get(node.attr)
            return field or self.method(on, node.attr) or Held(on.roles, Kind.OTHER)
        name = node.attr
        if on.kind is Kind.PATTERN:
            return replace(on, kind=Kind.OTHER, made_by=f"re.{name}")
        if on.kind is Kind.RECORD:
            found = column(on, Held(constant=name))
            return replace(found, made_by=f".{name}")
        prefix = "" if on.kind in _KNOWN_KINDS or not on.made_by else on.made_by
        if name in ("stdout", "output", "stderr") and on.has(Role.PROCESS):
            return Held(on.roles, Kind.TEXT, made_by=f"{prefix}.{name}")
        text = name in ("text", "content", "completion", "value")
        kind = on.kind if text and on.kind in (Kind.TEXT, Kind.GIVEN) else Kind.OTHER
        return Held(on.roles, kind, made_by=f"{prefix}.{name}")

    def _subscript(self, node: ast.Subscript, frame: CodeFrame) -> Held:
        on, key = self.value(node.value, frame), self.value(node.slice, frame)
        if isinstance(node.slice, ast.Slice):
            return on
        if on.kind is Kind.RECORD:
            return column(on, key)
        if on.parts and isinstance(key.constant, int):
            return on.part(key.constant)
        if on.kind in (Kind.GIVEN, Kind.OTHER) and key.constant in ("content", "text"):
            return Held(on.roles, Kind.TEXT)
        return on.element()

    def _operation(self, node: ast.expr, frame: CodeFrame) -> Held:
        match node:
            case ast.BinOp(left=left, right=right):
                sides = [self.value(left, frame), self.value(right, frame)]
                return _both(sides)
            case ast.UnaryOp(op=ast.Not(), operand=said):
                self.value(said, frame)
                return Held(kind=Kind.CLAIM)
            case ast.UnaryOp(operand=said):
                held = self.value(said, frame)
                number = held.constant
                minus = isinstance(node.op, ast.USub) and isinstance(number, int | float)
                return replace(held, constant=-number if minus else None)
            case ast.BoolOp(values=values):
                return joined([self.value(each, frame) for each in values])
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.value(test, frame)
                return self.value(body, frame).join(self.value(orelse, frame))
            case ast.Compare(left=left, comparators=others):
                for each in (left, *others):
                    self.value(each, frame)
                return Held(kind=Kind.CLAIM)
            case _:
                return UNKNOWN

    def _comprehension(self, node: Comprehension, frame: CodeFrame) -> Held:
        inner = frame.branch()
        made_by = ""
        for each in node.generators:
            made_by = made_by or self.iterate(each.target, each.iter, inner).made_by
            for test in each.ifs:
                self.value(test, inner)
        if isinstance(node, ast.DictComp):
            parts = [self.value(node.key, inner), self.value(node.value, inner)]
            return Held(roles_of(parts), Kind.RECORD)
        part = self.value(node.elt, inner)
        return Held(part.roles, Kind.SEVERAL, part.kind, made_by=made_by, matched=part.matched)

    def iterate(self, target: ast.expr, over: ast.expr, frame: CodeFrame) -> Held:
        """Bind a target to each of several; return what these are together."""
        several = self.value(over, frame)
        self.bind(target, several.element(), frame)
        return several

    def bind(self, target: ast.expr, held: Held, frame: CodeFrame) -> None:
        """Give a name, several names, a field or a place of a container a value."""
        if isinstance(target, ast.Tuple | ast.List):
            for number, each in enumerate(target.elts):
                inner = each.value if isinstance(each, ast.Starred) else each
                self.bind(inner, held.part(number), frame)
            return
        if isinstance(target, ast.Name):
            frame.scope[target.id] = held
        elif isinstance(target, ast.Attribute):
            on = self.value(target.value, frame)
            if isinstance(on.function, DefinedAt):
                known = on.function.fields.get(target.attr, Held())
                on.function.fields[target.attr] = known.join(held)
        elif isinstance(target, ast.Subscript):
            self.value(target.slice, frame)
            self.add_to(target.value, held, frame)
        self.note(target, held, frame)

    def add_to(self, container: ast.expr, held: Held, frame: CodeFrame) -> None:
        """Put something into a container."""
        on = self.value(container, frame)
        if isinstance(container, ast.Name) and container.id in frame.scope:
            of = joined([Held(kind=on.of) if on.roles or on.of is not Kind.NONE else Held(), held])
            frame.scope[container.id] = replace(on, roles=on.roles | held.roles, of=of.kind)


def _is_library(on: Held) -> bool:
    """Whether it is a module, a class or a function of a library."""
    return on.kind is Kind.OTHER and bool(on.made_by) and not on.roles


def _constant(said: object) -> Held:
    if said is None:
        return Held()
    if isinstance(said, str | bytes):
        return Held(kind=Kind.TEXT, constant=said)
    if isinstance(said, bool) or not isinstance(said, int | float):
        return Held(kind=Kind.CLAIM if isinstance(said, bool) else Kind.OTHER, constant=said)
    return Held(kind=Kind.NUMBER, constant=said)


def _both(sides: Sequence[Held]) -> Held:
    kinds = {each.kind for each in sides}
    roles = roles_of(sides)
    if Kind.TEXT in kinds:
        return Held(roles, Kind.TEXT, made_by="+")
    if kinds == {Kind.SEVERAL}:
        return replace(joined(sides), roles=roles)
    made_by = "|".join(each.made_by for each in sides if each.made_by)
    return Held(roles, Kind.NUMBER if Kind.NUMBER in kinds else Kind.OTHER, made_by=made_by)
