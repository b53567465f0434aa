"""Sample completions at temperature 1, many rows at once, with the log-probability of each token.

One model speaks, or two take turns: in a *switch window* the donor speaks, outside it the subject
does. A row's window is a hidden two-state chain (docs/method.md, section 3).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import torch

from foretoken.engines.base import SUBJECT_ALONE, Completion, WindowSpec
from foretoken.engines.transformers.answers import AnswersMisjudgedError
from foretoken.engines.transformers.cache import SharingUnsupportedError
from foretoken.engines.transformers.devices import free_bytes, input_device
from foretoken.engines.transformers.load import LoadedModel
from foretoken.engines.transformers.memory import in_halves, sampling_rows, shape_of
from foretoken.engines.transformers.speaking import Request, Way, look_every, speak
from foretoken.engines.transformers.traits import allows_padding, reads_at_most
from foretoken.errors import ModelError

BATCH_ROWS = 512
"""Rows that are sampled together on a processor."""


def sample(
    models: Sequence[LoadedModel],
    prompts: Sequence[Sequence[int]],
    *,
    max_tokens: int,
    seed: int,
    windows: Sequence[WindowSpec] | None = None,
    prefixes: Sequence[Sequence[int]] | None = None,
    batch_rows: int | None = None,
    on_finished: Callable[[int], None] | None = None,
) -> list[Completion]:
    """Sample one completion for each prompt, in order.

    The random numbers of a row come from the seed and its index alone. Equal prompts next to each
    other are read once.

    Args:
        models: The subject, then the donor at each strength that a window names.
        prompts: Token ids, from `render_prompt`.
        max_tokens: Longest completion, prefix included.
        seed: Same seed and same requests, same completions.
        windows: One for each prompt; None: the subject speaks alone.
        prefixes: Token ids that each completion starts with; None: nothing.
        batch_rows: Rows that are sampled together; None: 512 on a processor, as many as fit on an
            accelerator. Batches that do not fit into the memory are halved.
        on_finished: Called with the number of completions of each finished batch.

    Raises:
        ModelError: A prompt is empty or longer than the model reads, or a window names no model.
        ScoringError: A model returned NaN logits.
    """
    requests = _requests(prompts, prefixes=prefixes, windows=windows, max_tokens=max_tokens)
    _check_requests(models, requests, max_tokens=max_tokens)
    device = input_device(models[0].model)
    way = Way(
        seed=seed,
        numbers=max((request.limit for request in requests), default=0),
        look_every=look_every(device),
        hear=look_every(device) > 1,
    )
    most = batch_rows or rows_that_fit(models, requests, device=device)
    equal = not all(allows_padding(loaded.model) for loaded in models)
    completions: dict[int, Completion] = {}

    def sample_piece(piece: Sequence[Request]) -> None:
        completions.update(_sample_batch(models, piece, way=way))
        if on_finished is not None:
            on_finished(len(piece))

    while waiting := [each for each in requests if each.index not in completions]:
        for batch in _batches(waiting, most, equal=equal):
            fitted = in_halves(sample_piece, batch, device=device)
            if fitted < len(batch):
                most = fitted
                break
    return [completions[index] for index in range(len(requests))]


def _requests(
    prompts: Sequence[Sequence[int]],
    *,
    prefixes: Sequence[Sequence[int]] | None,
    windows: Sequence[WindowSpec] | None,
    max_tokens: int,
) -> list[Request]:
    prefixes = [()] * len(prompts) if prefixes is None else prefixes
    windows = [SUBJECT_ALONE] * len(prompts) if windows is None else windows
    return [
        Request(
            index=index,
            prompt=(*prompt, *prefix),
            prefix=tuple(prefix),
            window=window,
            limit=max_tokens - len(prefix),
        )
        for index, (prompt, prefix, window) in enumerate(
            zip(prompts, prefixes, windows, strict=True)
        )
    ]


def _check_requests(
    models: Sequence[LoadedModel], requests: Sequence[Request], *, max_tokens: int
) -> None:
    longest = min(reads_at_most(loaded.model) for loaded in models)
    for request in requests:
        read = request.lengths
        tokens = max(read) + request.limit
        if not min(read) or tokens > longest:
            raise ModelError(
                f"Prompt {request.index} has {max(read)} tokens and may grow to {tokens};"
                f" the model reads 1 to {longest}. Shorten the prompt or max_tokens."
            )
        if request.limit < 1:
            raise ModelError(
                f"The prefix of prompt {request.index} has {len(request.prefix)} tokens and leaves "
                f"none to sample: max_tokens is {max_tokens}."
            )
        if not 0 <= request.window.strength < len(models):
            raise ModelError(
                f"Window {request.index} names model {request.window.strength} of {len(models)}."
            )


def rows_that_fit(
    models: Sequence[LoadedModel], requests: Sequence[Request], *, device: torch.device
) -> int:
    """Return how many rows to sample together."""
    free = free_bytes(device)
    if free is None or not requests:
        return BATCH_ROWS
    speaking = {speaker for request in requests for speaker in request.speakers}
    return sampling_rows(
        [shape_of(models[index].model) for index, _ in speaking],
        free=free,
        prompt_tokens=max(max(request.lengths) for request in requests),
        max_tokens=max(request.limit for request in requests),
    )


def _batches(requests: list[Request], batch_rows: int, *, equal: bool) -> Iterator[list[Request]]:
    """Yield requests that need the same models, those with prompts of equal length together.

    Args:
        requests: In any order.
        batch_rows: Most of them together.
        equal: Whether those with prompts of unequal length may not be together.
    """

    def together(request: Request) -> tuple[object, ...]:
        return request.speakers, request.lengths if equal else ()

    ordered = sorted(requests, key=lambda r: (*together(r), len(r.prompt), r.prompt, r.index))
    for _, group in groupby(ordered, key=together):
        rows = list(group)
        yield from (rows[at : at + batch_rows] for at in range(0, len(rows), batch_rows))


def _sample_batch(
    models: Sequence[LoadedModel], requests: Sequence[Request], *, way: Way
) -> dict[int, Completion]:
    """Sample a batch; what the fast way does not suit goes the slow way, with the same draws."""
    try:
        return speak(models, requests, way=way)
    except SharingUnsupportedError:
        return _sample_batch(models, requests, way=replace(way, share=False))
    except AnswersMisjudgedError:
        return _sample_batch(models, requests, way=replace(way, hear=False))
