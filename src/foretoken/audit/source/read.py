"""Find and parse the source of a grader, and of what it calls beside it, without importing any."""

import ast
import sys
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import decode_source, find_spec
from pathlib import Path

from foretoken.audit.source.base import CodePlace
from foretoken.errors import SetupError
from foretoken.files import read_bytes
from foretoken.tasks.importing import FILE

MOST_BYTES = 1_000_000
"""Longest source that is read."""
MOST_NODES = 100_000
"""Most nodes of a syntax tree that is read."""
DEEPEST = 150
"""Deepest nesting of a syntax tree that is read."""
MOST_MODULES = 40
"""Most files that are read for one grader."""
_NO_PYTHON = "its source cannot be read; firing judges it all the same"


@dataclass(frozen=True, eq=False)
class ModuleSource:
    """A parsed file."""

    path: Path
    tree: ast.Module
    lines: Sequence[str]
    parents: dict[ast.AST, ast.AST] = field(repr=False)
    imports: dict[str, "ImportedName"] = field(repr=False)
    """By the name that it has here."""
    named: dict[str, ast.stmt] = field(repr=False)
    """What defines each name of the module, the last where there are several."""

    @property
    def shown(self) -> str:
        """Path from the current folder, where it lies in it."""
        folder = Path.cwd()
        inside = self.path.is_relative_to(folder)
        return (self.path.relative_to(folder) if inside else self.path).as_posix()

    def place(self, node: ast.AST) -> CodePlace:
        """Where a node stands."""
        line, end = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        return CodePlace(
            path=self.shown,
            line=line,
            column=self._column(line, getattr(node, "col_offset", 0)),
            end_line=end,
            end_column=self._column(end, getattr(node, "end_col_offset", 0)),
            text=self.lines[line - 1].strip() if line <= len(self.lines) else "",
        )

    def _column(self, line: int, offset: int) -> int:
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return len(text.encode()[:offset].decode(errors="replace")) + 1

    def function_of(self, node: ast.AST) -> str:
        """Name of the function that a node stands in; empty: in none."""
        above = self.parents.get(node)
        while above is not None:
            if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
                return above.name
            above = self.parents.get(above)
        return ""


@dataclass(frozen=True)
class ImportedName:
    """What an import statement gives a name to."""

    module: str
    level: int
    """Dots before it."""
    name: str = ""
    """Of the module; empty: the module itself."""

    @property
    def dotted(self) -> str:
        """As one would write it."""
        return f"{self.module}.{self.name}".strip(".") if self.name else self.module


class ModuleSources:
    """The files of one grader, each parsed once."""

    def __init__(self) -> None:
        self._known: dict[Path, ModuleSource] = {}

    def __iter__(self) -> Iterator[ModuleSource]:
        """Each of them."""
        return iter(self._known.values())

    def grader(self, path: str) -> tuple[ModuleSource, str]:
        """Return the module and the name that an import path means.

        Raises:
            SetupError: There is no such file, or it is not readable as Python.
        """
        in_file = f"{FILE}:" in path
        place, _, name = path.rpartition(":") if in_file else path.partition(":")
        file = Path(place).resolve() if place.endswith(FILE) else _located(place)
        return self.at(file), name

    def at(self, file: Path) -> ModuleSource:
        """Return a parsed file.

        Raises:
            SetupError: It cannot be read, or is no Python.
        """
        if file not in self._known:
            if len(self._known) >= MOST_MODULES:
                raise SetupError(f"{file}: more than {MOST_MODULES} files are not read")
            self._known[file] = _parsed(file)
        return self._known[file]

    def beside(self, module: ModuleSource, name: ImportedName) -> tuple[ModuleSource, str] | None:
        """Return where an imported name comes from; None: from no file beside the grader."""
        parts = [*filter(None, name.module.split(".")), *([name.name] if name.name else [])]
        folder = module.path.parent
        if name.level:
            bases = [folder if name.level == 1 else folder.parents[name.level - 2]]
        else:
            bases = _bases(folder, parts[0])
        for base in bases:
            found = _descend(base, parts)
            if found is not None and len(found[1]) <= 1:
                try:
                    return self.at(found[0]), (found[1] or [""])[0]
                except SetupError:
                    return None
        return None


def _bases(folder: Path, first: str) -> list[Path]:
    """Folders in which an absolute import of a module in `folder` is beside it."""
    if not (folder / "__init__.py").is_file():
        return [] if first in sys.stdlib_module_names else [folder]
    root = folder
    while (root / "__init__.py").is_file() and root != root.parent:
        root = root.parent
    own = folder.relative_to(root).parts[0]
    return [root] if first == own else []


def _descend(base: Path, parts: Sequence[str]) -> tuple[Path, list[str]] | None:
    """Return the file that dotted parts lead to from a folder, and the parts that are left."""
    folder = base
    for number, part in enumerate(parts):
        if (folder / part).is_dir():
            folder = folder / part
            continue
        if (folder / f"{part}{FILE}").is_file():
            return (folder / f"{part}{FILE}").resolve(), list(parts[number + 1 :])
        package = folder / "__init__.py"
        return (package.resolve(), list(parts[number:])) if package.is_file() else None
    package = folder / "__init__.py"
    return (package.resolve(), []) if package.is_file() and folder != base else None


def _located(name: str) -> Path:
    """Find the file of a dotted module; nothing but the finders of its first part are asked."""
    parts = name.split(".")
    found = _descend(Path.cwd(), parts)
    if found is None:
        try:
            spec = find_spec(parts[0])
        except (ImportError, ValueError):
            spec = None
        if spec is None:
            raise SetupError(f"there is no module {name}: check the import path")
        if spec.submodule_search_locations is None or (len(parts) == 1 and spec.origin):
            if len(parts) > 1 or not (spec.origin or "").endswith(FILE):
                raise SetupError(f"{name} is no Python file ({spec.origin}): {_NO_PYTHON}")
            return Path(spec.origin or "").resolve()
        tried = (_descend(Path(each), parts[1:]) for each in spec.submodule_search_locations)
        found = next((each for each in tried if each is not None), None)
    if found is None or found[1]:
        raise SetupError(f"there is no Python file of {name}: {_NO_PYTHON}")
    return found[0]


def _parsed(file: Path) -> ModuleSource:
    try:
        text = decode_source(read_bytes(file, most_bytes=MOST_BYTES))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        parents = _parents(tree)
    except OSError as error:
        raise SetupError(f"{file}: {error.strerror or error}: {_NO_PYTHON}") from error
    except (SyntaxError, ValueError, tokenize.TokenError) as error:
        line = f" at line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise SetupError(f"{file} is no Python{line} ({error}): {_NO_PYTHON}") from error
    except (RecursionError, MemoryError) as error:
        raise SetupError(f"{file} is nested too deeply: {_NO_PYTHON}") from error
    return ModuleSource(
        path=file,
        tree=tree,
        lines=text.split("\n"),
        parents=parents,
        imports=_imports(tree, parents),
        named=dict(_named(tree.body)),
    )


def _parents(tree: ast.Module) -> dict[ast.AST, ast.AST]:
    """What each node stands in.

    Raises:
        RecursionError: The tree is too deep.
        ValueError: It is too large.
    """
    found: dict[ast.AST, ast.AST] = {}
    waiting: list[tuple[ast.AST, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEEPEST:
            raise RecursionError
        if len(found) > MOST_NODES:
            raise ValueError(f"it has more than {MOST_NODES} nodes")
        for child in ast.iter_child_nodes(node):
            found[child] = node
            waiting.append((child, depth + 1))
    return found


def _imports(tree: ast.Module, nodes: dict[ast.AST, ast.AST]) -> dict[str, ImportedName]:
    found: dict[str, ImportedName] = {}
    for node in (tree, *nodes):
        if isinstance(node, ast.Import):
            for each in node.names:
                full = each.name if each.asname else each.name.partition(".")[0]
                found[each.asname or full] = ImportedName(full, 0)
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                found[each.asname or each.name] = ImportedName(
                    node.module or "", node.level, each.name
                )
    return found


def _named(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """Yield names of a module and what defines them, also within `if` and `try`."""
    for each in body:
        match each:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, each
            case ast.ClassDef(name=name):
                yield name, each
            case ast.Assign(targets=targets):
                yield from ((to.id, each) for to in targets if isinstance(to, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, each
            case ast.If() | ast.Try():
                yield from _named([*each.body, *each.orelse])
            case _:
                continue
