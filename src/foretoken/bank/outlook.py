"""How much a bank will draw, said before it starts, and about how long that takes."""

import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

from foretoken.bank.config import OWN_TASKS, BankConfig, all_scorers, fitted
from foretoken.bank.read import TASKS_PART, read_bank_tasks
from foretoken.bank.tuning import Budget
from foretoken.errors import RunError, SetupError
from foretoken.records import Task
from foretoken.store.run import Run
from foretoken.tasks.load import load_tasks
from foretoken.work.drawing import drawing_name
from foretoken.work.progress import Phase, duration
from foretoken.work.scoring import scoring_name

STAGES = ("bank-s1", "bank-s2", "bank-s3")
CHECKS = "self-checks of the bank"
MEASURED = 512
"""Draws after which the time of all is estimated."""
USUAL_HITS = 0.3
"""Share of draws that hack, as progress takes it until it is known."""
SCORE_COST = 0.05
"""Time of scoring a text, in draws, as progress takes it until it is known."""


@dataclass(frozen=True)
class Outlook:
    """What a bank draws at most."""

    tasks_of: Counter[str]
    """Number of tasks by exploit type."""
    stages: tuple[int, ...]
    """Draws of each stage, at most."""
    max_tokens: int

    @property
    def draws(self) -> int:
        """At most, in all stages."""
        return sum(self.stages)

    def __str__(self) -> str:
        tasks, types = self.tasks_of.total(), len(self.tasks_of)
        stages = ", ".join(f"{draws:,}" for draws in self.stages)
        return (
            f"{tasks} tasks of {types} types: at most {self.draws:,} draws ({stages} by stage) of "
            f"at most {self.max_tokens} tokens, {self.draws * self.max_tokens:,} in all."
        )


class Pace:
    """Says once, from the first draws, about how long all of them take.

    Args:
        outlook: What is drawn.
        say: Takes the line.
    """

    def __init__(self, outlook: Outlook, say: Callable[[str], None]) -> None:
        self._outlook, self._say = outlook, say
        self._began, self._drawn = time.monotonic(), 0

    def __call__(self, count: int) -> None:
        """So many more draws are finished."""
        enough = min(MEASURED, self._outlook.stages[0])
        before, self._drawn = self._drawn, self._drawn + count
        if before < enough <= self._drawn:
            each = (time.monotonic() - self._began) / self._drawn
            first, every = (
                duration(each * draws) for draws in (self._outlook.stages[0], self._outlook.draws)
            )
            self._say(
                f"{self._drawn} draws took {duration(each * self._drawn)}: about {first} for the "
                f"first stage, at most about {every} for all. Less: --types, --limit, "
                "--draws-per-task."
            )


def outlook(tasks: Collection[Task], config: BankConfig) -> Outlook:
    """What a bank on these tasks draws at most."""
    first = first_draws(config)
    per_task = [first]
    if config.proposals == "switch":
        budget = Budget(config.draws_per_task, config.effective_hits, config.third_stage)
        per_task += [budget.most(stage, drawn=first) for stage in (2, 3)]
    return Outlook(
        Counter(task.exploit_type for task in tasks),
        tuple(draws * len(tasks) for draws in per_task),
        config.max_tokens,
    )


def bank_phases(found: Outlook, config: BankConfig) -> list[Phase]:
    """What building a bank consists of, for its progress."""
    phases: list[Phase] = []
    for part, draws in zip(STAGES, found.stages, strict=False):
        phases.append(Phase(drawing_name(part), "draw", draws))
        phases += [
            Phase(scoring_name(name), "score", draws * USUAL_HITS, each=SCORE_COST)
            for name in all_scorers(config)
        ]
    return [*phases, Phase(CHECKS, "checks", 1.0, each=SCORE_COST * found.draws)]


def first_draws(config: BankConfig) -> int:
    """Draws of each task in the first stage."""
    share = config.first_stage if config.proposals == "switch" else 1.0
    return max(2, round(share * config.draws_per_task))


def plan_bank(config: BankConfig) -> Outlook:
    """What `build_bank` would draw at most; nothing is written and no model is read.

    Raises:
        SetupError: There are no such tasks.
        TaskError: The tasks cannot be used.
    """
    config, tasks, _ = begun_or_new(config)
    return outlook(tasks.values(), config)


def begun_or_new(config: BankConfig) -> tuple[BankConfig, dict[str, Task], Run | None]:
    """Settings as they fit the run, the bank's tasks by key, and the run, if there is one.

    Raises:
        SetupError: There are no such tasks.
        TaskError: The tasks cannot be used.
    """
    try:
        run = Run.open(config.run)
    except RunError:
        tasks = chosen_tasks(load_tasks(config.tasks), config)
        return config, {task.key: task for task in tasks}, None
    config = fitted(run, config)
    return config, bank_tasks(run, config), run


def bank_tasks(run: Run, config: BankConfig) -> dict[str, Task]:
    """The bank's tasks by key: those that it was begun with, where it was.

    Raises:
        SetupError: No task has a type that is asked for.
        TaskError: The tasks cannot be used.
    """
    if run.has_part(TASKS_PART, Task):
        return read_bank_tasks(run)
    tasks = run.read(Task) if config.tasks == OWN_TASKS else load_tasks(config.tasks)
    return {task.key: task for task in chosen_tasks(tasks, config)}


def chosen_tasks(tasks: Collection[Task], config: BankConfig) -> list[Task]:
    """Tasks of the wanted types, and as many of each as wanted, evenly spread over its tasks.

    Raises:
        SetupError: No task has a type that is asked for.
    """
    known = {task.exploit_type for task in tasks}
    unknown = [each for each in config.types if each not in known]
    if unknown:
        raise SetupError(
            f"no task of {config.tasks} has the type {unknown[0]!r}: it has "
            f"{', '.join(sorted(known))}"
        )
    found = [task for task in tasks if not config.types or task.exploit_type in config.types]
    if config.limit is None:
        return found
    kept: set[str] = set()
    for name in known:
        own = [task.key for task in found if task.exploit_type == name]
        most = min(config.limit, len(own))
        kept |= {own[number * len(own) // most] for number in range(most)}
    return [task for task in found if task.key in kept]
