"""A grader whose submissions run in the sandboxes of all machines of a Ray cluster."""

import hashlib
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version

import ray
from ray.actor import ActorHandle

from foretoken.engines.ray.cluster import (
    Cluster,
    Crew,
    on_node,
    spoken_by_this_machine,
    working_nodes,
)
from foretoken.errors import SetupError
from foretoken.records import Task, Verdict
from foretoken.tasks.base import Grader
from foretoken.tasks.graders import Graders

PIECES_PER_MACHINE = 4
"""Pieces that a batch of submissions is cut into: a slow machine takes fewer of them."""
REMEMBERED = 500_000
_Key = tuple[str, bytes]


class GraderWorker:
    """What stands on each machine: a grader of its own, opened when work first needs it."""

    def __init__(self, workers: int | None) -> None:
        self._workers = workers
        self._stack = ExitStack()
        self._grader: Grader | None = None

    def ready(self) -> str:
        """Version of Foretoken here."""
        return version("foretoken")

    def grade(self, jobs: Sequence[tuple[Task, str]]) -> list[Verdict]:
        """One verdict per (task, answer), in order."""
        try:
            if self._grader is None:
                self._grader = self._stack.enter_context(Graders(workers=self._workers))
            return self._grader.grade(jobs)
        except SetupError as error:
            raise spoken_by_this_machine(error) from None


class RayGrader:
    """Grades on every machine of a Ray cluster.

    Each distinct (task, answer) is graded once. Use it as a context manager: workers start with
    the first batch and are let go at the end.

    Args:
        cluster: Joined with the first batch.
        workers: Submissions that run at the same time on each machine; None: two per core.
    """

    def __init__(self, cluster: Cluster, *, workers: int | None = None) -> None:
        self._cluster, self._workers = cluster, workers
        self._crew: Crew | None = None
        self._known: dict[_Key, tuple[Task, Verdict]] = {}

    def __enter__(self) -> "RayGrader":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._crew is not None:
            self._crew.close()
            self._crew = None

    def grade(self, jobs: Sequence[tuple[Task, str]]) -> list[Verdict]:
        """One verdict per (task, answer), in order.

        Raises:
            TaskError: A task is not usable.
            IsolationError: A machine refuses the isolation that untrusted code needs.
            SetupError: No worker stands up.
        """
        keys = [_key(task, answer) for task, answer in jobs]
        fresh: dict[_Key, tuple[Task, str]] = {}
        for key, job in zip(keys, jobs, strict=True):
            known = self._known.get(key)
            if known is None or known[0] != job[0]:
                fresh.setdefault(key, job)
        graded = dict(zip(fresh, self._spread(list(fresh.values())), strict=True))
        verdicts = [graded[key] if key in graded else self._known[key][1] for key in keys]
        for key, said in graded.items():
            if said.grader_error is None:
                self._known[key] = fresh[key][0], said
        while len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        return verdicts

    def _spread(self, jobs: list[tuple[Task, str]]) -> list[Verdict]:
        if not jobs:
            return []
        crew = self._crew = self._crew or self._recruits()
        size = math.ceil(len(jobs) / (crew.size * PIECES_PER_MACHINE))
        pieces = [jobs[start : start + size] for start in range(0, len(jobs), size)]
        with ThreadPoolExecutor(min(crew.size, len(pieces))) as executor:
            found = executor.map(partial(crew.call, "grade"), pieces)
            return [verdict for verdicts in found for verdict in verdicts]

    def _recruits(self) -> Crew:
        self._cluster.join()
        nodes = working_nodes()
        actor = ray.remote(num_cpus=0, max_restarts=0)(GraderWorker)

        def recruit(number: int) -> ActorHandle:
            return actor.options(scheduling_strategy=on_node(nodes[number])).remote(self._workers)

        return Crew(recruit, len(nodes))


def _key(task: Task, answer: str) -> _Key:
    return task.key, hashlib.sha256(answer.encode(errors="surrogatepass")).digest()
