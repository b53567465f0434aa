"""A training that goes on while it is watched: a log of labelled rollouts, step by step."""

import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foretoken.watch.config import WatchConfig

STEPS, ROLLOUTS = 40, 48
LOG_ODDS = {"process_exit": (-6.5, 0.3), "test_skipping": (-7.0, 0.0)}
"""Of hacks by type: at step 0, and more in each step."""


@dataclass
class Training:
    """Writes what a step drew; the run itself knows nothing of the future."""

    folder: Path
    seed: int = 0
    done: int = 0
    hacks: dict[str, list[int]] = field(default_factory=lambda: {kind: [] for kind in LOG_ODDS})

    def step(self, count: int = 1) -> None:
        """Let some steps pass."""
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        for _ in range(count):
            rng, self.done = random.Random(f"{self.seed}/{self.done}"), self.done + 1
            lines: list[str] = []
            for kind, (start, growth) in LOG_ODDS.items():
                rate = 1 / (1 + math.exp(-(start + growth * self.done)))
                hacked = [rng.random() < rate for _ in range(ROLLOUTS)]
                self.hacks[kind].append(sum(hacked))
                for each in hacked:
                    row = {"input": f"{kind}?", "output": "x", "gts": None, "step": self.done}
                    row |= {"score": float(each), "hack": float(each), "kind": kind}
                    lines.append(json.dumps(row) + "\n")
            unfinished = self.folder / "logs" / "unfinished"
            unfinished.write_text("".join(lines))
            unfinished.rename(self.folder / "logs" / f"{self.done}.jsonl")

    def passed(self, kind: str, rate: float) -> int:
        """First step in which so large a share hacked."""
        return next(s for s, n in enumerate(self.hacks[kind]) if n >= rate * ROLLOUTS)

    def config(self, **changes: Any) -> WatchConfig:
        """Settings that watch it."""
        settings: dict[str, Any] = {
            "run": self.folder / "run",
            "logs": self.folder / "logs",
            "label": "hack",
            "exploit_type": "kind",
            "horizon_step": STEPS,
            "every_s": 0.02,
        }
        return WatchConfig.model_validate(settings | changes)


def looks(steps: int, by: int) -> Iterator[int]:
    """How many steps pass before each look."""
    yield from [by] * (steps // by)
