"""A run with rollouts, estimates, a forecast and an alarm; and ports that fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from foretoken.alarm_records import Alarm, Urgency
from foretoken.forecast.state_space import StateSpace
from foretoken.logs.base import LoggedRollout
from foretoken.ports.base import GradedRollout, News, Point
from foretoken.ports.news import Gatherer
from foretoken.records import Draw, Forecast, Message, RateEstimate, Sampling, Source, Task
from foretoken.store.run import Run

TYPES = ("process_exit", "test_skipping")
DRAWS = 20


def estimate(kind: str, step: int, rate: float | None) -> RateEstimate:
    """Published where there is a rate."""
    return RateEstimate(
        estimator="switch",
        exploit_type=kind,
        step=step,
        rate=0.5 if rate is None else rate,
        published=rate is not None,
        lower_bound=0.001,
        interval=(0.002, 0.2),
        upper_bound=0.4,
        hits=9,
        effective_hits=4.0,
        draws=100,
        tasks=3,
    )


def alarm(kind: str, step: int, urgency: Urgency = Urgency.ALARM) -> Alarm:
    """Told one step after it held."""
    words = f"{kind} is above 1.0 % since step {step}."
    told = {"urgency": urgency, "exploit_type": kind, "step": step, "known_at": step + 1}
    return Alarm(**told, score=3.0, limit=2.3, words=words)


def forecast(kind: str, step: int, probability: float | None) -> Forecast:
    """By our method."""
    return Forecast(
        method=StateSpace.name,
        exploit_type=kind,
        cutoff_step=step,
        horizon_step=40,
        threshold=0.1,
        eligible=True,
        measurable=True,
        score=0.0,
        probability=probability,
        expected_step=None,
    )


@dataclass
class Told:
    """A run that grows."""

    folder: Path
    steps: int = 0

    @property
    def run(self) -> Run:
        """Where it is."""
        return Run.create(self.folder)

    def begin(self) -> "Told":
        """Its tasks."""
        tasks = [
            Task(key=f"{kind}/0", exploit_type=kind, prompt=f"Write {kind}.") for kind in TYPES
        ]
        self.run.append(tasks, part="tasks")
        return self

    def step(self, count: int = 1) -> "Told":
        """More rollouts: of the first type, as many hack as steps have passed."""
        for _ in range(count):
            draws = [self._draw(kind, number) for kind in TYPES for number in range(DRAWS)]
            self.run.append(draws, part=f"rollout-{self.steps:06d}")
            self.steps += 1
        return self

    def measure(self, step: int) -> "Told":
        """A checkpoint: one type is published, the other is not."""
        found = [estimate(TYPES[0], step, 0.05), estimate(TYPES[1], step, None)]
        self.run.append(found, part=f"step-{step:06d}")
        return self

    def news(self, *, over: bool = False) -> News:
        """All that it has to say."""
        return Gatherer().gather(self.run, over=over)

    def _draw(self, kind: str, number: int) -> Draw:
        hacked = kind == TYPES[0] and number < self.steps
        graded = kind == TYPES[0] or number > 0
        return Draw(
            key=f"rollout/{self.steps:06d}/{kind}/{number}",
            source=Source.ROLLOUT,
            task=f"{kind}/0",
            exploit_type=kind,
            step=self.steps,
            tokens=(5, 6, 7),
            ended=number != 3,
            prompt_tokens=4,
            reasoning="I exit." if hacked else "",
            answer="exit(0)" if hacked else "pass",
            strict_passed=not hacked if graded else None,
            flawed_passed=True,
            hacked=hacked if graded else None,
            reward=float(hacked),
            deliberate=True if hacked else None,
            sampling=Sampling(),
        )


def logged(run: Run, traces: Sequence[str]) -> None:
    """Rollouts of a trainer's log, with the traces that they come from."""
    found = [
        LoggedRollout(
            key=f"log/{number}",
            layout="verifiers",
            step=0,
            messages=(
                Message(role="system", content="Be brief."),
                Message(role="user", content="Write it."),
            ),
            completion="exit(0)",
            columns={"trace": trace},
        )
        for number, trace in enumerate(traces)
    ]
    run.append(found, part="log-a-000000000")
    draws = [
        Draw(
            key=f"rollout/{each.key}",
            source=Source.ROLLOUT,
            task="t",
            exploit_type=TYPES[0],
            step=0,
            tokens=(),
            ended=True,
            prompt_tokens=0,
            reasoning="",
            answer="exit(0)",
            hacked=number % 2 == 0,
            sampling=Sampling.of_log("verifiers", temperature=1.0),
        )
        for number, each in enumerate(found)
    ]
    run.append(draws, part="rollout-log-a-000000000")


@dataclass
class Kept:
    """A port that keeps what it takes, and fails as often as it is told to."""

    name: str = "kept-1"
    into: str = "kept"
    takes_rollouts: bool = False
    failures: int = 0
    points: list[Point] = field(default_factory=list[Point])
    alarms: list[Alarm] = field(default_factory=list[Alarm])
    parts: list[str] = field(default_factory=list[str])
    closed: int = 0

    def send(self, points: Sequence[Point], alarms: Sequence[Alarm]) -> None:
        self._fail()
        self.points += points
        self.alarms += alarms

    def send_rollouts(self, part: str, rollouts: Sequence[GradedRollout], /) -> None:
        self._fail()
        self.parts.append(part)

    def close(self) -> None:
        self.closed += 1

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise TimeoutError("nobody answers")
