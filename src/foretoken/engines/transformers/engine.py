"""The engine of this process: transformers on a processor, on an accelerator, or over several."""

import os
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TypeVar

import torch
from transformers import PreTrainedTokenizerBase

from foretoken.engines.base import Completion, Item, Scores, Weights, WindowSpec
from foretoken.engines.tags import TagsSetting
from foretoken.engines.transformers.check import check_model
from foretoken.engines.transformers.devices import (
    find_device,
    input_device,
    is_accelerator,
    release_unused,
)
from foretoken.engines.transformers.load import (
    LoadedModel,
    identify,
    share_weights,
)
from foretoken.engines.transformers.low_rank import stands_beside
from foretoken.engines.transformers.sample import sample
from foretoken.engines.transformers.score import score
from foretoken.engines.transformers.traits import reads_at_most
from foretoken.engines.transformers.voices import VoicesSetting, load_voices
from foretoken.errors import ModelError
from foretoken.records import Identity

T = TypeVar("T")
R = TypeVar("R")

MOST_LANES = 4
"""More would hold too many caches at the same time."""
LANE_ROWS = 256
"""Completions that one lane of a processor samples together."""


class TransformersEngine:
    """Models of this process behind the `Engine` protocol.

    On a processor, several threads may sample and score at the same time. An accelerator works for
    one thread after the other.

    Args:
        models: The subject, then the donor at each strength.

    Raises:
        ModelError: There is no model, or they read text in different ways.
    """

    def __init__(self, models: Sequence[LoadedModel]) -> None:
        if not models:
            raise ModelError("An engine needs at least one voice: the subject.")
        readings = {(each.tokenizer_hash, each.template_hash) for each in models}
        if len(readings) > 1:
            raise ModelError(
                "The voices of one engine have different tokenizers, end tokens or chat templates: "
                "take the donor of the same base model as the subject."
            )
        self.models: tuple[LoadedModel, ...] = tuple(models)
        self.accelerated = is_accelerator(input_device(models[0].model))
        self._lane = threading.local()
        self._turn = threading.Lock()

    @property
    def voices(self) -> tuple[Identity, ...]:
        """What each voice is, the subject first."""
        return tuple(each.identity for each in self.models)

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Of all voices."""
        return self.models[0].tokenizer

    @property
    def end_tokens(self) -> frozenset[int]:
        """Ids of the tokens that end a completion."""
        return self.models[0].end_tokens

    @property
    def longest(self) -> int:
        """Most tokens that it reads, prompt and completion together."""
        return min(reads_at_most(each.model) for each in self.models)

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        *,
        max_tokens: int,
        seed: int,
        windows: Sequence[WindowSpec] | None = None,
        prefixes: Sequence[Sequence[int]] | None = None,
        on_finished: Callable[[int], None] | None = None,
    ) -> list[Completion]:
        """Sample one completion for each prompt, in order; see `Engine.sample`."""
        with self._one_at_a_time():
            return sample(
                self._of_this_thread(),
                prompts,
                max_tokens=max_tokens,
                seed=seed,
                windows=windows,
                prefixes=prefixes,
                batch_rows=None if self.accelerated else LANE_ROWS,
                on_finished=on_finished,
            )

    def score(self, items: Sequence[Item], *, voice: int = 0, per_token: bool = False) -> Scores:
        """Return the log-probability of each completion after its prompt; see `Engine.score`."""
        if not 0 <= voice < len(self.models):
            raise ModelError(f"There is no voice {voice}: the engine has {len(self.models)}.")
        with self._one_at_a_time():
            return score(self.models[voice], items, per_token=per_token)

    def side_by_side(self, work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[R]:
        """Do independent pieces of work; yield the results in the order of the pieces.

        Small models gain nothing from several threads in one matrix product, but the library gives
        up the interpreter while it computes, so on a processor pieces side by side use the cores
        well. Each piece depends on itself alone, so the results do not depend on their number.

        Args:
            work: What to do with a piece; may run in another thread.
            pieces: All pieces.
        """
        lanes = min(MOST_LANES, len(os.sched_getaffinity(0)), len(pieces))
        if lanes < 2 or self.accelerated:
            yield from map(work, pieces)
            return
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        executor = ThreadPoolExecutor(lanes)
        try:
            yield from executor.map(work, pieces)
        finally:
            executor.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)

    def close(self) -> None:
        """Let go of all models; the engine is of no use afterwards."""
        self.models = ()
        self._lane = threading.local()

    def _one_at_a_time(self) -> AbstractContextManager[object]:
        return self._turn if self.accelerated else nullcontext()

    def _of_this_thread(self) -> Sequence[LoadedModel]:
        """Models to sample from: sampling names its attention in the model's configuration."""
        if self.accelerated:
            return self.models
        if not hasattr(self._lane, "models"):
            self._lane.models = [share_weights(each) for each in self.models]
        return self._lane.models


@dataclass(frozen=True)
class TransformersEngines:
    """Opens engines of this process."""

    device: str = "auto"
    """See `find_device`."""
    dtype: str = "float32"
    """`float32`, `bfloat16` or `float16`."""
    voices: VoicesSetting = None
    """How several voices of one base are held; None: by the size of the base."""
    reasoning_tags: TagsSetting = None
    """What opens and closes the models' reasoning; None: to be found."""

    def identify(self, weights: Weights) -> Identity:
        """What a voice made of these weights would be; no tensor is loaded."""
        return identify(weights, dtype=self.dtype, reasoning_tags=self.reasoning_tags)

    @contextmanager
    def open(self, voices: Sequence[Weights]) -> Generator[TransformersEngine]:
        """Load one engine with these voices; its memory is free again at the end.

        Raises:
            ModelError: Also where a model says something else than it reads; see `check_model`.
        """
        device = find_device(self.device)
        models = load_voices(
            voices,
            dtype=self.dtype,
            device=self.device,
            held=self.voices,
            reasoning_tags=self.reasoning_tags,
        )
        engine = TransformersEngine(models)
        del models
        try:
            _check_each_base(engine.models)
            yield engine
        finally:
            engine.close()
            release_unused(device)


def _check_each_base(models: Sequence[LoadedModel]) -> None:
    """Check the first voice of each base, and the first that has adapters beside it."""
    kinds = {(each.base_hash, stands_beside(each.model)): each for each in reversed(models)}
    for model in kinds.values():
        check_model(model)
