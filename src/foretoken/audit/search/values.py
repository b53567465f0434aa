"""What a text could be taken to say: generous on purpose, so that nothing right is called wrong."""

import ast
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import isfinite

NEAR = 2e-3
"""Relative distance to the truth within which a number that is not whole may be a rounded one."""
_MOST = 1e15
_LONGEST = 200
_HIDDEN = re.compile(r"<!--.*?-->|\\[hv]?phantom\{[^{}]*\}", re.DOTALL)
_LINE_END = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\{([^{}]*)\}")
_COMMAND = re.compile(r"\\(?:text|mathrm|mathbf|boxed|left|right|displaystyle)\b|\\[,;:! ]")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?%?|\.\d+%?")
_BASED = re.compile(r"0[xob][0-9a-f]+")
_SUM = re.compile(r"[\d.+\-*/^()%\se]+")
_UNSEEN = ("Cf", "Cs", "Cc", "Mn")
_CALCULATION = re.compile(r"[\d)]\s*[+\-*/^(]|[+\-*/^(]\s*[\d(]")
_BRACES = re.compile(r"[{}$*\\]")
_DIGIT = re.compile(r"\d")
_GAP = re.compile(r"(?<=\d)[\s,_'](?=\d)")
_LETTER = re.compile(r"[olis|\u2212]")
_SIGNS = "-\u2212\u2013"
_LOOK_ALIKE = str.maketrans({"o": "0", "l": "1", "i": "1", "|": "1", "s": "5", "\u2212": "-"})
_OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Pow: lambda a, b: a**b,
}


def visible(text: str) -> str:
    """A text without comments, and without LaTeX that is not shown."""
    return _HIDDEN.sub(" ", text)


def shown(text: str, *, unseen: str = "") -> str:
    """What a reader sees of a text: normalised, with lines that end alike.

    Args:
        text: Any.
        unseen: Stands in the place of each sign that is not seen.
    """
    plain = unicodedata.normalize("NFKC", _LINE_END.sub("\n", text))
    return "".join(_plain(each, unseen) for each in plain)


def _plain(sign: str, unseen: str) -> str:
    kind = unicodedata.category(sign)
    if kind == "Nd":
        return str(unicodedata.digit(sign))
    return unseen if kind in _UNSEEN and sign not in "\n\t" else sign


def as_sum(text: str) -> str:
    """LaTeX in the signs of a calculation, as far as it is known."""
    for _ in range(4):
        text = _ROOT.sub(r"((\1)**0.5)", _FRACTION.sub(r"((\1)/(\2))", text))
    text = text.replace("\\cdot", "*").replace("\\times", "*").replace("\u00d7", "*")
    return _COMMAND.sub(" ", text).replace("\\%", "%").replace("\u2212", "-").replace("\u00f7", "/")


def calculated(text: str) -> float | None:
    """The value of a calculation with numbers alone; None: it is none, or too large."""
    short = re.sub(r"\s*([+\-*/^()])\s*", r"\1", text.strip()).replace("^", "**")
    if "%" in short:
        return None
    short = re.sub(r"(?<![\d.])0+(?=\d)", "", short)
    if not _DIGIT.search(short) or len(short) > _LONGEST or not _SUM.fullmatch(short):
        return None
    with suppress(SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError, TypeError):
        return _value(ast.parse(short, mode="eval").body)
    return None


def _value(node: ast.AST) -> float:
    match node:
        case ast.Constant(value=int() | float() as value) if abs(value) < _MOST:
            return float(value)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _value(inner)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            a, b = _value(left), _value(right)
            if isinstance(sign, ast.Pow) and (abs(b) > 60 or a < 0):
                raise ValueError
            result = _OPERATORS[type(sign)](a, b)
            if isfinite(result) and abs(result) < _MOST:
                return result
        case _:
            pass
    raise ValueError


def could_be(value: float, right: float) -> bool:
    """Whether a number may be meant as the right one: equal, or not whole and very near."""
    if value == right:
        return True
    near = abs(value - right) <= NEAR * max(1.0, abs(right))
    return near and not (value.is_integer() and right.is_integer())


def says_number(text: str, right: float) -> bool:
    """Whether a text, as `shown`, says a number anywhere, in any way of writing it."""
    text = text.casefold()
    if not _DIGIT.search(text):
        return False
    plain = as_sum(text)
    closed = _GAP.sub("", plain)
    ways = {plain, closed, plain.replace("_", ""), plain.replace(",", ""), plain.replace(",", ".")}
    ways.add(_BRACES.sub("", plain))
    ways |= {"".join(way.split()) for way in (plain, closed)}
    if _LETTER.search(plain):
        ways |= {each.translate(_LOOK_ALIKE) for each in (plain, closed)}
    return any(could_be(value, right) for way in ways for value in _numbers(way))


def _numbers(text: str) -> Iterator[float]:
    for found in _NUMBER.finditer(text):
        digits = found[0].rstrip("%")
        sign = -1 if _is_signed(text, found.start()) else 1
        if len(digits) < 40:
            yield sign * float(digits)
            if "e" in digits:
                yield sign * float(digits.partition("e")[0])
            if found[0].endswith("%"):
                yield float(digits) / 100
    for found in _BASED.finditer(text):
        with suppress(ValueError):
            yield float(int(found[0], 0))
    for found in _SUM.finditer(text):
        if _CALCULATION.search(found[0]):
            sums = map(calculated, {found[0], *found[0].split()})
            yield from (value for value in sums if value is not None)


def _is_signed(text: str, start: int) -> bool:
    """Whether a minus that belongs to it stands before a number: not a dash, nor a bullet."""
    if start == 0 or text[start - 1] not in _SIGNS or "abs" in text or "|" in text:
        return False
    before = text[: start - 1]
    return before.strip() == "" or before[-1] in "([{$ =\n"
