"""open-instruct: a decorator of verifiers, whose scores are recorded.

```python
from open_instruct.ground_truth_utils import VerifierFunction

@foretoken.integrations.open_instruct.recorded(run="runs/mine")
class Mine(VerifierFunction): ...
```

A class of open-instruct's own is given to it before the trainer builds its verifiers, in the script
that starts it: `recorded(run="runs/mine")(MathVerifier)`. Nothing else about a class changes. A
rollout is recorded once for each verifier that its datasets name, with the score times the
verifier's weight: the trainer's own factor, `--verification_reward`, is not told to a verifier.
"""

import functools
import os
from collections.abc import Callable
from typing import Any, TypeVar

from foretoken.integrations.graded import Graded, Rewards, named_run
from foretoken.logs.base import number

V = TypeVar("V", bound=type[Any])


def recorded(run: str | os.PathLike[str] | None = None) -> Callable[[V], V]:
    """Return a decorator of a `VerifierFunction` class.

    Args:
        run: Run directory; None: as the environment variable FORETOKEN_RUN says.
    """

    def around(verifier: V) -> V:
        inner = verifier.async_call

        @functools.wraps(inner)
        async def async_call(
            self: Any, tokenized_prediction: Any, prediction: Any, *more: Any, **columns: Any
        ) -> Any:
            def answers() -> list[tuple[Any, dict[str, Any]]]:
                told = dict(zip(("label", "query"), more, strict=False)) | columns
                ids = [int(token) for token in tokenized_prediction]
                said = {"ids": ids, "completion": prediction, "truth": told.get("label")}
                return [(told.get("query"), said)]

            with Graded(named_run(run), "open-instruct", str(self.name), answers) as graded:
                result = await inner(self, tokenized_prediction, prediction, *more, **columns)
                graded.rewards = lambda: _rewards(self, result)
                return result

        verifier.async_call = async_call
        return verifier

    return around


def _rewards(verifier: Any, result: Any) -> Rewards:
    score = number(getattr(result, "score", result))
    return [(None if score is None else score * verifier.weight, {str(verifier.name): score})]
