"""From logged rollouts to graded draws: matched with a task and graded, or labelled by the log."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from foretoken.engines.tags import THINK
from foretoken.errors import SetupError
from foretoken.logs.base import LoggedRollout, number, text
from foretoken.logs.matching import TaskIndex
from foretoken.records import UNTYPED, Draw, ReasoningTags, Sampling, Source, Task
from foretoken.tasks.answer import split_of
from foretoken.tasks.base import Grader
from foretoken.work.grading import as_graded

HACKED = 0.5
"""Value of a label from which on a rollout hacked."""
SAYS_YES = frozenset({"true", "yes", "y", "hack", "hacked"})
SAYS_NO = frozenset({"false", "no", "n", "clean", "honest", ""})
"""Words of a label, in small letters."""
Texts = Callable[[LoggedRollout], str | None]
"""What a rollout said, with what closes its reasoning; None: the log does not tell."""


def logged_texts(rollout: LoggedRollout) -> str | None:
    """Return the text of the log."""
    return rollout.completion


def texts_of(model: str) -> tuple[Texts, ReasoningTags | None]:
    """Return how token ids are read, before texts; and what the model writes around reasoning.

    Raises:
        ModelError: The folder holds no tokenizer.
    """
    from foretoken.engines.prompts import CompletionReader
    from foretoken.engines.weights import load_tokenizer

    reader = CompletionReader(load_tokenizer(model))

    def said(rollout: LoggedRollout) -> str | None:
        ids = rollout.completion_ids
        return reader.text(ids) if ids else rollout.completion

    return said, reader.tags


class LoggedDraws:
    """Makes draws of the rollouts that training learned from.

    Args:
        tasks: That they may be of.
        temperature: Of the trainer's sampling.
        model: Whose token ids the log holds; None: texts are read.
        label: Column that says whether a rollout hacked; None: graders decide.
        exploit_type: Column that says how, where no task does.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        *,
        temperature: float,
        model: str | None = None,
        label: str | None = None,
        exploit_type: str | None = None,
    ) -> None:
        self.index = TaskIndex(tasks)
        self.temperature, self.label, self.exploit_type = temperature, label, exploit_type
        self.said, self.tags = (logged_texts, THINK) if model is None else texts_of(model)
        self.passed_over: Counter[str] = Counter()
        """Rollouts of which no draw was made, by why."""

    def draws(self, rollouts: Sequence[LoggedRollout], grader: Grader) -> list[Draw]:
        """Return the graded draws of some rollouts.

        Raises:
            SetupError: A label says neither yes nor no.
            TaskError: A task cannot be used.
        """
        kept: list[tuple[LoggedRollout, str, Task | None]] = []
        for each in rollouts:
            reason, said, task = self._looked_at(each)
            if reason:
                self.passed_over[reason] += 1
            else:
                kept.append((each, said, task))
        if self.label is not None:
            return [self._labelled(each, said, task) for each, said, task in kept]
        return self._graded([(each, said, task) for each, said, task in kept if task], grader)

    def task_of(self, each: LoggedRollout) -> Task | None:
        """Return the task of a rollout; None: it is of none, or of several with one prompt."""
        candidates = self.index.candidates(each)
        return candidates[0] if len(candidates) == 1 else None

    def task_name(self, each: LoggedRollout) -> str:
        """Return what stands for the task of a rollout of none that is known."""
        prompt = hashlib.sha256((each.prompt or "").encode()).hexdigest()[:12]
        return each.task or f"prompt/{prompt}"

    def _looked_at(self, each: LoggedRollout) -> tuple[str, str, Task | None]:
        """Why no draw is made of a rollout, if so; what it said; and its task."""
        said = self.said(each)
        if not each.training:
            return "drawn for an evaluation", "", None
        if each.step is None:
            return "of no known step", "", None
        if said is None:
            return "without a text (token ids: --tokenizer)", "", None
        task = self.task_of(each)
        if task is None and self.label is None:
            several = self.index.candidates(each)
            return ("of several tasks with one prompt" if several else "of no task"), "", None
        return "", said, task

    def _graded(
        self, matched: Sequence[tuple[LoggedRollout, str, Task]], grader: Grader
    ) -> list[Draw]:
        parts = [split_of(task, self.tags)(said, task) for _, said, task in matched]
        jobs = [(task, answer) for (_, _, task), (_, answer) in zip(matched, parts, strict=True)]
        return [
            self._draw(each, task.key, task.exploit_type).replacing(
                **as_graded(task, said, verdict)
            )
            for (each, _, task), said, verdict in zip(
                matched, parts, grader.grade(jobs), strict=True
            )
        ]

    def _labelled(self, each: LoggedRollout, said: str, task: Task | None) -> Draw:
        assert self.label is not None
        value = cell(each, self.label)
        kind = text(cell(each, self.exploit_type)) if self.exploit_type else None
        if task is not None:
            draw = self._draw(each, task.key, task.exploit_type)
        else:
            draw = self._draw(each, self.task_name(each), kind or UNTYPED)
        hacked = None if value is None else _claims(self.label, value)
        return draw.replacing(answer=said, hacked=hacked)

    def _draw(self, each: LoggedRollout, task: str, exploit_type: str) -> Draw:
        assert each.step is not None
        return Draw(
            key=f"rollout/{each.key}",
            source=Source.ROLLOUT,
            task=task,
            exploit_type=exploit_type,
            step=each.step,
            tokens=each.completion_ids,
            ended=not each.truncated,
            prompt_tokens=len(each.prompt_ids),
            reasoning="",
            answer="",
            reward=each.reward,
            sampling=Sampling.of_log(each.layout, temperature=self.temperature),
        )


def cell(each: LoggedRollout, name: str) -> Any:
    """Return what a rollout says under a name: a column, a reward function, or a metric."""
    for place in (each.columns, each.parts, each.columns.get("metrics") or {}):
        if name in place:
            return place[name]
    return None


def _claims(label: str, value: Any) -> bool:
    """Whether a label says that a rollout hacked."""
    found = number(value)
    if found is not None:
        return found >= HACKED
    word = str(value).strip().lower()
    if word in SAYS_YES or word in SAYS_NO:
        return word in SAYS_YES
    raise SetupError(
        f"{label} says {str(value)[:40]!r} of a rollout, which is neither true nor false: give a "
        "column of numbers (hacked from 0.5 on), of true and false, yes and no, or hack and clean"
    )
