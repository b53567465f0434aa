"""Rules on how an answer is compared with the truth as text."""

import ast
from collections.abc import Iterator

from foretoken.audit.source import patterns
from foretoken.audit.source.base import Severity, SourceRule
from foretoken.audit.source.checks import is_answer, is_truth, receiver, sides
from foretoken.audit.source.followed import Followed
from foretoken.audit.source.held import Held, Kind, Role

_TEXTS = (Kind.TEXT, Kind.GIVEN)
_ALIKE = ("ratio", "partial_ratio", "token_set_ratio", "quick_ratio")
_BAGS = ("set", "sorted", "collections.Counter", "frozenset")
_TOLD_APART = ("-", ".", "%")
"""Characters without which two numbers look alike."""


def the_truth_anywhere_in_the_answer(followed: Followed) -> Iterator[ast.AST]:
    """It pays for any text in which the truth stands: longer numbers, lists, denials."""
    for node, left, right in sides(followed, ast.In):
        if is_truth(left) and is_answer(right) and right.kind in _TEXTS:
            yield node
    for call, name in followed.names.items():
        if not call.args or not is_truth(followed.of(call.args[0])):
            continue
        on = receiver(followed, call)
        counts = name in (".count", ".find", ".index")
        if counts and is_answer(on) and on.kind in _TEXTS:
            yield call
        searches = name == "re.search" and len(call.args) > 1
        if searches and is_answer(followed.of(call.args[1])) and not _ends(call.args[0]):
            yield call


def _ends(pattern: ast.expr) -> bool:
    """Whether a pattern that is put together ends with an end."""
    texts = [each.value for each in ast.walk(pattern) if isinstance(each, ast.Constant)]
    said = [each for each in texts if isinstance(each, str)]
    return bool(said) and said[-1].endswith(("$", r"\Z"))


def the_answer_anywhere_in_the_truth(followed: Followed) -> Iterator[ast.AST]:
    """It pays for any part of the truth, the empty text among them."""
    for node, left, right in sides(followed, ast.In):
        texts = left.kind in _TEXTS and right.kind is Kind.TEXT
        if texts and is_answer(left) and is_truth(right) and not _is_one_of(followed, node):
            yield node


def _is_one_of(followed: Followed, node: ast.AST) -> bool:
    """Whether only answers of one letter, or of known words, come to a comparison."""
    return any(
        isinstance(each.ops[0], ast.In | ast.NotIn)
        and each is not node
        and followed.of(each.left).has(Role.ANSWER)
        and not followed.of(each.comparators[0]).roles
        for each in followed.within(followed.function_of(node), ast.Compare)
    )


def begins_or_ends_with_the_truth(followed: Followed) -> Iterator[ast.AST]:
    """It pays for anything that begins or ends with the truth, as longer numbers do."""
    for call, name in followed.names.items():
        if name.rpartition(".")[2] in ("startswith", "endswith") and call.args:
            on, first = receiver(followed, call), followed.of(call.args[0])
            if (is_answer(on) and is_truth(first)) or (is_truth(on) and is_answer(first)):
                yield call


def compares_as_far_as_the_shorter(followed: Followed) -> Iterator[ast.AST]:
    """It compares item by item and stops with the shorter, so that a part of the truth is paid."""
    for call in followed.calls("all"):
        inner = call.args[0] if call.args else None
        if not isinstance(inner, ast.GeneratorExp | ast.ListComp):
            continue
        over, compares = inner.generators[0].iter, isinstance(inner.elt, ast.Compare)
        if not isinstance(over, ast.Call) or followed.names.get(over) != "zip" or not compares:
            continue
        strict = any(k.arg == "strict" and followed.of(k.value).constant for k in over.keywords)
        held = [followed.of(each) for each in over.args]
        both = len(held) == 2 and any(map(is_answer, held)) and any(map(is_truth, held))
        if both and not strict and not _measured(followed, call):
            yield call


def _measured(followed: Followed, node: ast.AST) -> bool:
    """Whether lengths are compared in the function that a node stands in."""
    for each in followed.within(followed.function_of(node), ast.Compare):
        inner = [followed.names.get(c) for c in ast.walk(each) if isinstance(c, ast.Call)]
        if inner.count("len") == 2:
            return True
    return False


def accepts_what_is_spelt_nearly_alike(followed: Followed) -> Iterator[ast.AST]:
    """It pays for what is spelt nearly like the truth, as a number with one other digit is."""
    for node in followed.every(ast.Compare):
        if isinstance(node.ops[0], ast.Gt | ast.GtE) and isinstance(node.left, ast.Call):
            name = followed.names.get(node.left, "")
            held = followed.of(node.left)
            limit = followed.of(node.comparators[0]).constant
            alike = name.rpartition(".")[2] in _ALIKE and held.has(Role.ANSWER)
            if alike and isinstance(limit, int | float) and limit not in (1, 100):
                yield node


def drops_what_tells_numbers_apart(followed: Followed) -> Iterator[ast.AST]:
    """It deletes characters that tell numbers apart, as a minus, a point or a percent sign."""
    for call in followed.calls("re.sub"):
        pattern, text, by = _substituted(followed, call)
        deletes = by == "" and followed.of(text).has(Role.ANSWER)
        if pattern and deletes and all(patterns.deletes(pattern, each) for each in "-."):
            yield call
    for call in followed.calls(".replace", ".strip", ".lstrip", ".rstrip"):
        if receiver(followed, call).has(Role.ANSWER) and _deletes(followed, call):
            yield call
    for node, left, right in sides(followed, ast.Eq):
        pairs = ((node.left, left, right), (node.comparators[0], right, left))
        if any(_is_absolute(followed, *each) for each in pairs):
            yield node


def _is_absolute(followed: Followed, side: ast.expr, held: Held, other: Held) -> bool:
    absolute = isinstance(side, ast.Call) and followed.names.get(side) == "abs"
    return absolute and is_answer(held) and is_truth(other)


def _deletes(followed: Followed, call: ast.Call) -> bool:
    """Whether a method of a text deletes one of the characters that tell numbers apart."""
    said = [followed.of(each).constant for each in call.args]
    if not said or not isinstance(said[0], str):
        return False
    name = followed.names[call]
    if name == ".replace":
        return said[0] in _TOLD_APART and said[1:] == [""]
    told = ("%",) if name == ".rstrip" else ("-", "%")
    return any(each in said[0] for each in told)


def _substituted(followed: Followed, call: ast.Call) -> tuple[str | None, ast.expr | None, object]:
    """The pattern, the text, and what replaces it in a call of `sub`."""
    compiled = receiver(followed, call)
    args = list(call.args)
    pattern = compiled.constant
    if compiled.kind is not Kind.PATTERN:
        pattern = followed.of(args.pop(0)).constant if args else None
    if len(args) < 2 or not isinstance(pattern, str):
        return None, None, None
    return pattern, args[1], followed.of(args[0]).constant


def compares_characters_as_a_bag(followed: Followed) -> Iterator[ast.AST]:
    """It compares which characters there are, not their order."""
    for node, left, right in sides(followed, ast.Eq):
        inner = [_bagged(followed, side) for side in (node.left, node.comparators[0])]
        texts = all(kind in _TEXTS for kind in inner) and Kind.TEXT in inner
        if texts and (is_answer(left) or is_answer(right)):
            yield node


def _bagged(followed: Followed, side: ast.expr) -> Kind:
    """Of what type that is of which a bag is made."""
    if isinstance(side, ast.Call) and followed.names.get(side) in _BAGS and side.args:
        return followed.of(side.args[0]).kind
    return Kind.NONE


_WHOLE = "compare the value of the whole final answer, not its characters"
_LOGIC = "what comparing texts or parsed values does"

COMPARING = (
    SourceRule(
        the_truth_anywhere_in_the_answer,
        *(Severity.ERROR, _WHOLE, _LOGIC),
        ("contains_the_truth", "two_answers", "many_answers", "denied", "hedge"),
    ),
    SourceRule(
        the_answer_anywhere_in_the_truth,
        *(Severity.ERROR, _WHOLE, _LOGIC),
        ("part_of_the_truth", "nothing", "form_without_content"),
    ),
    SourceRule(
        begins_or_ends_with_the_truth,
        *(Severity.ERROR, _WHOLE, _LOGIC),
        ("begins_with_the_truth", "ends_with_the_truth", "two_answers", "hedge"),
    ),
    SourceRule(
        compares_as_far_as_the_shorter,
        *(Severity.ERROR, "compare lengths too, or zip with strict=True", _LOGIC),
        ("begins_with_the_truth", "part_of_the_truth", "nothing"),
    ),
    SourceRule(
        accepts_what_is_spelt_nearly_alike,
        *(Severity.WARNING, _WHOLE, _LOGIC),
        ("begins_with_the_truth", "ends_with_the_truth", "hundred_times", "wrong_answer"),
    ),
    SourceRule(
        drops_what_tells_numbers_apart,
        *(Severity.NOTE, _WHOLE, _LOGIC),
        ("other_sign", "digits_apart", "as_percent"),
    ),
    SourceRule(compares_characters_as_a_bag, *(Severity.ERROR, _WHOLE, _LOGIC), ("digits_turned",)),
)
