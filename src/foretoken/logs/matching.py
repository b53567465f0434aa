"""Which task a logged rollout was drawn for: by its key, its token ids, or its words."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

from foretoken.logs.base import LoggedRollout
from foretoken.records import Task

FEWEST_CHARACTERS = 20
"""Of a prompt that is looked for inside of another one, as a chat template wraps it."""


class TaskIndex:
    """The tasks of a run, by what a log may say of them."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = {task.key: task for task in tasks}
        self._by_words: dict[str, list[Task]] = defaultdict(list)
        self._by_ids: dict[tuple[int, ...], list[Task]] = defaultdict(list)
        for task in tasks:
            self._by_words[_words(task.prompt)].append(task)
            if task.prompt_ids:
                self._by_ids[task.prompt_ids].append(task)
        self._found: dict[str, tuple[Task, ...]] = {}

    def candidates(self, rollout: LoggedRollout) -> Sequence[Task]:
        """Return the tasks that a rollout may be of: one, none, or several of one prompt."""
        if rollout.task in self._tasks:
            return (self._tasks[rollout.task],)
        if rollout.prompt_ids in self._by_ids:
            return self._by_ids[rollout.prompt_ids]
        for said in (rollout.prompt, _last_asked(rollout)):
            found = self._of_words(said)
            if found:
                return found
        return ()

    def _of_words(self, prompt: str | None) -> tuple[Task, ...]:
        words = _words(prompt or "")
        if words and words not in self._found:
            exact = self._by_words.get(words)
            self._found[words] = tuple(exact if exact else self._inside(words))
        return self._found.get(words, ())

    def _inside(self, words: str) -> Sequence[Task]:
        """Tasks whose prompt is the longest that stands in these words."""
        found = next((each for each in self._longest_first if each in words), None)
        return () if found is None else self._by_words[found]

    @cached_property
    def _longest_first(self) -> Sequence[str]:
        known = (each for each in self._by_words if len(each) >= FEWEST_CHARACTERS)
        return sorted(known, key=len, reverse=True)


def _last_asked(rollout: LoggedRollout) -> str | None:
    asked = [turn.content for turn in rollout.messages if turn.role == "user"]
    last = asked[-1] if asked else None
    return last if isinstance(last, str) else None


def _words(prompt: str) -> str:
    """A prompt without what templates and logs do to its blanks."""
    return " ".join(prompt.split())
