"""Graders that are a language model with a prompt."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foretoken.graders.servers import chat
from foretoken.graders.shapes import ANSWERS, PROMPTS, TRUTHS, Answering, Given, Job, as_given

NEEDED = ("url", "model")
_PLACE = re.compile(r"\{\{?\s*(\w+)\s*\}?\}")
_NUMBER = r"(-?\d+(?:\.\d+)?)"
VERDICTS = (
    rf"\[\[\s*{_NUMBER}\s*\]\]",
    rf'"(?:score|rating|reward|grade)"\s*:\s*"?{_NUMBER}',
    rf"(?i:score|rating|grade|verdict)\W{{0,6}}{_NUMBER}",
    r"(?i:grade|verdict|answer|judge?ment)\W{0,6}\b(?i:(yes|no|correct|incorrect|true|false))\b",
    rf"\A\s*{_NUMBER}(?:\s*/\s*\d+)?\W*\Z",
    r"\A\W*(?i:(yes|no|correct|incorrect|true|false))\b",
)
"""Forms of a verdict; of the first one that is there, the last counts."""
_WORDS = {"yes": 1.0, "correct": 1.0, "true": 1.0, "no": 0.0, "incorrect": 0.0, "false": 0.0}


def judge(path: str, given: dict[str, Any]) -> Answering:
    """Return what answers jobs by a judge behind an OpenAI-compatible endpoint.

    Args:
        path: File of its prompt, with places such as `{prompt}`, `{answer}` and `{truth}`.
        given: `url` of the endpoint (to `/v1`) and `model`; also `pattern` of a verdict, whose
            first group is a number or a word such as yes, and `max_tokens`, `temperature`.

    Raises:
        ValueError: `url` or `model` is missing, or the prompt has no place for the answer.
    """
    missing = [name for name in NEEDED if not given.get(name)]
    if missing:
        raise ValueError(
            f"a judge needs its {' and '.join(missing)}: give them with "
            + " ".join(f"--set {name}=..." for name in missing)
        )
    template = Path(path).read_text(encoding="utf-8")
    if not any(name in ANSWERS for name in _PLACE.findall(template)):
        raise ValueError(f"{path} has no place for the answer, such as {{answer}}")
    patterns: Sequence[str] = [str(given["pattern"])] if "pattern" in given else VERDICTS

    def answer(job: Job) -> Given:
        text = chat(
            str(given["url"]),
            filled(template, job),
            model=given["model"],
            temperature=float(given.get("temperature", 0.0)),
            max_tokens=int(given.get("max_tokens", 512)),
        )
        return verdict(text, patterns)

    return answer


def filled(template: str, job: Job) -> str:
    """Return a judge's prompt with the places of a template filled; unknown ones stay.

    Args:
        template: Its text.
        job: What is judged.
    """
    roles = ((PROMPTS, "prompt"), (ANSWERS, "text"), (TRUTHS, "truth"))
    values = {name: str(job[role]) for names, role in roles for name in names}
    known = {name: str(value) for name, value in job["columns"].items()} | values
    return _PLACE.sub(lambda place: known.get(place[1], place[0]), template)


def verdict(text: str, patterns: Sequence[str]) -> Given:
    """Return the value of a judge's reply.

    Args:
        text: What it says.
        patterns: Of verdicts, whose first group is a number or a word; the first that is there
            counts, and of several places of it the last.
    """
    for pattern in patterns:
        found = re.findall(pattern, text)
        if found:
            last = str(found[-1] if isinstance(found[-1], str) else found[-1][0])
            return as_given(_WORDS.get(last.lower(), last if not _is_number(last) else float(last)))
    return None, f"the judge gave no verdict: {text[-80:]!r}"


def _is_number(text: str) -> bool:
    return re.fullmatch(_NUMBER, text) is not None
