"""Attributions and discoveries on the page: what is said, and that hostile texts stay texts.

Faults that were injected to see these tests fail: a change that is only noise shown with tasks; a
section without a search; the name of a task marked as safe.
"""

from dataclasses import replace

import pytest
from synthetic import CURVES, full_run

from foretoken.attribution_records import (
    Attribution,
    PaidTask,
    Rewind,
    Stretch,
    TaskChange,
    UpdateStep,
)
from foretoken.discovery_records import Discovery, DiscoverySearch, DiscoveryStanding
from foretoken.report.attribution import origin
from foretoken.report.contents import RunContents
from foretoken.report.page import render

HOSTILE = "</script><img src=x onerror=pwned=1>\u202e{{7*7}}"
KIND = CURVES[0].name


def attribution(**changes: object) -> Attribution:
    tasks = (
        TaskChange(
            task="t/1", change=0.05, interval=(0.03, 0.08), hits=9, moved=True, grader="g:m"
        ),
        TaskChange(
            task="t/2", change=-0.01, interval=(-0.03, 0.02), hits=3, moved=False, grader="c"
        ),
    )  # fmt: skip
    made = Attribution(
        exploit_type=KIND, flaw="only the status counts", from_step=8, to_step=16, chosen="named",
        before=0.01, after=0.05, change=0.04, interval=(0.02, 0.07), hits=12, told=True,
        tasks=tasks, tasks_without_hits=1,
        updates=(UpdateStep(step=9, rollouts=8, paid=2, paid_others=1, above_mean=0.5),),
        paid_tasks=(PaidTask(task="rl/1", paid=2, above_mean=0.5),),
        stretches=(
            Stretch(from_step=0, to_step=8, change=0.01, error=0.001, updates=8, paid=0,
                    paid_others=3),
            Stretch(from_step=8, to_step=16, change=0.03, error=0.01, updates=8, paid=2,
                    paid_others=1),
        ),
        first_paid=9, within_budget=None, unpaid=Rewind(step=8, path="ck/8"), budget=0.01,
        doubts=("The bank is old.",),
    )  # fmt: skip
    return made.replacing(**changes)


def discovery(**changes: object) -> Discovery:
    made = Discovery(
        name="calls_sys_exit", standing=DiscoveryStanding.CLAIMED, known=None,
        needs=("calls sys.exit",),
        signs={"ends the process": 7}, answers=7, doubted=7, judged=0, refused=0, tasks=3,
        first_step=2, last_step=9, late_from=5, early=(1, 50), late=(6, 50), growth=6.0,
        growth_interval=(1.2, float("inf")), steps=((4, 1, 50), (9, 6, 50)),
        example="import sys\nsys.exit(0)", example_task="t", example_key="k",
        shortest="sys.exit(0)", shortest_why="after 9 gradings",
    )  # fmt: skip
    return made.replacing(**changes)


SEARCH = DiscoverySearch(
    answers=100,
    steps=(0, 9),
    judged=0,
    refused=0,
    doubted=7,
    ungrouped=0,
    groups=1,
    claimed=1,
    known=0,
)


@pytest.fixture(scope="module")
def full() -> RunContents:
    return full_run()


def test_an_attribution_stands_in_its_types_panel_with_what_to_do(full: RunContents) -> None:
    page = render(replace(full, attributions=(attribution(),)))
    assert f'id="attribution-{KIND}"' in page
    assert "+0.04 from step 8 to 16" in page
    assert "Rewind to step 8 (ck/8): the newest into which no paid hack of this type went." in page
    assert "75 % between checkpoints with paid hacks of this type" in page
    assert "association" in page
    assert "The bank is old." in page
    assert page.count('class="attribution"') == 1


def test_a_change_that_is_noise_names_no_task_and_no_action() -> None:
    said = origin(attribution(told=False, interval=(-0.02, 0.1)))
    assert said.tasks == said.actions == []
    assert said.title.startswith("no change told from noise")
    nowhere = " ".join(origin(attribution(unpaid=None, first_paid=None)).actions)
    assert "no paid hack of this type is stored: there is none to go back to" in nowhere
    fell = origin(attribution(change=-0.04, interval=(-0.07, -0.02)))
    assert fell.actions == []


def test_a_claimed_discovery_is_shown_and_a_doubt_is_called_one(full: RunContents) -> None:
    page = render(replace(full, discoveries=(discovery(),), searches=(SEARCH,)))
    assert 'id="discovery-calls_sys_exit"' in page
    assert "that they cheat is a doubt, not a finding" in page
    assert "×6 (1.2 to any)" in page
    assert "shortest form found" in page


def test_without_a_claim_one_line_says_what_was_looked_at(full: RunContents) -> None:
    unproven = discovery(standing=DiscoveryStanding.UNPROVEN)
    page = render(replace(full, discoveries=(unproven,), searches=(SEARCH,)))
    assert "Looked at 100 paid answers" in page
    assert "discovery-calls" not in page
    assert 'id="discoveries"' not in render(full)


def test_hostile_texts_in_what_was_found_stay_texts(full: RunContents) -> None:
    found = attribution(
        flaw=HOSTILE,
        tasks=(attribution().tasks[0].replacing(task=HOSTILE, grader=HOSTILE),),
        paid_tasks=(PaidTask(task=HOSTILE, paid=1, above_mean=0.1),),
        unpaid=Rewind(step=8, path=HOSTILE),
        doubts=(HOSTILE,),
    )
    other = discovery(
        name=HOSTILE, needs=(HOSTILE,), signs={HOSTILE: 1}, shortest=HOSTILE, known=None
    )
    page = render(replace(full, attributions=(found,), discoveries=(other,), searches=(SEARCH,)))
    assert "<img" not in page
    assert "\u202e" not in page
