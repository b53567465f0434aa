"""Draws beside the density that they should have."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import chi2

from foretoken.bank_records import HINT
from foretoken.engines.base import WindowSpec
from foretoken.engines.prompts import AnswerFinder
from foretoken.engines.transformers.load import LoadedModel
from foretoken.engines.transformers.score import score
from foretoken.estimate.mixture import log_ratios
from foretoken.records import Component


@dataclass(frozen=True)
class Kind:
    """Draws that share a density."""

    window: WindowSpec
    prompt: tuple[int, ...]
    prefix: tuple[int, ...] = ()

    def log_q(self, texts: Sequence[tuple[int, ...]], models: Sequence[LoadedModel]) -> np.ndarray:
        """Log-probability of texts after the prefix, summed over all windows."""
        inside = self.prompt if self.window.prompt is None else self.window.prompt
        own, other = (
            score(model, [((*prompt, *self.prefix), t) for t in texts], per_token=True).per_token
            for model, prompt in ((models[0], self.prompt), (models[self.window.strength], inside))
        )
        d_dk = np.full((len(texts), max(map(len, texts))), np.nan)
        for row, (a, b) in enumerate(zip(own or (), other or (), strict=True)):
            d_dk[row, : len(a)] = np.array(b) - np.array(a)
        finder = AnswerFinder(models[0].tokenizer)
        starts = [finder.answer_start((*self.prefix, *text)) for text in texts]
        component = Component(
            strength=0.0,
            enter=self.window.enter,
            leave=self.window.leave,
            where="answer" if self.window.in_answer else "anywhere",
            hinted=True,
        )
        start_d = [len(t) if s is None else s for t, s in zip(texts, starts, strict=True)]
        ratio_dm = log_ratios({HINT: d_dk}, [component], answer_start=np.array(start_d))
        return np.array([sum(each) for each in own or ()]) + ratio_dm[:, 0]


def drawn_from(
    drawn: Sequence[tuple[int, ...]], texts: Sequence[tuple[int, ...]], log_q: np.ndarray
) -> bool:
    """Whether each text is drawn as often as its density says, which sums to 1 over all texts."""
    row_of = {text: row for row, text in enumerate(texts)}
    expected = len(drawn) * np.exp(log_q)
    assert expected.sum() == pytest.approx(len(drawn), rel=1e-4)
    seen = np.bincount([row_of[tokens] for tokens in drawn], minlength=len(texts))
    often = expected >= 8
    cells = [*zip(seen[often], expected[often], strict=True)]
    cells.append((seen[~often].sum(), expected[~often].sum()))
    distance = sum((s - e) ** 2 / e for s, e in cells)
    return distance < chi2.ppf(0.9999, len(cells) - 1)
