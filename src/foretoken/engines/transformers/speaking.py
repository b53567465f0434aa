"""One batch while it is sampled: rows that still speak, and one pass per token through each voice.

What the processor and an accelerator do differently is how often the batch is looked at. A look
brings to the processor which rows still speak; an accelerator has to come to rest for it, so it is
looked at every few tokens only, and what a row says after its end is thrown away.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import pad

from foretoken.engines.base import Completion, WindowSpec
from foretoken.engines.prompts import AnswerFinder
from foretoken.engines.transformers.answers import Answers, HeardAnswers
from foretoken.engines.transformers.cache import row_cache
from foretoken.engines.transformers.devices import input_device, is_accelerator
from foretoken.engines.transformers.load import LoadedModel
from foretoken.engines.transformers.reading import left_padded
from foretoken.engines.transformers.tensors import listed
from foretoken.errors import ScoringError

COMPACT_BELOW = 0.9
"""Finished rows leave the batch once fewer than this share of its rows still speaks."""
LOOK_ON_PROCESSOR = 1
LOOK_ON_ACCELERATOR = 16
"""Tokens between two looks at which rows still speak."""


Speaker = tuple[int, bool]
"""Which model speaks, and whether it reads the window's prompt."""


@dataclass(frozen=True, slots=True)
class Request:
    """What one row needs, and where its completion goes."""

    index: int
    prompt: tuple[int, ...]
    """Prompt and prefix: everything read before the first sampled token."""
    prefix: tuple[int, ...]
    window: WindowSpec
    limit: int
    """Tokens that may still be sampled."""

    @property
    def speakers(self) -> tuple[Speaker, ...]:
        """Who speaks in a row; the first outside the window, the last inside."""
        window, outside = self.window, (0, False)
        if not window.opens:
            return (outside,)
        inside = (window.strength, window.prompt is not None)
        if window.enter == 1.0 and window.leave == 0.0 and not window.in_answer:
            return (inside,)
        return (outside, inside)

    def reads(self, speaker: Speaker) -> tuple[int, ...]:
        """Return what a speaker reads before the first sampled token."""
        hinted = self.window.prompt
        return (*hinted, *self.prefix) if speaker[1] and hinted is not None else self.prompt

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens that each speaker reads before the first sampled one."""
        return tuple(len(self.reads(speaker)) for speaker in self.speakers)


@dataclass(frozen=True, slots=True)
class Way:
    """How a batch is sampled."""

    seed: int
    numbers: int
    """Random numbers that each row draws for its tokens, the same in every batch."""
    look_every: int
    """Tokens between two looks."""
    share: bool = True
    """Whether rows may share the states of equal prompts."""
    hear: bool = False
    """Whether the start of an answer is found on the device."""


class BatchVoice:
    """One model with the cache of one batch."""

    def __init__(self, loaded: LoadedModel, *, capacity: int, share: bool) -> None:
        self.device = input_device(loaded.model)
        self.rows = row_cache(loaded.model, capacity=capacity, share=share)

    def read(self, prompts: Sequence[tuple[int, ...]], *, device: torch.device) -> torch.Tensor:
        """Read each distinct prompt once.

        Args:
            prompts: One for each row.
            device: Of the batch.

        Returns:
            (rows, vocabulary) float32 log-probabilities of the token after each.
        """
        distinct = list(dict.fromkeys(prompts))
        row_of = {prompt: row for row, prompt in enumerate(distinct)}
        rows = torch.tensor([row_of[prompt] for prompt in prompts], device=self.device)
        ids_dk, mask_dk = left_padded(distinct, device=self.device)
        logits = self.rows.read(ids_dk, mask_dk)
        self.rows.begin(rows, mask_dk, padded=len({len(prompt) for prompt in distinct}) > 1)
        self.mask_dk = mask_dk[rows]
        return logits.float().log_softmax(-1)[rows.to(logits.device)].to(device)

    def keep(self, rows: torch.Tensor) -> None:
        """Keep these rows of the batch."""
        self.rows.keep(rows)
        self.mask_dk = self.mask_dk[rows.to(self.device)]

    def speak(self, token_d: torch.Tensor) -> torch.Tensor:
        """Read one more token of each row; return log-probabilities of the next."""
        self.mask_dk = pad(self.mask_dk, (0, 1), value=1)
        logits = self.rows.speak(token_d.to(self.device), self.mask_dk)
        return logits.float().log_softmax(-1).to(token_d.device)


class Batch:
    """The rows that still speak, and what all rows have said."""

    def __init__(
        self, requests: Sequence[Request], *, way: Way, answers: Answers, device: torch.device
    ) -> None:
        rows, steps = len(requests), max(request.limit for request in requests)
        self.answers = answers
        self.precise = torch.float32 if device.type == "mps" else torch.float64
        """Of random numbers and sums of probabilities; Apple's GPUs have no float64."""
        draws = [
            np.random.default_rng([way.seed, r.index]).random((2, way.numbers)) for r in requests
        ]
        uniform = np.stack(draws)[:, :, :steps]
        self.uniform = torch.as_tensor(uniform).to(self.precise).to(device)
        self.enter = torch.tensor([r.window.enter for r in requests], device=device)
        self.leave = torch.tensor([r.window.leave for r in requests], device=device)
        self.limit = torch.tensor([r.limit for r in requests], device=device)
        self.alive = torch.arange(rows, device=device)
        """Which request each row of the batch belongs to."""
        self.speaking = torch.ones(rows, dtype=torch.bool, device=device)
        """Rows of the batch that have not finished."""
        self.broken = torch.zeros(1, dtype=torch.bool, device=device)
        """Whether a row that still spoke had NaN logits."""
        self.inside = torch.zeros(rows, dtype=torch.bool, device=device)
        self.tokens = torch.zeros((rows, steps), dtype=torch.long, device=device)
        self.log_p = torch.zeros((rows, steps), device=device)
        self.spoke = torch.zeros((rows, steps), dtype=torch.bool, device=device)
        self.length = torch.zeros(rows, dtype=torch.long, device=device)

    def say(self, log_p_dv: list[torch.Tensor], *, step: int, ends: torch.Tensor) -> torch.Tensor:
        """Choose the next token of each row from its speaker; return the tokens.

        Nothing here waits for the device, unless the text decides where an answer starts.
        """
        rows = self.alive
        uniform = self.uniform[rows, :, step]
        opens = torch.where(self.inside, 1 - self.leave[rows], self.enter[rows])
        self.inside = uniform[:, 1] < opens * self.answers.begun[rows]
        chosen_dv = log_p_dv[0]
        if len(log_p_dv) == 2:
            chosen_dv = torch.where(self.inside[:, None], log_p_dv[1], log_p_dv[0])
        total_dv = chosen_dv.exp().cumsum(-1, dtype=self.precise)
        self.broken = self.broken | (total_dv[:, -1].isnan() & self.speaking).any()
        token = _inverted(total_dv, uniform[:, 0])
        self.tokens[rows, step] = token
        self.log_p[rows, step] = chosen_dv.gather(1, token[:, None])[:, 0]
        self.spoke[rows, step] = self.inside
        self.length[rows] = self.length[rows] + self.speaking
        ended = (token[:, None] == ends).any(1)
        self.speaking = self.speaking & ~ended & (step + 1 < self.limit[rows])
        self.answers.hear(self.tokens, step=step, rows=rows)
        return token

    def look(self) -> list[int]:
        """Return which rows of the batch still speak.

        Raises:
            ScoringError: A model returned NaN logits since the last look.
        """
        seen: list[bool] = listed(torch.cat([self.speaking, self.broken]))
        if seen[-1]:
            raise ScoringError(
                "The model returned NaN logits while sampling: its weights are damaged or its "
                "precision too low. Load it again in float32, or take an earlier checkpoint."
            )
        return [row for row, each in enumerate(seen[:-1]) if each]

    def keep(self, rows: torch.Tensor) -> None:
        """Keep these rows of the batch."""
        self.alive, self.inside = self.alive[rows], self.inside[rows]
        self.speaking = self.speaking[rows]


def _inverted(total_dv: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Return one token per row by inverting the cumulative distribution."""
    sought = (uniform * total_dv[:, -1])[:, None]
    token = torch.searchsorted(total_dv, sought, right=True)[:, 0]
    return token.clamp(max=total_dv.shape[1] - 1)


def look_every(device: torch.device) -> int:
    """Return how many tokens are sampled between two looks."""
    return LOOK_ON_ACCELERATOR if is_accelerator(device) else LOOK_ON_PROCESSOR


@torch.inference_mode()
def speak(
    models: Sequence[LoadedModel], requests: Sequence[Request], *, way: Way
) -> dict[int, Completion]:
    """Sample one batch of requests that need the same models.

    Raises:
        ScoringError: A model returned NaN logits.
        SharingUnsupportedError: Rows cannot share prompts: take another way.
        AnswersMisjudgedError: Answers cannot be found on the device: take another way.
    """
    device = input_device(models[0].model)
    answers = (HeardAnswers if way.hear else Answers)(
        AnswerFinder(models[0].tokenizer),
        [request.prefix for request in requests],
        [request.window.in_answer for request in requests],
        device,
    )
    batch = Batch(requests, way=way, answers=answers, device=device)
    steps = max(request.limit for request in requests)
    ends = torch.tensor(sorted(models[0].end_tokens), device=device)
    voices = [
        BatchVoice(models[index], capacity=steps, share=way.share)
        for index, _ in requests[0].speakers
    ]
    log_p_dv = [
        voice.read([request.reads(speaker) for request in requests], device=device)
        for voice, speaker in zip(voices, requests[0].speakers, strict=True)
    ]
    for step in range(steps):
        token = batch.say(log_p_dv, step=step, ends=ends)
        if (step + 1) % way.look_every == 0 or step + 1 == steps:
            speaking = batch.look()
            if not speaking:
                break
            if len(speaking) < COMPACT_BELOW * len(token):
                rows = torch.tensor(speaking, device=device)
                batch.keep(rows)
                token = token[rows]
                for voice in voices:
                    voice.keep(rows)
        log_p_dv = [voice.speak(token) for voice in voices]
    return _completions(batch, requests, ends=models[0].end_tokens)


def _completions(
    batch: Batch, requests: Sequence[Request], *, ends: frozenset[int]
) -> dict[int, Completion]:
    lengths: list[int] = listed(batch.length)
    tokens: list[list[int]] = listed(batch.tokens)
    log_p: list[list[float]] = listed(batch.log_p)
    spoke: list[list[bool]] = listed(batch.spoke)
    said = [row[:length] for row, length in zip(tokens, lengths, strict=True)]
    batch.answers.check(said)
    return {
        request.index: Completion(
            tokens=(*request.prefix, *said[row]),
            log_p=tuple(log_p[row][: lengths[row]]),
            donor_spoke=tuple(spoke[row][: lengths[row]]),
            ended=said[row][-1] in ends,
            prompt_tokens=len(request.prompt) - len(request.prefix),
            prefix_tokens=len(request.prefix),
        )
        for row, request in enumerate(requests)
    }
