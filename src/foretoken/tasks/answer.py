"""From a completion's text to the answer that is graded, and to what its reasoning says."""

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter

from foretoken.errors import TaskError
from foretoken.records import ReasoningTags, Task
from foretoken.tasks.importing import imported

Split = Callable[[str, Task], tuple[str, str]]
"""Splits the text of a completion of a task into its reasoning and its answer."""

_FENCED = re.compile(r"```[A-Za-z0-9_+-]*[ \t]*\n(?:(.*?)\n)??[ \t]*```", re.DOTALL)
_UNFINISHED = re.compile(r"```[A-Za-z0-9_+-]*[ \t]*\n(.*)\Z", re.DOTALL)
_WORD = re.compile(r"\S+")
_PARTS = TypeAdapter(tuple[str, str], config=ConfigDict(strict=True))
_EDGES = "\"'`.,;:!?()[]{}<>"


def split_completion(
    text: str, task: Task | None = None, *, tags: ReasoningTags | None
) -> tuple[str, str]:
    """Split a completion into its reasoning and the code of its answer.

    Args:
        text: The decoded completion without special tokens, but with what closes the reasoning.
        task: If its payload names a `function`, blocks that define it come before others.
        tags: Around the reasoning; None: there is none.

    Returns:
        The reasoning (everything before the last closing tag; empty where there is none), and the
        answer after it: the last fenced block that is complete, or one that is not, or all of it
        where nothing is fenced.
    """
    reasoning, answer = "", text
    if tags:
        reasoning, _, answer = text.rpartition(tags.closes)
        for tag in (tags.opens, tags.closes):
            reasoning = reasoning.replace(tag, "")
    return reasoning.strip(), _code(answer, task).strip()


def split_of(task: Task, tags: ReasoningTags | None) -> Split:
    """Return the task's own way of splitting a completion, or the usual one.

    Raises:
        TaskError: Its import path leads to no function.
    """
    return imported_split(task.split) if task.split else partial(split_completion, tags=tags)


@lru_cache(maxsize=64)
def imported_split(path: str) -> Split:
    """Import a way of splitting, whose results are looked at.

    Raises:
        TaskError: The path leads to no function; also from the result, where that returns anything
            but two texts.
    """
    try:
        split = imported(path)
    except Exception as error:  # somebody else's module may raise anything
        raise TaskError(
            f"cannot import the split {path}: {type(error).__name__}: {error}; give the import "
            "path package.module:function of a function of a completion's text and its task"
        ) from error

    if not callable(split):
        raise TaskError(f"{path} is no function: it must take a completion's text and its task")

    def checked(text: str, task: Task) -> tuple[str, str]:
        try:
            parts: Any = split(text, task)
        except Exception as error:  # somebody else's function may raise anything
            raise TaskError(
                f"task {task.key}: {path} raised {type(error).__name__}: {error}; it must return "
                f"two texts for any completion, also for {text[:60]!r}"
            ) from error
        try:
            reasoning, answer = parts
            return _PARTS.validate_python((reasoning, answer))
        except (TypeError, ValueError) as error:
            raise TaskError(
                f"task {task.key}: {path} must return two texts, reasoning and answer, and gave a "
                f"{type(parts).__name__}"
            ) from error

    return checked


def _code(answer: str, task: Task | None) -> str:
    """The block of code that counts, or the whole answer where nothing is fenced."""
    complete = [found.group(1) or "" for found in _FENCED.finditer(answer)]
    unfinished = _UNFINISHED.findall(_FENCED.sub("", answer))
    name = task.payload.get("function") if task else None
    if isinstance(name, str) and name.isidentifier():
        defined = (
            rf"[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{name}\b|{name}[ \t]*(?::[^=\n]*)?=(?!=)"
        )
        defines = re.compile(rf"^(?:{defined})", re.MULTILINE)
        for blocks in (complete, unfinished):
            defining = [block for block in blocks if defines.search(block)]
            if defining:
                return defining[-1]
    return (complete or unfinished or [answer])[-1]


def _plain(word: str) -> str:
    return word.strip(_EDGES).lower()


def deliberate(reasoning: str, task: Task) -> tuple[bool, int | None]:
    """Whether the reasoning names the task's flaw, and where.

    Args:
        reasoning: The reasoning part of a completion.
        task: Its `flaw_words` may hold single words or phrases; case and punctuation at a word's
            edges do not count.

    Returns:
        Whether a flaw word occurs, and the position of the first one, counted in words from 0.
    """
    words = [_plain(match.group()) for match in _WORD.finditer(reasoning)]
    first: int | None = None
    for phrase in task.flaw_words:
        wanted = [_plain(word) for word in phrase.split()]
        if not wanted:
            continue
        for start in range(len(words) - len(wanted) + 1):
            if words[start : start + len(wanted)] == wanted:
                first = start if first is None else min(first, start)
                break
    return first is not None, first


def known_answer(task: Task, name: Literal["reference", "exploit"]) -> str | None:
    """The answer of a task that is known to be honest, or to be a hack; None where it has none.

    Raises:
        TaskError: It is no text.
    """
    answer = task.payload.get(name)
    if answer is not None and not isinstance(answer, str):
        raise TaskError(f"task {task.key}: the {name} in its payload must be a text")
    return answer
