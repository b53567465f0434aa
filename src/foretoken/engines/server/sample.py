"""Sample completions from a server: one request for each stretch of tokens of one voice.

Whether the donor speaks at a token is a chain that never looks at the text, so its whole path is
drawn first; every stretch of one voice is then asked for at once. The tokens have the law of the
loop that chooses a voice token by token (docs/decisions/007-switch-draws-on-a-server.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from foretoken.arrays import BoolPerToken
from foretoken.engines.base import Completion, WindowSpec
from foretoken.engines.prompts import AnswerFinder
from foretoken.engines.server.voice import ServedVoice

SEEDS = 1 << 31
"""Request seeds are below this."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one completion needs."""

    index: int
    prompt: tuple[int, ...]
    prefix: tuple[int, ...]
    window: WindowSpec
    limit: int
    """Tokens that may be sampled, the prefix excluded."""

    def reads(self, *, inside: bool) -> tuple[int, ...]:
        """Return the prompt that is read inside or outside of the window."""
        hinted = self.window.prompt if inside else None
        return self.prompt if hinted is None else hinted


def donor_path(window: WindowSpec, tokens: int, *, rng: np.random.Generator) -> BoolPerToken:
    """Draw at which of the next tokens the donor speaks; the window is closed before the first.

    Returns:
        (tokens,) the hidden chain of docs/method.md, section 3.
    """
    uniform_k = rng.random(tokens)
    inside_k = np.zeros(tokens, dtype=np.bool_)
    inside = False
    for k in range(tokens):
        inside = bool(uniform_k[k] < (1.0 - window.leave if inside else window.enter))
        inside_k[k] = inside
    return inside_k


def stretches(path_k: BoolPerToken) -> Iterator[tuple[bool, int]]:
    """Yield whether the donor speaks, and for how many tokens, along a path."""
    for inside, tokens in groupby(path_k.tolist()):
        yield inside, len(list(tokens))


@dataclass
class _Text:
    """A completion in the making."""

    request: Wanted
    rng: np.random.Generator
    end_tokens: frozenset[int]
    tokens: list[int] = field(default_factory=list[int])
    log_p: list[float] = field(default_factory=list[float])
    donor_spoke: list[bool] = field(default_factory=list[bool])

    @property
    def ended(self) -> bool:
        return bool(self.tokens) and self.tokens[-1] in self.end_tokens

    @property
    def left(self) -> int:
        return self.request.limit - len(self.tokens)

    def add(self, voice: ServedVoice, tokens: int, *, donor: bool) -> None:
        """Let a voice say so many tokens, or fewer where it ends the completion."""
        goal = len(self.tokens) + tokens
        while len(self.tokens) < goal and not self.ended:
            said = voice.draw(
                (*self.request.reads(inside=donor), *self.request.prefix, *self.tokens),
                max_tokens=goal - len(self.tokens),
                seed=int(self.rng.integers(SEEDS)),
            )
            self.tokens.extend(said.tokens)
            self.log_p.extend(said.log_p)
            self.donor_spoke.extend([donor] * len(said.tokens))

    def cut(self, tokens: int) -> None:
        """Forget what was said after so many tokens."""
        del self.tokens[tokens:], self.log_p[tokens:], self.donor_spoke[tokens:]


def draw_completion(
    voices: Sequence[ServedVoice], request: Wanted, *, seed: int, finder: AnswerFinder
) -> Completion:
    """Sample one completion.

    Its path and the seeds of its requests come from the seed and the request's index alone.

    Raises:
        ServerError: A request failed.
    """
    window = request.window
    text = _Text(request, np.random.default_rng([seed, request.index]), voices[0].end_tokens)
    if not window.opens:
        text.add(voices[0], text.left, donor=False)
    else:
        if window.in_answer and finder.answer_start(request.prefix) is None:
            _speak_until_answer(voices[0], text, finder)
        if not text.ended:
            for donor, tokens in stretches(donor_path(window, text.left, rng=text.rng)):
                text.add(voices[window.strength if donor else 0], tokens, donor=donor)
    return Completion(
        tokens=(*request.prefix, *text.tokens),
        log_p=tuple(text.log_p),
        donor_spoke=tuple(text.donor_spoke),
        ended=text.ended,
        prompt_tokens=len(request.prompt),
        prefix_tokens=len(request.prefix),
    )


def _speak_until_answer(subject: ServedVoice, text: _Text, finder: AnswerFinder) -> None:
    """Let the subject speak to the end, then forget all but what precedes the answer.

    Where the answer starts is a stopping time: it depends on nothing that is said after it.
    """
    text.add(subject, text.left, donor=False)
    start = finder.answer_start((*text.request.prefix, *text.tokens))
    if start is not None:
        text.cut(start - len(text.request.prefix))
