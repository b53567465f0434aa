"""Follow a grader from its arguments to what it gives, without running or importing it.

Each function is followed with what it is called with. Functions of the grader's own files are
entered; others are known by their names.
"""

import ast
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from foretoken.audit.source.calls import RECORDS, CalledWith, arguments, given
from foretoken.audit.source.expressions import SpentError
from foretoken.audit.source.followed import CodeFrame, DefinedAt, Followed, Function, Scope, Written
from foretoken.audit.source.held import UNKNOWN, Held, Kind, Role, joined, roles_of
from foretoken.audit.source.read import ModuleSource, ModuleSources
from foretoken.audit.source.statements import StatementFollower, names_in
from foretoken.errors import SetupError

DEEPEST_CALLS = 12
_MADE = frozenset({Role.FILE, Role.RAN})
"""What a function may make of an argument that it is given."""
_WRITES = ("write", "write_text", "write_bytes", "writelines", "dump", "writestr")
_METHODS = ("score", "grade", "__call__", "forward", "compute", "compute_score")
_MAPS = ("map", "imap", "imap_unordered", "starmap", "filter")
_ADDS = ("append", "add", "extend", "insert", "update", "appendleft")


def follow(path: str) -> Followed:
    """Follow a grader.

    Args:
        path: As `tasks.importing.imported` reads it.

    Raises:
        SetupError: Its source cannot be read, or has no such name.
    """
    sources = ModuleSources()
    module, name = sources.grader(path)
    follower = Follower(sources)
    try:
        found = follower.named(module, name)
        if found is None:
            raise SetupError(f"{module.path} has no {name}: check the import path")
        follower.enter(found)
    except SpentError:
        follower.seen.whole = False
    except RecursionError as error:
        raise SetupError(f"{module.path} is nested too deeply for its source to be read") from error
    return follower.seen


class Follower(StatementFollower):
    """Follows calls; see `Followed` for what it notes."""

    def __init__(self, sources: ModuleSources) -> None:
        super().__init__()
        self._sources = sources
        self._globals: dict[tuple[ModuleSource, str], Held | None] = {}
        self._known: dict[tuple[Any, ...], tuple[Held, Scope]] = {}
        self._depth = 0
        self._is_apart = False

    def enter(self, grader: Held) -> None:
        """Call a grader as it is called in training."""
        defined = grader.function
        if not isinstance(defined, DefinedAt):
            return
        if isinstance(defined.node, ast.ClassDef):
            made = grader if grader.kind is not Kind.FUNCTION else self.enter_defined(defined, [])
            methods = [self.method(made, name) for name in _METHODS]
            for each in methods:
                if each is not None:
                    self._ask(each)
        elif _arguments(defined.node) or defined.node.args.kwarg or defined.node.args.vararg:
            self._ask(grader)
        else:
            made = self.enter_defined(defined, [])
            if isinstance(made.function, DefinedAt) and made.function is not defined:
                self.enter(made)
            else:
                self.seen.entry.append(defined)

    def _ask(self, grader: Held) -> None:
        defined: DefinedAt = grader.function
        if isinstance(defined.node, ast.ClassDef):
            return
        self.seen.entry.append(defined)
        args = _arguments(defined.node)[len(grader.parts) :]
        roles = arguments([each.arg for each in args])
        offered = {each.arg: _argument(each, roles[each.arg]) for each in args if each.arg in roles}
        if {"completions", "queries"} & set(offered):
            for name, held in offered.items():
                if held.kind is Kind.GIVEN:
                    offered[name] = Held(held.roles, Kind.SEVERAL, Kind.GIVEN)
        self.enter_defined(defined, list(grader.parts), offered)

    def named(self, module: ModuleSource, name: str) -> Held | None:
        """What a name of a module is; None: it has none such."""
        key = (module, name)
        if key not in self._globals:
            self._globals[key] = UNKNOWN
            self._globals[key] = self._named(module, name)
        return self._globals[key]

    def _named(self, module: ModuleSource, name: str) -> Held | None:
        match module.named.get(name):
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() as stated:
                return Held(kind=Kind.FUNCTION, function=DefinedAt(module, stated))
            case ast.Assign(value=said) | ast.AnnAssign(value=ast.expr() as said):
                return self.value(said, CodeFrame(module, {}))
            case _:
                pass
        imported = module.imports.get(name)
        if imported is not None:
            beside = self._sources.beside(module, imported)
            if beside is None:
                return Held(kind=Kind.OTHER, made_by=imported.dotted)
            return self.named(*beside) if beside[1] else Held(kind=Kind.OTHER, function=beside[0])
        stars = module.imports.get("*")
        beside = None if stars is None else self._sources.beside(module, replace(stars, name=""))
        return None if beside is None or beside[0] is module else self.named(beside[0], name)

    def method(self, made: Held, name: str) -> Held | None:
        """What a method of an object of the grader is; None: it has none such."""
        return self._method(made, name, bound=made)

    def _method(self, made: Held, name: str, *, bound: Held) -> Held | None:
        """The same, looked for in a class or above it, for an object of that one or another."""
        defined = made.function
        if not isinstance(defined, DefinedAt) or not isinstance(defined.node, ast.ClassDef):
            return None
        for each in defined.node.body:
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == name:
                method = DefinedAt(defined.module, each, defined.around, defined.fields)
                names = [ast.unparse(decorator) for decorator in each.decorator_list]
                first = () if "staticmethod" in names else (replace(bound, kind=Kind.OTHER),)
                return Held(kind=Kind.FUNCTION, function=method, parts=first)
            if isinstance(each, ast.Assign) and any(names_in(to) == [name] for to in each.targets):
                return self.value(each.value, CodeFrame(defined.module, dict(defined.around)))
        for base in defined.node.bases:
            above = self.named(defined.module, base.id) if isinstance(base, ast.Name) else None
            if above is not None and isinstance(above.function, DefinedAt):
                mixed = replace(above.function, fields=defined.fields)
                found = self._method(
                    Held(made.roles, Kind.OTHER, function=mixed), name, bound=bound
                )
                if found is not None:
                    return found
        return None

    def call(self, node: ast.Call, callee: Held, call: CalledWith, frame: CodeFrame) -> Held:
        """What a call gives."""
        defined = callee.function
        if isinstance(defined, DefinedAt) and isinstance(defined.node, ast.ClassDef):
            begins = callee.kind is not Kind.FUNCTION
            method = self.method(callee, "__call__") if begins else None
            callee = method or callee
            defined = callee.function
        if isinstance(defined, DefinedAt):
            self.seen.called[node] = defined
            args = [*callee.parts, *call.args]
            gives = self.enter_defined(defined, args, call.keywords)
            self._carry_back(node, defined, replace(call, args=args), frame)
            return gives
        if callee.has(Role.RAN):
            return Held(callee.roles, Kind.OTHER)
        self.seen.names[node] = call.name
        if call.on is not None and call.last in _ADDS and isinstance(node.func, ast.Attribute):
            several = call.last in ("extend", "update")
            added = joined(each.element() if several else each for each in call.args)
            self.add_to(node.func.value, added, frame)
        self._note_written(node, call, frame)
        self._note_executed(node, call, frame)
        return self._passed_on(node, call) or given(call)

    def _carry_back(
        self, node: ast.Call, defined: DefinedAt, call: CalledWith, frame: CodeFrame
    ) -> None:
        """Note of the caller's names what a function made of them."""
        if isinstance(defined.node, ast.ClassDef):
            return
        offered = self._bound(defined, call.args, call.keywords)
        _, scope = self._known.get((*_key(defined, offered), self._is_apart), (UNKNOWN, {}))
        names = [each.arg for each in _arguments(defined.node)][len(call.args) - len(node.args) :]
        said = [*zip(names, node.args, strict=False), *((k.arg, k.value) for k in node.keywords)]
        for name, each in said:
            made = scope.get(name or "", UNKNOWN).roles & _MADE
            if made and isinstance(each, ast.Name) and each.id in frame.scope:
                held = frame.scope[each.id]
                frame.scope[each.id] = replace(held, roles=held.roles | made)

    def enter_defined(
        self, defined: DefinedAt, args: Sequence[Held], keywords: Mapping[str, Held] | None = None
    ) -> Held:
        """What a function or class of the grader gives."""
        keywords = keywords or {}
        if isinstance(defined.node, ast.ClassDef):
            made = Held(roles_of(args), Kind.OTHER, function=replace(defined, fields={}))
            begin = self.method(made, "__init__")
            if begin is not None:
                self.enter_defined(begin.function, [*begin.parts, *args], keywords)
            return made
        offered = self._bound(defined, args, keywords)
        key = (*_key(defined, offered), self._is_apart)
        if not self._is_apart:
            self.seen.inside.add(defined.node)
        if key in self._known:
            return self._known[key][0]
        if self._depth > DEEPEST_CALLS:
            return Held(roles_of([*args, *keywords.values()]), Kind.OTHER)
        self._known[key] = (Held(), {})
        self._depth += 1
        frame = CodeFrame(defined.module, dict(defined.around) | offered)
        if isinstance(defined.node, ast.Lambda):
            gives = self.value(defined.node.body, frame)
        else:
            self.run(defined.node.body, frame)
            gives = joined(frame.returned)
            yields = any(isinstance(each, ast.Yield) for each in ast.walk(defined.node))
            gives = Held(gives.roles, Kind.OTHER) if yields else gives
        self._depth -= 1
        self._known[key] = (gives, frame.scope)
        return gives

    def _bound(
        self, defined: DefinedAt, args: Sequence[Held], keywords: Mapping[str, Held]
    ) -> Scope:
        node = defined.node
        if isinstance(node, ast.ClassDef):
            return {}
        every = _arguments(node)
        names = [each.arg for each in every]
        found: Scope = dict(zip(names, args, strict=False))
        found |= {name: each for name, each in keywords.items() if name in names}
        for each, default in _defaults(node):
            if each.arg not in found:
                found[each.arg] = self.value(
                    default, CodeFrame(defined.module, dict(defined.around))
                )
        for each in every:
            held = found.setdefault(each.arg, UNKNOWN)
            typed = given_type(each.annotation)
            if typed is not None and held.kind in (Kind.GIVEN, Kind.OTHER) and not held.function:
                found[each.arg] = replace(held, kind=typed.kind, of=typed.of)
        if node.args.vararg is not None:
            rest = joined(args[len(names) :])
            found[node.args.vararg.arg] = Held(rest.roles, Kind.SEVERAL, rest.kind)
        if node.args.kwarg is not None:
            rest = joined(each for name, each in keywords.items() if name not in names)
            found[node.args.kwarg.arg] = Held(rest.roles, Kind.RECORD)
        return found

    def _passed_on(self, node: ast.Call, call: CalledWith) -> Held | None:
        """What a function of the grader gives that is handed to one of a library."""
        handed = call.keywords.get("target") or call.keywords.get("key")
        every = ([] if handed is None else [handed]) + list(call.args)
        found = next((each for each in every if each.kind is Kind.FUNCTION), None)
        if found is None or not isinstance(found.function, DefinedAt):
            return None
        rest = list(call.args[list(call.args).index(found) + 1 :]) if found in call.args else []
        if call.last == "partial":
            return replace(found, parts=(*found.parts, *rest))
        if handed is found:
            node_of = found.function.node
            count = 0 if isinstance(node_of, ast.ClassDef) else len(_arguments(node_of))
            rest = [call.keywords.get("args", UNKNOWN).element()] * count
        elif call.last in _MAPS:
            rest = [each.element() for each in rest]
        self.seen.called[node] = found.function
        before = self._is_apart
        self._is_apart = before or any(w in call.name for w in ("Process", "multiprocessing"))
        gives = self.enter_defined(found.function, [*found.parts, *rest], {})
        self._is_apart = before
        if call.last in _MAPS:
            return Held(gives.roles, Kind.SEVERAL, gives.kind, made_by=call.name)
        return Held(gives.roles, gives.kind, made_by=call.name)

    def _note_written(self, node: ast.Call, call: CalledWith, frame: CodeFrame) -> None:
        to = node.func.value if isinstance(node.func, ast.Attribute) else None
        if call.name == "print":
            to = next((each.value for each in node.keywords if each.arg == "file"), None)
        elif call.last == "dump":
            to = node.args[1] if len(node.args) > 1 else None
        if to is None or (call.last not in _WRITES and call.name != "print"):
            return
        holds = roles_of(call.args) & {Role.ANSWER, Role.TRUTH}
        self.seen.written.append(Written(node, to, holds))
        if Role.ANSWER in holds:
            self.mark_file(to, frame)

    def _note_executed(self, node: ast.Call, call: CalledWith, frame: CodeFrame) -> None:
        """What an answer's code runs in holds objects of it from then on."""
        if call.name != "exec" or not call.args[:1] or not call.args[0].has(Role.ANSWER):
            return
        made = frozenset({Role.RAN, Role.ANSWER})
        for each in node.args[1:]:
            if isinstance(each, ast.Name):
                frame.scope[each.id] = Held(made, Kind.OTHER, made_by="exec")


def _key(defined: DefinedAt, offered: Scope) -> tuple[Any, ...]:
    around = tuple(defined.around.items()) if len(defined.around) < 50 else (id(defined.around),)
    return (defined.node, tuple(offered.items()), tuple(defined.fields.items()), around)


def _arguments(node: Function) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _defaults(node: Function) -> list[tuple[ast.arg, ast.expr]]:
    args = node.args
    plain = [*args.posonlyargs, *args.args]
    found = list(zip(plain[len(plain) - len(args.defaults) :], args.defaults, strict=True))
    named = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    return [*found, *((each, default) for each, default in named if default is not None)]


def _argument(arg: ast.arg, roles: frozenset[Role]) -> Held:
    typed = given_type(arg.annotation)
    if typed is not None:
        return replace(typed, roles=roles)
    return Held(roles, Kind.RECORD if arg.arg in RECORDS else Kind.GIVEN)


def given_type(annotation: ast.expr | None) -> Held | None:
    """What an annotation says; None: nothing that is known."""
    if annotation is None:
        return None
    with suppress(ValueError, RecursionError):
        said = ast.unparse(annotation).replace("typing.", "").strip("\"'")
        if said in ("str", "str | None", "Optional[str]"):
            return Held(kind=Kind.TEXT)
        if said in ("int", "float", "int | float", "float | int"):
            return Held(kind=Kind.NUMBER)
        several = said.lower().startswith(("list", "sequence", "iterable", "set[", "tuple"))
        if several:
            of = Kind.TEXT if "[str" in said else Kind.GIVEN
            return Held(kind=Kind.SEVERAL, of=of)
    return None
