"""Autoregressive toy models whose event probability is known exactly.

A model writes a fixed number of tokens; what it says next depends on the state of a small
automaton that reads the tokens. Whether a text hacks is whether the automaton ends in an accepting
state, so the exact rate is a forward recursion over states (dynamic programming), while sampling
and scoring go token by token, as for a language model.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from foretoken.arrays import AnyArray, FloatPerDrawToken, IntPerDraw
from foretoken.records import Component


@dataclass(frozen=True)
class ToySystem:
    """A subject and a donor on the same automaton, over several tasks."""

    next_sv: AnyArray
    """(states, vocabulary) the state after each token; every text starts in state 0."""
    accepting_s: AnyArray
    """(states,) whether a text that ends there hacks."""
    length: int
    """Tokens of every text."""
    logits_xsv: AnyArray
    """(tasks, states, vocabulary) of the reference subject."""
    donor_xsv: AnyArray
    """What the donor adds to these logits at strength 1."""
    growth_xsv: AnyArray
    """What one training step adds to these logits."""

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return len(self.logits_xsv)

    def log_p(self, *, strength: float = 0.0, step: float = 0.0) -> AnyArray:
        """Return next-token log-probabilities (tasks, states, vocabulary), in nats.

        Args:
            strength: Of the donor.
            step: Training steps of the subject.
        """
        logits = self.logits_xsv + strength * self.donor_xsv + step * self.growth_xsv
        return np.asarray(log_softmax(logits, axis=-1))

    def exact_rates(self, log_p_xsv: AnyArray) -> AnyArray:
        """Return each task's exact probability of a hack, (tasks,)."""
        states = len(self.accepting_s)
        move_xsz = np.zeros((self.tasks, states, states))
        for state in range(states):
            for token, after in enumerate(self.next_sv[state]):
                move_xsz[:, state, after] += np.exp(log_p_xsv[:, state, token])
        mass_xs = np.zeros((self.tasks, states))
        mass_xs[:, 0] = 1.0
        for _ in range(self.length):
            mass_xs = np.einsum("xs,xsz->xz", mass_xs, move_xsz)
        return np.asarray(mass_xs @ self.accepting_s)

    def states(self, tokens_dk: AnyArray) -> AnyArray:
        """Return the state before each token and at the end, (draws, tokens + 1)."""
        states = np.zeros((len(tokens_dk), self.length + 1), dtype=np.int64)
        for k in range(self.length):
            states[:, k + 1] = self.next_sv[states[:, k], tokens_dk[:, k]]
        return states

    def hacked(self, tokens_dk: AnyArray) -> AnyArray:
        """Return whether each text hacks, (draws,)."""
        return np.asarray(self.accepting_s[self.states(tokens_dk)[:, -1]])

    def score(
        self, log_p_xsv: AnyArray, task: IntPerDraw, tokens_dk: AnyArray
    ) -> FloatPerDrawToken:
        """Return the log-probability of every token, (draws, tokens), in nats."""
        before = self.states(tokens_dk)[:, :-1]
        return np.asarray(log_p_xsv[task[:, None], before, tokens_dk])

    def sample(
        self,
        component: Component,
        task: IntPerDraw,
        rng: np.random.Generator,
        *,
        step: float = 0.0,
        prefix: AnyArray | None = None,
    ) -> AnyArray:
        """Draw texts from a switch component, (draws, tokens); strength 0 is the subject itself.

        Args:
            component: The donor speaks where its hidden chain is inside a window.
            task: Task of each draw.
            rng: Source of windows and tokens.
            step: Training steps of the subject, which the donor is put on.
            prefix: (draws, tokens) with which each text begins; None: nothing.
        """
        donor = self.log_p(strength=component.strength, step=step)
        voices = np.stack([self.log_p(step=step), donor])
        cumulative = np.exp(voices).cumsum(axis=-1)
        cumulative /= cumulative[..., -1:]
        tokens = np.zeros((len(task), self.length), dtype=np.int64)
        state = np.zeros(len(task), dtype=np.int64)
        inside = rng.random(len(task)) < component.enter
        for k in range(self.length):
            row_dv = cumulative[inside.astype(int), task, state]
            tokens[:, k] = (row_dv < rng.random((len(task), 1))).sum(axis=1)
            if prefix is not None and k < prefix.shape[1]:
                tokens[:, k] = prefix[:, k]
            state = self.next_sv[state, tokens[:, k]]
            turn = rng.random(len(task))
            inside = np.where(inside, turn >= component.leave, turn < component.enter)
        return tokens
