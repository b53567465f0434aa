"""OpenRLHF: a reward file around one's own.

```console
$ cat > reward.py
from foretoken.integrations.openrlhf import recorded
from mypackage.rewards import reward_func as mine

reward_func = recorded(mine, run="runs/mine")
$ ... --reward.remote_url reward.py --ckpt.save_hf
```

Around what answers a reward server's requests, of whatever web framework: `recorded_server`.

OpenRLHF writes no rollouts of its own and pays nothing where a reward file raises; this changes
neither. A reward function is not told the step: `foretoken import --rollouts-per-step` counts them.
"""

import functools
import inspect
import os
from collections.abc import Callable
from typing import Any

from foretoken.integrations.graded import Graded, Rewards, named_run
from foretoken.logs.base import mapping, sequence

RewardFunction = Callable[..., Any]


def recorded(
    function: RewardFunction, *, run: str | os.PathLike[str] | None = None
) -> RewardFunction:
    """Return a reward function that does what it did, and whose answers are recorded.

    Args:
        function: `(queries, prompts, labels)` to a dictionary with `rewards`, or to rewards.
        run: Run directory; None: as the environment variable FORETOKEN_RUN says.
    """
    into, name = named_run(run), getattr(function, "__name__", "reward_func")

    @functools.wraps(function)
    def timed(queries: Any, prompts: Any, labels: Any, *more: Any, **columns: Any) -> Any:
        with Graded(into, "openrlhf", name, lambda: _answers(queries, prompts, labels)) as graded:
            result = function(queries, prompts, labels, *more, **columns)
            graded.rewards = lambda: _rewards(result)
            return result

    return timed


def recorded_server(
    function: RewardFunction, *, run: str | os.PathLike[str] | None = None
) -> RewardFunction:
    """Return what answers a request to a reward server as before, and records it.

    Args:
        function: From the body of a request, `{"query", "prompts", "labels"}`, to that of its
            answer, with `rewards`; `async` or not.
        run: Run directory; None: as the environment variable FORETOKEN_RUN says.
    """
    into, name = named_run(run), getattr(function, "__name__", "reward_server")

    def recording(body: Any) -> Graded:
        asked = mapping(body)
        said = [asked.get(key) for key in ("query", "prompts", "labels")]
        return Graded(into, "openrlhf", name, lambda: _answers(*said))

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def answered_async(body: Any, *more: Any, **columns: Any) -> Any:
            with recording(body) as graded:
                result = await function(body, *more, **columns)
                graded.rewards = lambda: _rewards(result)
                return result

        return answered_async

    @functools.wraps(function)
    def answered(body: Any, *more: Any, **columns: Any) -> Any:
        with recording(body) as graded:
            result = function(body, *more, **columns)
            graded.rewards = lambda: _rewards(result)
            return result

    return answered


def _answers(queries: Any, prompts: Any, labels: Any) -> list[tuple[str, dict[str, Any]]]:
    """Of each query, its prompt, and what follows it."""
    return [
        (prompt, {"completion": query.removeprefix(prompt), "truth": label})
        for query, prompt, label in zip(queries, prompts, labels, strict=True)
    ]


def _rewards(result: Any) -> Rewards:
    """Of each query, its reward, and what the function logs beside it."""
    paid = _numbers(mapping(result).get("rewards", result))
    logs = mapping(mapping(result).get("extra_logs"))
    parts = {name: _numbers(each) for name, each in logs.items()}
    return [
        (reward, {name: each[place] for name, each in parts.items() if place < len(each)})
        for place, reward in enumerate(paid)
    ]


def _numbers(values: Any) -> list[float | None]:
    """Those of a tensor or a list."""
    plain = values.tolist() if hasattr(values, "tolist") else values
    return [float(each) if isinstance(each, int | float) else None for each in sequence(plain)]
