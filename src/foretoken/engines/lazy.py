"""An engine that is opened when it is first needed, and perhaps never."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from foretoken.engines.base import (
    Completion,
    Engine,
    Engines,
    Item,
    R,
    Scores,
    T,
    Weights,
    WindowSpec,
)
from foretoken.errors import MismatchError
from foretoken.records import Identity

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class LazyEngine:
    """Says what its voices are without loading them; loads them once, where a text needs them."""

    def __init__(self, engines: Engines, weights: Sequence[Weights], *, stack: ExitStack) -> None:
        self._engines = engines
        self._weights = tuple(weights)
        self._stack = stack
        self._voices = tuple(engines.identify(each) for each in self._weights)

    @property
    def voices(self) -> tuple[Identity, ...]:
        """What each voice is, the subject first."""
        return self._voices

    @cached_property
    def _opened(self) -> Engine:
        engine = self._stack.enter_context(self._engines.open(self._weights))
        for said, loaded in zip(self.voices, engine.voices, strict=True):
            if said != loaded:
                raise MismatchError(
                    f"weights changed while they were read ({said.weights[:12]}, then "
                    f"{loaded.weights[:12]}): a checkpoint is still being written; run the same "
                    "command again when it is whole"
                )
        return engine

    def require_whole(self) -> None:
        """Load the voices, so that what cannot be loaded is known at once.

        Raises:
            ModelError: A folder is damaged, or does not fit the others.
        """
        _ = self._opened

    @property
    def tokenizer(self) -> "PreTrainedTokenizerBase":
        """Of all voices."""
        return self._opened.tokenizer

    @property
    def end_tokens(self) -> frozenset[int]:
        """Ids of the tokens that end a completion."""
        return self._opened.end_tokens

    @property
    def longest(self) -> int:
        """Most tokens that it reads, prompt and completion together."""
        return self._opened.longest

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
        """Sample one completion for each prompt; see `Engine.sample`."""
        return self._opened.sample(
            prompts,
            max_tokens=max_tokens,
            seed=seed,
            windows=windows,
            prefixes=prefixes,
            on_finished=on_finished,
        )

    def score(self, items: Sequence[Item], *, voice: int = 0, per_token: bool = False) -> Scores:
        """Return the log-probability of each completion; see `Engine.score`."""
        return self._opened.score(items, voice=voice, per_token=per_token)

    def side_by_side(self, work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[R]:
        """Do independent pieces of work, as many at a time as suits; results in their order."""
        return self._opened.side_by_side(work, pieces) if pieces else iter(())


@contextmanager
def on_demand(engines: Engines, voices: Sequence[Weights]) -> Generator[LazyEngine]:
    """An engine that is loaded when it is first needed; closed at the end of the block."""
    with ExitStack() as stack:
        yield LazyEngine(engines, voices, stack=stack)
