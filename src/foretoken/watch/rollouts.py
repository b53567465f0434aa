"""Rollouts of a training that is watched: read as they come, and how their graders do."""

from contextlib import ExitStack
from dataclasses import dataclass, field

from foretoken.ledger.failing import rises
from foretoken.ledger.faults import FaultCounts, read_fault_counts
from foretoken.ledger.grades import GraderLimits
from foretoken.ledger.shadow import ShadowSettings
from foretoken.logs import hooks
from foretoken.logs.base import LogError
from foretoken.pipeline.logged import ImportConfig, KnownLogs, import_logs
from foretoken.pipeline.shadowed import Shadow
from foretoken.store.run import Run
from foretoken.tasks.graders import Graders
from foretoken.watch.config import WatchConfig

_SHARED = (*GraderLimits.model_fields, *ShadowSettings.model_fields)
"""Settings that imports have, too."""
SHADOW_S = 20.0
"""Of a look, for the second grader."""


@dataclass
class RolloutWatch:
    """Reads what is new in logs, or in what hooks wrote.

    Args:
        config: Of the watch.
    """

    config: WatchConfig
    fresh: bool = False
    """Whether the last look brought anything of graders."""
    _stack: ExitStack = field(default_factory=ExitStack)
    _logs: KnownLogs = field(default_factory=KnownLogs)
    _grader: Graders | None = None
    _shadow: Shadow | None = None
    _faults: FaultCounts | None = None
    """Of reward functions, up to now."""
    _risen: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """What was said of reward functions that begin to fail, in the words of when it was seen."""

    @property
    def behind(self) -> bool:
        """Whether rollouts wait for the second grader."""
        return self._shadow is not None and self._shadow.behind

    def close(self) -> None:
        """End what was begun for grading."""
        self._stack.close()

    def look(self) -> list[str]:
        """Read what is new; return lines about what could not be done, and what fails."""
        config, inbox, self.fresh = self.config, self.config.run / hooks.INBOX, False
        notes = hooks.faults(inbox)
        if config.logs is None and not any(inbox.glob("rollouts-*.jsonl")):
            return notes
        if self._grader is None or self._shadow is None:
            self._grader = self._stack.enter_context(Graders())
            self._shadow = self._stack.enter_context(Shadow(config, seconds=SHADOW_S))
            self._faults = read_fault_counts(Run.create(config.run))
        settings = ImportConfig(
            run=config.run,
            logs=config.logs,
            tasks=config.tasks,
            label=config.label,
            exploit_type=config.exploit_type,
            steps=config.horizon_step,
            **{name: getattr(config, name) for name in _SHARED},
        )
        try:
            new = import_logs(
                settings,
                grader=self._grader,
                shadow=self._shadow,
                show=False,
                known=self._logs,
            )
        except LogError as error:
            return [*notes, str(error)]
        self.fresh = bool(new.graded.by_step) or self._shadow.asked > 0
        return [*notes, *self._shadow.notes, *self._failing(new.graded)]

    def _failing(self, new: FaultCounts) -> list[str]:
        """Which reward functions begin to fail."""
        assert self._faults is not None
        if new.by_step:
            self._faults.merge(new)
            for rise in rises(self._faults):
                self._risen.setdefault((rise.grader, rise.kind), rise.words)
        return [*self._risen.values()]
