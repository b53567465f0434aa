"""Let a language model read a grader's source: one proposes flaws, a second asking scores each.

What it proposes counts only where it quotes a line that is there, so a finding never points at
what the model made up. After the two stages of GPTLens.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from foretoken.audit.source.base import CodePlace, Severity, SourceFinding
from foretoken.audit.source.flow import follow
from foretoken.audit.source.read import ModuleSource
from foretoken.graders.servers import chat

RULE = "a model finds a flaw"
SOURCE = "GPTLens: an auditor proposes, a critic scores"
MOST_CHARACTERS = 60_000
"""Of source that is sent."""
MOST_PROPOSED = 20
"""Flaws that are scored."""
MOST_TRIED = 100
"""Brackets of a reply at which a list may begin."""
LEAST = 6
"""Score out of 10 from which on a flaw is kept."""

AUDITOR = """You audit the grader of a reinforcement-learning run. A model is trained on the number
that the grader gives for an answer, so it will find every answer that is paid and should not be.
Name the ways in which this source lets a wrong or empty answer be paid, or lets an answer stop or
change the grader. Do not name matters of style.

Reply with a JSON list alone. Each item is an object:
{"line": number, "quote": "the whole line as it stands", "flaw": "one sentence",
"exploit": "an answer that is paid", "remedy": "what to do instead"}
Reply [] where there is none.

"""
CRITIC = """A reader claims a flaw in the grader of a reinforcement-learning run. Judge the claim by
the source alone: is it true that such an answer is paid, or stops or changes the grader?

Reply with a JSON object alone:
{"correct": 0 to 10, "severe": 0 to 10, "reason": "one sentence"}

"""


@dataclass(frozen=True)
class SourceJudge:
    """An OpenAI-compatible endpoint and a model that it serves."""

    url: str
    """To `/v1`."""
    model: str
    timeout_s: float = 120.0
    """Longest silence of one asking."""


@dataclass(frozen=True)
class JudgedSource:
    """What a model says of a source."""

    findings: tuple[SourceFinding, ...]
    notes: tuple[str, ...]
    """What was left out, and why; one sentence each."""


def judge_source(path: str, judge: SourceJudge) -> JudgedSource:
    """Let a model read the source of a grader.

    Args:
        path: As `tasks.importing.imported` reads it; nothing is imported.
        judge: Who is asked.

    Returns:
        What it found, and what was left out. An endpoint that fails is a note.

    Raises:
        SetupError: The source cannot be read.
    """
    modules = list(dict.fromkeys(follow(path).where.values()))
    text = "\n\n".join(map(_numbered, modules))[:MOST_CHARACTERS]
    try:
        proposed = list(_items(_asked(judge, f"{AUDITOR}{text}")))
    except ConnectionError as error:
        return JudgedSource((), (str(error),))
    notes: list[str] = []
    placed: dict[tuple[str, int], tuple[CodePlace, Mapping[str, Any]]] = {}
    for each in proposed[:MOST_PROPOSED]:
        place = _place(each, modules)
        if place is None:
            quoted = str(each.get("quote", ""))[:60]
            notes.append(f"left out: it quotes a line that is not there ({quoted!r})")
        else:
            placed.setdefault((place.path, place.line), (place, each))
    found: list[SourceFinding] = []
    for place, each in placed.values():
        try:
            score = _scored(judge, text, place, each)
        except ConnectionError as error:
            return JudgedSource(tuple(found), (*notes, str(error)))
        if score is None or score[0] < LEAST:
            said = "with no score" if score is None else f"with {score[0]:g} of 10"
            notes.append(f"left out: line {place.line} of {place.path}, {said}")
        else:
            found.append(_finding(place, each, severe=score[1], judge=judge, modules=modules))
    return JudgedSource(tuple(found), tuple(notes))


def _numbered(module: ModuleSource) -> str:
    lines = "\n".join(f"{number}: {line}" for number, line in enumerate(module.lines, 1))
    return f"File {module.path.name}\n{lines}"


def _place(item: Mapping[str, Any], modules: Sequence[ModuleSource]) -> CodePlace | None:
    """Where the line stands that an item quotes: at its number, or where it is the only one."""
    quote, number = item.get("quote"), item.get("line")
    if not isinstance(quote, str) or not quote.strip():
        return None
    said = quote.strip().partition(": ")
    wanted = {quote.strip(), said[2].strip() if said[0].isdigit() else quote.strip()}
    every = [
        (module, line)
        for module in modules
        for line, text in enumerate(module.lines, 1)
        if text.strip() in wanted
    ]
    there = [each for each in every if each[1] == number] or every
    if len(there) != 1:
        return None
    module, line = there[0]
    text = module.lines[line - 1]
    begin = len(text) - len(text.lstrip()) + 1
    return CodePlace(module.shown, line, begin, line, len(text.rstrip()) + 1, text.strip())


def _scored(
    judge: SourceJudge, text: str, place: CodePlace, item: Mapping[str, Any]
) -> tuple[float, float] | None:
    """How right and how severe a flaw is, out of 10; None: the reply says neither."""
    claim = {name: str(item.get(name, ""))[:1000] for name in ("flaw", "exploit")}
    claim |= {"line": str(place.line), "quote": place.text}
    reply = _asked(judge, f"{CRITIC}{text}\n\nThe claim:\n{json.dumps(claim)}")
    for each in _items(reply):
        scores = [each.get(name) for name in ("correct", "severe")]
        if all(isinstance(s, int | float) and 0 <= s <= 10 for s in scores):
            return float(cast(float, scores[0])), float(cast(float, scores[1]))
    return None


def _finding(
    place: CodePlace,
    item: Mapping[str, Any],
    *,
    severe: float,
    judge: SourceJudge,
    modules: Sequence[ModuleSource],
) -> SourceFinding:
    exploit = str(item.get("exploit", ""))[:500]
    flaw = str(item.get("flaw", ""))[:500] or "It says no more."
    (module,) = (each for each in modules if each.shown == place.path)
    inner = [n for n in module.parents if getattr(n, "lineno", 0) == place.line]
    return SourceFinding(
        rule=RULE,
        severity=Severity.WARNING if severe >= LEAST else Severity.NOTE,
        place=place,
        function=module.function_of(inner[0]) if inner else "",
        why=f"{flaw} Such as: {exploit}" if exploit else flaw,
        remedy=str(item.get("remedy", ""))[:500],
        source=f"{SOURCE} ({judge.model})",
    )


def _items(reply: str) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of the first list of objects, or the first object, in a reply."""
    decoder = json.JSONDecoder()
    for begin in islice(re.finditer(r"[\[{]", reply), MOST_TRIED):
        try:
            said: Any = decoder.raw_decode(reply, begin.start())[0]
        except (ValueError, RecursionError):
            continue
        several = cast(list[Any], said) if isinstance(said, list) else [said]
        objects = [cast(Mapping[str, Any], e) for e in several if isinstance(e, dict)]
        if objects or not several:
            yield from objects
            return


def _asked(judge: SourceJudge, prompt: str) -> str:
    """What the model says.

    Raises:
        ConnectionError: It says nothing in time, or no chat; with what, in one sentence.
    """
    asking = {"model": judge.model, "temperature": 0.0, "max_tokens": 4096}
    return chat(judge.url, prompt, timeout_s=judge.timeout_s, **asking)
