"""Reading what others wrote, without running any of it: names, signatures, literals, files."""

import ast
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from foretoken.errors import TaskError
from foretoken.files import read_text
from foretoken.records import Parsed
from foretoken.sandbox.wire import Tree, WireError, encode
from foretoken.tasks.code import Case
from foretoken.tasks.lines import refuse_halves

MOST_BYTES = 1 << 18
"""Longest file or text that is read."""
_FILE_NAME = re.compile(r"[\w.~/\\:-]+")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Signature:
    """How a function of a source text is called."""

    name: str
    parameters: tuple[str, ...]
    fewest: int
    """Parameters without a default."""
    more: bool
    """Whether it takes any number (`*args`)."""

    def args(self, given: Parsed) -> tuple[Parsed, ...] | None:
        """The arguments for one input; None where it does not fit.

        A function of one parameter gets the input whole; any other gets the items of a list or
        tuple.
        """
        if len(self.parameters) == 1 and not self.more:
            return (given,)
        if not isinstance(given, list | tuple) or not self.accepts(len(given)):
            return None
        return tuple(given)

    def accepts(self, count: int) -> bool:
        """Whether it can be called with so many arguments."""
        return self.fewest <= count and (self.more or count <= len(self.parameters))


def _parsed(parse: Callable[[str], _Answer], text: str, what: str) -> _Answer:
    if len(text) > MOST_BYTES:
        raise TaskError(f"{what} is longer than {MOST_BYTES} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parse(text)
    except (MemoryError, RecursionError) as error:
        raise TaskError(f"{what} is not Python (nested too deep)") from error
    except (SyntaxError, ValueError, TypeError) as error:
        raise TaskError(f"{what} is not Python ({type(error).__name__}: {error})") from error


def functions(code: str, what: str) -> dict[str, ast.FunctionDef]:
    """The functions at the top level of a source text, by name.

    Raises:
        TaskError: It does not parse.
    """
    tree = _parsed(ast.parse, code, what)
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def signature(code: str, name: str | None, what: str) -> Signature:
    """How to call a function of a source text; without a name, its only function.

    Raises:
        TaskError: It does not parse, or has no such function.
    """
    found = functions(code, what)
    if name is None:
        if len(found) != 1:
            raise TaskError(f"{what} defines {len(found)} functions: say which in function_name")
        name = next(iter(found))
    if name not in found:
        raise TaskError(f"{what} does not define the function {name}")
    arguments = found[name].args
    if any(default is None for default in arguments.kw_defaults):
        raise TaskError(f"{what}: {name} has parameters that can be given by name only")
    parameters = tuple(one.arg for one in (*arguments.posonlyargs, *arguments.args))
    fewest = len(parameters) - len(arguments.defaults)
    return Signature(name, parameters, fewest, arguments.vararg is not None)


def literal(text: str, what: str) -> Parsed:
    """The value of a Python literal.

    Raises:
        TaskError: It is none, or too long.
    """
    return _parsed(ast.literal_eval, text.strip(), what)


def check_cases(cases: tuple[Case, ...]) -> None:
    """Refuse cases that cannot cross into the sandbox.

    Raises:
        TaskError: One is too large or too deep, or holds a value of a type that is not plain.
    """
    for number, case in enumerate(cases, start=1):
        try:
            trees = encode(case.args), encode(case.expected)
        except WireError as error:
            raise TaskError(f"test case {number}: {error}") from error
        if any(_opaque(tree) for tree in trees):
            raise TaskError(f"test case {number} holds a value of a type that is not plain")


def _opaque(tree: Tree) -> bool:
    if isinstance(tree, dict):
        return "o" in tree or any(_opaque(item) for item in tree.values())
    return isinstance(tree, list) and any(_opaque(item) for item in tree)


def printable(text: str) -> str:
    """A text that a terminal, a file and a web page can show in one line; others choose it."""
    return text if text.isprintable() else ascii(text)[1:-1]


def text_of(folder: Path, name: str, what: str) -> str:
    """The text of a file of the folder.

    Raises:
        TaskError: It lies outside of the folder, is no regular file, is too long, or is not UTF-8.
    """
    it = name if what == name else f"{what}: the file {name!r}"
    try:
        path = (folder / name).resolve()
        inside = path.is_relative_to(folder.resolve())
        if Path(name).is_absolute() or ".." in Path(name).parts or not inside:
            raise TaskError(f"{it} lies outside of the problem's folder")
        return read_text(path, most_bytes=MOST_BYTES)
    except FileNotFoundError as error:
        raise TaskError(f"{it} is not in the problem's folder") from error
    except OSError as error:
        raise TaskError(f"{it} cannot be read: {error.strerror}") from error
    except RuntimeError as error:
        raise TaskError(f"{it} cannot be followed ({error})") from error


def asset(value: Any, folder: Path, what: str) -> str:
    """Source text that is given inline, or as the name of a file in the folder.

    Raises:
        TaskError: It is no text, or the file cannot be used.
    """
    if not isinstance(value, str) or not value.strip():
        raise TaskError(f"{what} is missing or not a text")
    refuse_halves(value, what)
    name = value.strip()
    return text_of(folder, name, what) if _FILE_NAME.fullmatch(name) else value
