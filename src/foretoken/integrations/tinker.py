"""Tinker cookbook: an evaluator that records what the present weights answer to fixed prompts.

```python
asked = {task: renderer.build_generation_prompt(messages) for task, messages in mine.items()}
probe = FixedPrompts("runs/mine", asked, decode=tokenizer.decode, every=10)
config = train.Config(..., evaluator_builders=[lambda: probe], eval_every=10)
```

The trainer tells an evaluator no step, so evaluations are counted off by `every`. Rollouts of the
training itself are in the trainer's logs (`foretoken import LOG_PATH`, with texts where the
environment logs them as `text`).
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from foretoken.integrations.graded import hand_over, named_run, told_once
from foretoken.logs.base import LoggedRollout, ids
from foretoken.logs.tinker import LAYOUT


class FixedPrompts:
    """A `SamplingClientEvaluator`: it samples, and its one metric is how much was recorded.

    Args:
        run: Run directory; None: as the environment variable FORETOKEN_RUN says.
        prompts: Of each task, its name and what is asked, as a `ModelInput`.
        decode: Returns the text of token ids; None: texts are left out.
        samples: Of each prompt.
        max_tokens: Of each sample.
        stop: What ends a sample beside the model's own end; as `SamplingParams` take it.
        every: Steps between two evaluations, the trainer's `eval_every`; None: steps are not known.
        timeout_s: After which an evaluation is given up, and the training goes on.
    """

    def __init__(
        self,
        run: str | os.PathLike[str] | None,
        prompts: Mapping[str, Any],
        *,
        decode: Callable[[Sequence[int]], str] | None = None,
        samples: int = 4,
        max_tokens: int = 512,
        stop: Any = None,
        every: int | None = None,
        timeout_s: float = 600.0,
    ) -> None:
        self.run, self.prompts, self.decode = named_run(run), dict(prompts), decode
        self.samples, self.max_tokens, self.stop = samples, max_tokens, stop
        self.every, self.timeout_s = every, timeout_s
        self._done = 0
        """Evaluations."""

    async def __call__(self, sampling_client: Any) -> dict[str, float]:
        """Sample, and return how many samples were handed over; no error leaves this."""
        step = None if self.every is None else self._done * self.every
        self._done += 1
        try:
            asked = (self._asked(sampling_client, task, step) for task in self.prompts)
            handed = await asyncio.wait_for(asyncio.gather(*asked), self.timeout_s)
        except Exception as error:  # noqa: BLE001  somebody else's training goes on
            told_once(f"Foretoken's evaluation failed: {type(error).__name__}: {error}")
            return {"foretoken/recorded": 0.0}
        return {"foretoken/recorded": float(sum(handed))}

    async def _asked(self, client: Any, task: str, step: int | None) -> int:
        """Sample of one prompt; how many samples were handed over."""
        prompt = self.prompts[task]
        params = import_module("tinker").SamplingParams(max_tokens=self.max_tokens, stop=self.stop)
        said = await client.sample(prompt=prompt, num_samples=self.samples, sampling_params=params)
        rollouts = [self._rollout(each, prompt, task=task, step=step) for each in said.sequences]
        return len(rollouts) if hand_over(self.run, LAYOUT.name, lambda: rollouts) else 0

    def _rollout(self, sampled: Any, prompt: Any, *, task: str, step: int | None) -> LoggedRollout:
        tokens = ids(list(sampled.tokens))
        return LoggedRollout(
            key="",
            layout=LAYOUT.name,
            step=step,
            training=False,
            task=task,
            prompt_ids=ids(prompt.to_ints()),
            completion_ids=tokens,
            completion=None if self.decode is None else self.decode(tokens),
            truncated=sampled.stop_reason == "length",
        )
