"""Search a run for exploits that are in no task's type: answers that are paid and doubted.

A paid answer is doubted where a grader that training did not learn from refuses it, or where cheap
signs speak against it (`suspects.signs`) and no such grader accepts it. Doubted answers that are
built alike are a group; a group is claimed only where graders refuse most of it, or where it grows.
"""

import json
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from foretoken.discovery_records import Discovery, DiscoverySearch, DiscoveryStanding
from foretoken.errors import SetupError
from foretoken.estimate.bounds import clopper_pearson_lower
from foretoken.estimate.growth import Growth, share_growth
from foretoken.pipeline.histories import training_settings
from foretoken.records import CODE, Task, Verdict
from foretoken.store.run import Run
from foretoken.suspects.answers import Answer, read_answers
from foretoken.suspects.groups import Group, alike_texts, find_groups
from foretoken.suspects.shortest import shortest
from foretoken.suspects.signs import Usual, doubts
from foretoken.suspects.structure import features
from foretoken.tasks.answer import known_answer
from foretoken.tasks.base import Grader
from foretoken.tasks.graders import graders_for
from foretoken.tasks.load import load_tasks, save_tasks
from foretoken.work.settings import Settings

PART = "discovered"
FEWEST = 5
"""Answers of a group, or judged answers, that can be said anything of."""
SPLITS = (1 / 16, 1 / 8, 1 / 4, 1 / 2)
"""Shares of the paid answers that are early, one after the other: some ways to cheat are learnt in
the first steps, some in the last."""
FIRST_PART = 0.25
"""Share of the paid answers that later ones are new beside."""
ERROR = 0.05
"""Chance that any bound of any search of a run is wrong; the n-th has ``1 / (n (n + 1))`` of it."""
WINDOWS = 12
"""Of steps, in which growth is shown."""


class NothingPaidError(SetupError):
    """A run holds no answer that training paid."""


class DiscoverConfig(Settings):
    """Settings of `foretoken discover`."""

    section = "discover"

    run: Path
    """Run directory with rollouts."""
    tasks: str | None = None
    """Tasks of the rollouts; none: those that the run holds."""
    grader: str | None = None
    """Import path `package.module:factory` of what grades as the run does; none: as each task
    says."""
    save: str | None = None
    """Name of what was found, of which tasks with donor pairs are written; none: of nothing."""
    gradings: int = Field(default=200, ge=0)
    """Most gradings of one group in the search for its shortest answer; 0: none is looked for."""
    workers: int | None = Field(default=None, gt=0)
    """Submissions graded at the same time; none: two per core."""


@dataclass(frozen=True)
class Discovered:
    """What a search found."""

    search: DiscoverySearch
    discoveries: tuple[Discovery, ...]
    """Claimed ones first, then known ones, then those that are unproven; the largest first."""
    saved: Path | None
    """File of tasks with donor pairs."""


def discover(config: DiscoverConfig, *, grader: Grader | None = None) -> Discovered:
    """Search a run, and store what was found.

    Args:
        config: Which run, and which tasks.
        grader: Used in place of those that the tasks name.

    Raises:
        NothingPaidError: There is no answer that training paid.
        SetupError: What is to be saved is not there.
        TaskError: The tasks cannot be used.
        StoreError: The run cannot be read or written.
    """
    run = Run.open(config.run)
    every = run.read(Task) if config.tasks is None else load_tasks(config.tasks)
    tasks = {each.key: _graded_by(each, config.grader) for each in every}
    answers = read_answers(run, tasks, closed=training_settings(run).get("closed", ()))
    if not answers:
        raise NothingPaidError(
            f"{run.path} holds no answer that training paid: run `foretoken import` on its "
            "trainer's logs, or `foretoken watch`"
        )
    why = _reasons(answers)
    groups = find_groups(answers, [bool(each) for each in why.values()])
    tested = sum(len(each.members) >= FEWEST for each in groups)
    look = _look(run, len(answers))
    delta = ERROR / (look * (look + 1)) / max(tested, 1)
    with graders_for([], given=grader, workers=config.workers) as grading:
        found = [_discovery(each, answers, why, tasks=tasks, delta=delta) for each in groups]
        found = [_shortened(each, tasks, config, grading=grading) for each in found]
        found.sort(key=lambda each: (_PLACES[each.standing], -each.answers, each.name))
        saved = None
        if config.save is not None:
            own = _members(config.save, found, groups)
            saved = _save(config, own, tasks, found=found, grading=grading)
    judged = [each for each in answers if each.refused is not None]
    search = DiscoverySearch(
        answers=len(answers),
        steps=(answers[0].step, answers[-1].step),
        judged=len(judged),
        refused=sum(bool(each.refused) for each in judged),
        doubted=sum(bool(each) for each in why.values()),
        ungrouped=sum(bool(each) for each in why.values()) - sum(each.doubted for each in found),
        groups=len(found),
        claimed=sum(each.standing is DiscoveryStanding.CLAIMED for each in found),
        known=sum(each.standing is DiscoveryStanding.KNOWN for each in found),
        look=look,
    )
    run.append(found, part=PART, kind=Discovery, replace=True)
    run.append([search], part=PART, replace=True)
    return Discovered(search, tuple(found), saved)


_PLACES = {DiscoveryStanding.CLAIMED: 0, DiscoveryStanding.KNOWN: 1, DiscoveryStanding.UNPROVEN: 2}


def _look(run: Run, answers: int) -> int:
    """Number of this search among those of the run that saw ever other answers."""
    last = max(run.read(DiscoverySearch), key=lambda each: each.look, default=None)
    if last is None:
        return 1
    return last.look + (last.answers != answers)


def _graded_by(task: Task, grader: str | None) -> Task:
    """A task that is graded by the run's own grader, where that is named."""
    if grader is None:
        return task
    payload = json.loads(json.dumps(task.payload, default=list))
    return task.replacing(grader=grader, payload=payload)


def _reasons(answers: Sequence[Answer]) -> dict[str, list[str]]:
    """Why each answer is doubted, by key; nothing where it is not."""
    lengths: defaultdict[str, list[int]] = defaultdict(list)
    for each in answers:
        lengths[each.task].append(len(each.text))
    first = {features(each.text) for each in answers[: int(len(answers) * FIRST_PART)]}
    usual = Usual(
        {task: statistics.median(own) for task, own in lengths.items()},
        is_new=lambda answer: bool(first) and features(answer.text) not in first,
    )
    found: dict[str, list[str]] = {}
    known: dict[tuple[str, str], list[str]] = {}
    for each in answers:
        if (each.task, each.text) not in known:
            known[each.task, each.text] = doubts(each, usual)
        signs = known[each.task, each.text] if each.refused is not False else []
        refused = ["a second grader refuses it"] if each.refused else []
        found[each.key] = [*refused, *signs]
    return found


@dataclass(frozen=True)
class _Course:
    """A group's share before and after a step."""

    late_from: int
    early: tuple[int, int]
    late: tuple[int, int]
    growth: Growth


def _grown(members: Sequence[Answer], answers: Sequence[Answer], *, delta: float) -> _Course | None:
    """The growth at the split of steps that tells it best; None: all answers are of one step."""
    found: list[_Course] = []
    starts = {answers[int(len(answers) * share)].step for share in SPLITS} - {answers[0].step}
    for start in sorted(starts or {answers[-1].step} - {answers[0].step}):
        late, late_of = (sum(each.step >= start for each in own) for own in (members, answers))
        early, early_of = len(members) - late, len(answers) - late_of
        growth = share_growth(
            early=early, early_of=early_of, late=late, late_of=late_of, delta=delta / len(SPLITS)
        )
        found.append(_Course(start, (early, early_of), (late, late_of), growth))
    return max(found, key=lambda each: each.growth.interval[0], default=None)


def _discovery(
    group: Group,
    answers: Sequence[Answer],
    why: Mapping[str, list[str]],
    *,
    tasks: Mapping[str, Task],
    delta: float,
) -> Discovery:
    judged = [each for each in group.members if each.refused is not None]
    refused = sum(bool(each.refused) for each in judged)
    known = _known(group, tasks)
    course = _grown(group.members, answers, delta=delta)
    if course is None:
        own = (len(group.members), len(answers))
        course = _Course(answers[0].step, (0, 0), own, Growth(None, (0.0, math.inf)))
    is_refused = clopper_pearson_lower(refused, len(judged), delta=delta / 2) > 0.5
    doubted = 2 * group.doubted >= len(group.members) >= FEWEST and 2 * refused >= len(judged)
    standing = DiscoveryStanding.UNPROVEN
    if known is not None:
        standing = DiscoveryStanding.KNOWN
    elif is_refused or (doubted and len(judged) < FEWEST and course.growth.interval[0] > 1.0):
        standing = DiscoveryStanding.CLAIMED
    return Discovery(
        name=group.name,
        standing=standing,
        known=known,
        needs=group.needs,
        signs=dict(Counter(each for one in group.members for each in why[one.key]).most_common()),
        answers=len(group.members),
        doubted=group.doubted,
        judged=len(judged),
        refused=refused,
        tasks=len({each.task for each in group.members}),
        first_step=group.members[0].step,
        last_step=group.members[-1].step,
        late_from=course.late_from,
        early=course.early,
        late=course.late,
        growth=course.growth.ratio,
        growth_interval=course.growth.interval,
        steps=_windows(group.members, answers),
        example=group.centre.text,
        example_task=group.centre.task,
        example_key=group.centre.key,
        shortest=None,
        shortest_why="",
    )


def _windows(
    members: Sequence[Answer], answers: Sequence[Answer]
) -> tuple[tuple[int, int, int], ...]:
    first, last = answers[0].step, answers[-1].step
    width = max(1, -(-(last - first + 1) // WINDOWS))
    own = Counter((each.step - first) // width for each in members)
    of = Counter((each.step - first) // width for each in answers)
    return tuple(
        (min(first + (window + 1) * width - 1, last), own[window], of[window])
        for window in sorted(of)
    )


def _known(group: Group, tasks: Mapping[str, Task]) -> str | None:
    """Exploit type that most of a group is known as, by its graders or by the exploit of a task."""
    named = Counter(each.known for each in group.members if each.known is not None)
    for name, count in named.most_common(1):
        if 2 * count >= len(group.members):
            return name
    task = tasks.get(group.centre.task)
    exploit = None if task is None else known_answer(task, "exploit")
    if task is not None and exploit is not None and alike_texts(group.centre.text, exploit):
        return task.exploit_type
    return None


def _shortened(
    found: Discovery, tasks: Mapping[str, Task], config: DiscoverConfig, *, grading: Grader
) -> Discovery:
    """A discovery with its shortest answer, where its task's grader pays the example."""
    if found.standing is DiscoveryStanding.KNOWN or not config.gradings:
        return found.replacing(shortest_why="not looked for")
    task = tasks.get(found.example_task)
    if task is None:
        return found.replacing(shortest_why="its task is not at hand: name it with --tasks")
    by_grader = found.refused > 0

    def holds(texts: Sequence[str]) -> list[bool]:
        said = grading.grade([(task, text) for text in texts])
        return [
            _still(task, text, verdict, by_grader=by_grader)
            for text, verdict in zip(texts, said, strict=True)
        ]

    if not holds([found.example])[0]:
        return found.replacing(
            shortest_why="the grader at hand does not pay its example, or nothing doubts it there: "
            "name the run's own with --grader"
        )
    text, asked = shortest(found.example, holds, most=config.gradings - 1)
    return found.replacing(shortest=text, shortest_why=f"after {asked + 1} gradings")


def _still(task: Task, text: str, verdict: Verdict, *, by_grader: bool) -> bool:
    """Whether an answer is still paid, and doubted as its group was."""
    if not text.strip() or not verdict.flawed_passed:
        return False
    if by_grader and verdict.strict_passed is not None:
        return not verdict.strict_passed
    answer = Answer("", 0, task.key, task.prompt, text, refused=None)
    return bool(doubts(answer, Usual({}, is_new=lambda _: False)))


def _members(name: str, found: Sequence[Discovery], groups: Sequence[Group]) -> Sequence[Answer]:
    for each in groups:
        if each.name == name:
            return each.members
    known = ", ".join(each.name for each in found) or "nothing"
    raise SetupError(f"there is no {name} among what was found, which is {known}")


def _save(
    config: DiscoverConfig,
    members: Sequence[Answer],
    tasks: Mapping[str, Task],
    *,
    found: Sequence[Discovery],
    grading: Grader,
) -> Path:
    """Write the tasks of a group, each with its shortest answer that the graders take for a hack.

    A task that is graded by `code` keeps its exploit type, which names the flaw of its grader.
    """
    assert config.save is not None
    (chosen,) = (each for each in found if each.name == config.save)
    texts: dict[str, str] = {}
    for each in members:
        if each.task in tasks:
            known = texts.get(each.task, each.text)
            texts[each.task] = min(known, each.text, key=lambda text: (len(text), text))
    if chosen.shortest is not None:
        texts[chosen.example_task] = chosen.shortest
    verdicts = grading.grade([(tasks[key], text) for key, text in texts.items()])
    pairs = [
        _pair(tasks[key], text, name=config.save, number=number)
        for number, ((key, text), said) in enumerate(zip(texts.items(), verdicts, strict=True))
        if said.hacked
    ]
    if not pairs:
        raise SetupError(
            f"of {len(texts)} tasks of {config.save} that are at hand, no grader takes an answer "
            "for a hack: name their tasks with --tasks, and the run's own grader with --grader"
        )
    path = Run.open(config.run).folder / f"{config.save}.jsonl"
    save_tasks(pairs, path)
    return path


def _pair(task: Task, exploit: str, *, name: str, number: int) -> Task:
    changes: dict[str, Any] = {"payload": {**task.payload, "exploit": exploit}}
    if task.grader != CODE:
        changes |= {"exploit_type": name, "key": f"{name}/{number}"}
    return task.replacing(**changes)
