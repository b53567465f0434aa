"""The bank's self-checks, each with its number, its bound, and what it means in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from foretoken.estimate.covered import misses_much
from foretoken.estimate.doubts import (
    ENOUGH_EFFECTIVE_HITS,
    LARGEST_DEVIATION,
    health_doubts,
)
from foretoken.records import BankHealth, ControlCheck, ControlStanding, Doubt, RateEstimate
from foretoken.report import numbers
from foretoken.report.intent import kind_words
from foretoken.report.story import Story, TypeStory

GOOD_SPREAD_NATS = 0.05
"""A text scored twice may differ by this much: it moves a weight by 5 %."""


@dataclass(frozen=True)
class Check:
    """One number of one bank."""

    text: str
    fine: bool | None
    """None where the check could not be made, or where no bound says what is fine."""
    detail: str
    sort: float
    missing: bool = False
    """Whether a check that belongs here could not be made."""


@dataclass(frozen=True)
class HealthRow:
    """One exploit type's bank."""

    exploit_type: str
    label: str
    checks: list[Check]
    weights: tuple[float, ...]


@dataclass(frozen=True)
class HealthSection:
    """The table and its reading."""

    summary: str
    troubles: list[str]
    columns: list[tuple[str, str]]
    """Name of each check, and what is fine."""
    rows: list[HealthRow]
    controls: list[str]
    """Names of the control donors."""
    control_rows: list[HealthRow]
    """One check for each control; those without weights."""


_COLUMNS = [
    ("donor yield", "fine from 10 %"),
    ("hits", "graded hacks kept"),
    ("effective hits", "as many of equal weight; fine from 20"),
    ("mean weight", "fine within 3 standard errors of 1, each part too"),
    (
        "left out",
        "rate without its worst part, as a share; fine if chance explains it",
    ),
    ("ended", "draws not cut at max_tokens; fine from 80 %"),
    ("scored twice", f"fine below {GOOD_SPREAD_NATS} nats"),
    ("coverage", "spontaneous hacks that the bank misses; fine up to 10 %"),
    ("covered mass", "share of what the subject writes; fine within 3 standard errors of 0.8"),
]


def health_section(story: Story, controls: Sequence[ControlCheck] = ()) -> HealthSection | None:
    """Check each bank, and compare it with those of control donors; None without a bank."""
    banked = [(one, one.health) for one in story.types if one.health is not None]
    if not banked:
        return None
    rows = [
        HealthRow(
            one.exploit_type,
            numbers.words(one.exploit_type),
            _checks(health, _last_seen(one, story)),
            health.component_weights,
        )
        for one, health in banked
    ]
    names = sorted({each.control for each in controls})
    control_rows = _control_rows(controls, names)
    poor = {
        row.exploit_type
        for row in (*rows, *control_rows)
        if any(check.fine is False for check in row.checks)
    }
    summary = _summary(rows, poor, without=len(story.types) - len(rows))
    troubles = [_trouble(row) for row in rows if any(each.fine is False for each in row.checks)]
    troubles += [
        f"{row.label}: control {name} {check.text} ({check.detail})."
        for row in control_rows
        for name, check in zip(names, row.checks, strict=True)
        if check.fine is False
    ]
    return HealthSection(summary, troubles, _COLUMNS, rows, names, control_rows)


def _summary(rows: Sequence[HealthRow], poor: set[str], *, without: int) -> str:
    """Say how many banks pass, and in the same breath what nobody could check."""
    sound = sum(row.exploit_type not in poor for row in rows)
    amount = f"{sound} of {len(rows)} banks pass"
    if sound == len(rows):
        amount = "The only bank passes" if sound == 1 else f"All {sound} banks pass"
    unmade = [
        f"{name} ({many})"
        for number, (name, _) in enumerate(_COLUMNS)
        if (many := sum(row.checks[number].missing for row in rows))
    ]
    said = f"{amount} every self-check"
    if unmade:
        said += f" that could be made; not checked, with the number of banks: {', '.join(unmade)}"
    if without:
        said += f"; {without} exploit type{' has' if without == 1 else 's have'} no bank"
    return f"{said}."


def _control_rows(controls: Sequence[ControlCheck], names: list[str]) -> list[HealthRow]:
    found = {(each.exploit_type, each.control): each for each in controls}
    return [
        HealthRow(
            exploit_type,
            numbers.words(exploit_type),
            [_control(found.get((exploit_type, name))) for name in names],
            (),
        )
        for exploit_type in sorted({each.exploit_type for each in controls})
    ]


def _control(check: ControlCheck | None) -> Check:
    if check is None:
        return Check("–", None, "not compared", -1.0)
    main = numbers.rate(check.main_rate)
    rate = numbers.rate(check.rate) if check.hits else "no hit"
    return Check(
        f"{rate} against {main}: {check.standing.value}",
        check.standing is not ControlStanding.HIGHER,
        "the bank misses a route that this donor finds, or a density is wrong",
        check.rate,
    )


def _last_seen(one: TypeStory, story: Story) -> RateEstimate | None:
    """The last bank estimate that the forecast could see."""
    cutoff = story.frame.cutoff_step if story.frame else None
    seen = [
        each for each in one.estimates.get("switch", []) if cutoff is None or each.step <= cutoff
    ]
    return seen[-1] if seen else None


def _checks(health: BankHealth, seen: RateEstimate | None) -> list[Check]:
    doubts = health_doubts(health)
    effective = None if seen is None else seen.effective_hits
    uncovered = health.uncovered_spontaneous
    return [
        Check(
            numbers.percent(health.donor_yield),
            Doubt.LOW_DONOR_YIELD not in doubts,
            "the donor seldom hacks, so the bank learns little from each draw",
            health.donor_yield,
        ),
        Check(
            numbers.count(health.hits),
            health.hits > 0,
            "no hack was found: only upper bounds can be given",
            health.hits,
        ),
        Check(
            "–" if effective is None else numbers.count(effective),
            None if effective is None else effective >= ENOUGH_EFFECTIVE_HITS,
            "a few hits carry the estimate, so its interval is wide",
            effective if effective is not None else -1.0,
            missing=effective is None,
        ),
        Check(
            _mean_weight(health),
            Doubt.WEIGHTS_OFF_ONE not in doubts,
            "the densities of the bank do not add up to 1",
            abs(health.mean_weight - 1),
        ),
        *_part_checks(health, doubts),
        Check(
            f"{numbers.scientific(health.rescoring_spread)} nats",
            health.rescoring_spread <= GOOD_SPREAD_NATS,
            "the same text scored twice gives different sums",
            health.rescoring_spread,
        ),
        Check(
            "none seen" if uncovered is None else f"{numbers.percent(uncovered)} missed",
            None if uncovered is None else Doubt.COVERAGE_FAILED not in doubts,
            f"the subject hacks by a route that the donor does not know{_missed(health)}",
            -1.0 if uncovered is None else uncovered,
            missing=uncovered is None,
        ),
        _covered(None if seen is None else seen.covered),
    ]


def _covered(covered: tuple[float, float] | None) -> Check:
    if covered is None:
        return Check("–", None, "not scored", -1.0, missing=True)
    mass, error = covered
    return Check(
        f"{mass:.2f} ± {error:.2f}",
        not misses_much(covered),
        "much of what the subject writes is not in the bank, hacks perhaps among it",
        mass,
    )


def _missed(health: BankHealth) -> str:
    """Say of which kinds the missed hacks are."""
    kinds = [
        f"{round(one.hits * one.share)} of {one.hits} {kind_words(one.kind)}"
        for one in health.uncovered_kinds
        if one.share is not None
    ]
    return f" ({numbers.listing(kinds)} missed)" if kinds else ""


def _part_checks(health: BankHealth, doubts: Sequence[Doubt]) -> list[Check]:
    fits = Doubt.COMPONENTS_DISAGREE not in doubts
    change, chance, ended = health.left_out_change, health.left_out_chance, health.ended_share
    return [
        Check(
            "–" if change is None else f"{change:.2f}",
            None if chance is None else fits,
            f"{health.left_out} wrote other hits than its density says",
            -1.0 if chance is None else 1 - chance,
            missing=chance is None,
        ),
        Check(
            "–" if ended is None else numbers.percent(ended),
            None if ended is None else Doubt.FEW_ENDED not in doubts,
            "the others were cut: raise max_tokens, and check the model's end tokens",
            -1.0 if ended is None else ended,
            missing=ended is None,
        ),
    ]


def _mean_weight(health: BankHealth) -> str:
    """The mean weight; where a part of the mixture is off, that part as well."""
    mean = f"{health.mean_weight:.2f} ± {health.mean_weight_error:.2f}"
    deviation = health.worst_part_deviation
    if deviation is None or deviation <= LARGEST_DEVIATION:
        return mean
    return f"{mean}; {health.worst_part} off by {deviation:.1f} errors"


def _trouble(row: HealthRow) -> str:
    named = zip(_COLUMNS, row.checks, strict=True)
    faults = [
        f"{name} {check.text} ({check.detail})" for (name, _), check in named if check.fine is False
    ]
    return f"{row.label}: {'; '.join(faults)}."
