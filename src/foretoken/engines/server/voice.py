"""One served model: draws tokens after given ids, and scores given ids."""

from collections.abc import Sequence
from dataclasses import dataclass

from foretoken.engines.server.client import Client, ServerError
from foretoken.engines.server.wire import (
    Dialect,
    Said,
    draw_request,
    read_draw,
    read_scores,
    score_request,
)


@dataclass(frozen=True)
class ServedVoice:
    """A model behind a URL."""

    client: Client
    url: str
    """Root of the API."""
    name: str
    """What the server calls it."""
    end_token: int
    other_ends: frozenset[int]
    """Tokens at which the server may stop too, though they end no completion."""
    dialect: Dialect = Dialect.PROMPT_LOGPROBS
    """How it is asked for scores."""

    def draw(self, ids: Sequence[int], *, max_tokens: int, seed: int) -> Said:
        """Return what the model says after these ids, up to its end token.

        It may be less than `max_tokens` without the end token, where the server stopped at another
        token of its own: going on from there is the same distribution.

        Raises:
            ServerError: The request failed, or the answer cannot be trusted.
        """
        body = draw_request(
            self.name, ids, max_tokens=max_tokens, seed=seed, end_token=self.end_token
        )
        answer = self.client.post(f"{self.url}/completions", body, again_after_silence=False)
        said = read_draw(self.name, ids, answer, max_tokens=max_tokens)
        if self.end_token in said.tokens:
            length = said.tokens.index(self.end_token) + 1
            return Said(said.tokens[:length], said.log_p[:length], stopped=True)
        if said.stopped and said.tokens[-1] not in self.other_ends:
            raise ServerError(
                f"{self.name} stopped after token {said.tokens[-1]}, which is not the end token "
                f"{self.end_token}: the server leaves the end token out, or ends at another one"
            )
        return said

    def score(self, ids: Sequence[int]) -> list[float | None]:
        """Return the log-probability of each id but the first; None where it is not finite.

        Raises:
            ServerError: The request failed, or the answer cannot be trusted.
        """
        body = score_request(self.dialect, self.name, ids)
        answer = self.client.post(f"{self.url}/completions", body, again_after_silence=True)
        return read_scores(self.dialect, self.name, ids, answer)
