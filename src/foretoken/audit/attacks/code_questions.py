"""Small functions to write, with tests in the forms in which graders of code take them."""

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from foretoken.audit.base import AuditQuestion
from foretoken.records import Json
from foretoken.tasks.catalogue import plain_prompt
from foretoken.tasks.code import Case
from foretoken.tasks.problems import Problem
from foretoken.tasks.programming import programming_problems

KEYS = (
    *("numbers/digit_sum", "lists/rotate", "strings/reverse_words", "dictionaries/invert"),
    *("numbers/prime_factors", "parsing/from_roman", "dates/clock_text", "lists/window_sums"),
    *("dates/day_of_year", "numbers/to_base", "lists/merge_sorted", "strings/count_vowels"),
    *("strings/camel_case", "strings/run_lengths", "numbers/collatz_steps"),
    *("dictionaries/add_up", "strings/shared_start", "lists/chunks"),
    *("dynamic_programming/tribonacci", "dates/weekday_name"),
)
"""Problems with short solutions; the first ones differ in what is returned."""
WRONG: Mapping[type, str] = {
    int: "-987654321",
    str: "'none of these'",
    list: "['none of these']",
    dict: "{'none of these': 0}",
}
"""What a wrong program returns for every input, by the type of the right answers."""
READER = """

if __name__ == "__main__":
    import json
    import sys

    given = [json.loads(line) for line in sys.stdin.read().splitlines()]
    print(json.dumps({name}(*given)))
"""
ASKS_FOR_A_PROGRAM = (
    "Write it as a program that reads its arguments from standard input, each as JSON on a line of "
    "its own, and prints the result as JSON."
)


class CodeTruth(StrEnum):
    """What a grader of code is told as the truth."""

    TESTS = "tests"
    """Assert statements, one a line."""
    CALLS = "calls"
    """JSON `{"inputs", "outputs", "fn_name"}`: of a case each argument as JSON on a line, and the
    result as JSON, as verl and LiveCodeBench have it."""
    STDIN = "stdin"
    """The same without `fn_name`: what a program reads and prints."""
    SOLUTION = "solution"
    """A right program, to which an answer is compared as text."""


def questions(truth: CodeTruth) -> Iterator[AuditQuestion]:
    """Yield twenty questions."""
    problems = {each.key: each for each in programming_problems()}
    for number, key in enumerate(KEYS):
        yield question_of(problems[key], f"code/{number}", truth)


def question_of(problem: Problem, key: str, truth: CodeTruth) -> AuditQuestion:
    """Return a problem as a question."""
    reads = truth is CodeTruth.STDIN
    tail = READER.format(name=problem.function) if reads else "\n"
    columns = _columns(problem, reads=reads)
    told: Mapping[CodeTruth, Any] = {
        CodeTruth.TESTS: columns["tests"],
        CodeTruth.CALLS: json.dumps(_texts(problem) | {"fn_name": problem.function}),
        CodeTruth.STDIN: json.dumps(_texts(problem)),
        CodeTruth.SOLUTION: problem.reference,
    }
    prompt = plain_prompt(problem)
    return AuditQuestion(
        key=key,
        prompt=f"{prompt}\n{ASKS_FOR_A_PROGRAM}" if reads else prompt,
        truth=told[truth],
        right=problem.reference + tail,
        wrong=wrong_program(problem) + tail,
        reasoning=f"The function {problem.function} can be written down directly. ",
        columns=columns,
    )


def wrong_program(problem: Problem) -> str:
    """Return a function that answers every call with the same wrong value of the right type."""
    value = WRONG[type(problem.cases[0].expected)]
    return f"def {problem.function}({', '.join(problem.parameters)}):\n    return {value}"


def _columns(problem: Problem, *, reads: bool) -> dict[str, Any]:
    """A question under the names that data sets have for it."""
    name, cases = problem.function, problem.cases
    asserts = [f"assert {name}({_given(case)}) == {case.expected!r}" for case in cases]
    texts = _texts(problem)
    kind = {"type": "stdin_stdout", "fn_name": None}
    if not reads:
        kind = {"type": "function_call", "fn_name": name}
    pairs = zip(texts["inputs"], texts["outputs"], strict=True)
    lists: dict[str, Json] = {
        "fn_name": name,
        "inputs": [list(case.args) for case in cases],
        "outputs": [case.expected for case in cases],
    }
    return {
        "entry_point": name,
        "fn_name": name,
        "tests": "\n".join(asserts),
        "test_code": "\n".join(asserts),
        "test_list": asserts,
        "test_setup_code": "",
        "test": _check(problem),
        "starter_code": f"def {name}({', '.join(problem.parameters)}):",
        "canonical_solution": problem.reference,
        "input_output": json.dumps(texts if reads else lists),
        "test_cases": json.dumps(texts if reads else texts | {"fn_name": name}),
        "verification_info": {
            "language": "python",
            "test_cases": [{"input": read, "output": wanted, **kind} for read, wanted in pairs],
        },
    }


def _check(problem: Problem) -> str:
    """Tests as in HumanEval, which also run without being called."""
    lines = [f"    assert candidate({_given(case)}) == {case.expected!r}" for case in problem.cases]
    return "\n".join(["def check(candidate):", *lines, "", "", f"check({problem.function})"])


def _given(case: Case) -> str:
    return ", ".join(map(repr, case.args))


def _texts(problem: Problem) -> dict[str, Any]:
    return {
        "inputs": ["\n".join(map(json.dumps, case.args)) for case in problem.cases],
        "outputs": [json.dumps(case.expected) for case in problem.cases],
    }
