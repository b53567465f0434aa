"""Follow the statements of a grader, in their order: branches are joined, loops run twice."""

import ast
from abc import ABC
from collections.abc import Sequence
from dataclasses import replace

from foretoken.audit.source.expressions import ExpressionFollower
from foretoken.audit.source.followed import CodeFrame, DefinedAt
from foretoken.audit.source.held import UNKNOWN, Held, Kind, Role

_OPENS = ("open", "NamedTemporaryFile", "fdopen", "ZipFile", "mkstemp")


class StatementFollower(ExpressionFollower, ABC):
    """Follows statements."""

    def run(self, body: Sequence[ast.stmt], frame: CodeFrame) -> None:
        """Follow statements one after the other."""
        for each in body:
            self.note(each, UNKNOWN, frame)
            self._run(each, frame)

    def _run(self, node: ast.stmt, frame: CodeFrame) -> None:
        match node:
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                self._assign(node, frame)
            case ast.Return(value=said):
                frame.returned.append(UNKNOWN if said is None else self.value(said, frame))
            case ast.If() | ast.For() | ast.AsyncFor() | ast.While() | ast.Match():
                self._branches(node, frame)
            case ast.With() | ast.AsyncWith() | ast.Try():
                self._guarded(node, frame)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                defined = DefinedAt(frame.module, node, frame.scope)
                frame.scope[node.name] = Held(kind=Kind.FUNCTION, function=defined)
            case _:
                for each in ast.iter_child_nodes(node):
                    if isinstance(each, ast.expr):
                        self.value(each, frame)

    def _assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, frame: CodeFrame) -> None:
        if node.value is None:
            return
        held = self.value(node.value, frame)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if isinstance(node, ast.AugAssign):
            held = self.value(node.target, frame).join(held)
        self._opened(node.value, targets[0], frame)
        for target in targets:
            self.bind(target, held, frame)

    def _opened(self, said: ast.expr, target: ast.expr | None, frame: CodeFrame) -> None:
        """Note which path a name of an open file stands for."""
        if not isinstance(said, ast.Call) or not isinstance(target, ast.Name):
            return
        function = said.func
        name = function.attr if isinstance(function, ast.Attribute) else ""
        name = function.id if isinstance(function, ast.Name) else name
        if name in _OPENS:
            frame.opened[target.id] = names_in(said)

    def _branches(self, node: ast.stmt, frame: CodeFrame) -> None:
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                self.value(test, frame)
                one, other = frame.branch(), frame.branch()
                self.run(body, one)
                self.run(orelse, other)
                frame.meet(one, other)
            case ast.For() | ast.AsyncFor() | ast.While():
                for _ in range(2):
                    inner = frame.branch()
                    if isinstance(node, ast.While):
                        self.value(node.test, inner)
                    else:
                        self.iterate(node.target, node.iter, inner)
                    self.run(node.body, inner)
                    frame.meet(frame, inner)
                self.run(node.orelse, frame)
            case ast.Match(subject=subject, cases=cases):
                held = self.value(subject, frame)
                ways = [frame]
                for case in cases:
                    inner = frame.branch()
                    for each in ast.walk(case.pattern):
                        name = getattr(each, "name", None) or getattr(each, "rest", None)
                        if isinstance(name, str):
                            inner.scope[name] = replace(held.element(), roles=held.roles)
                    self.run(case.body, inner)
                    ways.append(inner)
                frame.meet(*ways)
            case _:
                pass

    def _guarded(self, node: ast.stmt, frame: CodeFrame) -> None:
        match node:
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    held = self.value(item.context_expr, frame)
                    if item.optional_vars is not None:
                        self._opened(item.context_expr, item.optional_vars, frame)
                        self.bind(item.optional_vars, held, frame)
                self.run(body, frame)
            case ast.Try():
                begin = frame.branch()
                self.run(node.body, frame)
                failed = begin.branch()
                failed.meet(begin, frame)
                ways = [frame]
                for handler in node.handlers:
                    self.note(handler, UNKNOWN, frame)
                    inner = failed.branch()
                    if handler.name:
                        inner.scope[handler.name] = UNKNOWN
                    self.run(handler.body, inner)
                    ways.append(inner)
                self.run(node.orelse, frame)
                frame.meet(*ways)
                self.run(node.finalbody, frame)
            case _:
                pass

    def mark_file(self, to: ast.expr, frame: CodeFrame) -> None:
        """Note that the answer was written to what an expression names."""
        for name in names_in(to):
            for each in (name, *frame.opened.get(name, [])):
                held = frame.scope.get(each)
                if held is not None:
                    frame.scope[each] = replace(held, roles=held.roles | {Role.FILE})


def names_in(node: ast.AST) -> list[str]:
    """Names that an expression reads."""
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
