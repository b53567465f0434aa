"""Score completions: one teacher-forced pass, raw float32 log-softmax, temperature 1.

A prompt is read once for all of its completions, which go on from its keys and values. A model
whose layers are not all plain full attention reads each prompt with its completion as one text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel

from foretoken.arrays import (
    BoolPerDrawToken,
    BoolPerToken,
    FloatPerDraw,
    FloatPerDrawToken,
    FloatPerToken,
)
from foretoken.engines.base import Item, Scores
from foretoken.engines.transformers.devices import free_bytes, input_device
from foretoken.engines.transformers.load import LoadedModel, vocabulary_rows
from foretoken.engines.transformers.memory import PassLimits, in_halves, scoring_budget, shape_of
from foretoken.engines.transformers.reading import ReadPrompts
from foretoken.engines.transformers.traits import attends_fully, reads_at_most
from foretoken.errors import ModelError

BATCH_TOKENS = 16384
"""Tokens in one forward pass, padding and prompts that were read before included."""
BATCH_LOGITS = 1 << 27
"""Logits in one forward pass (half a gibibyte in float32)."""
PADDING = 1.04
"""Tokens of a batch with padding, over tokens without, at most."""


@dataclass
class _Tally:
    """Scores in the making."""

    log_p: FloatPerDraw
    errors: list[str | None]
    per_token: list[list[float]]
    tokens: int = field(default=0)

    def note(self, index: int, log_p_k: FloatPerToken, finite_k: BoolPerToken) -> None:
        """Keep the log-probabilities of one completion's tokens, or say what is wrong with them."""
        broken = int((~finite_k).sum())
        if broken:
            self.errors[index] = (
                f"logits are not finite at {broken} of {len(finite_k)} completion tokens"
            )
            return
        self.log_p[index] = log_p_k.sum()
        self.per_token[index] = log_p_k.tolist()


def score(
    model: LoadedModel,
    items: Sequence[Item],
    *,
    per_token: bool = False,
    batch_tokens: int | None = None,
) -> Scores:
    """Return the log-probability of each completion after its prompt.

    Args:
        model: Any loaded model.
        items: Pairs of prompt ids and completion ids, the end token included.
        per_token: Whether to return the log-probability of each token too.
        batch_tokens: Tokens in one forward pass, padding included; None: 16384 on a processor, as
            many as fit on an accelerator. Batches that do not fit into the memory are halved.

    Returns:
        Scores in the order of the items. An item whose logits are not finite has an error text and
        NaN; the others are unharmed.

    Raises:
        ModelError: An item has no prompt or no completion, or is longer than the model reads.
    """
    _check_items(model, items)
    tally = _Tally(
        log_p=np.full(len(items), np.nan), errors=[None] * len(items), per_token=[[]] * len(items)
    )
    work = _score_after_prompts if attends_fully(model.model) else _score_whole
    budget = _budget(model.model)
    if batch_tokens is not None:
        budget = replace(budget, tokens=batch_tokens)
    work(model, items, budget=budget, tally=tally)
    distinct = {tuple(prompt) for prompt, _ in items}
    return Scores(
        log_p=tally.log_p,
        errors=tally.errors,
        per_token=tally.per_token if per_token else None,
        tokens_through_model=tally.tokens,
        floor_tokens=sum(map(len, distinct)) + sum(len(tokens) - 1 for _, tokens in items),
    )


def _budget(model: PreTrainedModel) -> PassLimits:
    free = free_bytes(input_device(model))
    if free is None:
        return PassLimits(tokens=BATCH_TOKENS, logits=BATCH_LOGITS)
    return scoring_budget(shape_of(model), free=free)


def _check_items(model: LoadedModel, items: Sequence[Item]) -> None:
    longest = reads_at_most(model.model)
    for index, (prompt, tokens) in enumerate(items):
        if not prompt or not tokens or len(prompt) + len(tokens) > longest:
            raise ModelError(
                f"Item {index} has {len(prompt)} prompt and {len(tokens)} completion tokens: "
                f"each needs at least one, and the model reads at most {longest} together."
            )


class _Row(NamedTuple):
    """What one row of a batch needs."""

    read: int
    """Tokens pushed through the model."""
    silent: int
    """How many of them, from the first, need no logits."""
    beside: int
    """Tokens that were read before, and are attended to."""


def _batches(
    rows: Mapping[int, _Row], *, budget: PassLimits, vocabulary: int
) -> Iterator[list[int]]:
    """Yield keys of rows of similar length, longest first."""
    batch: list[int] = []
    longest = real = beside = silent = 0
    for key in sorted(rows, key=lambda key: (rows[key], key), reverse=True):
        row = rows[key]
        if batch:
            count = len(batch) + 1
            full = (
                count * (longest + max(beside, row.beside)) > budget.tokens
                or count * longest > PADDING * (real + row.read)
                or count * (longest - min(silent, row.silent)) * vocabulary > budget.logits
            )
            if full:
                yield batch
                batch = []
        if not batch:
            longest, real, beside, silent = row.read, 0, 0, row.silent
        batch.append(key)
        real, beside, silent = real + row.read, max(beside, row.beside), min(silent, row.silent)
    if batch:
        yield batch


@torch.inference_mode()
def _score_after_prompts(
    model: LoadedModel, items: Sequence[Item], *, budget: PassLimits, tally: _Tally
) -> None:
    """Read each distinct prompt once, then its completions."""
    vocabulary = vocabulary_rows(model.model)
    items_of: dict[tuple[int, ...], list[int]] = {}
    for index, (prompt, _) in enumerate(items):
        items_of.setdefault(tuple(prompt), []).append(index)
    prompts = list(items_of)
    device = input_device(model.model)

    def score_group(group: Sequence[int]) -> None:
        read = ReadPrompts(model.model, [prompts[i] for i in group])
        tally.tokens += read.tokens
        prompt_of = {index: row for row, i in enumerate(group) for index in items_of[prompts[i]]}

        def score_piece(piece: Sequence[int]) -> None:
            _score_completions(
                read, {i: prompt_of[i] for i in piece}, [items[i][1] for i in piece], tally=tally
            )

        rows = {i: _Row(len(items[i][1]) - 1, 0, read.width) for i in prompt_of}
        for batch in _batches(rows, budget=budget, vocabulary=vocabulary):
            in_halves(score_piece, batch, device=device)

    sizes = {i: _Row(len(p), len(p) - 1, 0) for i, p in enumerate(prompts)}
    for group in _batches(sizes, budget=budget, vocabulary=vocabulary):
        in_halves(score_group, group, device=device)


def _score_completions(
    read: ReadPrompts,
    prompt_of: Mapping[int, int],
    completions: Sequence[Sequence[int]],
    *,
    tally: _Tally,
) -> None:
    """Score one batch; padding stands on the right, where causal attention cannot see it.

    Args:
        read: Prompts of these completions, and perhaps others.
        prompt_of: The row of each completion's prompt, by the completion's index in the tally.
        completions: Token ids, in the same order.
        tally: Where the scores go.
    """
    ids_dk = _padded(completions).to(read.device)
    rows = torch.tensor(list(prompt_of.values()), device=read.device)
    parts = [_log_p(read.next_logits[rows][:, None], ids_dk[:, :1])]
    if ids_dk.shape[1] > 1:
        parts.append(_log_p(read.go_on(rows, ids_dk[:, :-1]), ids_dk[:, 1:]))
        tally.tokens += ids_dk[:, 1:].numel()
    log_p_dk = np.concatenate([log_p for log_p, _ in parts], axis=1)
    finite_dk = np.concatenate([finite for _, finite in parts], axis=1)
    for row, (index, tokens) in enumerate(zip(prompt_of, completions, strict=True)):
        tally.note(index, log_p_dk[row, : len(tokens)], finite_dk[row, : len(tokens)])


def _log_p(
    logits: torch.Tensor, ids_dk: torch.Tensor
) -> tuple[FloatPerDrawToken, BoolPerDrawToken]:
    """Log-probability of each id, and whether it is a number. Both (rows, tokens)."""
    logits = logits.float()
    total_dk = logits.logsumexp(-1)
    picked_dk = logits.gather(2, ids_dk.to(logits.device)[:, :, None])[:, :, 0]
    return (picked_dk - total_dk).cpu().double().numpy(), total_dk.isfinite().cpu().numpy()


def _padded(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    ids_dk = torch.zeros((len(rows), max(map(len, rows))), dtype=torch.long)
    for row, ids in enumerate(rows):
        ids_dk[row, : len(ids)] = torch.tensor(ids)
    return ids_dk


@torch.inference_mode()
def _score_whole(
    model: LoadedModel, items: Sequence[Item], *, budget: PassLimits, tally: _Tally
) -> None:
    """Read each prompt with its completion."""
    rows = {
        i: _Row(len(prompt) + len(tokens) - 1, len(prompt) - 1, 0)
        for i, (prompt, tokens) in enumerate(items)
    }
    device = input_device(model.model)

    def score_piece(piece: Sequence[int]) -> None:
        ids_dk = _padded([[*items[i][0], *items[i][1]] for i in piece]).to(device)
        start = min(rows[i].silent for i in piece)
        logits = model.model(
            input_ids=ids_dk[:, :-1],
            logits_to_keep=torch.arange(start, ids_dk.shape[1] - 1, device=device),
            use_cache=False,
        ).logits
        log_p_dk, finite_dk = _log_p(logits, ids_dk[:, start + 1 :])
        tally.tokens += ids_dk[:, :-1].numel()
        for row, index in enumerate(piece):
            scored = slice(rows[index].silent - start, rows[index].read - start)
            tally.note(index, log_p_dk[row, scored], finite_dk[row, scored])

    vocabulary = vocabulary_rows(model.model)
    for batch in _batches(rows, budget=budget, vocabulary=vocabulary):
        in_halves(score_piece, batch, device=device)
