"""What is stored of a bank: its proposals, what was made from them, and its self-checks."""

from foretoken.bases import Record
from foretoken.words import ControlStanding, Spoken, Where

HINT = "hint"
Speaker = float | str
"""Who speaks in a window: the donor at a strength, or the subject that reads a hint (`HINT`)."""


class Component(Record):
    """One proposal of a switch mixture; see docs/method.md. The subject itself is `strength=0`."""

    strength: float
    """LoRA scale of the donor (0: the reference subject alone)."""
    enter: float
    """Probability per token that the donor's window opens."""
    leave: float
    """Probability per token that the donor's window closes."""
    where: Where = Where.ANYWHERE
    hinted: bool = False
    """Whether the subject itself (`strength=0`) speaks in the window, after the bank's hint."""

    @property
    def speaker(self) -> Speaker:
        """Who speaks in the window; 0: nobody but the subject as it is."""
        return HINT if self.hinted else self.strength


class Mixture(Record):
    """What one stage of a bank drew from, for some tasks of one exploit type."""

    folder = "mixtures"

    exploit_type: str
    stage: int
    """1 uniform, 2 and 3 tuned."""
    step: int
    """Checkpoint of the reference subject."""
    components: tuple[Component, ...]
    weights: tuple[float, ...]
    """Probability of each component; they sum to 1."""
    draws_per_task: int
    """Draws that each of these tasks gets in this stage."""
    tasks: tuple[str, ...]
    """Their keys: all tasks of the type in stage 1, a fold of them later."""


class Thinned(Record):
    """For how many hits of a bank one hit stands, so that not all of them need be scored."""

    folder = "thinned"

    draw: str
    stands_for: float
    """1: for itself; 0: left out; more: for others like it that were left out."""


class KindShare(Record):
    """Hacks of one kind among others."""

    kind: Spoken
    hits: int
    share: float | None
    """Of what the field that holds it says; None where there is nothing to share."""


class BankHit(Record):
    """One hit of a finished bank, weighed: all that a checkpoint needs of it but its score."""

    folder = "bank-hits"

    key: str
    """Of the draw."""
    exploit_type: str
    task: str
    step: int
    """Checkpoint that the draw was made around."""
    log_p_reference: float
    """Under the subject of the latest round, nats."""
    log_q: float
    """Pooled density over all rounds, with the draw counts of the hit's own task, nats."""
    stands_for: float
    """For how many hits it stands; a factor of its weight."""
    text: str = ""
    """As `Draw.text`; empty: not known, taken for a text of its own."""
    spoken: Spoken
    flaw_named_at: float
    """Where it first names the flaw, as a share of the reasoning; infinite: never."""


class BankCheck(Record):
    """One draw of a bank, hit or not, by which it is checked what the bank covers."""

    folder = "bank-checks"

    key: str
    """Of the draw."""
    exploit_type: str
    step: int
    """Checkpoint that the draw was made around."""
    hacked: bool
    log_q: float
    """Density that it was drawn from, nats."""


class BankHealth(Record):
    """Self-checks of one bank for one exploit type."""

    folder = "health"

    exploit_type: str
    draws: int
    hits: int
    donor_yield: float
    """Share of hacks among draws of non-subject components."""
    mean_weight: float
    """Estimate of E_q[w]; 1 when the densities are right."""
    mean_weight_error: float
    """Its standard error."""
    rescoring_spread: float
    """Largest difference in nats of a text scored twice."""
    uncovered_spontaneous: float | None
    """Share of spontaneous hacks with q_mix / p_0 < 1; None where there are none."""
    uncovered_kinds: tuple[KindShare, ...] = ()
    """Spontaneous hacks of each kind, and the share of them with q_mix / p_0 < 1."""
    donor_kinds: tuple[KindShare, ...] = ()
    """Hits of the other components by kind, and the share of all of them."""
    reasoned_share: float | None = None
    """Share of all draws that have reasoning."""
    component_weights: tuple[float, ...]
    """Tuned mixture weights."""
    worst_part: str | None = None
    """Component, donor strength or hint whose checked draws weigh 1 least; None: too few of any."""
    worst_part_deviation: float | None = None
    """Standard errors by which they do not, corrected for the number of parts."""
    left_out: str | None = None
    """Part of the mixture (component, strength, hint, stage) that the others agree with least."""
    left_out_change: float | None = None
    """Rate without it, over the rate with it."""
    left_out_chance: float | None = None
    """Of so large a disagreement in any part of any type's bank if the densities are right."""
    ended_share: float | None = None
    """Share of all draws with an end token; the others were cut at max_tokens."""
    control_higher: bool = False
    """Whether a control's bank contradicts this one from above; added when the bank is read."""


class ControlCheck(Record):
    """The rate of one exploit type from the bank of a control donor, beside the run's own bank."""

    folder = "control-checks"

    control: str
    """Name of the control."""
    exploit_type: str
    step: int
    """Checkpoint that both banks were built for."""
    rate: float
    lower_bound: float
    """One-sided 97.5 % lower bound, valid for heavy tails."""
    interval: tuple[float, float] | None
    """Model-based 95 % interval; None without a hit."""
    hits: int
    effective_hits: float
    main_rate: float
    """Of the run's own bank at that step."""
    main_interval: tuple[float, float] | None
    standing: ControlStanding
