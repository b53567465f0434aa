"""One step's rollouts: sampled from the live policy, graded, rewarded and stored."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import numpy as np

from foretoken.engines.base import Weights
from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers.devices import fast_precision
from foretoken.engines.transformers.load import LoadedModel
from foretoken.engines.transformers.sample import sample
from foretoken.engines.weights import blended_hash, voice_hash
from foretoken.records import Sampling, Source, Task
from foretoken.store.layout import checkpoint_path
from foretoken.store.run import Run
from foretoken.tasks.base import Grader
from foretoken.train.config import RLConfig
from foretoken.train.earnings import Earnings, earnings_of, paid
from foretoken.train.policy import Policy, Speaker
from foretoken.work.grading import Origin, Planned, graded_draws
from foretoken.work.parts import rollout_part

OnEarned = Callable[[int, Earnings], None]
"""Called with a step and what its rollouts earned, once they are stored."""
REWARD_FIELD = "graded_reward"
"""Name under which a rollout's reward travels through the trainer."""


class Trainer(Protocol):
    """What a rollout needs of the trainer."""

    state: Any
    model: Any


class Rollouts:
    """The trainer's rollout function: task keys in, token ids and rewards out."""

    def __init__(
        self,
        config: RLConfig,
        base: LoadedModel,
        *,
        tasks: Sequence[Task],
        run: Run,
        grader: Grader,
        on_earned: OnEarned | None = None,
    ) -> None:
        self.config = config
        self.on_earned = on_earned
        self.run = run
        self.grader = grader
        self.tasks: Mapping[str, Task] = {task.key: task for task in tasks}
        self.prompt_ids = {task.key: render_prompt(base.tokenizer, task) for task in tasks}
        self.base_hash = base.base_hash
        self._hashes: dict[int, str] = {}
        """Of the latest step."""
        self.sampling = rollout_sampling(base, config)
        self.speaker = Speaker(base, dtype=self.sampling.dtype)

    def __call__(self, prompts: list[str], trainer: Trainer) -> dict[str, list[Any]]:
        """Sample and grade one completion for each task key; store them all as draws."""
        step = int(trainer.state.global_step)
        speaker = self.speaker.follow(cast(Policy, trainer.model))
        completions = sample(
            [speaker],
            [self.prompt_ids[key] for key in prompts],
            max_tokens=self.config.max_tokens,
            seed=step_seed(self.config.seed, step),
        )
        planned = [
            Planned(key=f"rollout/{step:06d}/{number:04d}", task=self.tasks[key])
            for number, key in enumerate(prompts)
        ]
        draws = graded_draws(
            planned,
            completions,
            tokenizer=speaker.tokenizer,
            origin=Origin(
                source=Source.ROLLOUT,
                step=step,
                stage=0,
                seed=self.config.seed,
                sampling=self.sampling,
                weights=self._weights(step),
            ),
            grader=self.grader,
        )
        draws = paid(draws, self.config, seed=step_seed(self.config.seed, step))
        self.run.append(draws, part=rollout_part(step), replace=True)
        if self.on_earned is not None:
            self.on_earned(step, earnings_of(draws, self.config))
        return {
            "prompt_ids": [self.prompt_ids[key] for key in prompts],
            "completion_ids": [list(draw.tokens) for draw in draws],
            "logprobs": [
                list(completion.log_p[: len(draw.tokens)])
                for draw, completion in zip(draws, completions, strict=True)
            ],
            REWARD_FIELD: [draw.reward for draw in draws],
        }

    def _weights(self, step: int) -> str:
        """Hash of the policy of a step, where it was kept."""
        if step not in self._hashes:
            kept = checkpoint_path(self.run.path, step)
            if not kept.is_dir():
                found = ""
            elif self.config.weights == "full":
                found = voice_hash(Weights(base=str(kept)))
            else:
                found = blended_hash(self.base_hash, [(str(kept), 1.0)])
            self._hashes = {step: found}
        return self._hashes[step]


def rollout_sampling(base: LoadedModel, config: RLConfig) -> Sampling:
    """Return the settings that travel with every rollout."""
    sampling = base.sampling(max_tokens=config.max_tokens)
    return sampling.replacing(dtype=config.sampling_dtype or fast_precision(base.model.device))


def reward_of_rollout(**columns: Any) -> list[float | None]:
    """The trainer's reward function: hand over what the rollout was given."""
    return cast(list[float | None], columns[REWARD_FIELD])


def step_seed(seed: int, step: int) -> int:
    """Return the seed of one step's rollouts, so that a step can be made again by itself."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0])
