"""Rules on how an answer is compared with the truth as a number."""

import ast
from collections.abc import Iterator

from foretoken.audit.source.base import Severity, SourceRule
from foretoken.audit.source.checks import is_answer, matched_as_a_whole, sides
from foretoken.audit.source.followed import Followed
from foretoken.audit.source.held import Kind, Role
from foretoken.audit.source.rewards import payings

WIDE = 1e-3
"""Tolerance from which on numbers are called equal that are not."""
_TOLERANCES = ("rel", "abs", "rel_tol", "abs_tol", "rtol", "atol")
_FINITE = ("isfinite", "isnan", "isinf", "nan_to_num", "is_nan", "is_finite")
_WORDS = "nif"
"""Letters of `nan` and `inf`."""


def a_wide_tolerance(followed: Followed) -> Iterator[ast.AST]:
    """It calls numbers equal that are further apart than rounding explains."""
    for node in followed.every(ast.Compare):
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE):
            pair = (node.left, node.comparators[0])
            if not _pays_by_distance(followed, node) and any(
                _is_distance(followed, one) and _limit(followed, other) > WIDE
                for one, other in (pair, pair[::-1])
            ):
                yield node
    for call, name in followed.names.items():
        if name.endswith(("isclose", "allclose", "approx")):
            near = any(followed.of(each).roles for each in call.args)
            limits = [_limit(followed, k.value) for k in call.keywords if k.arg in _TOLERANCES]
            if near and max(limits, default=0.0) > WIDE:
                yield call


def _pays_by_distance(followed: Followed, node: ast.AST) -> bool:
    """Whether the function that a node stands in gives less for what is further off."""
    around = followed.function_of(node)
    for each in payings(followed):
        held = followed.of(each.node)
        computed = not each.decides and held.has(Role.ANSWER, Role.TRUTH)
        if computed and held.kind is Kind.NUMBER and followed.function_of(each.node) is around:
            return True
    return False


def _is_distance(followed: Followed, node: ast.expr) -> bool:
    """Whether it is how far an answer is from the truth."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _is_distance(followed, node.left)
    held = followed.of(node)
    name = followed.names.get(node, "") if isinstance(node, ast.Call) else held.made_by
    distance = name.rpartition(".")[2] in ("abs", "fabs")
    return distance and held.kind is Kind.NUMBER and held.has(Role.ANSWER, Role.TRUTH)


def _limit(followed: Followed, node: ast.expr) -> float:
    """The largest constant of a tolerance; 0 where there is none."""
    held = followed.of(node)
    if isinstance(held.constant, int | float):
        return float(held.constant)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        constants = [followed.of(each).constant for each in (node.left, node.right)]
        return max([float(c) for c in constants if isinstance(c, int | float)], default=0.0)
    if isinstance(node, ast.Call) and followed.names.get(node) in ("max", "min"):
        return max([_limit(followed, each) for each in node.args], default=0.0)
    return 0.0


def rounds_before_it_compares(followed: Followed) -> Iterator[ast.AST]:
    """It drops decimals of an answer, so that numbers between two whole ones are paid."""
    for node, left, right in sides(followed, ast.Eq):
        pairs = ((node.left, right), (node.comparators[0], left))
        if any(
            isinstance(side, ast.Call) and other.has(Role.TRUTH) and _drops(followed, side)
            for side, other in pairs
        ):
            yield node


def _drops(followed: Followed, call: ast.Call) -> bool:
    name = followed.names.get(call, "")
    if not is_answer(followed.of(call)) or not call.args:
        return False
    if name == "round":
        digits = followed.of(call.args[1]).constant if len(call.args) > 1 else 0
        return isinstance(digits, int) and digits < 2
    whole = name in ("int", "math.floor", "math.ceil", "math.trunc")
    return whole and followed.of(call.args[0]).kind is Kind.NUMBER


def a_number_that_may_be_none(followed: Followed) -> Iterator[ast.AST]:
    """It reads `nan` and `inf` as numbers, and computes a reward from them."""
    if any(name.endswith(_FINITE) for name in followed.names.values()):
        return
    for each in payings(followed):
        held = followed.of(each.node)
        given = not each.decides and held.has(Role.FLOAT) and held.kind is Kind.NUMBER
        if given and not matched_as_a_whole(followed, each.node, _WORDS):
            yield each.node
    for node in followed.every(ast.If):
        if _is_refused(node) and _is_far(followed, node.test):
            yield node.test
    for node in followed.every(ast.UnaryOp):
        if isinstance(node.op, ast.Not) and _is_far(followed, node.operand):
            yield node.operand


def _is_far(followed: Followed, test: ast.expr) -> bool:
    """Whether a condition is that an answer is far from the truth: `nan` never is."""
    far = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Gt | ast.GtE)
    if not isinstance(test, ast.Compare) or not far:
        return False
    held = followed.of(test.left)
    return held.has(Role.FLOAT, Role.TRUTH) and not matched_as_a_whole(followed, test, _WORDS)


def _is_refused(node: ast.If) -> bool:
    """Whether what fulfils a condition gets nothing."""
    last = node.body[-1]
    said = last.value if isinstance(last, ast.Return) else None
    return isinstance(said, ast.Constant) and not said.value


_EXACT = "compare exact values; allow a tolerance only where the question asks for decimals"

NUMBERS = (
    SourceRule(
        a_wide_tolerance,
        *(Severity.WARNING, _EXACT, "issue threads of math-verify and lm-eval on tolerance"),
        ("a_little_off", "off_by_rounding"),
    ),
    SourceRule(
        rounds_before_it_compares,
        *(Severity.WARNING, _EXACT, "what rounding does"),
        ("off_by_rounding",),
    ),
    SourceRule(
        a_number_that_may_be_none,
        Severity.WARNING,
        "refuse what is not finite before computing with it",
        "floating-point numbers compare false with nan",
        ("not_a_number", "infinity"),
    ),
)
