"""Rules on what a grader pays when something goes wrong, and on what its reward hangs on."""

import ast
from collections.abc import Iterator

from foretoken.audit.source.base import Severity, SourceRule
from foretoken.audit.source.followed import Followed
from foretoken.audit.source.held import Role
from foretoken.audit.source.rewards import Paying, assigned, is_positive, payings, tests_above

_BROAD = ("Exception", "BaseException")
TRIFLE = 10
"""Share of what is paid otherwise, upside down, from which on an error is paid."""
_REMOTE = ("requests.", "httpx.", "openai.", "aiohttp.", "urllib.", "litellm.", "anthropic.")


def pays_for_its_own_errors(followed: Followed) -> Iterator[ast.AST]:
    """What makes it raise is paid, so a model learns to break it."""
    every = payings(followed)
    for each in every:
        handler = _handler(followed, each.node)
        if handler is None or not is_positive(followed.of(each.node)):
            continue
        if _asks_there(followed, each.node) or not _reads_answer(followed, handler):
            continue
        if _pays_otherwise(followed, every, handler, of=each.node):
            yield each.node
    yield from _after_a_silence(followed, every)


def _handler(followed: Followed, node: ast.AST) -> ast.Try | None:
    """The `try` whose handler a node stands in."""
    below = node
    for above in followed.above(node):
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return None
        if isinstance(above, ast.ExceptHandler):
            parent = next(followed.above(above), None)
            return parent if isinstance(parent, ast.Try) else None
        below = above
    assert below is not None
    return None


def _asks_there(followed: Followed, node: ast.expr) -> bool:
    """Whether a handler looks at the answer once more before it pays."""
    tests = tests_above(followed, node)
    handler = next(a for a in followed.above(node) if isinstance(a, ast.ExceptHandler))
    inside = set(ast.walk(handler))
    return any(
        followed.of(each).has(Role.ANSWER)
        for test in tests
        if test in inside
        for each in followed.within(test, ast.expr)
    )


def _reads_answer(followed: Followed, node: ast.Try | ast.With) -> bool:
    inner = [each for part in node.body for each in followed.within(part, ast.expr)]
    return any(followed.of(each).has(Role.ANSWER) for each in inner)


def _pays_otherwise(
    followed: Followed, every: list[Paying], node: ast.Try, *, of: ast.expr
) -> bool:
    """Whether what raises nothing can be paid too, and not ten times as much.

    Where it cannot, raising is what is asked for.
    """
    paid = followed.of(of).constant
    least = TRIFLE * (1.0 if isinstance(paid, str) else float(paid))
    others: list[float] = []
    inside = {each for handler in node.handlers for each in ast.walk(handler)}
    around = followed.function_of(node)
    for each in every:
        if each.node in inside or followed.function_of(each.node) is not around:
            continue
        held = followed.of(each.node)
        positive = is_positive(held) or not isinstance(each.node, ast.Constant)
        if positive and not isinstance(each.node, ast.List):
            others.append(float(held.constant) if _is_number(held.constant) else 1.0)
    return bool(others) and least >= max(others)


def _is_number(said: object) -> bool:
    return isinstance(said, int | float)


def _after_a_silence(followed: Followed, every: list[Paying]) -> Iterator[ast.AST]:
    """Yield what is paid at the end of a function whose checks may be cut short in silence."""
    for each in every:
        statement = next((a for a in followed.above(each.node) if isinstance(a, ast.stmt)), None)
        if not isinstance(statement, ast.Return) or not is_positive(followed.of(each.node)):
            continue
        before = _before(followed, statement)
        if before is not None and _is_silent(followed, before):
            yield each.node


def _before(followed: Followed, statement: ast.stmt) -> ast.AST | None:
    """The statement before one in the same block."""
    above = next(followed.above(statement), None)
    block = [] if above is None else list(ast.iter_child_nodes(above))
    place = block.index(statement) if statement in block else 0
    return block[place - 1] if place else None


def _is_silent(followed: Followed, node: ast.AST) -> bool:
    """Whether it swallows what is raised within it, where that would have refused an answer."""
    if isinstance(node, ast.Try):
        silent = any(all(_does_nothing(s) for s in h.body) for h in node.handlers)
    elif isinstance(node, ast.With):
        calls = [item.context_expr for item in node.items]
        silent = any("suppress" in ast.unparse(each) for each in calls)
    else:
        return False
    if not silent or not _reads_answer(followed, node):
        return False
    returns = [r for s in node.body for r in ast.walk(s) if isinstance(r, ast.Return)]
    refuses = [r for r in returns if r.value is None or not is_positive(followed.of(r.value))]
    checks = [a for s in node.body for a in ast.walk(s) if isinstance(a, ast.Assert)]
    return bool(refuses or checks)


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant | ast.Call)
    return isinstance(node, ast.Pass)


def pays_where_nothing_is_found(followed: Followed) -> Iterator[ast.AST]:
    """It pays where it finds no answer, or where it cannot read the truth."""
    for each in payings(followed):
        if each.decides or not is_positive(followed.of(each.node)):
            continue
        if any(_compared_elsewhere(followed, *found) for found in _empty_there(followed, each)):
            yield each.node


def _empty_there(followed: Followed, paid: Paying) -> Iterator[tuple[ast.expr, ast.AST]]:
    """Yield what is empty where something is paid, and the conditions that say so."""
    below: ast.AST = paid.node
    for above in followed.above(paid.node):
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if isinstance(above, ast.If | ast.IfExp):
            body = above.body if isinstance(above.body, list) else [above.body]
            nothing = _is_nothing(above.test)
            if nothing is not None and below in body:
                yield nothing, above
        below = above


def _is_nothing(test: ast.expr) -> ast.expr | None:
    """The expression of which a condition says that it is empty."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name() | ast.Call() as said):
            return said
        case ast.Compare(left=said, ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return said
        case ast.Compare(left=said, ops=[ast.Eq()], comparators=[ast.Constant(value="")]):
            return said
        case ast.Compare(
            left=ast.Call(func=ast.Name(id="len"), args=[said]),
            ops=[ast.Eq()],
            comparators=[ast.Constant(value=0)],
        ):
            return said
        case ast.BoolOp(op=ast.Or(), values=values):
            found = (_is_nothing(each) for each in values)
            return next((each for each in found if each is not None), None)
        case _:
            return None


def _compared_elsewhere(followed: Followed, nothing: ast.expr, test: ast.AST) -> bool:
    """Whether what is empty there is compared with the other side elsewhere."""
    held = followed.of(nothing)
    other = Role.TRUTH if held.has(Role.ANSWER) else Role.ANSWER
    if len(held.roles & {Role.ANSWER, Role.TRUTH}) != 1:
        return False
    named = {each.id for each in ast.walk(nothing) if isinstance(each, ast.Name)}
    for each in followed.within(followed.function_of(test), ast.expr):
        if isinstance(each, ast.Compare | ast.Call):
            inner = [each.left, *each.comparators] if isinstance(each, ast.Compare) else each.args
            names = any(isinstance(n, ast.Name) and n.id in named for n in ast.walk(each))
            if names and any(followed.of(n).has(other) for n in inner):
                return True
    return False


def asserts_that_can_be_switched_off(followed: Followed) -> Iterator[ast.AST]:
    """It grades by `assert`, which Python leaves out under -O: then everything is paid."""
    for node in followed.every(ast.Assert):
        guarded = any(
            isinstance(above, ast.Try)
            and any(_catches(h, "AssertionError") for h in above.handlers)
            for above in followed.above(node)
        )
        if guarded and _grades(followed, node.test):
            yield node


def _grades(followed: Followed, test: ast.expr) -> bool:
    """Whether a condition compares the answer, or what its code gave, with something else."""
    for each in followed.within(test, ast.Compare):
        held = [followed.of(side) for side in (each.left, *each.comparators)]
        if any(side.has(Role.RAN) for side in held):
            return True
        answer = any(side.has(Role.ANSWER) and not side.has(Role.TRUTH) for side in held)
        if answer and any(side.has(Role.TRUTH) and not side.has(Role.ANSWER) for side in held):
            return True
    return False


def _catches(handler: ast.ExceptHandler, name: str) -> bool:
    said = "" if handler.type is None else ast.unparse(handler.type)
    return not said or name in said or any(said == each for each in _BROAD)


def an_outage_counts_as_a_wrong_answer(followed: Followed) -> Iterator[ast.AST]:
    """It gives a number where a server it asks fails: right answers are then paid as wrong ones."""
    for each in payings(followed):
        statement = _handler(followed, each.node)
        held = followed.of(each.node)
        number = isinstance(held.constant, int | float)
        if statement is None or each.decides or not number or is_positive(held):
            continue
        inner = [c for part in statement.body for c in followed.within(part, ast.Call)]
        asked = any(followed.names.get(c, "").startswith(_REMOTE) for c in inner)
        if asked:
            yield each.node


def draws_a_reward_by_chance(followed: Followed) -> Iterator[ast.AST]:
    """What it gives hangs on a generator without a seed: the same answer is paid now and then."""
    seeds = ("random.seed", "numpy.random.seed", "torch.manual_seed")
    if any(name in seeds for name in followed.names.values()):
        return
    for node in _decisive(followed):
        drawn = isinstance(node, ast.Call) and node in followed.names
        if drawn and followed.of(node).has(Role.CHANCE):
            yield node


def _decisive(followed: Followed) -> Iterator[ast.AST]:
    """Yield all that stands in what a grader gives, or in a condition of it."""
    for each in payings(followed):
        for top in (each.node, *tests_above(followed, each.node)):
            for node in ast.walk(top):
                yield node
                if isinstance(node, ast.Name) and followed.of(node).has(Role.CHANCE):
                    yield from (part for e in assigned(followed, node) for part in ast.walk(e))


def remembers_earlier_answers(followed: Followed) -> Iterator[ast.AST]:
    """What it gives hangs on earlier answers that it remembers: order and restarts change it."""
    changed = _changed_state(followed)
    for node in _decisive(followed):
        if isinstance(node, ast.Compare) and any(
            isinstance(name, ast.Name) and name.id in changed for name in ast.walk(node)
        ):
            yield node


def _changed_state(followed: Followed) -> set[str]:
    """Names of the module in which a grader keeps answers."""
    found: set[str] = set()
    for call in followed.calls(".add", ".append", ".update", ".extend"):
        on = call.func.value if isinstance(call.func, ast.Attribute) else None
        kept = any(followed.of(each).has(Role.ANSWER) for each in call.args)
        if kept and isinstance(on, ast.Name) and _is_global(followed, on):
            found.add(on.id)
    return found


def _is_global(followed: Followed, name: ast.Name) -> bool:
    module = followed.where.get(name)
    function = followed.function_of(name)
    own = {
        each.id
        for each in ast.walk(function)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
    return module is not None and name.id in module.named and name.id not in own


_ZERO = "give an error what a wrong answer gets, and count errors"

PAYING = (
    SourceRule(
        pays_for_its_own_errors,
        *(Severity.ERROR, _ZERO, "what models learn of graders that pay for their errors"),
        ("null", "broken_latex", "nothing", "syntax_error", "exception_swallowed", "null_byte"),
    ),
    SourceRule(
        pays_where_nothing_is_found,
        *(Severity.ERROR, "what cannot be read is wrong; leave a question without a truth out"),
        "graders that paid to skip an example",
        ("nothing", "blanks", "form_without_content", "no_final_answer", "null"),
    ),
    SourceRule(
        asserts_that_can_be_switched_off,
        Severity.NOTE,
        "compare with `if`",
        "the documentation of Python's -O",
        ("assert_bypass", "assert_bypass_by_the_environment", "assert_bypass_by_an_option"),
    ),
    SourceRule(
        an_outage_counts_as_a_wrong_answer,
        Severity.NOTE,
        "give no reward, or ask again, and count it",
        "training logs with stretches of zero reward",
    ),
    SourceRule(
        draws_a_reward_by_chance,
        Severity.WARNING,
        "seed a generator of its own from the question",
        "what two equal answers with two rewards teach",
    ),
    SourceRule(
        remembers_earlier_answers,
        Severity.NOTE,
        "judge each answer by itself, or the answers of one batch together",
        "graders that run in several processes",
    ),
)
