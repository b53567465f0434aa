"""Rules on how a grader finds the final answer in a completion."""

import ast
from collections.abc import Iterator

from foretoken.audit.source import patterns
from foretoken.audit.source.base import Severity, SourceRule
from foretoken.audit.source.calls import MATCHING
from foretoken.audit.source.checks import counted, is_answer, is_truth, sides
from foretoken.audit.source.followed import Followed
from foretoken.audit.source.held import Kind, Role

_FIRST = ("search", "match", "findall", "finditer")


def the_truth_among_several(followed: Followed) -> Iterator[ast.AST]:
    """It pays where the truth is one of the things that an answer lists."""
    for node, left, right in sides(followed, ast.In):
        several = right.kind is Kind.SEVERAL and right.made_by != "literal"
        if is_truth(left) and is_answer(right) and several and not counted(followed, node):
            yield node
    for call in followed.calls("any"):
        inner = call.args[0] if call.args else None
        if isinstance(inner, ast.GeneratorExp | ast.ListComp) and not counted(followed, call):
            over = followed.of(inner.generators[0].iter)
            several = over.kind is Kind.SEVERAL and is_answer(over)
            if several and _is_the_truth(followed, inner.elt):
                yield call


def _is_the_truth(followed: Followed, node: ast.expr) -> bool:
    """Whether it is an equation with the truth."""
    if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq):
        return False
    return any(is_truth(followed.of(each)) for each in (node.left, *node.comparators))


def takes_the_first(followed: Followed) -> Iterator[ast.AST]:
    """It takes the first of several answers, and what is said later does not count."""
    for call, name in followed.names.items():
        if name.startswith("re.") and name[3:] in _FIRST and _is_first(followed, call, name[3:]):
            yield call
    for node in followed.every(ast.Subscript):
        on = followed.of(node.value)
        if not is_answer(on) or counted(followed, node):
            continue
        if _is_second_part(followed, node) or _is_first_character(followed, node):
            yield node


def _is_second_part(followed: Followed, node: ast.Subscript) -> bool:
    """Whether it is what follows the first of several marks, and the rest is not looked at."""
    on = followed.of(node.value)
    if on.made_by != ".split" or on.kind is not Kind.SEVERAL:
        return False
    call = node.value
    if isinstance(call, ast.Call) and len(call.args) + len(call.keywords) != 1:
        return False
    said = ast.unparse(node.value)
    read = {
        followed.of(each.slice).constant
        for each in followed.within(followed.function_of(node), ast.Subscript)
        if ast.unparse(each.value) == said
    }
    return followed.of(node.slice).constant == 1 and 0 not in read


def _is_first_character(followed: Followed, node: ast.Subscript) -> bool:
    """Whether it is the first character or find, and is compared with the truth."""
    on = followed.of(node.value)
    match node.slice:
        case ast.Slice(lower=None, upper=ast.Constant(value=1), step=None):
            first = on.kind in (Kind.TEXT, Kind.SEVERAL)
        case ast.Constant(value=0):
            first = on.kind is Kind.TEXT
        case _:
            return False
    for above in followed.above(node):
        if isinstance(above, ast.Compare):
            held = [followed.of(each) for each in (above.left, *above.comparators)]
            return first and isinstance(above.ops[0], ast.Eq) and any(map(is_truth, held))
        if isinstance(above, ast.stmt):
            break
    return False


def _is_first(followed: Followed, call: ast.Call, method: str) -> bool:
    """Whether a call of `re` finds a text in an answer, and its first place is taken."""
    held = followed.of(call)
    if not is_answer(held) or held.matched is None or counted(followed, call):
        return False
    if not patterns.takes_first(held.matched, at_start=method == "match"):
        return False
    reads = _takes_element if method in ("findall", "finditer") else _reads_group
    return any(reads(followed, each) for each in _uses(followed, call))


def _uses(followed: Followed, node: ast.expr) -> Iterator[ast.AST]:
    """Yield where a value is used: where it stands, and where the name stands that it is given."""
    yield node
    above = next(followed.above(node), None)
    if isinstance(above, ast.Assign | ast.NamedExpr):
        targets = above.targets if isinstance(above, ast.Assign) else [above.target]
        names = {each.id for each in targets if isinstance(each, ast.Name)}
        for each in followed.within(followed.function_of(node), ast.Name):
            if each.id in names and isinstance(each.ctx, ast.Load):
                yield each


def _takes_element(followed: Followed, node: ast.AST) -> bool:
    above = next(followed.above(node), None)
    if isinstance(above, ast.Subscript) and above.value is node:
        return followed.of(above.slice).constant == 0
    return isinstance(above, ast.Call) and followed.names.get(above) == "next"


def _reads_group(followed: Followed, node: ast.AST) -> bool:
    above = next(followed.above(node), None)
    if isinstance(above, ast.Subscript):
        return above.value is node
    return isinstance(above, ast.Attribute) and above.attr in ("group", "groups", "groupdict")


def a_pattern_that_never_ends(followed: Followed) -> Iterator[ast.AST]:
    """Its pattern has a repeat within a repeat: a short answer can keep it busy for hours."""
    for call, name in followed.names.items():
        if name.startswith("re.") and name[3:] in MATCHING:
            compiled = isinstance(call.func, ast.Attribute) and followed.of(call.func.value)
            if compiled and compiled.kind is Kind.PATTERN:
                pattern = compiled.constant
            else:
                pattern = followed.of(call.args[0]).constant if call.args else None
            reads = followed.of(call).has(Role.ANSWER)
            if isinstance(pattern, str) and reads and patterns.backtracks(pattern):
                yield call


_LAST = "take the last final answer alone, or refuse completions with several"
_SEEN = "rollouts of reinforcement learning on mathematics"

FINDING = (
    SourceRule(
        the_truth_among_several,
        *(Severity.ERROR, _LAST, _SEEN),
        ("two_answers", "many_answers", "form_spam", "many_forms_wrong_last", "hedge"),
    ),
    SourceRule(
        takes_the_first,
        *(Severity.WARNING, _LAST, _SEEN),
        ("right_first_then_wrong", "many_forms_wrong_last", "nested_form", "form_spam"),
    ),
    SourceRule(
        a_pattern_that_never_ends,
        Severity.WARNING,
        "write the pattern so that each text fits it in one way, or bound its repeats",
        "catastrophic backtracking of regular expressions",
        ("thousands_of_blanks", "cut_after_many_thoughts", "open_brackets", "endless_digits"),
    ),
)
