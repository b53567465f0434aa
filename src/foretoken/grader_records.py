"""What is stored of graders: each value that one gave, and what a second grader gave beside it."""

from foretoken.bases import Record


class Grade(Record):
    """What one reward function gave one rollout: a number, NaN, nothing, or an error."""

    folder = "grades"

    key: str
    """Of the `LoggedRollout`."""
    step: int | None
    """Optimiser steps that the policy had made when it drew the rollout; None: not known."""
    training: bool
    """Whether training learned from it."""
    grader: str
    """Name of the reward function; `reward`: the log tells the sum of all."""
    value: float | None
    """None: it gave none. NaN and the infinities are kept."""
    tells_nan: bool
    """Whether the log keeps NaN apart from no value; False: `value` is None for both."""
    answer: int | None
    """Hash of all that is known of what was graded; equal answers have equal ones. None: too little
    is known to tell."""
    batch: str | None
    """The call that it was one of; None: the log does not tell."""
    seconds: float | None
    """How long that call took; None: the log does not tell."""
    error: str | None
    """What the call raised; of a log that does not tell calls, why the rollout has no reward."""
    timed_out: bool
    """Whether the error names a time-out, or the call took longer than was said to be fine."""
    outside: bool | None
    """Whether the value lies outside of the range that was said; None: none was said."""


class SecondOpinion(Record):
    """What a second grader, which training never saw, gave a rollout that training paid or not.

    Rollouts are drawn at random among those of a step that training scored, paid ones and others
    apart, so that each stands for `weight` of them.
    """

    folder = "second-opinions"

    key: str
    """Of the `LoggedRollout`; its draw, where there is one, is `rollout/KEY`."""
    step: int
    """Optimiser steps that the policy had made when it drew the rollout."""
    task: str
    """Key of its task, what the log calls it, or `prompt/` and a hash of its prompt."""
    exploit_type: str | None = None
    """Of its draw; None: there is none."""
    grader: str
    """The second grader, as it was named."""
    paid: float
    """What training paid."""
    paid_from: float = 0.5
    """From this value on a rollout is taken as paid."""
    value: float | None = None
    """What the second grader gave, a finite number; None: it abstained, or failed."""
    accepts_from: float = 0.5
    """From this value on the second grader accepts."""
    error: str | None = None
    """What the second grader did instead, e.g. `raised ValueError: no prompt`."""
    weight: float
    """Scored rollouts of its step and stratum (paid or not) for which it stands; at least 1."""

    @property
    def was_paid(self) -> bool:
        """Whether training paid it."""
        return self.paid >= self.paid_from

    @property
    def accepted(self) -> bool | None:
        """Whether the second grader accepts it; None: it gave no value."""
        return None if self.value is None else self.value >= self.accepts_from
