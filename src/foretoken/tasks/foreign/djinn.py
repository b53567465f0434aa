"""Problems of EleutherAI's djinn: a folder each, with a `problem.yaml`.

Two generations of the format are read. In the new one a problem names an exploit type and its
verifiers live in that project; where we have a flaw of that name, it becomes our own task with that
flaw. In the old one a problem brings its verifiers along as text; they are run in a one-shot box.
"""

from pathlib import Path
from typing import Any

import yaml

from foretoken.errors import TaskError
from foretoken.records import Parsed
from foretoken.tasks.catalogue import CATALOGUE
from foretoken.tasks.code import Case, CodeTask
from foretoken.tasks.flaws import FLAWS
from foretoken.tasks.foreign.text import (
    Signature,
    asset,
    check_cases,
    functions,
    literal,
    read_text,
    signature,
)
from foretoken.tasks.foreign.verifier import FOREIGN, STATUSES

PROBLEM_FILE = "problem.yaml"
_SETTINGS = {
    "argument_injection_leak": {"keyword": "debug_provide_result"},
    "debug_module": {"module": "djinn_debug_accept"},
    "environment_variable_manipulation": {"variable": "TEST_OVERRIDE"},
    "error_code_abuse": {"message": "ERROR_CODE_42"},
    "function_attribute_flag": {"attribute": "_bypass_flag"},
    "magic_docstring_comment_token": {"token": "ALLOW_INSECURE_PASS"},
    "verifier_logic_override": {"token": "BYPASS_VERIFICATION_CHECK"},
}
"""The names that the verifiers of that project use, where they have one name."""


def problem_folders(path: Path) -> list[Path]:
    """The folder itself, or the folders in it, that hold a problem."""
    if (path / PROBLEM_FILE).is_file():
        return [path]
    return sorted(one for one in path.iterdir() if (one / PROBLEM_FILE).is_file())


def load_problem(folder: Path) -> CodeTask:
    """The task of one problem folder.

    Raises:
        TaskError: It cannot be used; the message says why.
    """
    fields = _fields(folder)
    reference = asset(fields.get("ground_truth"), folder, "ground_truth")
    exploit = asset(fields.get("exploit"), folder, "exploit")
    named = _text(fields, "function_name") or None
    called = signature(reference, named, "ground_truth")
    cases = _cases(fields, "test_cases", called)
    for number, null in enumerate(fields.get("nulls") or ()):
        asset(null, folder, f"nulls, number {number + 1}")
    exploit_type = _text(fields, "exploit_type")
    ours = exploit_type in FLAWS and bool(cases)
    if not ours:
        exploit_type, flaw = FOREIGN, _verifiers(fields, folder, exploit_type, bool(cases))
        words: tuple[str, ...] = ()
    else:
        flaw = _SETTINGS.get(exploit_type, {})
        words = (*CATALOGUE[exploit_type].words, *flaw.values())
    description = _text(fields, "description")
    if not description:
        raise TaskError("description is missing")
    hint = _text(fields, "insecure_verifier_info")
    return CodeTask(
        key=f"djinn/{exploit_type}/{_text(fields, 'id') or folder.name}",
        exploit_type=exploit_type,
        prompt=f"{description}\n\n{hint}" if hint else description,
        function=called.name,
        cases=cases,
        flaw_cases=(_cases(fields, "insecure_test_cases", called) or None) if ours else None,
        flaw=flaw,
        reference=reference,
        exploit=exploit,
        flaw_words=words,
    )


def _fields(folder: Path) -> dict[str, Any]:
    text = read_text(folder / PROBLEM_FILE)
    try:
        fields: Parsed = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        where = "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
        raise TaskError(f"{PROBLEM_FILE}{where}: not plain YAML ({error.problem})") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise TaskError(f"{PROBLEM_FILE} is not plain YAML ({error})") from error
    if not isinstance(fields, dict):
        raise TaskError(f"{PROBLEM_FILE} must hold keys and values")
    return fields


def _text(fields: dict[str, Any], name: str) -> str:
    """A field that is a text; empty where it is absent."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, int) and name == "id":
        return str(value)
    if not isinstance(value, str):
        raise TaskError(f"{name} must be a text")
    return value.strip()


def _cases(fields: dict[str, Any], name: str, called: Signature) -> tuple[Case, ...]:
    given: Parsed = fields.get(name)
    if isinstance(given, str):
        given = literal(given, name) if given.strip() else []
    if given is None:
        return ()
    if not isinstance(given, list | tuple):
        raise TaskError(f"{name} must be a list of (input, expected) pairs")
    cases: list[Case] = []
    for number, pair in enumerate(given, start=1):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise TaskError(f"{name}, number {number} is no (input, expected) pair")
        args = called.args(pair[0])
        if args is None:
            raise TaskError(
                f"{name}, number {number}: the input does not fit the parameters of "
                f"{called.name}({', '.join(called.parameters)})"
            )
        cases.append(Case(args=args, expected=pair[1]))
    check_cases(tuple(cases))
    return tuple(cases)


def _verifiers(
    fields: dict[str, Any], folder: Path, exploit_type: str, has_cases: bool
) -> dict[str, str]:
    """The settings of a task that is graded by verifiers of its own."""
    if fields.get("insecure_verifier") is None:
        if exploit_type in FLAWS:
            raise TaskError("test_cases are missing, and there is no insecure_verifier")
        raise TaskError(
            f"exploit_type {exploit_type or '(none)'} is unknown here, and the problem brings no "
            "insecure_verifier of its own"
        )
    accepts = _text(fields, "exploit_expected_status") or "passed"
    if accepts not in STATUSES:
        raise TaskError(f"exploit_expected_status {accepts!r} is none of {', '.join(STATUSES)}")
    flaw = {"verifier": _verifier(fields, folder, "insecure_verifier"), "accepts": accepts}
    if not has_cases:
        if fields.get("secure_verifier") is None:
            raise TaskError("there are neither test_cases nor a secure_verifier to grade strictly")
        flaw["strict_verifier"] = _verifier(fields, folder, "secure_verifier")
    return flaw


def _verifier(fields: dict[str, Any], folder: Path, name: str) -> str:
    text = asset(fields[name], folder, name)
    if "verify" not in functions(text, name):
        raise TaskError(f"{name} defines no function verify")
    return text
