"""What an answer is made of: features that stay when names and numbers change.

Code is read as a syntax tree: short paths of node types with local names and literals left out, and
beside them what it calls, imports, raises, defines, writes and says in comments. Of anything else
its words and pairs of words are read. Nothing that a model wrote is executed.
"""

import ast
import io
import re
import sys
import tokenize
import warnings
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

DEEPEST = 60
"""Nested brackets or indents that are parsed."""
MOST_CHARACTERS = 4_000
"""Of a text that is no code, which are read."""
SHINGLE = 3
"""Node types of a path."""
_LONGEST_WORD = 24
_TOKEN = re.compile(r"[a-z_0-9'-]+|[^\sa-z_0-9'-]")
"""A word, or any other sign by itself, of a text that is no code."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9.:]{2,}")
_KINDS = {
    "call": "calls",
    "raise": "raises",
    "import": "imports",
    "set": "sets",
    "define": "defines",
}
_SAYS = {"text": "says", "note": "notes", "pair": "says", "word": "says"}
_SHAPES = {
    "Return/Constant": "returns a constant",
    "Return/Attribute": "returns an attribute",
    "Return/Subscript": "returns an item",
    "Module/Import": "imports a module",
    "Module/Assign": "assigns outside of functions",
    "arguments/kwarg": "takes any keyword",
    "note": "has a comment",
}
"""What the end of a path of node types says in words."""


@lru_cache(maxsize=1_000)
def parsed(text: str) -> ast.Module | None:
    """Return the syntax tree of an answer; None where it is no Python, or nested too deep."""
    if _depth(text) > DEEPEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if tree.body and not _is_prose(tree) else None


@lru_cache(maxsize=20_000)
def features(text: str) -> frozenset[str]:
    """Return what an answer is made of."""
    tree = parsed(text)
    if tree is None:
        return frozenset(map(sys.intern, _words(text)))
    found = {f"{kind} {name}" for kind, name in names(tree)} | _shingles(tree)
    said = _comment_words(text)
    found |= {f"note {word}" for word in said} | ({"path note"} if said else set())
    return frozenset(map(sys.intern, found))


def names(tree: ast.Module) -> set[tuple[str, str]]:
    """Return what code calls, raises, imports, sets, defines by a special name, and says."""
    found: set[tuple[str, str]] = set()
    local = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("__")
    }
    for node in ast.walk(tree):
        found |= {(kind, name) for kind, name in _named(node) if name.split(".")[0] not in local}
        if isinstance(node, ast.Assign):
            found |= {
                ("set", target.attr) for target in node.targets if isinstance(target, ast.Attribute)
            }
    return found


def _words(text: str) -> Iterator[str]:
    """The words of a text that is no code, and its pairs of neighbouring ones."""
    plain = re.sub(r"\d+", "0", text[:MOST_CHARACTERS].lower())
    said = ["", *(word[:_LONGEST_WORD] for word in _TOKEN.findall(plain)), ""]
    yield from (f"word {word}" for word in said)
    yield from (f"pair {a} {b}" for a, b in pairwise(said))


def is_word(feature: str) -> bool:
    """Whether a feature is a word, or a pair of words, of a text that is no code."""
    return feature.startswith(("word ", "pair "))


def readable(feature: str) -> str:
    """Return a feature in words; empty for those that only tell structures apart."""
    kind, _, name = feature.partition(" ")
    if kind in _KINDS:
        return f"{_KINDS[kind]} {name}"
    if kind in _SAYS:
        return f"{_SAYS[kind]} “{name}”"
    return _SHAPES.get("/".join(name.split("/")[-2:]), "") if kind == "path" else ""


def _named(node: ast.AST) -> list[tuple[str, str]]:
    match node:
        case ast.Call(func=called):
            return [("call", name) for name in [dotted(called)] if name]
        case ast.Raise(exc=ast.Call(func=raised) | (ast.Name() | ast.Attribute() as raised)):
            return [("raise", dotted(raised))]
        case ast.Import(names=imported):
            return [("import", each.name) for each in imported]
        case ast.ImportFrom(module=module, names=imported):
            return [("import", module or "."), *(("call", each.name) for each in imported)]
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) if name.startswith("__"):
            return [("define", name)]
        case ast.Constant(value=str() as said):
            return [("text", word[:_LONGEST_WORD]) for word in _WORD.findall(said)[:8]]
        case ast.Attribute():
            return [("call", dotted(node))] if dotted(node) else []
        case _:
            return []


def dotted(node: ast.AST) -> str:
    """Return a name with its attributes, as `os.environ`; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return f".{parts[-1]}" if parts else ""
    return ".".join([node.id, *reversed(parts)])


def _shingles(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    waiting: list[tuple[ast.AST, tuple[str, ...]]] = [(tree, ())]
    while waiting:
        node, above = waiting.pop()
        if isinstance(node, ast.expr_context):
            continue
        path = (*above, type(node).__name__)[-SHINGLE:]
        found.add(f"path {'/'.join(path)}")
        if isinstance(node, ast.arguments) and node.kwarg is not None:
            found.add("path arguments/kwarg")
        waiting += [(child, path) for child in ast.iter_child_nodes(node)]
    return found


def _comment_words(text: str) -> set[str]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, IndentationError, ValueError):
        return set()
    said = " ".join(token.string for token in tokens if token.type == tokenize.COMMENT)
    return {word[:_LONGEST_WORD] for word in _WORD.findall(said)}


def _depth(text: str) -> int:
    """Most brackets that are open at once, signs in a row or steps of indentation."""
    deepest = depth = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    indents = max((len(line) - len(line.lstrip()) for line in text.splitlines()), default=0)
    signs = max((len(run) for run in re.findall(r"(?:[-+~]\s*|not\s+)+", text)), default=0)
    return max(deepest, indents // 2, signs // 2)


def _is_prose(tree: ast.Module) -> bool:
    """Whether a text only happens to parse: a word, a number, words in a tuple."""
    return not any(
        isinstance(node, ast.stmt) and not isinstance(node, ast.Expr) for node in ast.walk(tree)
    )
