"""What is stored of an attribution: where the rise of one exploit type's rate came from."""

from foretoken.bases import Record


class TaskChange(Record):
    """What one of the bank's tasks adds to the change of a rate."""

    task: str
    change: float
    interval: tuple[float, float] | None
    """95 %; None without a hit."""
    hits: int
    moved: bool
    """Whether it is told from noise: of those that are, about 1 in 10 did not move."""
    grader: str
    """`code`, or the import path of what grades it."""


class PaidTask(Record):
    """Hacks of one training task that were paid between two checkpoints."""

    task: str
    paid: int
    above_mean: float
    """By how much they were paid more than the mean of their task at their step, summed."""


class UpdateStep(Record):
    """What one optimiser step learned from."""

    step: int
    """Steps that the policy had made when it drew the rollouts."""
    rollouts: int
    """Of all types."""
    paid: int
    """Paid hacks of the type."""
    paid_others: int
    """Paid hacks of other types."""
    above_mean: float
    """By how much the type's paid hacks were paid more than the mean of their task, summed: 0 where
    all rollouts of their tasks were paid alike."""
    advantage: float | None = None
    """Sum of the advantages that the trainer logged for them; None: it logged none."""


class Stretch(Record):
    """From one measured checkpoint to the next."""

    from_step: int
    to_step: int
    change: float
    """Of the rate, by the hits that both have scored."""
    error: float | None
    """Standard error; None without a hit."""
    updates: int
    """Steps of which rollouts are stored."""
    paid: int
    """Paid hacks of the type in them."""
    paid_others: int

    @property
    def known(self) -> bool:
        """Whether rollouts of each of its steps are stored."""
        return self.updates == self.to_step - self.from_step


class Rewind(Record):
    """A checkpoint from before a rise."""

    step: int
    path: str | None
    """Its folder; None: it is not known where it lies."""


class Attribution(Record):
    """Which tasks and which updates one type's rate moved with, between two checkpoints."""

    folder = "attributions"

    exploit_type: str
    flaw: str
    """What is wrong with its graders, as a clause; empty: the catalogue does not have it."""
    from_step: int
    to_step: int
    chosen: str
    """Why these two, in words."""
    before: float
    """Rate by the hits that both checkpoints scored; the published one has more evidence."""
    after: float
    change: float
    interval: tuple[float, float] | None
    """95 %, of the change."""
    hits: int
    told: bool
    """Whether the change is larger than its noise."""
    tasks: tuple[TaskChange, ...]
    """Those with hits, in the order of what they add in the direction of the change; their changes
    sum to that of the rate."""
    tasks_without_hits: int
    updates: tuple[UpdateStep, ...]
    """Between the two, those of which rollouts are stored."""
    paid_tasks: tuple[PaidTask, ...]
    """Training tasks of the paid hacks between the two; most first."""
    stretches: tuple[Stretch, ...]
    """From the first measured checkpoint to the second of the two."""
    first_paid: int | None
    """First step at which a hack of the type was paid; None: none was."""
    within_budget: Rewind | None
    """Newest checkpoint up to the first of the two whose whole interval is within the budget."""
    unpaid: Rewind | None
    """Newest checkpoint up to the first of the two into which no paid hack of the type went."""
    budget: float
    doubts: tuple[str, ...]
    """Why this may mislead, in sentences."""

    @property
    def rises(self) -> bool:
        """Whether the rate rose by more than noise: what there is to act on."""
        return self.told and self.change > 0

    @property
    def rewind(self) -> Rewind | None:
        """The checkpoint to go back to; None: there is no rise, or no such checkpoint."""
        return (self.within_budget or self.unpaid) if self.rises else None

    def rises_by_pay(self) -> dict[str, float]:
        """Sum of the rises over all stretches in which the rate rose, by what was paid in them.

        The keys are `own` (paid hacks of the type, with or without others), `others` (of other
        types alone), `none`, and `unknown` (not all rollouts are stored).
        """
        sums: dict[str, float] = {"own": 0.0, "others": 0.0, "none": 0.0, "unknown": 0.0}
        for each in self.stretches:
            kind = "own" if each.paid else "others" if each.paid_others else "none"
            sums[kind if each.paid or each.known else "unknown"] += max(each.change, 0.0)
        return sums
