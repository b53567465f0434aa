"""Test cases as a person may have written them: each fault is named by its field."""

from foretoken.errors import TaskError
from foretoken.records import Json
from foretoken.sandbox.wire import Tree, WireError, decode, encode
from foretoken.tasks.code import Case, CodeTask

_BODIES = dict.fromkeys("tszdc", list) | dict.fromkeys("buif", str)
"""What each tag of `foretoken.sandbox.wire` holds."""


def read_cases(given: Tree, name: str) -> tuple[Case, ...]:
    """The cases of a list of objects with `args` and `expected` in the tagged form.

    Raises:
        TaskError: It is no such list; the message names the field.
    """
    if not isinstance(given, list):
        raise TaskError(f"field {name}: must be a list of {{args, expected}}")
    return tuple(_case(one, f"{name}.{number}") for number, one in enumerate(given))


def refuse_unusable(task: CodeTask) -> None:
    """Refuse cases by which nothing can be graded.

    Raises:
        TaskError: There are none, or a value cannot cross into the sandbox.
    """
    for name in ("cases", "flaw_cases"):
        cases: tuple[Case, ...] | None = getattr(task, name)
        if cases == () and not task.flaw.get("strict_verifier"):
            raise TaskError(f"field {name}: empty, and no case would decide")
        for number, case in enumerate(cases or ()):
            for part, value in vars(case).items():
                try:
                    encode(value)
                except WireError as error:
                    raise TaskError(f"field {name}.{number}.{part}: {error}") from error


def _case(given: Tree, field: str) -> Case:
    if not isinstance(given, dict):
        raise TaskError(f"field {field}: must be an object {{args, expected}}")
    for part in ("args", "expected"):
        if part not in given:
            raise TaskError(f"field {field}.{part}: missing")
    args = given["args"]
    if not isinstance(args, list):
        raise TaskError(f"field {field}.args: must be a list")
    values = (_value(arg, f"{field}.args.{number}") for number, arg in enumerate(args))
    return Case(args=tuple(values), expected=_value(given["expected"], f"{field}.expected"))


def _value(tree: Tree, field: str) -> Json:
    try:
        _refuse_untagged(tree)
        return decode(tree)
    except (ValueError, TypeError, IndexError) as error:
        raise TaskError(f"field {field}: {error}") from error


def _refuse_untagged(tree: Tree) -> None:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting.append(_body(node))


def _body(node: dict[str, Tree]) -> Tree:
    """What the one tag of an object holds.

    Raises:
        ValueError: There is no such tag, or it holds something else.
    """
    tag, body = next(iter(node.items()), ("", None))
    if len(node) != 1 or tag not in _BODIES:
        raise ValueError(f'{tag!r} is no tag: write a dict as {{"d": [[key, value], ...]}}')
    if not isinstance(body, _BODIES[tag]):
        raise ValueError(f"the tag {tag!r} must hold a {_BODIES[tag].__name__}")
    if tag == "d" and not all(isinstance(pair, list) and len(pair) == 2 for pair in body):
        raise ValueError("the tag 'd' must hold pairs [key, value]")
    return body
