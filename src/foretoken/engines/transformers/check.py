"""Whether a loaded model says what it reads: checked once, before anything depends on it.

A cache or a padding that a model does not bear changes probabilities without an error. So a few
tokens are sampled after two prompts of unequal length, and scored; both must agree with a plain
pass over each text alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice

import numpy as np
import torch

from foretoken.engines.base import Item
from foretoken.engines.transformers.devices import input_device
from foretoken.engines.transformers.load import LoadedModel
from foretoken.engines.transformers.quiet import library_talk_off
from foretoken.engines.transformers.sample import sample
from foretoken.engines.transformers.score import score
from foretoken.engines.transformers.traits import reads_at_most
from foretoken.engines.weights import first_line
from foretoken.errors import ForetokenError, ModelError, ScoringError

TEXT = "The three things that I remember best of that summer are the"
PROMPT_TOKENS = (2, 9, 9)
"""Of the prompt of each row, where the model reads as much; equal prompts share what was read."""
SAMPLED_TOKENS = 12
NOISE = {"float32": 2e-4, "bfloat16": 0.2, "float16": 0.03}
"""Nats a token by which two right ways to one log-probability differ at most, on average."""
ADVICE = (
    "Serve it (docs/engines.md: `[engine.server]`), or install another version of transformers."
)


def check_model(loaded: LoadedModel) -> None:
    """Refuse a model whose sampled or scored log-probabilities are not those of a plain pass.

    A model with NaN logits passes: what is wrong with it is said where a text needs it.

    Raises:
        ModelError: By how many nats they differ, or what the library said, and what to do.
    """
    kind = type(loaded.model).__name__
    try:
        with library_talk_off():
            worst, what = _largest_difference(loaded)
    except ScoringError:
        return
    except ForetokenError:
        raise
    except Exception as error:  # the library's models raise what they like
        raise ModelError(
            f"{kind} cannot be sampled from or scored: {type(error).__name__}: "
            f"{first_line(error).rstrip('.')}. {ADVICE}"
        ) from error
    if worst > NOISE[loaded.dtype]:
        raise ModelError(
            f"{kind} has other log-probabilities {what} than in one plain pass over the same text: "
            f"{worst:.2g} nats a token apart, and {NOISE[loaded.dtype]:g} is noise in "
            f"{loaded.dtype}. This version of transformers reads it wrongly. {ADVICE}"
        )


def _largest_difference(loaded: LoadedModel) -> tuple[float, str]:
    """Return the larger mean difference of a token in a text, and of what."""
    endless = replace(loaded, end_token=-1, other_ends=frozenset())
    room = reads_at_most(loaded.model) // 2
    ids = loaded.tokenizer.encode(TEXT, add_special_tokens=False) or [loaded.end_token]
    prompts = [list(islice(cycle(ids), min(tokens, room))) for tokens in PROMPT_TOKENS]
    said = sample([endless], prompts, max_tokens=min(SAMPLED_TOKENS, room), seed=0)
    items = [(prompt, each.tokens) for prompt, each in zip(prompts, said, strict=True)]
    scores = score(loaded, items, per_token=True)
    plain = [_plain(loaded, item) for item in items]
    return max(
        (_apart([each.log_p for each in said], plain), "when it is sampled from"),
        (_apart(scores.per_token or [], plain), "when it is scored"),
    )


@torch.inference_mode()
def _plain(loaded: LoadedModel, item: Item) -> list[float]:
    """Log-probability of each token of a completion: one row, no padding, no cache."""
    prompt, completion = item
    ids = torch.tensor([[*prompt, *completion]], device=input_device(loaded.model))
    logits = loaded.model(input_ids=ids, use_cache=False).logits[0, len(prompt) - 1 : -1]
    log_p = logits.float().log_softmax(-1).cpu()
    return log_p[range(len(completion)), list(completion)].double().numpy().tolist()


def _apart(found: Sequence[Sequence[float]], expected: Sequence[Sequence[float]]) -> float:
    pairs = zip(found, expected, strict=True)
    return max(float(np.abs(np.subtract(a, b)).mean()) for a, b in pairs)
