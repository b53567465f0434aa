"""What the page says of graders is what the run holds, one line where all is well.

A fault that was injected to see these tests fail: what is not told is shown as 0.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from test_report_browser import OVERLAPS, browser, opened

from foretoken.grader_records import SecondOpinion
from foretoken.ledger.opinions import Opinions, ShadowShare
from foretoken.ledger.sums import Disagreement, GraderSum, Ledger
from foretoken.logs.base import LoggedRollout
from foretoken.report.contents import RunContents
from foretoken.report.graders import graders_section
from foretoken.report.page import render
from foretoken.report.strips import failures_strip, shadow_strip

__all__ = ["browser"]
WELL = GraderSum(
    grader="judge", step=None, answers=960, calls=30, failed=0, failed_calls=0, timed_out=0,
    timed_out_calls=0, median_s=0.5, high_s=1.5, longest_s=12.3, no_value=0, nan=0, infinite=0,
    outside=None, far=None, lowest=0.0, highest=1.0, repeated=41, disagreeing=0, widest=None,
)  # fmt: skip
BAD = replace(WELL, grader="<b>bad", failed=64, failed_calls=2, nan=3, disagreeing=5, widest=0.5)
UNTOLD = replace(
    WELL, calls=None, failed_calls=None, timed_out_calls=None, median_s=None, high_s=None,
    longest_s=None, nan=None, repeated=0,
)  # fmt: skip
SHARE = ShadowShare(
    grader="/home/me/second.py:strict", step=None, was_paid=True, asked=50, answered=45, failed=3,
    differing=9, stands_for=500.0, answers_for=450.0, differing_share=0.3, effective=30.0,
)  # fmt: skip
OPINION = SecondOpinion(
    key="a/1", step=7, task="<i>t", grader="g", paid=1.0, value=0.25, weight=2.0
)
ROLLOUT = LoggedRollout(key="a/1", layout="trl", prompt="<script>x()</script>", completion="<u>y")


def page(ledger: Ledger, opinions: Opinions | None = None) -> RunContents:
    return RunContents(
        name="run", ledger=ledger, opinions=opinions or Opinions(), logged={"a/1": ROLLOUT}
    )


def test_a_run_that_tells_nothing_of_graders_has_no_section() -> None:
    assert graders_section(page(Ledger())) is None
    assert 'id="graders"' not in render(page(Ledger()))


def test_where_all_is_well_there_is_one_line() -> None:
    section = graders_section(page(Ledger([WELL])))
    assert section is not None
    assert section.summary == (
        "Reward function judge gave each answer a finite number, and one and the same to each of "
        "41 answers that came more than once; a call took 12 s at most."
    )
    assert not section.rows
    assert not section.panels
    untold = graders_section(page(Ledger([UNTOLD])))
    assert untold is not None
    assert untold.summary == "Reward function judge gave each answer a finite number."


def test_the_worst_comes_first_with_its_counts_and_what_is_not_told_is_a_dash() -> None:
    section = graders_section(page(Ledger([BAD, UNTOLD])))
    assert section is not None
    assert section.summary.startswith("1 of 2 reward functions failed")
    assert section.troubles == [
        "Reward function <b>bad: 2 of 30 calls failed; NaN for 3 of 960 answers; 5 of 41 answers "
        "that came more than once got different values, by up to 0.5."
    ]
    texts = [[cell.text for cell in row.cells] for row in section.rows]
    assert texts[0][3:7] == ["2", "0", "0", "3"]
    assert [texts[1][place] for place in (1, 2, 6)] == ["–", "–", "–"]
    assert [cell.poor for cell in section.rows[1].cells] == [False] * 10


def test_a_share_of_the_second_grader_is_one_of_rollouts_with_its_interval() -> None:
    section = graders_section(page(Ledger([WELL]), Opinions([SHARE], (), [OPINION])))
    assert section is not None
    assert SHARE.interval is not None
    low, high = (f"{100 * each:.0f} %" for each in SHARE.interval)
    assert section.second[0] == (
        "second.py:strict was shown 50 of 500 scored rollouts, drawn at random. It refuses 30 % of "
        f"what training paid ({low} to {high} at 95 %; 9 of 45 seen). It failed for 3, which count "
        "for nothing. It abstained for 2."
    )
    assert section.second[1].startswith("Paid is a reward of 0.5 or more")


def test_nothing_that_a_model_or_a_grader_wrote_is_markup() -> None:
    one = Disagreement("<b>bad", "a/1", 0.0, "a/2", 1.0, 2)
    errors = [("raised <img src=x>", 2)]
    opinions = Opinions([SHARE], (), [OPINION], errors)
    text = render(page(Ledger([BAD], (), [one]), opinions))
    for hostile in ("<script>x()", "<b>bad", "<u>y", "<i>t", "<img src=x"):
        assert hostile not in text
        assert hostile.replace("<", "&lt;").replace(">", "&gt;") in text


def test_a_figure_needs_two_steps_and_takes_many_together() -> None:
    steps = [replace(BAD, step=step) for step in range(100)]
    assert failures_strip(steps[:1]) is None
    assert str(failures_strip(steps)).count("<rect") == 20
    assert "steps 0 to 4: 335 of 4,800 answers" in str(failures_strip(steps))
    assert shadow_strip([replace(SHARE, step=1)]) is None
    drawn = str(shadow_strip([replace(SHARE, step=step) for step in range(3)]))
    assert drawn.count("<circle") == 3
    assert "step 1: 30 % (" in drawn


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1240, "dark"), (360, "light")])
def test_the_section_fits_the_page(
    browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    ledger = Ledger([BAD, WELL], [replace(BAD, step=s, failed=s) for s in range(50)])
    steps = [replace(SHARE, step=s, was_paid=paid) for s in range(50) for paid in (True, False)]
    both = [SHARE, replace(SHARE, was_paid=False)]
    file = tmp_path / "report.html"
    file.write_text(render(page(ledger, Opinions(both, steps, [OPINION]))))
    found = opened(browser, file, width=width, scheme=scheme)
    assert found.evaluate("document.documentElement.scrollWidth") <= width
    assert found.evaluate(OVERLAPS) == []
    assert found.locator("#graders svg").count() == 3
    assert found.faults == []
