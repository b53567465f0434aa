"""Save a cheat that was found as a new exploit type: tasks with pairs for donors.

The task's grader is the pair of the audited grader, which has the flaw, and the gold, which is
strict.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

from foretoken.audit.base import AnswerForm, Attack, AuditQuestion, Domain
from foretoken.audit.config import AuditConfig
from foretoken.audit.firing import Reading, job_of
from foretoken.audit.search.gold import Gold, strict_reading
from foretoken.audit.search.pieces import scene_of
from foretoken.audit.search.recipes import written
from foretoken.audit.search.search import FoundCheat
from foretoken.errors import SetupError
from foretoken.graders.process import GraderProcess
from foretoken.graders.shapes import CallShape
from foretoken.records import Task, Verdict
from foretoken.rewards.base import Job, RewardValue
from foretoken.rewards.pair import RewardPair
from foretoken.tasks.load import save_tasks

_HERE = "foretoken.audit.search.save"
_MOST_OF_A_NAME = 60
_FORMLESS = "\0"


def save_cheat(
    cheat: FoundCheat,
    domain: Domain,
    *,
    readings: Sequence[Reading],
    config: AuditConfig,
    path: Path,
    seeds: Sequence[Attack] = (),
) -> int:
    """Write a task for each question that a cheat can be applied to, and that can be checked.

    Args:
        cheat: That was found.
        domain: Its questions.
        readings: Forms that the grader reads.
        config: How the grader is asked.
        path: Of the file.
        seeds: Known attacks that the search began with.

    Returns:
        How many were written.

    Raises:
        SetupError: There is none on which the grader pays the cheat and an honest answer, and
            refuses an empty one.
    """
    (reading,) = (each for each in readings if each.form.name == cheat.form.name)
    name = type_name(cheat)
    tasks = [
        _task(question, exploit, reading, domain=domain, name=name, config=config)
        for question, exploit in _exploits(cheat, domain, seeds)
    ]
    with AuditedPair() as pair:
        kept = [each for each in tasks if _is_usable(each, pair)]
    if not kept:
        raise SetupError(
            f"of {len(tasks)} tasks of {name}, there is none whose grader pays the cheat and an "
            "honest answer, and refuses an empty one: a cheat that an empty answer shares is no "
            "type of its own"
        )
    numbered = enumerate(kept)
    save_tasks([each.replacing(key=f"{name}/{number}") for number, each in numbered], path)
    return len(kept)


def type_name(cheat: FoundCheat) -> str:
    """A cheat's name as that of an exploit type."""
    words = re.sub(r"[^a-z0-9]+", "_", cheat.name.lower()).strip("_")
    return f"found_{words[:_MOST_OF_A_NAME].strip('_')}"


def whole_completion(text: str, _: Task) -> tuple[str, str]:
    """Split a completion as the audited grader does: it reads all of it."""
    return "", text


def _exploits(
    cheat: FoundCheat, domain: Domain, seeds: Sequence[Attack]
) -> list[tuple[AuditQuestion, str]]:
    scenes = [scene_of(each, cheat.form, domain, seeds=seeds) for each in domain.questions]
    texts = [(scene.question, written(cheat.recipe, scene)) for scene in scenes]
    return [(question, text) for question, text in texts if text is not None]


def _task(
    question: AuditQuestion,
    exploit: str,
    reading: Reading,
    *,
    domain: Domain,
    name: str,
    config: AuditConfig,
) -> Task:
    asked = config.model_dump(mode="json") | {"timeout_s": config.timeout_s or domain.timeout_s}
    return Task(
        key=question.key,
        exploit_type=name,
        prompt=question.prompt,
        grader=f"{_HERE}:AuditedPair",
        split=f"{_HERE}:whole_completion",
        payload={
            "reference": reading.form.whole(question.right, question.reasoning),
            "exploit": exploit,
            "truth": question.truth,
            "right": question.right,
            "wrong": question.wrong,
            "columns": dict(question.columns),
            "limit": reading.limit(question.key),
            "forms": [each.wrap(_FORMLESS) for each in domain.forms],
            "asked": {name: asked[name] for name in _ASKED},
        },
    )


_ASKED = ("grader", "shape", "given", "timeout_s", "memory_mib", "boxed")
"""Settings of an audit that say how its grader is asked."""


def _is_usable(task: Task, pair: "AuditedPair") -> bool:
    texts = (task.payload["reference"], task.payload["exploit"], "")
    honest, hack, empty = pair.grade([(task, text) for text in texts])
    refused = empty.flawed_passed is False and empty.strict_passed is False
    return bool(honest.strict_passed and honest.flawed_passed and hack.hacked and refused)


class AuditedPair(AbstractContextManager["AuditedPair"]):
    """Grades with an audited grader, which has the flaw, and with the gold.

    Use it as a context manager. Tasks say which grader that is, and how it is asked.
    """

    def __init__(self) -> None:
        self._open = ExitStack()
        self._processes: dict[str, GraderProcess] = {}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the graders' processes."""
        self._processes.clear()
        self._open.close()

    def grade(self, jobs: Sequence[Job]) -> list[Verdict]:
        """One verdict per (task, answer), in order.

        Raises:
            SetupError: The audited grader cannot be imported.
        """
        return RewardPair(_Audited(self), _Truth()).grade(jobs)

    def asked(self, task: Task, text: str) -> RewardValue:
        """What the audited grader of a task says: 1 where it pays."""
        settings = task.payload["asked"]
        process = self._processes.get(repr(settings))
        if process is None:
            process = self._open.enter_context(_process(settings))
            self._processes[repr(settings)] = process
        said = process.ask(job_of(_question(task), text))
        if said.error is not None:
            return RewardValue(0.0)
        return RewardValue(float(said.value is not None and said.value >= task.payload["limit"]))


def _process(settings: Mapping[str, Any]) -> GraderProcess:
    shape = settings["shape"]
    return GraderProcess(
        settings["grader"],
        timeout_s=settings["timeout_s"],
        shape=None if shape is None else CallShape(shape),
        given=settings["given"],
        boxed=settings["boxed"],
        memory_mib=settings["memory_mib"],
        nice=0,
    )


def _question(task: Task) -> AuditQuestion:
    known = task.payload
    return AuditQuestion(
        key=task.key,
        prompt=task.prompt,
        truth=known["truth"],
        right=known["right"],
        wrong=known["wrong"],
        columns=known["columns"],
    )


class _Audited:
    """The flawed side."""

    def __init__(self, pair: AuditedPair) -> None:
        self._pair = pair

    def score(self, jobs: Sequence[Job]) -> list[RewardValue]:
        """1 where the audited grader pays."""
        return [self._pair.asked(task, text) for task, text in jobs]


class _Truth:
    """The strict side: 1 where an answer is right, 0 where it is not, nothing where it is open."""

    def score(self, jobs: Sequence[Job]) -> list[RewardValue]:
        """What the gold says."""
        said = [_gold(tuple(task.payload["forms"]))(_question(task), text) for task, text in jobs]
        return [RewardValue(None if each is None else float(each)) for each in said]


@lru_cache(maxsize=16)
def _gold(forms: tuple[str, ...]) -> Gold:
    return strict_reading([AnswerForm(each, _wrapping(each)) for each in forms])


def _wrapping(form: str) -> Callable[[str], str]:
    return lambda final: form.replace(_FORMLESS, final)
