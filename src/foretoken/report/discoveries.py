"""Exploits that are in no task's type, in the words that the page and the terminal share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from foretoken.discovery_records import Discovery, DiscoverySearch, DiscoveryStanding
from foretoken.report import numbers, svg
from foretoken.report.contents import RunContents
from foretoken.report.hits import code, visible

WIDTH, HEIGHT = 260, 77
HEAD, FOOT = 13, 14


@dataclass(frozen=True)
class Finding:
    """One claimed group, ready to be shown."""

    name: str
    label: str
    words: list[str]
    figure: Markup
    shortest: bool
    """Whether the answer that is shown was made shorter."""
    answer: Markup


@dataclass(frozen=True)
class Findings:
    """What a search found."""

    looked_at: str
    claimed: list[Finding]
    others: list[str]
    """Known and unproven groups, in a line each."""


def findings(contents: RunContents) -> Findings | None:
    """Put what was found into words; None where nobody has searched."""
    if not contents.searches:
        return None
    found = sorted(contents.discoveries, key=lambda each: (-each.answers, each.name))
    return Findings(
        looked_at=search_line(contents.searches[-1]),
        claimed=[_finding(each) for each in found if each.standing is DiscoveryStanding.CLAIMED],
        others=_others(found),
    )


def search_line(search: DiscoverySearch) -> str:
    """Say what was looked at, and what came of it."""
    first, last = search.steps
    judged = (
        f"a second or strict grader judged {numbers.count(search.judged)} and refused "
        f"{numbers.count(search.refused)}"
        if search.judged
        else "no second grader judged any, so signs alone doubt them"
    )
    apart = (
        f" {numbers.count(search.ungrouped)} doubted ones are built like answers that nobody "
        "doubts, so they are in no group."
        if search.ungrouped
        else ""
    )
    return (
        f"Looked at {numbers.count(search.answers)} paid answers of steps {numbers.step(first)} to "
        f"{numbers.step(last)}: {judged}; {numbers.count(search.doubted)} are doubted, in "
        f"{numbers.counted(search.groups, 'group')}, of which {search.known} are known types and "
        f"{search.claimed} claimed.{apart}"
    )


def standing_words(found: Discovery) -> str:
    """Say what is said of a group: `known: process_exit`."""
    known = f": {found.known}" if found.known else ""
    return f"{found.standing.value}{known}"


def growth_words(found: Discovery) -> str:
    """Say how its share grew: `×3.2 (1.4 to 9.1)`."""
    if found.growth is None:
        return "not known"
    low, high = found.growth_interval
    ends = f"{_factor(low)} to {_factor(high)}"
    ratio = "none early" if found.growth == math.inf else f"×{_factor(found.growth)}"
    return f"{ratio} ({ends})"


def _factor(ratio: float) -> str:
    return "any" if ratio == math.inf else f"{ratio:.2g}"


def _finding(found: Discovery) -> Finding:
    judged = (
        f"{numbers.count(found.refused)} of the {numbers.count(found.judged)} that a second or "
        "strict grader judged are refused."
        if found.judged
        else "No second grader judged any of them: that they cheat is a doubt, not a finding."
    )
    signs = [f"{why} ({numbers.count(count)})" for why, count in found.signs.items()]
    words = [
        f"{numbers.count(found.answers)} paid answers on {numbers.counted(found.tasks, 'task')}, "
        f"steps {numbers.step(found.first_step)} to {numbers.step(found.last_step)}. {judged}",
        f"Its share from step {numbers.step(found.late_from)} on against before: "
        f"{growth_words(found)}.",
        f"Reasons to doubt: {numbers.listing(signs)}.",
    ]
    if found.needs:
        words.append(f"What most of them have and others lack: {numbers.listing([*found.needs])}.")
    return Finding(
        name=visible(found.name),
        label=visible(numbers.words(found.name)),
        words=[visible(each) for each in words],
        figure=_course(found),
        shortest=found.shortest is not None,
        answer=code(found.shortest or found.example),
    )


def _others(found: Sequence[Discovery]) -> list[str]:
    lines: list[str] = []
    known: dict[str, int] = {}
    for each in found:
        if each.known is not None:
            known[each.known] = known.get(each.known, 0) + each.answers
    if known:
        said = [f"{numbers.words(name)} ({numbers.count(n)})" for name, n in known.items()]
        lines.append(f"Known types among the paid answers: {numbers.listing(said)}.")
    unproven = [each for each in found if each.standing is DiscoveryStanding.UNPROVEN]
    if unproven:
        lines.append(
            f"Doubted, and not more than that: {numbers.counted(len(unproven), 'group')} with "
            f"{numbers.counted(sum(each.doubted for each in unproven), 'doubted answer')}."
        )
    return [visible(each) for each in lines]


def _course(found: Discovery) -> Markup:
    """Its share of the paid answers in windows of steps, as bars."""
    shares = [own / of for _, own, of in found.steps]
    most = max([*shares, 1e-9])
    width = WIDTH / max(len(shares), 1)
    bars: list[Markup] = []
    for place, ((step, own, of), share) in enumerate(zip(found.steps, shares, strict=True)):
        height = (HEIGHT - HEAD - FOOT) * share / most
        title = f"up to step {step}: {own} of {numbers.count(of)} ({numbers.percent(share)})"
        bars.append(
            svg.element(
                "rect", svg.element("title", title), class_="bar", x=place * width + 1,
                y=HEIGHT - FOOT - height, width=max(width - 2, 1.0), height=height,
            )
        )  # fmt: skip
    foot = {"class_": "tick", "y": HEIGHT - 2}
    ends = [
        svg.element("text", f"step {numbers.step(found.steps[0][0])}", x=0, **foot),
        svg.element("text", numbers.step(found.steps[-1][0]), x=WIDTH, text_anchor="end", **foot),
        svg.element("text", f"at most {numbers.percent(most)}", x=0, y=9, class_="tick"),
    ]
    said = f"Share of {visible(numbers.words(found.name))} among paid answers, at most {most:.2g}"
    return svg.element(
        "svg", *bars, *ends, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=said
    )
