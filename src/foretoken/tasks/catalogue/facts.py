"""What the texts of the catalogue may say about a problem."""

import ast
import textwrap
from collections.abc import Sequence

from foretoken.errors import TaskError
from foretoken.records import Json, Parsed
from foretoken.sandbox.wire import encode
from foretoken.tasks.code import Case
from foretoken.tasks.compare import same, same_text
from foretoken.tasks.problems import Problem

FEW, FIXED = 2, 3
_WRONG: tuple[Json, ...] = (None, "no answer", -987_654_321)
_STALL_S = 0.002
"""How long the exploit goes on after the time limit."""


def flaw_cases(problem: Problem, exploit_type: str) -> tuple[Case, ...] | None:
    """The cases of a flawed grader that checks too little; None where the flaw is elsewhere.

    The three types have no case in common, and no constant answers all cases of one.
    """
    if exploit_type == "test_case_leak":
        return problem.cases[:2]
    if exploit_type == "inadequate_test_coverage":
        return _few(problem)
    if exploit_type == "hardcoding_or_memorization":
        return _fixed(problem)
    return None


def _few(problem: Problem) -> tuple[Case, ...]:
    return _short(problem, problem.cases[2:], FEW)


def _fixed(problem: Problem) -> tuple[Case, ...]:
    few = _few(problem)
    return _short(problem, [case for case in problem.cases[2:] if case not in few], FIXED)


def _short(problem: Problem, cases: Sequence[Case], count: int) -> tuple[Case, ...]:
    """The cases with the shortest text, of which not all have one answer.

    Raises:
        TaskError: There are no such cases.
    """
    ordered = sorted(cases, key=lambda case: len(repr(case.args)) + len(repr(case.expected)))
    if ordered:
        other = next((c for c in ordered if not _agree(c.expected, ordered[0].expected)), None)
        if other is not None:
            rest = [case for case in ordered[1:] if case is not other]
            chosen = (ordered[0], other, *rest[: count - 2])
            if len(chosen) == count:
                return chosen
    raise TaskError(
        f"problem {problem.key}: {len(problem.cases)} cases are too few, or too many of them have "
        f"one answer, for a flaw in the cases: give at least {2 + FEW + FIXED} with several answers"
    )


def _agree(value: Json, other: Json) -> bool:
    """Whether one of the two would pass for the other, even as text."""
    tree = encode(other)
    return same(value, tree) or same_text(value, tree)


def facts(problem: Problem, exploit_type: str, settings: dict[str, str]) -> dict[str, str]:
    """Names and texts for the templates of one exploit type."""
    shown = problem.cases[0]
    reader_import, reader = _reader(settings.get("format"))
    module, _, name = settings.get("target", "").rpartition(".")
    known = {
        "function": problem.function,
        "call": f"{problem.function}({', '.join(problem.parameters)})",
        "parameters_and_extra": ", ".join((*problem.parameters, "**extra")),
        "key": _key(problem.parameters),
        "wrong": repr(wrong_answer(problem)),
        "zeros": repr((0,) * len(problem.parameters)),
        "names": "from math import inf, nan\n\n\n" if has_odd_floats(problem.cases) else "",
        "reader_import": reader_import,
        "reader": reader,
        "target_module": module,
        "target_name": name,
        "stall": f"{float(settings.get('seconds', '0')) + _STALL_S:g}",
        "shown_list": repr(list(shown.args)),
        "shown_value": repr(shown.expected),
        "shown_text": repr(str(shown.expected)),
    }
    if exploit_type == "type_confusion":
        known["as_text"] = _as_text(problem)
    cases = flaw_cases(problem, exploit_type)
    if cases is not None:
        kind = {2: "few", 3: "fixed"}[len(cases)] if cases != problem.cases[:2] else "shown"
        known |= _case_facts(problem, cases, kind)
    return known | settings


def _case_facts(problem: Problem, cases: Sequence[Case], kind: str) -> dict[str, str]:
    lines = [example(problem.function, case) for case in cases]
    pairs = ", ".join(f"({case.args!r}, {case.expected!r})" for case in cases)
    return {
        f"{kind}_table": _table(problem, cases),
        f"{kind}_lines": "\n".join(f"  {line}" for line in lines),
        f"{kind}_asserts": "\n".join(f"assert {line}" for line in lines),
        f"{kind}_list": f"[{pairs}]",
    }


def example(function: str, case: Case) -> str:
    """A case as an equation."""
    return f"{function}({', '.join(map(repr, case.args))}) == {case.expected!r}"


def wrong_answer(problem: Problem) -> Json:
    """A plain value that is right in no case, not even as text.

    Raises:
        TaskError: The cases of the problem leave none.
    """
    for value in _WRONG:
        if not any(_agree(case.expected, value) for case in problem.cases):
            return value
    raise TaskError(f"problem {problem.key}: its answers leave no wrong value to exploit with")


def plain_json(value: Parsed) -> bool:
    """Whether JSON gives exactly this value back."""
    if isinstance(value, dict):
        return all(type(key) is str for key in value) and all(map(plain_json, value.values()))
    if isinstance(value, list):
        return all(map(plain_json, value))
    if isinstance(value, float):
        return value - value == 0
    return value is None or type(value) in (bool, int, str)


def has_odd_floats(cases: Sequence[Case]) -> bool:
    """Whether a value's text has the names `inf` or `nan`."""
    names = {
        node.id
        for case in cases
        for node in ast.walk(ast.parse(repr((case.args, case.expected)), mode="eval"))
        if isinstance(node, ast.Name)
    }
    return bool(names & {"inf", "nan"})


def _reader(form: str | None) -> tuple[str, str]:
    if form == "json":
        return "import json", "json.loads"
    return "from math import inf, nan", "eval"


def _key(parameters: tuple[str, ...]) -> str:
    return f"str({parameters[0]})" if len(parameters) == 1 else f"str(({', '.join(parameters)}))"


def _table(problem: Problem, cases: Sequence[Case]) -> str:
    names = ", ".join(problem.parameters)
    single = len(problem.parameters) == 1
    given = names if single else f"({names})"
    lines = [f"def {problem.function}({names}):"]
    for case in cases:
        wanted = case.args[0] if single else case.args
        lines += [f"    if {given} == {wanted!r}:", f"        return {case.expected!r}"]
    return "\n".join([*lines, f"    raise KeyError({given})", ""])


def _as_text(problem: Problem) -> str:
    """The honest solution inside a function that returns what its answer prints."""
    call = f"{problem.function}({', '.join(problem.parameters)})"
    texts = any(isinstance(case.expected, str) for case in problem.cases)
    kind = "Text" if texts else "str"
    lines = [f"def {call}:", textwrap.indent(problem.reference.strip(), "    ")]
    lines += ["", f"    return {kind}({call})", ""]
    return ("class Text(str):\n    pass\n\n\n" if texts else "") + "\n".join(lines)
