"""What the page says of runs that a hasty reader could take for harmless."""

import re

import pytest
from run_parts import (
    HORIZON,
    bound,
    common,
    counted,
    emerged,
    forecast,
    health,
    point,
    stayed,
    unknown,
)
from test_report_page import Page

from foretoken.cli.tables import forecast_table
from foretoken.forecast.counts import HackCount
from foretoken.forecast.outcome import compare, frame_of
from foretoken.records import Forecast, RateEstimate, Record, Truth
from foretoken.report.contents import RunContents
from foretoken.report.health import health_section
from foretoken.report.page import render
from foretoken.report.story import tell

SEEN = "After the first 20 % of training"


def run(*records: Record, **parts) -> RunContents:
    return RunContents(
        "small",
        forecasts=tuple(one for one in records if isinstance(one, Forecast)),
        estimates=tuple(one for one in records if isinstance(one, RateEstimate)),
        truth=tuple(one for one in records if isinstance(one, Truth)),
        **parts,
    )


def text_of(contents: RunContents) -> str:
    page = render(contents)
    return Page(page[page.index("<main>") : page.index("<footer>")]).text.replace(" ,", ",")


def rows(contents: RunContents) -> dict[str, str]:
    """The text of each row of the first figure."""
    found = re.findall(r'<li class="row" data-type="([^"]*)".*?>(.*?)</li>', render(contents), re.S)
    return {name: re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)) for name, row in found}


def test_two_common_types_and_a_probable_one_are_never_headed_none_expected():
    contents = run(common("a", 0.3), common("b", 0.2), unknown("c", 0.8))
    text = text_of(contents)
    assert (
        f"{SEEN}, 2 of 3 exploit types have already emerged and 1 is expected to emerge by step "
        "100." in text
    )
    assert "Expected by a lower bound alone, so at least that likely" in text
    assert "c: at least 80 % likely to emerge" in render(contents)
    assert "! a : already emerged at the cutoff" in text
    assert "already emerged" in rows(contents)["a"]
    assert "none" not in text[: text.index("An exploit type emerges")]


def test_a_weak_bank_is_headed_unknown_and_says_how_many_of_the_unknown_emerged():
    names = [f"type_{number}" for number in range(12)]
    truth = [one for name in names[:9] for one in emerged(name)]
    truth += [one for name in names[9:] for one in stayed(name)]
    contents = run(*(unknown(name, 0.02) for name in names), *truth)
    text = text_of(contents)
    assert f"{SEEN}, all 12 exploit types are unknown: neither expected nor cleared." in text
    assert "What emerged: 9 of 12 unknown." in text
    assert "expects none" not in text
    assert "came true" not in text
    assert "not expected" not in rows(contents)["type_0"]
    assert "! not measurable, and it emerged" not in rows(contents)["type_11"]


def test_none_expected_is_said_when_it_is_true_of_every_type_and_only_then():
    a, b = forecast("a", 0.2), forecast("b", 0.1)
    none = "Foretoken expects none of 2 exploit types to emerge by step 100."
    assert f"{SEEN}, {none}" in text_of(run(a, b))
    for other in (common("c", 0.3), common("c", 0.03), unknown("c"), point("c", 10, 0.001)):
        assert "expects none" not in text_of(run(a, b, other))
    assert (
        "1 of 3 exploit types is unknown and 2 are not expected to emerge by step 100."
        in text_of(run(a, b, unknown("c")))
    )


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (common("a", 0.5), "has already emerged."),
        (common("a", 0.05), "is already common."),
        (forecast("a", 0.7), "is expected to emerge by step 100."),
        (unknown("a", 0.2), "is unknown: neither expected nor cleared."),
        (forecast("a", 0.2), "is not expected to emerge by step 100."),
    ],
)
def test_a_single_type_is_spoken_of_in_the_singular(record: Forecast, said: str):
    assert f"{SEEN}, the only exploit type {said}" in text_of(run(record))


def test_types_of_one_standing_are_all_or_both_of_them():
    assert f"{SEEN}, both exploit types have already emerged." in text_of(
        run(common("a", 0.5), common("b", 0.6))
    )
    assert "all 3 exploit types are expected to emerge by step 100." in text_of(
        run(*(forecast(name, 0.9) for name in "abc"))
    )


def test_a_run_without_types_expects_nothing_and_clears_nothing():
    text = text_of(run())
    assert "This run holds no estimates yet." in text
    assert "none of" not in text


def test_the_rate_now_is_the_newest_bound_on_the_page_and_on_the_terminal():
    contents = run(forecast("a", 0.2, rate=0.004), point("a", 4, 0.004), bound("a", 20, 0.015))
    table = forecast_table(
        compare(
            frame_of(contents.forecasts),
            forecasts=contents.forecasts,
            estimates=contents.estimates,
            truth=(),
        )
    )
    assert list(table.columns[1].cells) == ["at least 1.5 %"]
    text = text_of(contents)
    assert "rate now" in text
    assert "≥ 1.5 %" in text


def test_a_rate_without_a_point_is_said_to_be_probable_and_never_looks_like_one():
    unsure = bound("a", 20, 2e-4).replacing(probable=(7e-4, 1e-4, 4e-3))
    sure = point("b", 20, 0.004).replacing(probable=(0.004, 0.002, 0.009))
    contents = run(unknown("a", 0.2), forecast("b", 0.2, rate=0.004), unsure, sure)
    table = forecast_table(
        compare(
            frame_of(contents.forecasts),
            forecasts=contents.forecasts,
            estimates=contents.estimates,
            truth=(),
        )
    )
    assert set(table.columns[1].cells) == {
        "at least 1 in 5,000 (probably 1 in 10,000 to 1 in 250)",
        "1 in 250",
    }
    page = render(contents)
    assert "no point is published, probably 1 in 10,000 to 1 in 250" in page
    assert "1 in 1,400" not in text_of(contents), "the median is no point"


def test_a_newest_bound_above_the_threshold_says_that_the_type_has_emerged():
    contents = run(forecast("a", 0.2, rate=0.004), point("a", 4, 0.004), bound("a", 20, 0.3))
    assert "the only exploit type has already emerged." in text_of(contents)
    assert "already emerged at the cutoff" in rows(contents)["a"]


def test_own_rollouts_above_the_threshold_say_that_a_type_has_emerged():
    own = tuple(HackCount("a", step, 20, 8, 0) for step in range(21))
    text = text_of(run(forecast("a", 0.2), own_hacks=own))
    assert "the only exploit type has already emerged." in text
    assert "although the forecast called them unlikely: a." in text


def test_a_type_measured_above_the_threshold_after_the_cutoff_is_said_in_the_headline():
    contents = run(
        forecast("a", 0.1), forecast("b", 0.2), point("a", 10, 0.001), bound("a", 60, 0.3)
    )
    assert "Measured above 10 % since: a." in text_of(contents)
    assert "measured above by 60" in rows(contents)["a"]
    assert "not expected" in rows(contents)["b"]


def test_a_type_counted_halfway_only_has_not_stayed_below():
    contents = run(forecast("a", 0.1), forecast("b", 0.9), *emerged("b"), counted("a", 40, 5))
    text = text_of(contents)
    assert "What emerged so far: 1 of 1 expected and 0 of 1 not expected." in text
    assert "Counts end at step 100" not in rows(contents)["a"]
    assert "below so far (step 40)" in rows(contents)["a"]
    assert "forecasts came true 1 of 1" in text
    assert "0 false alarms, 0 missed, 1 still open" in text
    assert "stayed below" not in render(contents)


def test_the_count_of_true_forecasts_says_what_it_leaves_out():
    text = text_of(
        run(forecast("a", 0.9), *emerged("a"), unknown("b", 0.2), *emerged("b"), unknown("c"))
    )
    assert "0 false alarms, 0 missed, 2 unknown and not scored" in text


def test_the_chance_of_an_unmeasurable_type_is_a_lower_bound_everywhere():
    contents = run(unknown("a", 0.21), unknown("b", 0.001))
    assert "≥ 21 %" in rows(contents)["a"]
    assert "not measurable; at least 21 % likely to emerge" in render(contents)
    assert " – " in rows(contents)["b"]
    assert "under 1 %" not in text_of(contents)


def test_an_expected_bound_has_no_step_and_is_not_called_unexpected():
    found = rows(run(unknown("a", 0.8)))
    assert "expected by step 100; when is unknown" in found["a"]
    assert "not expected" not in found["a"]
    assert "≥ 80 %" in found["a"]


def test_warning_before_emergence_is_called_the_most_it_can_have_been():
    text = text_of(run(forecast("a", 0.9), *emerged("a", step=40)))
    assert (
        "20 steps at most: from the cutoff to the first count above the threshold, of 1 type"
        in text
    )
    one = text_of(run(forecast("a", 0.9), *emerged("a", step=21)))
    assert "1 step at most" in one


def test_a_bank_with_unmade_checks_passes_only_those_that_were_made():
    contents = run(forecast("a", 0.1), forecast("b", 0.1), health=(health("a"),))
    section = health_section(tell(contents))
    assert section is not None
    assert section.summary == (
        "The only bank passes every self-check that could be made; not checked, with the number of "
        "banks: effective hits (1), left out (1), ended (1), coverage (1), covered mass (1); "
        "1 exploit type has no bank."
    )
    (row,) = section.rows
    marks = dict(zip((name for name, _ in section.columns), row.checks, strict=True))
    assert [name for name, check in marks.items() if check.fine is None] == [
        "effective hits", "left out", "ended", "coverage", "covered mass",
    ]  # fmt: skip


def test_a_run_without_a_forecast_says_which_types_are_above_the_threshold():
    text = text_of(run(point("a", 10, 0.5), point("b", 10, 0.001), counted("c", HORIZON, 500)))
    assert "3 exploit types measured at 2 checkpoints, 2 of them above 10 %" in text
