"""Sample completions at temperature 1, many rows at once, with the log-probability of each token.

One model speaks, or two take turns: in a *switch window* the donor speaks, outside it the subject
does. A row's window is a hidden two-state chain (docs/method.md, section 3).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import pad

from foretoken.engines.base import SUBJECT_ALONE, Completion, WindowSpec
from foretoken.engines.prompts import END_OF_REASONING, AnswerFinder
from foretoken.engines.transformers.cache import SharingUnsupportedError, left_padded, row_cache
from foretoken.engines.transformers.load import LoadedModel
from foretoken.errors import ModelError, ScoringError

BATCH_ROWS = 512
"""Rows that are sampled together."""
COMPACT_BELOW = 0.9
"""Finished rows leave the batch once fewer than this share of its rows still speaks."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What one row needs, and where its completion goes."""

    index: int
    prompt: tuple[int, ...]
    """Prompt and prefix: everything read before the first sampled token."""
    prefix: tuple[int, ...]
    window: WindowSpec
    limit: int
    """Tokens that may still be sampled."""


def sample(
    models: Sequence[LoadedModel],
    prompts: Sequence[Sequence[int]],
    *,
    max_tokens: int,
    seed: int,
    windows: Sequence[WindowSpec] | None = None,
    prefixes: Sequence[Sequence[int]] | None = None,
    batch_rows: int = BATCH_ROWS,
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
        batch_rows: Rows that are sampled together.
        on_finished: Called with the number of completions of each finished batch.

    Raises:
        ModelError: A prompt is empty or longer than the model reads, or a window names no model.
        ScoringError: A model returned NaN logits.
    """
    requests = _requests(prompts, prefixes=prefixes, windows=windows, max_tokens=max_tokens)
    _check_requests(models, requests, max_tokens=max_tokens)
    completions: dict[int, Completion] = {}
    for batch in _batches(requests, batch_rows):
        completions.update(_sample_batch(models, batch, seed=seed))
        if on_finished is not None:
            on_finished(len(batch))
    return [completions[index] for index in range(len(requests))]


def _requests(
    prompts: Sequence[Sequence[int]],
    *,
    prefixes: Sequence[Sequence[int]] | None,
    windows: Sequence[WindowSpec] | None,
    max_tokens: int,
) -> list[_Request]:
    prefixes = [()] * len(prompts) if prefixes is None else prefixes
    windows = [SUBJECT_ALONE] * len(prompts) if windows is None else windows
    return [
        _Request(
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
    models: Sequence[LoadedModel], requests: Sequence[_Request], *, max_tokens: int
) -> None:
    longest = min(
        int(getattr(loaded.model.config, "max_position_embeddings", None) or 1 << 30)
        for loaded in models
    )
    for request in requests:
        tokens = len(request.prompt) + request.limit
        if not request.prompt or tokens > longest:
            raise ModelError(
                f"Prompt {request.index} has {len(request.prompt)} tokens and may grow to {tokens};"
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


def _speakers(window: WindowSpec) -> tuple[int, ...]:
    """Return which models a row needs; the first speaks outside the window, the last inside."""
    if window.strength == 0 or window.enter == 0.0:
        return (0,)
    if window.enter == 1.0 and window.leave == 0.0 and not window.in_answer:
        return (window.strength,)
    return (0, window.strength)


def _batches(requests: list[_Request], batch_rows: int) -> Iterator[list[_Request]]:
    """Yield requests that need the same models, those with prompts of equal length together."""
    ordered = sorted(
        requests, key=lambda r: (_speakers(r.window), len(r.prompt), r.prompt, r.index)
    )
    start = 0
    while start < len(ordered):
        speakers = _speakers(ordered[start].window)
        stop = start
        while (
            stop < len(ordered)
            and stop - start < batch_rows
            and _speakers(ordered[stop].window) == speakers
        ):
            stop += 1
        yield ordered[start:stop]
        start = stop


class _Voice:
    """One model with the cache of one batch."""

    def __init__(self, loaded: LoadedModel, *, capacity: int, share: bool) -> None:
        self.model = loaded.model
        self.rows = row_cache(self.model, capacity=capacity, share=share)

    def read(self, ids_dk: torch.Tensor, mask_dk: torch.Tensor) -> torch.Tensor:
        """Read prompts; return float32 log-probabilities of the token after each."""
        logits = self.model(
            input_ids=ids_dk,
            attention_mask=mask_dk,
            position_ids=(mask_dk.cumsum(1) - 1).clamp(min=0),
            past_key_values=self.rows.cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        return logits.float().log_softmax(-1)

    def speak(self, token_d: torch.Tensor, mask_dk: torch.Tensor) -> torch.Tensor:
        """Read one more token of each row; return log-probabilities of the next."""
        return self.rows.speak(token_d, mask_dk).float().log_softmax(-1)


class _Batch:
    """The rows that still speak, and what all rows have said."""

    def __init__(
        self, requests: list[_Request], *, seed: int, device: torch.device, finder: AnswerFinder
    ) -> None:
        rows = len(requests)
        self.finder = finder
        self.prefixes = [r.prefix for r in requests]
        steps = max(request.limit for request in requests)
        draws = [np.random.default_rng([seed, r.index]).random((2, steps)) for r in requests]
        self.uniform = torch.from_numpy(np.stack(draws)).to(device)
        self.enter = torch.tensor([r.window.enter for r in requests], device=device)
        self.leave = torch.tensor([r.window.leave for r in requests], device=device)
        self.limit = torch.tensor([r.limit for r in requests], device=device)
        self.alive = torch.arange(rows, device=device)
        """Which request each row of the batch belongs to."""
        self.speaking = torch.ones(rows, dtype=torch.bool, device=device)
        """Rows of the batch that have not finished."""
        self.inside = torch.zeros(rows, dtype=torch.bool, device=device)
        self.may_open = torch.tensor(
            [not r.window.in_answer or finder.answer_start(r.prefix) is not None for r in requests],
            device=device,
        )
        """Requests whose window may open at the next token."""
        self.tokens = torch.zeros((rows, steps), dtype=torch.long, device=device)
        self.log_p = torch.zeros((rows, steps), device=device)
        self.spoke = torch.zeros((rows, steps), dtype=torch.bool, device=device)
        self.length = torch.zeros(rows, dtype=torch.long, device=device)

    def say(self, log_p_dv: list[torch.Tensor], *, step: int, end_token: int) -> torch.Tensor:
        """Choose the next token of each row from its speaker; return the tokens."""
        uniform = self.uniform[self.alive, :, step]
        enter, leave = self.enter[self.alive], self.leave[self.alive]
        opens = torch.where(self.inside, 1 - leave, enter) * self.may_open[self.alive]
        self.inside = uniform[:, 1] < opens
        chosen_dv = log_p_dv[0]
        if len(log_p_dv) == 2:
            chosen_dv = torch.where(self.inside[:, None], log_p_dv[1], log_p_dv[0])
        token = _draw_tokens(chosen_dv, uniform[:, 0])
        rows = self.alive
        self.tokens[rows, step] = token
        self.log_p[rows, step] = chosen_dv.gather(1, token[:, None])[:, 0]
        self.spoke[rows, step] = self.inside
        self.length[rows[self.speaking]] = step + 1
        self.speaking = self.speaking & (token != end_token) & (step + 1 < self.limit[rows])
        self._find_answers(step)
        return token

    def _find_answers(self, step: int) -> None:
        """Let windows open where the token just said was the last of the reasoning."""
        waiting = self.alive[self.speaking & ~self.may_open[self.alive]]
        tails = self.tokens[waiting, max(0, step + 1 - len(END_OF_REASONING)) : step + 1]
        for row, tail in zip(waiting.tolist(), tails.tolist(), strict=True):
            if self.finder.ends_reasoning((*self.prefixes[row], *tail)):
                self.may_open[row] = True

    def keep(self, rows: torch.Tensor) -> None:
        """Keep these rows of the batch."""
        self.alive, self.inside = self.alive[rows], self.inside[rows]
        self.speaking = self.speaking[rows]


def _draw_tokens(log_p_dv: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Return one token per row by inverting the cumulative distribution."""
    total = log_p_dv.exp().cumsum(-1, dtype=torch.float64)
    if bool(total[:, -1].isnan().any()):
        raise ScoringError(
            "The model returned NaN logits while sampling: its weights are damaged or its precision"
            " too low. Load it again in float32, or take an earlier checkpoint."
        )
    token = torch.searchsorted(total, (uniform * total[:, -1])[:, None], right=True)[:, 0]
    return token.clamp(max=log_p_dv.shape[1] - 1)


@torch.inference_mode()
def _sample_batch(
    models: Sequence[LoadedModel], requests: list[_Request], *, seed: int
) -> dict[int, Completion]:
    try:
        return _speak(models, requests, seed=seed, share=True)
    except SharingUnsupportedError:
        return _speak(models, requests, seed=seed, share=False)


def _speak(
    models: Sequence[LoadedModel], requests: list[_Request], *, seed: int, share: bool
) -> dict[int, Completion]:
    device = models[0].model.device
    end_token = models[0].end_token
    finder = AnswerFinder(models[0].tokenizer)
    batch = _Batch(requests, seed=seed, device=device, finder=finder)
    steps = int(batch.limit.max())
    voices = [
        _Voice(models[index], capacity=steps, share=share)
        for index in _speakers(requests[0].window)
    ]
    mask_dk, log_p_dv = _read_prompts(voices, requests, device=device)
    for step in range(steps):
        token = batch.say(log_p_dv, step=step, end_token=end_token)
        speaking = int(batch.speaking.sum())
        if speaking == 0:
            break
        if speaking < COMPACT_BELOW * len(token):
            rows = batch.speaking.nonzero()[:, 0]
            batch.keep(rows)
            token, mask_dk = token[rows], mask_dk[rows]
            for voice in voices:
                voice.rows.keep(rows)
        mask_dk = pad(mask_dk, (0, 1), value=1)
        log_p_dv = [voice.speak(token, mask_dk) for voice in voices]
    return _completions(batch, requests, end_token=end_token)


def _read_prompts(
    voices: list[_Voice], requests: list[_Request], *, device: torch.device
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Read each distinct prompt once; return the mask and the first log-probabilities per row."""
    distinct = list(dict.fromkeys(request.prompt for request in requests))
    row_of = {prompt: row for row, prompt in enumerate(distinct)}
    rows = torch.tensor([row_of[request.prompt] for request in requests], device=device)
    ids_dk, mask_dk = left_padded(distinct, device=device)
    log_p_dv: list[torch.Tensor] = []
    for voice in voices:
        log_p_dv.append(voice.read(ids_dk, mask_dk)[rows])
        voice.rows.begin(rows, mask_dk)
    return mask_dk[rows], log_p_dv


def _completions(
    batch: _Batch, requests: list[_Request], *, end_token: int
) -> dict[int, Completion]:
    lengths = batch.length.tolist()
    tokens, log_p, spoke = batch.tokens.tolist(), batch.log_p.tolist(), batch.spoke.tolist()
    made: dict[int, Completion] = {}
    for row, request in enumerate(requests):
        length = lengths[row]
        sampled = tokens[row][:length]
        made[request.index] = Completion(
            tokens=(*request.prefix, *sampled),
            log_p=tuple(log_p[row][:length]),
            donor_spoke=tuple(spoke[row][:length]),
            ended=sampled[-1] == end_token,
            prompt_tokens=len(request.prompt) - len(request.prefix),
            prefix_tokens=len(request.prefix),
        )
    return made
