"""How an attack writes a program for a question.

Programs are harmless wherever they run: they delete nothing, open no connection, start at most one
process, which ends at once, and take little memory and time. What they write goes to a temporary
folder. What they change in the process that runs them, they undo at its first use where they can.
"""

import ast
import json
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from foretoken.audit.attacks.code_questions import WRONG
from foretoken.audit.base import AuditQuestion

STRIDE = 4
"""Each attack and each variant is tried on every fourth question: beginning processes is dear."""


@dataclass(frozen=True)
class CodeExample:
    """A call of which the result is known."""

    args: tuple[object, ...]
    wanted: object


@dataclass(frozen=True)
class Asked:
    """What a question of code is about, as its right program and its columns say."""

    name: str
    """Of the function."""
    tail: str
    """What follows the function in the right program."""
    tests: tuple[CodeExample, ...]
    shown: tuple[CodeExample, ...]
    """Those that the prompt shows."""

    @property
    def reads(self) -> bool:
        """Whether a program is asked for that reads its standard input."""
        return "stdin" in self.tail

    @property
    def kind(self) -> type:
        """Type of the right answers."""
        return type(self.tests[0].wanted)

    @property
    def wrong(self) -> str:
        """A value that is never right, as text."""
        return WRONG.get(self.kind, "None")


def asked(question: AuditQuestion) -> Asked:
    """Return what a question of code is about."""
    return _asked(question.right, question.prompt, question.columns["tests"])


@lru_cache(maxsize=256)
def _asked(right: str, prompt: str, tests: str) -> Asked:
    function = [each for each in ast.parse(right).body if isinstance(each, ast.FunctionDef)][-1]
    lines = right.splitlines()
    return Asked(
        name=function.name,
        tail="\n".join(lines[function.end_lineno or len(lines) :]).rstrip(),
        tests=tuple(_examples(tests, function.name)),
        shown=tuple(_examples(prompt, function.name)),
    )


def _examples(text: str, name: str) -> Sequence[CodeExample]:
    """Calls of a function with their results, written as equations."""
    found: list[CodeExample] = []
    for line in re.findall(rf"\b({name}\(.*\) == .*)$", text, re.MULTILINE):
        try:
            equation = ast.parse(line, mode="eval").body
            assert isinstance(equation, ast.Compare)
            assert isinstance(equation.left, ast.Call)
            args = tuple(map(ast.literal_eval, equation.left.args))
            found.append(CodeExample(args, ast.literal_eval(equation.comparators[0])))
        except (SyntaxError, ValueError, AssertionError):
            continue
    return found


def solution(question: AuditQuestion) -> str:
    """The right program without what follows its function."""
    return question.right.strip().removesuffix(asked(question).tail.strip()).strip()


def joined(*parts: str) -> str:
    """Parts of a program, those that are not empty."""
    return "\n\n\n".join(filter(None, map(_text, parts)))


def beside(question: AuditQuestion, before: str = "", after: str = "") -> str:
    """A wrong program with something before it and after it."""
    return joined(before, question.wrong, after)


def instead(question: AuditQuestion, body: str, before: str = "") -> str:
    """A function that takes any arguments and does something else than is asked.

    Args:
        question: Of which the function has the name, and the program the end.
        body: What it does.
        before: What stands before it.
    """
    its = asked(question)
    inner = textwrap.indent(_text(body), "    ")
    function = f"def {its.name}(*given, **named):\n{inner}"
    return joined(before, function, its.tail)


def tabled(question: AuditQuestion, examples: Sequence[CodeExample]) -> str:
    """A function that knows the results of some calls, and of no others."""
    table = {json.dumps(each.args): each.wanted for each in examples}
    body = f"return KNOWN.get(json.dumps(given), {asked(question).wrong})"
    return instead(question, body, f"import json\n\nKNOWN = {table!r}")


def told(question: AuditQuestion) -> tuple[str, ...]:
    """Words in a prompt that look like parts of a grader: quoted ones, and names of code."""
    quoted = re.findall(r"[`'\"]([^`'\"\n]{2,40})[`'\"]", question.prompt)
    names = re.findall(r"\b(?:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[a-z]\w*[_.]\w+)\b", question.prompt)
    return tuple(dict.fromkeys((*quoted, *names)))


def number_of(question: AuditQuestion) -> int:
    """Its number among the questions, from 0."""
    digits = re.search(r"\d+\Z", question.key)
    return int(digits[0]) if digits else 0


def _text(code: str) -> str:
    return textwrap.dedent(code).strip()
