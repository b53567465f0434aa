"""Score completions: one teacher-forced pass, raw float32 log-softmax, temperature 1."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from foretoken.arrays import FloatPerDraw
from foretoken.errors import ModelError
from foretoken.models.load import LoadedModel, vocabulary_rows

BATCH_TOKENS = 16384
"""Tokens, padding included, in one forward pass."""
BATCH_LOGITS = 1 << 27
"""Logits in one forward pass (half a gibibyte in float32)."""
PADDING = 1.12
"""Tokens of a batch with padding, over tokens without, at most."""

Item = tuple[Sequence[int], Sequence[int]]
"""Token ids of the prompt, and of the completion."""


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
    """Tokens of all prompts and completions."""


@dataclass
class _Tally:
    """Scores in the making."""

    log_p: FloatPerDraw
    errors: list[str | None]
    per_token: list[list[float]]
    tokens: int = field(default=0)


def score(
    model: LoadedModel,
    items: Sequence[Item],
    *,
    per_token: bool = False,
    batch_tokens: int = BATCH_TOKENS,
) -> Scores:
    """Return the log-probability of each completion after its prompt.

    Args:
        model: Any loaded model.
        items: Pairs of prompt ids and completion ids, the end token included.
        per_token: Whether to return the log-probability of each token too.
        batch_tokens: Tokens, padding included, in one forward pass.

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
    vocabulary = vocabulary_rows(model.model)
    for batch in _batches(items, batch_tokens=batch_tokens, vocabulary=vocabulary):
        _score_batch(model, items, batch=batch, tally=tally)
    return Scores(
        log_p=tally.log_p,
        errors=tally.errors,
        per_token=tally.per_token if per_token else None,
        tokens_through_model=tally.tokens,
        floor_tokens=sum(_length(item) for item in items),
    )


def _length(item: Item) -> int:
    return len(item[0]) + len(item[1])


def _check_items(model: LoadedModel, items: Sequence[Item]) -> None:
    longest = int(getattr(model.model.config, "max_position_embeddings", None) or 1 << 30)
    for index, item in enumerate(items):
        if not item[0] or not item[1] or _length(item) > longest:
            raise ModelError(
                f"Item {index} has {len(item[0])} prompt and {len(item[1])} completion tokens: "
                f"each needs at least one, and the model reads at most {longest} together."
            )


def _batches(items: Sequence[Item], *, batch_tokens: int, vocabulary: int) -> Iterator[list[int]]:
    """Yield indices of items of similar length, longest first."""
    order = sorted(range(len(items)), key=lambda i: (-_length(items[i]), -len(items[i][0]), i))
    batch: list[int] = []
    real, first_scored = 0, 0
    for index in order:
        length = _length(items[index])
        start = min(first_scored, len(items[index][0])) if batch else len(items[index][0])
        longest = _length(items[batch[0]]) if batch else length
        rows = len(batch) + 1
        padded = rows * longest
        logits = rows * (longest - start + 1) * vocabulary
        full = padded > batch_tokens or padded > PADDING * (real + length) or logits > BATCH_LOGITS
        if batch and full:
            yield batch
            batch, real, start = [], 0, len(items[index][0])
        batch.append(index)
        real, first_scored = real + length, start
    if batch:
        yield batch


@torch.inference_mode()
def _score_batch(
    model: LoadedModel, items: Sequence[Item], *, batch: list[int], tally: _Tally
) -> None:
    """Score one batch; padding stands on the right, where causal attention cannot see it."""
    device = model.model.device
    width = _length(items[batch[0]])
    start = min(len(items[index][0]) for index in batch) - 1
    ids_dk = torch.zeros((len(batch), width), dtype=torch.long)
    for row, index in enumerate(batch):
        ids = [*items[index][0], *items[index][1]]
        ids_dk[row, : len(ids)] = torch.tensor(ids)
    ids_dk = ids_dk.to(device)
    logits = model.model(
        input_ids=ids_dk,
        logits_to_keep=torch.arange(start, width - 1, device=device),
        use_cache=False,
    ).logits.float()
    total_dk = logits.logsumexp(-1)
    picked_dk = logits.gather(2, ids_dk[:, start + 1 :, None])[:, :, 0]
    log_p_dk = (picked_dk - total_dk).double().cpu().numpy()
    finite_dk = total_dk.isfinite().cpu().numpy()
    tally.tokens += ids_dk.numel()
    for row, index in enumerate(batch):
        prompt_tokens = len(items[index][0])
        scored = slice(prompt_tokens - 1 - start, _length(items[index]) - 1 - start)
        broken = int((~finite_dk[row, scored]).sum())
        if broken:
            tally.errors[index] = (
                f"logits are not finite at {broken} of {len(items[index][1])} completion tokens"
            )
            continue
        tally.log_p[index] = log_p_dk[row, scored].sum()
        tally.per_token[index] = log_p_dk[row, scored].tolist()
