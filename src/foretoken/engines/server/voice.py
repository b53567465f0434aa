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
    end_tokens: frozenset[int]
    """Each of them ends a completion."""
    dialect: Dialect = Dialect.PROMPT_LOGPROBS
    """How it is asked for scores."""

    def draw(self, ids: Sequence[int], *, max_tokens: int, seed: int) -> Said:
        """Return what the model says after these ids, up to an end token.

        Raises:
            ServerError: The request failed, or the answer cannot be trusted.
        """
        body = draw_request(
            self.name, ids, max_tokens=max_tokens, seed=seed, end_tokens=sorted(self.end_tokens)
        )
        answer = self.client.post(f"{self.url}/completions", body, again_after_silence=False)
        said = read_draw(self.name, ids, answer, max_tokens=max_tokens)
        for length, token in enumerate(said.tokens, start=1):
            if token in self.end_tokens:
                return Said(said.tokens[:length], said.log_p[:length], stopped=True)
        if said.stopped:
            known = ", ".join(map(str, sorted(self.end_tokens)))
            raise ServerError(
                f"{self.name} stopped after token {said.tokens[-1]}, which is no end token "
                f"({known}): the server leaves the end token out, or ends at another one"
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
