"""A second grader is asked about rollouts that were imported; training knows nothing of it."""

import hashlib
import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from foretoken.errors import SetupError
from foretoken.grader_records import SecondOpinion
from foretoken.graders.process import GraderProcess
from foretoken.ledger.shadow import ShadowSettings, drawn
from foretoken.logs.base import LoggedRollout
from foretoken.pipeline.logged_draws import LoggedDraws, cell
from foretoken.pipeline.logged_parts import LogPart, draw_part, training_steps
from foretoken.records import Draw
from foretoken.store.run import Run
from foretoken.tasks.answer import split_of

MOST_FAILURES = 5
"""In a row, by which the second grader hangs or dies; then it is left alone for `PAUSE_S`."""
PAUSE_S = 600.0
CUT = 403
"""Characters of a column that our hook has cut, with the three dots at its end."""
_NOTHING = "the second grader was shown nothing"


@dataclass
class Shadow(AbstractContextManager["Shadow"]):
    """A second grader of one run, between imports.

    Args:
        settings: Which, and what it is asked about.
        seconds: After which an import leaves the rest for the next one; None: none is left, and
            a second grader that cannot be used is an error.
    """

    settings: ShadowSettings
    seconds: float | None = None
    notes: list[str] = field(default_factory=list[str])
    """What could not be done at the last import."""
    asked: int = 0
    failed: int = 0
    """Answers that it gave an error for, at the last import."""
    behind: bool = False
    """Whether the last import ran out of time."""
    _given: dict[str, tuple[float | None, str | None]] = field(
        default_factory=dict[str, tuple[float | None, str | None]]
    )
    """What it gave rollouts of a step that is not whole."""
    _grader: GraderProcess | None = None
    _until: float = math.inf
    _rest_until: float = 0.0

    def __exit__(self, *_: object) -> None:
        """End its process."""
        if self._grader is not None:
            self._grader.__exit__(None, None, None)

    def ask(self, run: Run, parts: Sequence[LogPart], making: LoggedDraws) -> None:
        """Ask about the rollouts of steps that have new ones, the newest first.

        Args:
            run: Holds the rollouts, and takes the opinions.
            parts: Of its logs.
            making: Knows what rollouts said and of which task they are.

        Raises:
            SetupError: The second grader cannot be used.
        """
        self.notes, self.asked, self.failed, self.behind = [], 0, 0, False
        if self.settings.shadow is None:
            return
        self._until = math.inf if self.seconds is None else time.monotonic() + self.seconds
        work = _Work(run, self.settings, parts, making)
        if parts and not work.counts:
            self.notes.append(f"{_NOTHING}: no rollout has a known step")
        try:
            steps, shown = work.open_steps(), 0
            for step in steps:
                opinions = list(self._opinions(work, step))
                work.store(step, opinions)
                shown += len(opinions)
                self._given.clear()
            if steps and not shown:
                self.notes.append(f"{_NOTHING}: no rollout of these steps has a reward")
        except _LaterError as error:
            self.notes.append(str(error))
        except SetupError as error:
            if self.seconds is None:
                raise
            self._rest_until = time.monotonic() + PAUSE_S
            self.notes.append(str(error))

    def _opinions(self, work: "_Work", step: int) -> Iterator[SecondOpinion]:
        known = work.known(step)
        for rollout, opinion in work.drawn(step):
            if rollout.key in known:
                value, error = known[rollout.key], None
            else:
                value, error = self._asked(work, rollout)
            yield opinion.replacing(value=value, error=error)

    def _asked(self, work: "_Work", rollout: LoggedRollout) -> tuple[float | None, str | None]:
        if rollout.key in self._given:
            return self._given[rollout.key]
        settings, now = self.settings, time.monotonic()
        self.behind = now > self._until
        if self.behind or now < self._rest_until:
            raise _LaterError("some steps wait for the second grader")
        if self._grader is None:
            assert settings.shadow is not None
            self._grader = GraderProcess(
                settings.shadow, timeout_s=settings.shadow_timeout_s, name="second grader"
            )
        try:
            said = self._grader.ask(work.job(rollout))
            given = said.value, said.error
        except _UntoldError as error:
            given = None, str(error)
        if self._grader.failures >= MOST_FAILURES:
            self._grader.failures, self._rest_until = 0, time.monotonic() + PAUSE_S
            raise _LaterError(
                f"the second grader hung or died {MOST_FAILURES} times in a row ({given[1]}): "
                "it is left alone for a while, and some steps wait for it"
            )
        self.asked += 1
        self.failed += given[1] is not None
        self._given[rollout.key] = given
        return given

    def lines(self) -> Iterator[str]:
        """Yield what a person should know of the last import."""
        if self.asked:
            failed = f", {self.failed:,} of which it failed for" if self.failed else ""
            yield f"{self.asked:,} rollouts shown to the second grader{failed}"
        yield from self.notes


class _LaterError(Exception):
    """What is left is for a later import."""


class _UntoldError(Exception):
    """The log does not tell what a grader has to know."""


class _Work:
    """What a run tells of the steps that a second grader is asked about."""

    def __init__(
        self, run: Run, settings: ShadowSettings, parts: Sequence[LogPart], making: LoggedDraws
    ) -> None:
        self.run, self.settings, self.making = run, settings, making
        self.holders: dict[int, list[LogPart]] = {}
        self.counts: Counter[int] = Counter()
        for part in parts:
            for step, count in training_steps(run, part).items():
                self.holders.setdefault(step, []).append(part)
                self.counts[step] += count
        named = hashlib.sha256(str(settings.shadow).encode()).hexdigest()[:8]
        drawing = settings.shadow_settings() | {"shadow_timeout_s": None}
        how = hashlib.sha256(repr(sorted(drawing.items())).encode()).hexdigest()[:8]
        self._prefix, self._how = f"by-{named}-", how
        self._stored = {
            int(name.removeprefix(self._prefix).split("-")[0]): name
            for name in run.parts(SecondOpinion)
            if name.startswith(self._prefix)
        }

    def open_steps(self) -> list[int]:
        """Steps of which not all is known, the newest first; what is of no step is removed."""
        for step in self._stored.keys() - self.counts.keys():
            self.run.remove(SecondOpinion, self._stored.pop(step))
        return sorted(
            (s for s in self.counts if self._stored.get(s) != self._name(s)), reverse=True
        )

    def known(self, step: int) -> Mapping[str, float | None]:
        """What the second grader gave before, by rollout; its errors left out."""
        if step not in self._stored:
            return {}
        before = self.run.read(SecondOpinion, part=self._stored[step])
        return {each.key: each.value for each in before if each.error is None}

    def drawn(self, step: int) -> Iterator[tuple[LoggedRollout, SecondOpinion]]:
        """Rollouts that are asked about, each with an opinion that has no value yet."""
        rewards: dict[str, float] = {}
        for part in self.holders[step]:
            of_step = (pc.field("step") == step) & pc.field("training")
            scored = of_step & pc.field("reward").is_valid()
            found = self.run.table(
                LoggedRollout, part=part.name, where=scored, columns=["key", "reward"]
            )
            keys, given = found["key"].to_pylist(), found["reward"].to_pylist()
            rewards |= dict(zip(keys, given, strict=True))
        weights = drawn(rewards, self.settings)
        for part in self.holders[step]:
            wanted = pc.field("key").isin(pa.array(list(weights), pa.string()))
            of = self._draws(part, weights)
            for rollout in self.run.read(LoggedRollout, part=part.name, where=wanted):
                task, kind = of.get(rollout.key, (self.making.task_name(rollout), None))
                yield (
                    rollout,
                    SecondOpinion(
                        key=rollout.key,
                        step=step,
                        task=task,
                        exploit_type=kind,
                        grader=str(self.settings.shadow),
                        paid=rewards[rollout.key],
                        paid_from=self.settings.shadow_paid,
                        accepts_from=self.settings.shadow_accepts,
                        weight=weights[rollout.key],
                    ),
                )

    def job(self, rollout: LoggedRollout) -> Mapping[str, Any]:
        """What the second grader is told."""
        text, task = self.making.said(rollout), self.making.task_of(rollout)
        if text is None:
            raise _UntoldError("the log has no text of it (token ids: --tokenizer)")
        answer = text if task is None else split_of(task, self.making.tags)(text, task)[1]
        return {
            "prompt": rollout.prompt,
            "text": text,
            "answer": answer,
            "truth": self._truth(rollout),
            "task": None if task is None else task.model_dump(),
            "columns": dict(rollout.columns),
        }

    def store(self, step: int, opinions: Sequence[SecondOpinion]) -> None:
        """Store a step, in place of what was known of it."""
        if step in self._stored:
            self.run.remove(SecondOpinion, self._stored[step])
        self.run.append(opinions, part=self._name(step), kind=SecondOpinion, replace=True)

    def _name(self, step: int) -> str:
        return f"{self._prefix}{step:06d}-{self.counts[step]}-{self._how}"

    def _draws(
        self, part: LogPart, keys: Mapping[str, float]
    ) -> Mapping[str, tuple[str, str | None]]:
        """Task and exploit type of rollouts of which a draw was made, by their keys."""
        own = {f"rollout/{key}": key for key in keys}
        found = self.run.table(
            Draw,
            part=draw_part(part.name),
            where=pc.field("key").isin(pa.array(list(own), pa.string())),
            columns=["key", "task", "exploit_type"],
        )
        return {own[row["key"]]: (row["task"], row["exploit_type"]) for row in found.to_pylist()}

    def _truth(self, rollout: LoggedRollout) -> Any:
        name = self.settings.shadow_truth
        if name is None:
            return rollout.truth
        found = cell(rollout, name)
        if isinstance(found, str) and len(found) == CUT and found.endswith("..."):
            raise _UntoldError(f"the log has cut its {name}: give Watch(truth={name!r})")
        return found


def require_shadow(settings: ShadowSettings) -> None:
    """Refuse settings of a second grader where none is named.

    Raises:
        SetupError: They would do nothing.
    """
    fields = ShadowSettings.model_fields
    given = [name for name in fields if getattr(settings, name) != fields[name].default]
    if settings.shadow is None and given:
        raise SetupError(
            f"{', '.join(given)}: no second grader is named; give shadow, or leave these out"
        )
