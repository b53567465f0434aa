"""Questions of one's own, from a file of JSON lines."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from foretoken.audit.base import AuditQuestion
from foretoken.errors import SetupError
from foretoken.graders.shapes import EITHER, PROMPTS, TRUTHS

RIGHT, WRONG, REASONING = "right", "wrong", "reasoning"
"""Keys of a line for what a grader is not told."""
_FINAL = (re.compile(r"####\s*(.+?)\s*\Z", re.DOTALL), re.compile(r"\\boxed\{(.+)\}"))
"""Where a truth that reasons ends in its final answer."""


def own_questions(path: Path, *, most: int) -> list[AuditQuestion]:
    """Return questions from a file of JSON lines.

    A line has a prompt and a truth, under the names that datasets give them; `right` is the final
    answer alone (otherwise what stands in the truth after `####`, in its box, or all of it), and
    `wrong` one that is wrong (otherwise another line's right one). All keys are columns.

    Args:
        path: The file.
        most: How many at most.

    Raises:
        SetupError: It is not there, or a line lacks something; says which.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"the tasks {path} cannot be read: {error}") from error
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()][:most]
    read = [_question(path, number, line) for number, line in numbered]
    if not read:
        raise SetupError(f"there is no task in {path}: write one JSON object a line")
    return list(_with_wrong(path, read))


def _question(path: Path, number: int, line: str) -> AuditQuestion:
    try:
        columns = json.loads(line)
    except ValueError as error:
        raise SetupError(f"{path}, line {number}, is no JSON: {error}") from error
    if not isinstance(columns, dict):
        raise SetupError(f"{path}, line {number}, is no JSON object")
    own = cast(dict[str, Any], columns)
    prompt = _first(own, (*PROMPTS,))
    truth = _first(own, (*TRUTHS, *EITHER))
    if prompt is None or truth is None:
        lacks = "prompt" if prompt is None else "truth"
        known = ", ".join(sorted(PROMPTS if prompt is None else {*TRUTHS, *EITHER}))
        raise SetupError(f"{path}, line {number}, has no {lacks} (one of {known})")
    return AuditQuestion(
        key=f"{path.stem}/{number}",
        prompt=_text_of(prompt),
        truth=truth,
        right=str(own.get(RIGHT, _final(str(truth)))),
        wrong=str(own.get(WRONG, "")),
        reasoning=str(own.get(REASONING, "")),
        columns=own,
    )


def _first(columns: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((columns[name] for name in names if columns.get(name) is not None), None)


def _text_of(prompt: Any) -> str:
    """A prompt's text; of a dialogue, its last message's."""
    last = cast(list[Any], prompt)[-1] if isinstance(prompt, list) and prompt else None
    if isinstance(last, dict):
        return str(cast(dict[str, Any], last).get("content", ""))
    return str(cast(object, prompt))


def _final(truth: str) -> str:
    found = (pattern.search(truth) for pattern in _FINAL)
    return next((each[1] for each in found if each is not None), truth)


def _with_wrong(path: Path, read: list[AuditQuestion]) -> Iterator[AuditQuestion]:
    for place, each in enumerate(read):
        others = (other.right for other in (*read[place + 1 :], *read[:place]))
        wrong = each.wrong or next((right for right in others if right != each.right), None)
        if wrong is None:
            raise SetupError(
                f"every task of {path} has the same right answer: add a wrong one to each line, "
                f'as "{WRONG}"'
            )
        yield replace(each, wrong=wrong)
