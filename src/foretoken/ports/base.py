"""What of a run goes to a tracker, and what takes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from foretoken.alarm_records import Alarm
from foretoken.errors import ForetokenError
from foretoken.logs.base import LoggedRollout
from foretoken.records import Draw, Record, Task


class Tracker(StrEnum):
    """Where numbers or rollouts of a run can go."""

    TRACKIO = "trackio"
    WANDB = "wandb"
    MLFLOW = "mlflow"
    TENSORBOARD = "tensorboard"
    PRIME_RL = "prime-rl"
    SCOUT = "scout"


class PortError(ForetokenError):
    """A tracker did not take what it was sent."""


class Point(NamedTuple):
    """One number at one optimiser step."""

    name: str
    """`foretoken/WHAT/TYPE`."""
    step: int
    value: float

    @property
    def key(self) -> str:
        """Under which it is noted as sent."""
        return f"{self.name}@{self.step}"


@dataclass(frozen=True)
class GradedRollout:
    """A rollout, with what its graders said."""

    draw: Draw
    logged: LoggedRollout | None
    """What the trainer's log says of it; None: our own training drew it."""
    task: Task | None


@dataclass(frozen=True)
class RolloutPart:
    """The rollouts of one part of a run."""

    part: str
    read: Callable[[], Sequence[GradedRollout]]


@dataclass(frozen=True)
class News:
    """What a port may not have yet."""

    points: Sequence[Point] = ()
    alarms: Sequence[Alarm] = ()
    rollouts: Sequence[RolloutPart] = ()


class Port(Protocol):
    """Takes numbers and alarms, or rollouts, to one place; one thread uses it.

    Any exception says that what was sent has not arrived.
    """

    name: str
    """Of the tracker and the place in it, as a part of a run may be called."""
    into: str
    """The place, for a person."""
    takes_rollouts: bool
    """Whether it takes rollouts, and neither numbers nor alarms."""

    def send(self, points: Sequence[Point], alarms: Sequence[Alarm]) -> None:
        """Take what is new, all of it or nothing."""
        ...

    def send_rollouts(self, part: str, rollouts: Sequence[GradedRollout], /) -> None:
        """Take the rollouts of a part; to take them twice is to take them once."""
        ...

    def close(self) -> None:
        """See that all of it arrives; nothing follows."""
        ...


class Sent(Record):
    """That something went somewhere, so that it never goes there again."""

    folder = "exports"

    port: str
    into: str
    item: str
    """Name and step of a number, or a part of rollouts."""


class OfNumbers:
    """A port of numbers and alarms."""

    takes_rollouts = False

    def send_rollouts(self, part: str, rollouts: Sequence[GradedRollout], /) -> None:
        """See `Port`; there are none to take."""

    def close(self) -> None:
        """See `Port`."""


class OfRollouts:
    """A port of rollouts."""

    takes_rollouts = True

    def send(self, points: Sequence[Point], alarms: Sequence[Alarm]) -> None:
        """See `Port`; there are none to take."""

    def close(self) -> None:
        """See `Port`."""
