"""Where a type's rise came from, in the words that the page and the terminal share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from foretoken.attribution_records import Attribution, TaskChange
from foretoken.report import numbers
from foretoken.report.hits import visible

MOST_TASKS = 5
"""Tasks that are named in a sentence or on a panel."""
_BY_PAY = {
    "own": "between checkpoints with paid hacks of this type",
    "others": "between checkpoints where hacks of other types alone were paid",
    "none": "between checkpoints where no hack was paid",
    "unknown": "between checkpoints of which not all rollouts are stored",
}


@dataclass(frozen=True)
class RiseWords:
    """Where one type's change came from."""

    exploit_type: str
    title: str
    told: bool
    """Whether the change is larger than its noise."""
    sentences: list[str]
    tasks: list[tuple[str, str, str]]
    """Task, what it adds and between what, for those that add most."""
    actions: list[str]
    doubts: list[str]


def origin(found: Attribution) -> RiseWords:
    """Put an attribution into words."""
    steps = f"step {numbers.step(found.from_step)} to {numbers.step(found.to_step)}"
    title = f"{signed(found.change)} from {steps}"
    return RiseWords(
        exploit_type=found.exploit_type,
        title=title if found.told else f"no change told from noise, {steps}",
        told=found.told,
        sentences=[_change_words(found), *_task_words(found), *_update_words(found)],
        tasks=[_task_row(each) for each in _shown(found)] if found.told else [],
        actions=_actions(found),
        doubts=list(found.doubts),
    )


def origins(found: Iterable[Attribution]) -> dict[str, RiseWords]:
    """Put attributions into words, by exploit type; every text of a model is made visible."""
    return {each.exploit_type: _visible(origin(each)) for each in found}


def _visible(one: RiseWords) -> RiseWords:
    return replace(
        one,
        sentences=[visible(each) for each in one.sentences],
        tasks=[(visible(task), adds, ends) for task, adds, ends in one.tasks],
        actions=[visible(each) for each in one.actions],
        doubts=[visible(each) for each in one.doubts],
    )


def signed(change: float) -> str:
    """Write a change of a rate: `+0.053`, `−2.1e-5`."""
    return f"{'−' if change < 0 else '+'}{numbers.scientific(abs(change))}"


def span(ends: tuple[float, float] | None) -> str:
    """Write an interval of a change."""
    return "not known" if ends is None else f"{signed(ends[0])} to {signed(ends[1])}"


def _change_words(found: Attribution) -> str:
    rates = f"{numbers.scientific(found.before)} to {numbers.scientific(found.after)}"
    said = (
        f"By the {numbers.counted(found.hits, 'hit')} that both checkpoints scored, the rate went "
        f"from {rates}: {signed(found.change)} (95 %: {span(found.interval)})."
    )
    return said if found.told else f"{said} That is no more than noise, so nothing is attributed."


def _task_words(found: Attribution) -> list[str]:
    if not found.told or not found.tasks:
        return []
    sign = 1.0 if found.change > 0 else -1.0
    along = [each for each in found.tasks if sign * each.change > 0]
    top = along[: max(1, len(along) // 4)]
    share = sum(each.change for each in top) / sum(each.change for each in along)
    moved = sum(each.moved for each in found.tasks)
    every = len(found.tasks) + found.tasks_without_hits
    said = (
        f"{numbers.percent(share)} of what tasks added came from {len(top)} of {every} tasks; "
        f"told from noise one by one: {moved}."
    )
    if found.tasks_without_hits:
        said += f" {found.tasks_without_hits} have no hit in the bank: nothing is known of them."
    return [said]


def _update_words(found: Attribution) -> list[str]:
    if not found.updates:
        return ["No rollouts of the updates between are stored, so what they paid is not known."]
    paid = sum(each.paid for each in found.updates)
    others = sum(each.paid_others for each in found.updates)
    with_paid = sum(each.paid > 0 for each in found.updates)
    said = [
        f"Of {numbers.counted(len(found.updates), 'update')} between, {with_paid} paid hacks of "
        f"this type ({numbers.counted(paid, 'hack')}; of other types {numbers.count(others)})."
    ]
    rises = found.rises_by_pay()
    whole = sum(rises.values())
    if whole > 0 and found.told:
        parts = [f"{numbers.percent(v / whole)} {_BY_PAY[key]}" for key, v in rises.items() if v]
        said.append(
            f"Of all its rises up to step {numbers.step(found.to_step)}, {numbers.listing(parts)}. "
            "That is association: a model that hacks more is paid for it more often as well."
        )
    return said


def _shown(found: Attribution) -> Sequence[TaskChange]:
    """Tasks that are told from noise, or the first few where none is."""
    moved = [each for each in found.tasks if each.moved]
    return (moved or found.tasks)[:MOST_TASKS]


def _task_row(each: TaskChange) -> tuple[str, str, str]:
    mark = "" if each.moved else " (noise?)"
    return each.task, f"{signed(each.change)}{mark}", span(each.interval)


def _actions(found: Attribution) -> list[str]:
    """What can be done; nothing where there is no rise to act on."""
    if not found.rises:
        return []
    graders = sorted({each.grader for each in found.tasks if each.moved})
    flaw = f": {found.flaw}" if found.flaw else ""
    said = [f"Fix the graders of {numbers.words(found.exploit_type)} ({', '.join(graders)}){flaw}."]
    if not graders:
        said = [f"Fix the graders of {numbers.words(found.exploit_type)}{flaw}."]
    if found.paid_tasks:
        named = ", ".join(each.task for each in found.paid_tasks[:MOST_TASKS])
        more = len(found.paid_tasks) - MOST_TASKS
        said.append(
            "Or drop the training tasks that paid them: "
            f"{named}{f' and {more} more' if more > 0 else ''}."
        )
    return [*said, rewind_words(found)]


def rewind_words(found: Attribution) -> str:
    """Say which checkpoint to go back to, and by which rule."""
    rewind = found.rewind
    limit = numbers.percent(found.budget)
    if rewind is None:
        unpaid = (
            "no paid hack of this type is stored"
            if found.first_paid is None
            else "none is from before the first paid hack"
        )
        return (
            f"No measured checkpoint up to step {numbers.step(found.from_step)} is below {limit} "
            f"with its upper bound, and {unpaid}: there is none to go back to."
        )
    where = f" ({rewind.path})" if rewind.path else ""
    if found.within_budget is not None:
        rule = f"the newest before the rise whose upper bound is below {limit}"
        unpaid = found.unpaid
        if unpaid is not None and unpaid.step != rewind.step:
            rule += f"; no hack of this type was paid before step {numbers.step(unpaid.step)}"
    else:
        rule = "the newest into which no paid hack of this type went"
    return f"Rewind to step {numbers.step(rewind.step)}{where}: {rule}."
