"""Problems of EleutherAI's djinn: a folder each, with a `problem.yaml`.

Two generations of the format are read. In the old one a problem brings its flawed verifier along as
text: it is the flawed grader, run in a one-shot box. In the new one a problem names an exploit type
and its verifiers live in that project: where we have a flaw of that name, it becomes our own task
with that flaw.
"""

import re
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
    printable,
    signature,
    text_of,
)
from foretoken.tasks.foreign.verifier import FOREIGN, STATUSES
from foretoken.tasks.lines import refuse_halves

PROBLEM_FILE = "problem.yaml"
_FAMILY = "djinn/"
_TYPE_NAME = re.compile(r"[\w.-]{1,80}")
_TAG_FAULTS = (LookupError, AttributeError, TypeError)
"""What PyYAML raises besides its own errors where a tag does not fit its value (`!!int ""`)."""
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


def short_key(key: str) -> str:
    """The folder's name alone where a key is that of a djinn problem, else the key."""
    return key.split("/", 2)[2] if key.startswith(_FAMILY) else key


def problem_folders(path: Path) -> list[Path]:
    """The folder itself and those in it, as far as they hold a problem.

    Raises:
        OSError: It cannot be looked into.
    """
    return [one for one in (path, *sorted(path.iterdir())) if _holds_problem(one)]


def buried_folders(path: Path) -> list[Path]:
    """Folders with a problem that lie one deeper than `problem_folders` looks."""
    return sorted(one.parent for one in path.glob(f"*/*/{PROBLEM_FILE}"))


def _holds_problem(folder: Path) -> bool:
    try:
        (folder / PROBLEM_FILE).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # whoever reads it says why it cannot be read
    return True


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
    _refuse_strange_nulls(fields.get("nulls") or [], folder)
    exploit_type = _exploit_type(fields)
    own = fields.get("insecure_verifier") is not None
    flaw = _verifiers(fields, folder, bool(cases)) if own else _settings(exploit_type, cases)
    description = _text(fields, "description")
    if not description:
        raise TaskError("description is missing")
    hint = _text(fields, "insecure_verifier_info")
    words = CATALOGUE[exploit_type].words if exploit_type in CATALOGUE else ()
    return CodeTask(
        key=f"{_FAMILY}{exploit_type}/{printable(folder.resolve().name)}",
        exploit_type=exploit_type,
        prompt=f"{description}\n\n{hint}" if hint else description,
        function=called.name,
        cases=cases,
        flaw_cases=None if own else _cases(fields, "insecure_test_cases", called) or None,
        flaw=flaw,
        reference=reference,
        exploit=exploit,
        flaw_words=words if own else (*words, *flaw.values()),
    )


def _fields(folder: Path) -> dict[str, Any]:
    text = text_of(folder, PROBLEM_FILE, PROBLEM_FILE)
    try:
        fields: Parsed = yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        where = "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
        raise TaskError(f"{PROBLEM_FILE}{where}: not plain YAML ({error.problem})") from error
    except RecursionError as error:
        raise TaskError(f"{PROBLEM_FILE} is not plain YAML (nested too deep)") from error
    except (yaml.YAMLError, ValueError, *_TAG_FAULTS) as error:
        reason = f"{type(error).__name__}: {error}"
        raise TaskError(f"{PROBLEM_FILE} is not plain YAML ({reason})") from error
    if not isinstance(fields, dict):
        raise TaskError(f"{PROBLEM_FILE} must hold keys and values")
    return fields


class _Loader(yaml.SafeLoader):
    """Reads plain YAML in which each key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    problem = f"the key {key.value!r} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def _refuse_strange_nulls(nulls: Parsed, folder: Path) -> None:
    if not isinstance(nulls, list):
        raise TaskError("nulls must be a list of texts")
    for number, null in enumerate(nulls, start=1):
        asset(null, folder, f"nulls, number {number}")


def _exploit_type(fields: dict[str, Any]) -> str:
    name = _text(fields, "exploit_type") or FOREIGN
    if not _TYPE_NAME.fullmatch(name):
        raise TaskError(f"exploit_type {name[:80]!r} is no name: use letters, digits, _ . -")
    return name


def _text(fields: dict[str, Any], name: str) -> str:
    """A field that is a text; empty where it is absent."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TaskError(f"{name} must be a text")
    refuse_halves(value, name)
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


def _settings(exploit_type: str, cases: tuple[Case, ...]) -> dict[str, str]:
    """The settings of our flaw of that type, for a problem without a flawed verifier of its own."""
    if exploit_type not in FLAWS:
        named = "(none)" if exploit_type == FOREIGN else exploit_type
        raise TaskError(
            f"exploit_type {named} is unknown here, and the problem brings no "
            "insecure_verifier of its own"
        )
    if not cases:
        raise TaskError("test_cases are missing, and there is no insecure_verifier")
    return _SETTINGS.get(exploit_type, {})


def _verifiers(fields: dict[str, Any], folder: Path, has_cases: bool) -> dict[str, str]:
    """The settings of a task that is graded by verifiers of its own."""
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
