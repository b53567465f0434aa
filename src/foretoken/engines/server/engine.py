"""The engine behind a server: voices are served models, opened by asking each for a known text."""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from transformers import PreTrainedTokenizerBase

from foretoken.engines.base import (
    SUBJECT_ALONE,
    Completion,
    Engines,
    Item,
    Scores,
    Weights,
    WindowSpec,
)
from foretoken.engines.prompts import AnswerFinder
from foretoken.engines.server.client import Client, ServerError
from foretoken.engines.server.contact import (
    Contact,
    compare_with_reference,
    greet,
    known_text,
    refuse_twins,
    served_length,
)
from foretoken.engines.server.sample import Wanted, draw_completion
from foretoken.engines.server.settings import ServerSettings, weights_key
from foretoken.engines.server.voice import ServedVoice
from foretoken.engines.tags import TagsSetting
from foretoken.engines.weights import (
    end_tokens,
    existing_folder,
    load_tokenizer,
    read_json,
    template_hash,
    tokenizer_hash,
    voice_hash,
)
from foretoken.errors import MismatchError, ModelError
from foretoken.records import Identity

T = TypeVar("T")
R = TypeVar("R")

PIECES = 2
"""Pieces of work side by side: one waits for the server while the other's texts are graded."""


@dataclass(frozen=True)
class ServerEngine:
    """Served models as an `Engine`; made by `ServerEngines.open`."""

    settings: ServerSettings
    voices: tuple[Identity, ...]
    tokenizer: PreTrainedTokenizerBase
    longest: int
    contacts: tuple[Contact, ...]
    """What first contact with each voice showed: the noise to report with what is drawn here."""
    _served: tuple[ServedVoice, ...]
    _pool: Executor

    @property
    def end_tokens(self) -> frozenset[int]:
        """Ids of the tokens that end a completion."""
        return self._served[0].end_tokens

    @property
    def noise(self) -> float:
        """Largest difference of a token's log-probability that first contact met, in nats."""
        met = [(c.twice, c.drawn, c.reference or 0.0) for c in self.contacts]
        return float(np.max(met))

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
        """Sample one completion for each prompt, in order, as `Engine.sample` says.

        Same seed and same requests give the same windows and the same request seeds; whether they
        give the same tokens is up to the server.

        Raises:
            ModelError: A prompt does not fit, a window names no voice, or a request failed.
        """
        windows = [SUBJECT_ALONE] * len(prompts) if windows is None else windows
        prefixes = [()] * len(prompts) if prefixes is None else prefixes
        requests = [
            Wanted(index, tuple(prompt), tuple(prefix), window, max_tokens - len(prefix))
            for index, (prompt, prefix, window) in enumerate(
                zip(prompts, prefixes, windows, strict=True)
            )
        ]
        for request in requests:
            self._check_request(request, max_tokens=max_tokens)
        finder = AnswerFinder(self.tokenizer)
        futures = {
            self._pool.submit(draw_completion, self._served, each, seed=seed, finder=finder): each
            for each in requests
        }
        made: dict[int, Completion] = {}
        try:
            for future in as_completed(futures):
                made[futures[future].index] = future.result()
                if on_finished is not None:
                    on_finished(1)
        except ServerError as error:
            raise ModelError(
                f"A completion could not be drawn: {error}. Look at the server, then go on: what "
                "was stored before is kept."
            ) from error
        finally:
            for future in futures:
                future.cancel()
        return [made[index] for index in range(len(requests))]

    def score(self, items: Sequence[Item], *, voice: int = 0, per_token: bool = False) -> Scores:
        """Return the log-probability of each completion, as `Engine.score` says.

        One request an item, several on their way. What fails for good has an error text.

        Raises:
            ModelError: An item has no prompt or no completion, or is longer than the server reads.
        """
        for index, (prompt, tokens) in enumerate(items):
            if not prompt or not tokens or len(prompt) + len(tokens) > self.longest:
                raise ModelError(
                    f"Item {index} has {len(prompt)} prompt and {len(tokens)} completion tokens: "
                    f"each needs at least one, and the server reads at most {self.longest} "
                    "together."
                )
        served = self._served[voice]
        scored = list(self._pool.map(partial(_score_item, served), items))
        values = [each if isinstance(each, list) else [] for each in scored]
        distinct = {tuple(prompt) for prompt, _ in items}
        return Scores(
            log_p=np.array([sum(each) if each else np.nan for each in values], dtype=np.float64),
            errors=[each if isinstance(each, str) else None for each in scored],
            per_token=values if per_token else None,
            tokens_through_model=sum(len(prompt) + len(tokens) for prompt, tokens in items),
            floor_tokens=sum(map(len, distinct)) + sum(len(tokens) - 1 for _, tokens in items),
        )

    def side_by_side(self, work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[R]:
        """Do two pieces of work at a time; results in their order."""
        with ThreadPoolExecutor(PIECES) as pool:
            yield from pool.map(work, pieces)

    def _check_request(self, request: Wanted, *, max_tokens: int) -> None:
        read = [len(request.reads(inside=inside)) for inside in (False, True)]
        tokens = max(read) + max_tokens
        if not min(read) or tokens > self.longest:
            raise ModelError(
                f"Prompt {request.index} has {max(read)} tokens and may grow to {tokens};"
                f" the server reads 1 to {self.longest}. Shorten the prompt or max_tokens, or "
                "serve longer texts."
            )
        if request.limit < 1:
            raise ModelError(
                f"The prefix of prompt {request.index} has {len(request.prefix)} tokens and leaves "
                f"none to sample: max_tokens is {max_tokens}."
            )
        if not 0 <= request.window.strength < len(self.voices):
            raise ModelError(
                f"Window {request.index} names voice {request.window.strength} of "
                f"{len(self.voices)}."
            )


class ServerEngines:
    """Opens engines behind one server, or several."""

    def __init__(
        self,
        settings: ServerSettings,
        *,
        reference: Engines | None = None,
        reasoning_tags: TagsSetting = None,
    ) -> None:
        """Keep what is needed to open engines; nothing is asked yet.

        Args:
            settings: Where the models are served, and which weights they stand for.
            reference: Opens the same weights in this process, one voice at a time; first contact
                compares the scores of a known text. None: nobody can tell other weights.
            reasoning_tags: What opens and closes the models' reasoning; None: to be found.
        """
        self.settings = settings
        self.reference = reference
        self.reasoning_tags: TagsSetting = reasoning_tags

    def identify(self, weights: Weights) -> Identity:
        """What a voice made of these weights is, from the local folders; no server is asked.

        Raises:
            ModelError: A folder is missing or damaged.
        """
        tokenizer = load_tokenizer(weights.base, self.reasoning_tags)
        return Identity(
            weights=voice_hash(weights),
            tokenizer=tokenizer_hash(tokenizer, end_tokens(tokenizer, weights.base)),
            template=template_hash(tokenizer),
            dtype=self.settings.dtype,
            engine=f"server:{self.settings.kind}",
        )

    @contextmanager
    def open(self, voices: Sequence[Weights]) -> Generator[ServerEngine]:
        """Make contact with the models that stand for these voices.

        Raises:
            ModelError: A folder is missing, no served model stands for a voice, or the server's
                answers to a known text cannot be believed.
            MismatchError: The voices' tokenizers differ.
        """
        identities = tuple(self.identify(weights) for weights in voices)
        if len({(each.tokenizer, each.template) for each in identities}) > 1:
            raise MismatchError(
                "The voices have different tokenizers, end tokens or chat templates: give models "
                "of one family."
            )
        client = Client(self.settings)
        pool = ThreadPoolExecutor(self.settings.in_flight)
        try:
            yield self._contact(voices, identities, client=client, pool=pool)
        finally:
            pool.shutdown(cancel_futures=True)
            client.close()

    def _contact(
        self,
        voices: Sequence[Weights],
        identities: tuple[Identity, ...],
        *,
        client: Client,
        pool: Executor,
    ) -> ServerEngine:
        tokenizer = load_tokenizer(voices[0].base, self.reasoning_tags)
        served = [self._served_voice(weights, tokenizer, client=client) for weights in voices]
        stated = [served_length(client, voice.url, voice.name) for voice in served]
        longest = min(
            self._longest(weights, length, voice)
            for weights, (length, _), voice in zip(voices, stated, served, strict=True)
        )
        end = end_tokens(tokenizer, voices[0].base)[0]
        known = known_text(tokenizer, longest=longest, end_token=end)
        contacts: list[Contact] = []
        scores: list[list[float]] = []
        for index, (weights, (_, version)) in enumerate(zip(voices, stated, strict=True)):
            voice, contact, told = greet(
                served[index], known, version=version, settings=self.settings, pool=pool
            )
            if self.reference is not None:
                contact = compare_with_reference(
                    contact,
                    told,
                    known,
                    reference=self.reference,
                    weights=weights,
                    settings=self.settings,
                )
            served[index] = voice
            contacts.append(contact)
            scores.append(told)
        refuse_twins(contacts, scores)
        return ServerEngine(
            settings=self.settings,
            voices=identities,
            tokenizer=tokenizer,
            longest=longest,
            contacts=tuple(contacts),
            _served=tuple(served),
            _pool=pool,
        )

    def _served_voice(
        self, weights: Weights, tokenizer: PreTrainedTokenizerBase, *, client: Client
    ) -> ServedVoice:
        key = weights_key(weights)
        name = self.settings.served.get(key)
        if name is None:
            raise ModelError(
                f'No served model stands for {key}: add `"{key}" = "NAME"` to `served`, NAME as '
                f"the server calls it. There: {', '.join(sorted(self.settings.served)) or 'none'}."
            )
        return ServedVoice(
            client=client,
            url=self.settings.urls.get(name, self.settings.url).rstrip("/"),
            name=name,
            end_tokens=frozenset(end_tokens(tokenizer, weights.base)),
        )

    def _longest(self, weights: Weights, stated: int | None, voice: ServedVoice) -> int:
        """Return the longest text that can be scored: one token less than the server reads."""
        limits = [each for each in (stated, self.settings.longest) if each is not None]
        if not limits:
            raise ModelError(
                f"{voice.url} does not say how long a text {voice.name} reads: set `longest`."
            )
        config = read_json(existing_folder(weights.base, "model") / "config.json")
        trained = config.get("max_position_embeddings")
        if isinstance(trained, int):
            limits.append(trained)
        return min(limits) - 1


def _score_item(voice: ServedVoice, item: Item) -> list[float] | str:
    """Return the log-probability of each completion token, or why there is none."""
    prompt, tokens = item
    try:
        scores = voice.score((*prompt, *tokens))[-len(tokens) :]
    except ServerError as error:
        return str(error)
    finite = [value for value in scores if value is not None]
    broken = len(scores) - len(finite)
    if broken:
        return f"log-probabilities are not finite at {broken} of {len(tokens)} completion tokens"
    return finite
