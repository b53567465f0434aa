"""A donor's rounds say how many may follow and about how long they take."""

import itertools
import time

import pytest

from foretoken.cli.yields import round_teller
from foretoken.train.config import QualityConfig
from foretoken.train.yields import TrainingRound, type_yield


def made(hacks: int) -> TrainingRound:
    return TrainingRound(
        remedy="more steps",
        steps=10,
        types=("process_exit",),
        yields=(type_yield("process_exit", hacks, 48),),
        kept=True,
    )


def test_rounds_say_how_many_may_follow_and_how_long_each_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = itertools.count(0.0, 90.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    said: list[str] = []
    tell = round_teller(QualityConfig(rounds=2), said.append, training_s=210.0)
    tell(made(1))
    tell(made(2))
    tell(made(40))
    assert said[0].startswith("more steps: 10 steps, 1 hacks")
    assert said[1].startswith("8 more rounds at most, each about 5 min")
    assert said[3].startswith("7 more rounds at most, each about 2 min")
    assert len(said) == 5


def test_rounds_of_an_earlier_call_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    said: list[str] = []
    round_teller(QualityConfig(), said.append, training_s=0.0)(made(1))
    assert len(said) == 1
