"""What goes over the wire: requests for draws and scores of token ids, and how answers are read.

Every reader checks that the answer is about the ids that were asked for; what it cannot show it
refuses. A log-probability is never made up.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from foretoken.engines.server.client import ServerError
from foretoken.records import Parsed

LEAST = -9999.0
"""What vLLM writes for minus infinity, which JSON cannot hold."""
ROUNDING = 1e-4
"""Nats by which rounding may lift a log-probability above 0."""
ID_MARK = "token_id:"
"""What stands before an id where tokens are written as ids."""
PLAIN: dict[str, Any] = {
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": -1,
    "min_p": 0.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "repetition_penalty": 1.0,
    "n": 1,
    "stream": False,
    "add_special_tokens": False,
    "skip_special_tokens": False,
    "return_token_ids": True,
    "return_tokens_as_token_ids": True,
}
"""Sent with every request: what is left out, servers take from the model's generation_config."""


class Dialect(StrEnum):
    """How a server is asked for the log-probabilities of given tokens."""

    PROMPT_LOGPROBS = "prompt_logprobs"
    ECHO = "echo, logprobs and max_tokens 0"
    ECHO_AND_SAY = "echo, logprobs and max_tokens 1"


@dataclass(frozen=True, slots=True)
class Said:
    """What a server said after a prompt."""

    tokens: tuple[int, ...]
    log_p: tuple[float, ...]
    stopped: bool
    """Whether a stop token ended it (False: the number of tokens asked for)."""


def score_request(dialect: Dialect, model: str, ids: Sequence[int]) -> dict[str, Any]:
    """Return the body of a request for the log-probabilities of given ids."""
    body = {**PLAIN, "model": model, "prompt": list(ids)}
    if dialect is Dialect.PROMPT_LOGPROBS:
        return {**body, "max_tokens": 1, "prompt_logprobs": 0}
    said = 0 if dialect is Dialect.ECHO else 1
    return {**body, "max_tokens": said, "echo": True, "logprobs": 1}


def read_scores(
    dialect: Dialect, model: str, ids: Sequence[int], answer: dict[str, Any]
) -> list[float | None]:
    """Return the log-probability of each id but the first; None where it is not finite.

    Raises:
        ServerError: The answer does not hold one for each id, or is about other ids.
    """
    choice = _only_choice(model, ids, answer)
    if dialect is Dialect.PROMPT_LOGPROBS:
        return _prompt_log_p(choice, ids)
    logprobs = _object(choice.get("logprobs"), "logprobs")
    log_p = _sequence(logprobs.get("token_logprobs"), "logprobs.token_logprobs")
    most = len(ids) + (dialect is Dialect.ECHO_AND_SAY)
    if not len(ids) <= len(log_p) <= most:
        raise ServerError(f"log-probabilities for {len(log_p)} tokens, asked for {len(ids)}")
    echoed = _named_ids(logprobs)
    if echoed is not None and echoed[: len(ids)] != list(ids):
        raise ServerError("the echoed token ids are not those that were sent")
    return [_finite(value) for value in log_p[1 : len(ids)]]


def draw_request(
    model: str, ids: Sequence[int], *, max_tokens: int, seed: int, end_tokens: Sequence[int]
) -> dict[str, Any]:
    """Return the body of a request for tokens after given ids, up to an end token."""
    return {
        **PLAIN,
        "model": model,
        "prompt": list(ids),
        "max_tokens": max_tokens,
        "seed": seed,
        "stop_token_ids": list(end_tokens),
        "logprobs": 1,
    }


def read_draw(model: str, ids: Sequence[int], answer: dict[str, Any], *, max_tokens: int) -> Said:
    """Return what was said after the ids.

    Raises:
        ServerError: The answer lacks token ids or log-probabilities, is about another prompt, or
            was cut for another reason than its length or a stop token.
    """
    choice = _only_choice(model, ids, answer)
    logprobs = _object(choice.get("logprobs"), "logprobs")
    log_p = [
        _finite(value)
        for value in _sequence(logprobs.get("token_logprobs"), "logprobs.token_logprobs")
    ]
    tokens = choice.get("token_ids")
    if tokens is None:
        tokens = _named_ids(logprobs)
    if tokens is None:
        raise ServerError("no token ids (neither `return_token_ids` nor tokens as token ids)")
    if len(tokens) != len(log_p) or not 0 < len(tokens) <= max_tokens:
        raise ServerError(
            f"{len(tokens)} tokens with {len(log_p)} log-probabilities, asked for {max_tokens}"
        )
    reason = choice.get("finish_reason")
    if reason not in {"stop", "length"} or (reason == "length" and len(tokens) < max_tokens):
        raise ServerError(
            f"finish reason {reason!r} after {len(tokens)} of {max_tokens} tokens: the server ends "
            "texts by rules of its own"
        )
    finite = [value for value in log_p if value is not None]
    if len(finite) < len(log_p):
        raise ServerError("a sampled token has no finite log-probability")
    return Said(tokens=tuple(map(int, tokens)), log_p=tuple(finite), stopped=reason == "stop")


def _only_choice(model: str, ids: Sequence[int], answer: dict[str, Any]) -> dict[str, Any]:
    """Return the one choice of an answer, if it comes from this model after this prompt."""
    if answer.get("model", model) != model:
        raise ServerError(f"model {answer['model']!r} answered, asked was {model!r}")
    choices = _sequence(answer.get("choices"), "choices")
    if len(choices) != 1:
        raise ServerError(f"{len(choices)} choices, asked for 1")
    usage: dict[str, Any] = answer.get("usage") or {}
    read = usage.get("prompt_tokens", len(ids))
    if read != len(ids):
        raise ServerError(f"the server read {read} prompt tokens of {len(ids)} that were sent")
    choice = _object(choices[0], "choice")
    if choice.get("prompt_token_ids") not in (None, list(ids)):
        raise ServerError("the server read other token ids than those that were sent")
    return choice


def _prompt_log_p(choice: dict[str, Any], ids: Sequence[int]) -> list[float | None]:
    entries = _sequence(choice.get("prompt_logprobs"), "prompt_logprobs")
    if len(entries) != len(ids):
        raise ServerError(f"log-probabilities for {len(entries)} tokens, asked for {len(ids)}")
    found: list[float | None] = []
    for token, entry in zip(ids[1:], entries[1:], strict=True):
        named = _object(entry, "prompt_logprobs entry").get(str(token))
        if named is None:
            raise ServerError(f"no log-probability for token {token} where it was sent")
        found.append(_finite(_object(named, "prompt_logprobs entry").get("logprob")))
    return found


def _named_ids(logprobs: dict[str, Any]) -> list[int] | None:
    """Return ids that are written `token_id:17`; None where tokens are written as text."""
    names = [str(name) for name in logprobs.get("tokens") or ()]
    ids = [name.removeprefix(ID_MARK) for name in names]
    if not names or not all(name.startswith(ID_MARK) for name in names):
        return None
    return [int(each) if each.isdecimal() else -1 for each in ids]


def _finite(value: Any) -> float | None:
    if not isinstance(value, int | float) or not math.isfinite(value) or value <= LEAST:
        return None
    if value > ROUNDING:
        raise ServerError(f"{value:g} is no log-probability: is the server asked for logits?")
    return min(float(value), 0.0)


def _object(value: Parsed, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ServerError(f"no {name} in the answer")
    return value


def _sequence(value: Parsed, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise ServerError(f"no {name} in the answer")
    return value
