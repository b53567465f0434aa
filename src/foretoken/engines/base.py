"""What an engine is: it samples from models and scores texts under them, and says what it holds.

An engine speaks with one or more *voices*: the subject, then the donor at each strength. Whoever
needs one is given it (or the `Engines` that opens it) and knows nothing of what lies behind.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from foretoken.arrays import FloatPerDraw
from foretoken.records import Identity

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

T = TypeVar("T")
R = TypeVar("R")

Item = tuple[Sequence[int], Sequence[int]]
"""Token ids of a prompt, and of the completion that follows it."""


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """When the donor speaks in one completion."""

    strength: int
    """Index into the voices: 0 is the subject, others are the donor at a strength."""
    enter: float
    """Probability per token that the window opens (and that it is open at the first token)."""
    leave: float
    """Probability per token that an open window closes."""
    in_answer: bool = False
    """Whether it can open in the answer alone, from the answer's first token on."""
    prompt: tuple[int, ...] | None = None
    """What the voice inside reads in place of the prompt; None: the same."""

    @property
    def opens(self) -> bool:
        """Whether another voice, or the subject after another prompt, ever speaks."""
        return self.enter > 0.0 and (self.strength > 0 or self.prompt is not None)


SUBJECT_ALONE = WindowSpec(strength=0, enter=0.0, leave=1.0)


@dataclass(frozen=True, slots=True)
class Completion:
    """One sampled completion."""

    tokens: tuple[int, ...]
    """Ids after the prompt: the given prefix, then the sampled ids with the end token."""
    log_p: tuple[float, ...]
    """Log-probability of each sampled id (prefix excluded) under the model that spoke it."""
    donor_spoke: tuple[bool, ...]
    """Whether each sampled id (prefix excluded) came from inside the window."""
    ended: bool
    """Whether it came to an end (False: cut at the limit)."""
    prompt_tokens: int
    prefix_tokens: int
    stopped: bool = False
    """Whether a text that completes the answer ended it, and not the end token."""

    @property
    def said(self) -> tuple[int, ...]:
        """All tokens but an end token."""
        return self.tokens[:-1] if self.ended and not self.stopped else self.tokens

    def until(self, tokens: int) -> "Completion":
        """Return this up to so many tokens, where its answer is complete."""
        sampled = max(0, tokens - self.prefix_tokens)
        return replace(
            self,
            tokens=self.tokens[:tokens],
            log_p=self.log_p[:sampled],
            donor_spoke=self.donor_spoke[:sampled],
            ended=True,
            stopped=True,
        )


@dataclass(frozen=True)
class Scores:
    """Log-probabilities of completions, in the order given."""

    log_p: FloatPerDraw
    """Summed over the completion's tokens, in nats; NaN where `errors` says why."""
    errors: list[str | None]
    per_token: list[list[float]] | None
    """Log-probability of each token, where asked for; empty where there is an error."""
    tokens_through_model: int
    """Tokens pushed through the model, padding included."""
    floor_tokens: int
    """Each distinct prompt once, and each completion without its last token, after which nothing
    has to be predicted."""


@dataclass(frozen=True)
class Weights:
    """What one voice is made of: a base model, and adapters that are added to its weights."""

    base: str
    """Folder of a model."""
    adapters: tuple[tuple[str, float], ...] = ()
    """Folders of LoRA adapters with their scales; a scale of 0 leaves the weights as they are."""


class Engine(Protocol):
    """Samples and scores at temperature 1, with the raw log-softmax over the whole vocabulary.

    Its methods may be called by the threads of `side_by_side` at the same time.
    """

    @property
    def voices(self) -> tuple[Identity, ...]:
        """What each voice is, the subject first."""
        ...

    @property
    def tokenizer(self) -> "PreTrainedTokenizerBase":
        """Of all voices."""
        ...

    @property
    def end_tokens(self) -> frozenset[int]:
        """Ids of the tokens that end a completion."""
        ...

    @property
    def longest(self) -> int:
        """Most tokens that it reads, prompt and completion together."""
        ...

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
        """Sample one completion for each prompt, in order.

        Args:
            prompts: Token ids, from `render_prompt`.
            max_tokens: Longest completion, prefix included.
            seed: Same seed and same requests, same completions.
            windows: One for each prompt; None: the subject speaks alone.
            prefixes: Token ids that each completion starts with; None: nothing.
            on_finished: Called with the number of completions that just ended.

        Raises:
            ModelError: A prompt does not fit the model, or a window names no voice.
            ScoringError: A model returned NaN logits.
        """
        ...

    def score(self, items: Sequence[Item], *, voice: int = 0, per_token: bool = False) -> Scores:
        """Return the log-probability of each completion after its prompt, under one voice.

        An item without a finite log-probability has an error text; the others are unharmed.

        Raises:
            ModelError: An item has no prompt or no completion, or is longer than the model reads.
        """
        ...

    def side_by_side(self, work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[R]:
        """Do independent pieces of work, as many at a time as suits; results in their order."""
        ...


class Engines(Protocol):
    """Opens engines, and says what they would hold without opening them."""

    def identify(self, weights: Weights) -> Identity:
        """What a voice made of these weights would be; cheap, nothing is loaded.

        Raises:
            ModelError: A folder is missing or damaged.
        """
        ...

    def open(self, voices: Sequence[Weights]) -> AbstractContextManager[Engine]:
        """Load one engine with these voices: the subject, then the donor at each strength.

        Raises:
            ModelError: A folder is missing, damaged, or does not fit the others.
        """
        ...
