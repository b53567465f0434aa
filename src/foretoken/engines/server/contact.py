"""First contact: what a server answers to a known text, and whether it can be believed.

A server that ignores what it is asked for answers with numbers all the same. So each served model
scores one text twice, draws, scores what it drew, and is refused by name where these disagree.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any, TypeVar

import numpy as np
from scipy.stats import binomtest

from foretoken.engines.base import Engines, Weights
from foretoken.engines.prompts import Tokenizer
from foretoken.engines.server.client import Client, ServerError
from foretoken.engines.server.settings import ServerSettings
from foretoken.engines.server.voice import ServedVoice
from foretoken.engines.server.wire import Dialect, Said
from foretoken.errors import ModelError

T = TypeVar("T")

PROMPT = "The three things that I remember best of that summer are the"
COMPLETION = " long evenings, the smell of cut grass and a letter that never came."
DRAWN_TEXTS, DRAWN_TOKENS = 4, 16
"""Texts that are drawn and scored again, and the tokens of each."""
CHANCE = 1e-6
"""Probability of refusing a server whose draws are right."""
SURE = 0.999
"""Probabilities are counted as this at most: what is missing to 1 may be rounding."""
ADVICE = (
    "Serve as docs/engines.md says (vLLM; adapters merged, or one request at a time), or with "
    "another server that returns the log-probabilities of given token ids."
)


@dataclass(frozen=True)
class Contact:
    """What first contact with one served model showed; differences are the largest of a token."""

    name: str
    url: str
    dialect: Dialect
    version: str
    """Of the server; empty where it does not say."""
    twice: float
    """Between two scores of the known text, in nats."""
    drawn: float
    """Between drawn tokens' log-probabilities as drawn and as scored, in nats."""
    reference: float | None = None
    """Between the known text's scores here and in the reference, in nats; None: not compared."""


@dataclass(frozen=True)
class KnownText:
    """The text of first contact, in token ids."""

    prompt: tuple[int, ...]
    completion: tuple[int, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        """All of it."""
        return (*self.prompt, *self.completion)


def known_text(tokenizer: Tokenizer, *, longest: int, end_token: int) -> KnownText:
    """Return the text of first contact; it holds the last id of the vocabulary and the end token.

    Args:
        tokenizer: Of the model.
        longest: Most tokens of prompt and completion.
        end_token: Its id.
    """
    prompt, completion = (
        tokenizer.encode(text, add_special_tokens=False) for text in (PROMPT, COMPLETION)
    )
    return KnownText(
        prompt=tuple(prompt[: max(1, longest // 3)]),
        completion=(*completion[: longest // 3], len(tokenizer) - 1, end_token)[-longest // 2 :],
    )


def served_length(client: Client, url: str, name: str) -> tuple[int | None, str]:
    """Return the longest text that a server says it reads with a model, and the server's version.

    Raises:
        ModelError: It cannot be reached, or does not serve the model.
    """
    try:
        entries = client.get(f"{url}/models").get("data", [])
    except ServerError as error:
        raise ModelError(
            f"No list of models: {error}. Start the server, or correct `url` and the key."
        ) from error
    models: dict[str, dict[str, Any]] = {str(entry.get("id")): entry for entry in entries}
    if name not in models:
        raise ModelError(
            f"{url} serves {', '.join(sorted(models)) or 'nothing'}, not {name}: load {name} there "
            "or correct `served`."
        )
    entry = models[name]
    parent = models.get(str(entry.get("parent")), {})
    length = entry.get("max_model_len") or parent.get("max_model_len")
    try:
        version = client.get(f"{url.removesuffix('/v1')}/version").get("version", "")
    except ServerError:
        version = ""
    return (int(length) if length else None), str(version)


def greet(
    voice: ServedVoice, known: KnownText, *, version: str, settings: ServerSettings, pool: Executor
) -> tuple[ServedVoice, Contact, list[float]]:
    """Return the voice in a dialect that works, what contact showed, and the known text's scores.

    Raises:
        ModelError: The server cannot be believed; with what, where, and what to do.
    """
    voice, first = _find_dialect(voice, known)
    again = _told(voice, lambda: _all_finite(voice.score(known.ids)))
    twice = _difference(
        first, again, settings, what=f"{voice.name} at {voice.url} scores one text twice"
    )
    pairs = list(pool.map(partial(_draw_and_score, voice, known), range(DRAWN_TEXTS)))
    drawn = _difference(
        [value for as_drawn, _ in pairs for value in as_drawn],
        [value for _, as_scored in pairs for value in as_scored],
        settings,
        what=f"{voice.name} at {voice.url} scores tokens that it drew at temperature 1 (are "
        "log-probabilities processed rather than raw, is the prompt cut?)",
    )
    _check_draws(voice, known, draws=settings.contact_draws, pool=pool)
    contact = Contact(voice.name, voice.url, voice.dialect, version, twice=twice, drawn=drawn)
    return voice, contact, first


def refuse_twins(contacts: Sequence[Contact], scores: Sequence[list[float]]) -> None:
    """Refuse a server that answers for two models with the same numbers.

    Raises:
        ModelError: Their scores of the known text are equal to the last bit.
    """
    for (one, own), (other, others) in combinations(zip(contacts, scores, strict=True), 2):
        if own == others and (one.url, one.name) != (other.url, other.name):
            raise ModelError(
                f"{one.name} and {other.name} give the known text the same log-probabilities: an "
                "adapter was dropped, or one model answers for both. Merge adapters before serving."
            )


def compare_with_reference(
    contact: Contact,
    scores: list[float],
    known: KnownText,
    *,
    reference: Engines,
    weights: Weights,
    settings: ServerSettings,
) -> Contact:
    """Add the difference to the same weights in this process, which are loaded for this alone.

    Raises:
        ModelError: The server holds other weights than the local folders.
    """
    with reference.open([weights]) as engine:
        expected = engine.score([(known.prompt, known.completion)], per_token=True)
    if expected.per_token is None or expected.errors[0] is not None:
        raise ModelError(f"The reference cannot score the known text: {expected.errors[0]}.")
    what = f"{contact.name} at {contact.url} differs from the weights that it stands for"
    found = scores[-len(known.completion) :]
    difference = _difference(found, expected.per_token[0], settings, what=what)
    return replace(contact, reference=difference)


def _find_dialect(voice: ServedVoice, known: KnownText) -> tuple[ServedVoice, list[float]]:
    troubles: list[str] = []
    for dialect in Dialect:
        asking = replace(voice, dialect=dialect)
        try:
            return asking, _all_finite(asking.score(known.ids))
        except ServerError as error:
            troubles.append(f"{dialect.value}: {error}")
    raise ModelError(
        f"{voice.name} at {voice.url} does not score {len(known.ids)} token ids, the largest of "
        f"them {max(known.ids)}. {ADVICE} Tried " + "; ".join(troubles)
    )


def _draw_and_score(
    voice: ServedVoice, known: KnownText, seed: int
) -> tuple[list[float], list[float]]:
    room = min(DRAWN_TOKENS, len(known.completion))
    said = _told(voice, lambda: voice.draw(known.prompt, max_tokens=room, seed=seed))
    scores = _told(voice, lambda: _all_finite(voice.score((*known.prompt, *said.tokens))))
    return list(said.log_p), scores[-len(said.tokens) :]


def _check_draws(voice: ServedVoice, known: KnownText, *, draws: int, pool: Executor) -> None:
    """Refuse a sampler that does not follow the probabilities it reports.

    The first half of the draws shows which tokens are likely. Together they have a known
    probability, of about one half; so many of the second half must be among them.
    """

    def draw(seed: int) -> Said:
        return _told(voice, lambda: voice.draw(known.prompt, max_tokens=1, seed=seed))

    said = list(pool.map(draw, range(draws)))
    first, second = said[: draws // 2], said[draws // 2 :]
    if not first:
        return
    p_of = {each.tokens[0]: math.exp(each.log_p[0]) for each in first}
    likely: set[int] = set()
    share = 0.0
    for token in sorted(p_of, key=lambda token: p_of[token], reverse=True):
        if share < 0.5:
            likely.add(token)
            share += p_of[token]
    among = sum(each.tokens[0] in likely for each in second)
    if share > 1.01 or binomtest(among, len(second), p=min(share, SURE)).pvalue < CHANCE:
        raise ModelError(
            f"{voice.name} at {voice.url} does not draw as it says: {among} of {len(second)} tokens"
            f" are among those with probability {share:.3f} together. It rescales or filters "
            "(temperature, top_k, top_p), or repeats one seed: switch that off on the server."
        )


def _difference(
    found: Sequence[float], expected: Sequence[float], settings: ServerSettings, *, what: str
) -> float:
    """Return the largest difference of a token; refuse a mean above the tolerance."""
    apart = np.abs(np.subtract(found, expected))
    if apart.mean() > settings.most_apart:
        raise ModelError(
            f"{what}: {apart.mean():.3g} nats a token apart, above the tolerance"
            f" of {settings.most_apart:g}. Serve raw log-probabilities of the right model in a "
            "higher precision, or raise `tolerance`."
        )
    return float(apart.max())


def _all_finite(scores: list[float | None]) -> list[float]:
    finite = [value for value in scores if value is not None]
    if len(finite) < len(scores):
        raise ServerError(f"{len(scores) - len(finite)} of {len(scores)} scores are not finite")
    return finite


def _told(voice: ServedVoice, ask: Callable[[], T]) -> T:
    """Turn a failed request of first contact into an error for the user."""
    try:
        return ask()
    except ServerError as error:
        raise ModelError(f"{voice.name} at {voice.url}: {error}. {ADVICE}") from error
