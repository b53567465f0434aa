"""What rules ask of a grader: which side of a comparison is which, and what was checked before."""

import ast
from collections.abc import Iterator
from functools import lru_cache

from foretoken.audit.source import patterns
from foretoken.audit.source.followed import Followed
from foretoken.audit.source.held import Held, Role


def is_answer(held: Held) -> bool:
    """Whether it is made of the answer, and not of the truth."""
    return held.has(Role.ANSWER) and not held.has(Role.TRUTH)


def is_truth(held: Held) -> bool:
    """Whether it is made of the truth, and not of the answer."""
    return held.has(Role.TRUTH) and not held.has(Role.ANSWER)


def sides(followed: Followed, kind: type[ast.cmpop]) -> Iterator[tuple[ast.Compare, Held, Held]]:
    """Yield comparisons of two by one operator, and what stands on either side."""
    for node in followed.every(ast.Compare):
        if len(node.ops) == 1 and isinstance(node.ops[0], kind):
            yield node, followed.of(node.left), followed.of(node.comparators[0])


def receiver(followed: Followed, call: ast.Call) -> Held:
    """What a method is called on."""
    return followed.of(call.func.value if isinstance(call.func, ast.Attribute) else None)


def matched_as_a_whole(followed: Followed, node: ast.AST, letters: str) -> bool:
    """Whether the function that a node stands in matches whole answers by a pattern.

    Args:
        followed: The grader.
        node: What follows the check.
        letters: Characters of which the pattern must allow none.
    """
    whole = _whole_patterns(followed, followed.function_of(node))
    return any(not patterns.may_say(each, letters) for each in whole)


@lru_cache(maxsize=500)
def _whole_patterns(followed: Followed, function: ast.AST) -> list[str]:
    found: list[str] = []
    for call in followed.within(function, ast.Call):
        name, held = followed.names.get(call, ""), followed.of(call)
        matches = name in ("re.match", "re.fullmatch", "re.search") and held.has(Role.ANSWER)
        if matches and held.matched and patterns.is_whole(held.matched, method=name[3:]):
            found.append(held.matched)
    return found


def counted(followed: Followed, node: ast.AST) -> bool:
    """Whether the function that a node stands in counts what it found in an answer."""
    return _counts(followed, followed.function_of(node))


@lru_cache(maxsize=500)
def _counts(followed: Followed, function: ast.AST) -> bool:
    for each in followed.within(function, ast.Compare):
        limits = any(isinstance(op, ast.Eq | ast.NotEq | ast.Gt | ast.LtE) for op in each.ops)
        parts = (each.left, *each.comparators)
        if not limits or any(isinstance(s, ast.Constant) and s.value == 0 for s in parts):
            continue
        for call in followed.within(each, ast.Call):
            name = followed.names.get(call, "")
            on = followed.of(call.args[0]) if name == "len" and call.args else Held()
            on = receiver(followed, call) if name.endswith("count") else on
            if on.has(Role.ANSWER):
                return True
    return False
