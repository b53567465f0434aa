"""Whether the answer has begun, for each row of a batch, while the tokens are being said.

On a processor the text of the last tokens decides at each token. That would stop an accelerator at
each token, so there an automaton over the tokens' texts decides on the device; what it found is
compared with the text afterwards, and a batch where the two differ is sampled again by the text.
"""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray

from foretoken.engines.prompts import AnswerFinder, Tokenizer, completion_text
from foretoken.engines.transformers.tensors import listed

_tables: "WeakKeyDictionary[Tokenizer, dict[str, NDArray[np.int64]]]" = WeakKeyDictionary()


class AnswersMisjudgedError(Exception):
    """The automaton and the text do not agree where an answer starts."""


class Answers:
    """Rows whose answer has begun, judged by the text of the last tokens.

    Args:
        finder: Of the rows' tokenizer.
        prefixes: What each row's completion starts with.
        waits: Whether each row waits for its answer; those that do not count as begun.
        device: Of the batch.
    """

    def __init__(
        self,
        finder: AnswerFinder,
        prefixes: Sequence[Sequence[int]],
        waits: Sequence[bool],
        device: torch.device,
    ) -> None:
        self.finder = finder
        self.prefixes = prefixes
        begun = [
            not waiting or finder.answer_start(prefix) is not None
            for waiting, prefix in zip(waits, prefixes, strict=True)
        ]
        self.waiting = [row for row, each in enumerate(begun) if not each]
        """Rows whose answer had not begun at the start."""
        self.begun = torch.tensor(begun, device=device)

    def hear(self, tokens: torch.Tensor, *, step: int, rows: torch.Tensor) -> None:
        """Take note of one more token.

        Args:
            tokens: (all rows, steps) what was said so far.
            step: The last step that was said.
            rows: Those that are still in the batch.
        """
        if not self.waiting:
            return
        waiting = rows[~self.begun[rows]]
        tails = tokens[waiting, max(0, step + 1 - len(self.finder.closes)) : step + 1]
        places: list[int] = listed(waiting)
        recent: list[list[int]] = listed(tails)
        for row, tail in zip(places, recent, strict=True):
            if self.finder.ends_reasoning((*self.prefixes[row], *tail)):
                self.begun[row] = True

    def check(self, said: Sequence[Sequence[int]]) -> None:
        """Raise AnswersMisjudgedError where an answer begins elsewhere than was heard."""


class HeardAnswers(Answers):
    """The same, judged on the device."""

    def __init__(
        self,
        finder: AnswerFinder,
        prefixes: Sequence[Sequence[int]],
        waits: Sequence[bool],
        device: torch.device,
    ) -> None:
        super().__init__(finder, prefixes, waits, device)
        if not self.waiting:
            return
        table = transitions(finder.tokenizer, finder.closes)
        self.found = len(finder.closes)
        """State of the automaton once the whole tag was said; below: how much of it."""
        states = [0] * len(prefixes)
        for row in self.waiting:
            for token in prefixes[row]:
                states[row] = int(table[min(token, len(table) - 1), states[row] % self.found])
        self.table = torch.as_tensor(table).to(device)
        self.states = torch.tensor(states, device=device) % self.found
        self.starts = torch.full((len(prefixes),), -1, device=device)
        """Sampled tokens before the answer; -1: not begun."""

    def hear(self, tokens: torch.Tensor, *, step: int, rows: torch.Tensor) -> None:
        """Take note of one more token; nothing leaves the device."""
        if not self.waiting:
            return
        said = tokens[rows, step].clamp(max=len(self.table) - 1)
        state = self.table[said, self.states[rows]]
        found = (state == self.found) & ~self.begun[rows]
        self.starts[rows] = torch.where(found, step + 1, self.starts[rows])
        self.begun[rows] = self.begun[rows] | found
        self.states[rows] = state % self.found

    def check(self, said: Sequence[Sequence[int]]) -> None:
        """Raise AnswersMisjudgedError where an answer begins elsewhere than was heard."""
        if not self.waiting:
            return
        starts: list[int] = listed(self.starts)
        for row in self.waiting:
            prefix, heard = self.prefixes[row], starts[row]
            start = self.finder.answer_start((*prefix, *said[row]))
            expected = -1 if start is None else start - len(prefix)
            if expected != (heard if heard <= len(said[row]) else -1):
                raise AnswersMisjudgedError


def transitions(tokenizer: Tokenizer, tag: str) -> NDArray[np.int64]:
    """Return how much of a tag is said after each token, (tokens + 1, states).

    A state is how many of the tag's characters end the text so far. The last row stands for ids
    that the tokenizer does not know.
    """
    tables = _tables.setdefault(tokenizer, {})
    if tag not in tables:
        pieces = (*_pieces(tokenizer), "\n")
        tables[tag] = np.array([_steps(piece, tag) for piece in pieces])
    return tables[tag]


def _pieces(tokenizer: Tokenizer) -> list[str]:
    """The text that each token adds to a text; some tokenizers drop a space at its very start."""
    anchor = list(tokenizer.encode("a", add_special_tokens=False))[:1]
    before = len(completion_text(tokenizer, anchor))
    return [completion_text(tokenizer, [*anchor, i])[before:] for i in range(len(tokenizer))]


def _steps(piece: str, tag: str) -> list[int]:
    if not piece:
        return list(range(len(tag)))
    if not set(piece) & set(tag):
        return [0] * len(tag)
    return [_said(tag[:state] + piece, tag) for state in range(len(tag))]


def _said(text: str, tag: str) -> int:
    if tag in text:
        return len(tag)
    sizes = range(min(len(tag) - 1, len(text)), 0, -1)
    return next((size for size in sizes if text.endswith(tag[:size])), 0)
