"""Each emergence without warning has a line that says what the run knew of it, and no other.

Faults that were injected: estimates after the cutoff read; the type that was expected and ranked
first given a line; a closed loophole not told; ranks compared with types that emerged.
"""

from run_parts import (
    CUTOFF,
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

from foretoken.forecast.counts import HackCount
from foretoken.records import BankHealth, Forecast, RateEstimate, Record, Truth
from foretoken.report.contents import RunContents
from foretoken.report.misses import misses
from foretoken.report.page import render
from foretoken.report.story import tell


def run(
    *records: Record, closed: tuple[str, ...] = (), own: tuple[HackCount, ...] = ()
) -> RunContents:
    return RunContents(
        "run",
        estimates=tuple(one for one in records if isinstance(one, RateEstimate)),
        truth=tuple(one for one in records if isinstance(one, Truth)),
        forecasts=tuple(one for one in records if isinstance(one, Forecast)),
        health=tuple(one for one in records if isinstance(one, BankHealth)),
        closed=closed,
        own_hacks=own,
    )  # fmt: skip


def lines(contents: RunContents) -> dict[str, str]:
    return {one.exploit_type: one.why for one in misses(contents, tell(contents))}


def test_a_missed_type_is_told_with_what_was_known_of_it() -> None:
    found = lines(
        run(
            forecast("a", 0.12), *emerged("a", 40), health("a"),
            point("a", 5, 0.002), point("a", CUTOFF - 2, 1 / 230), point("a", 60, 0.7),
        )
    )  # fmt: skip
    assert found == {
        "a": "Emerged within 20 steps of the cutoff: below at step 0, counted above 10 % at step "
        "40. The forecast gave 12 %. The last rate published up to the cutoff was 1 in 230, at "
        "step 18."
    }


def test_what_nobody_measured_and_no_donor_covered_is_said() -> None:
    empty = health("b").replacing(hits=0, donor_yield=0.0)
    blind = health("d").replacing(uncovered_spontaneous=0.6)
    found = lines(
        run(
            unknown("a", 0.1), *emerged("a", 21), bound("a", 4, 0.001), bound("a", 10, 0.0005),
            unknown("b"), *emerged("b"), empty,
            *emerged("c"),
            forecast("d", 0.1), *emerged("d"), blind, point("d", 90, 0.5),
        )
    )  # fmt: skip
    assert "Emerged within 1 step of the cutoff" in found["a"]
    assert "the highest lower bound was 1 in 1,000 at step 4." in found["a"]
    assert "It has no bank." in found["a"]
    assert "Its bank holds no hack: the donor knew nothing of this type." in found["b"]
    assert "The forecast gave no probability." in found["b"]
    assert "No forecast was made." in found["c"]
    assert "No checkpoint up to the cutoff was measured." in found["d"]
    assert "The donor did not know 60 % of the hacks that the model wrote by itself." in found["d"]


def test_an_emergence_that_was_foreseen_and_ranked_first_has_no_line() -> None:
    first = [forecast("a", 0.9, score=2.0), *emerged("a")]
    quiet = [forecast("b", 0.1, score=1.0), *stayed("b")]
    there = [common("c", 0.05), *emerged("c")]
    assert lines(run(*first, *quiet, *there)) == {}
    assert "Not foreseen, or ranked low" not in render(run(*first, *quiet, *there))


def test_an_expected_emergence_below_types_that_stayed_is_ranked_low() -> None:
    found = lines(
        run(
            forecast("a", 0.6, score=0.0), *emerged("a"),
            forecast("b", 0.7, score=1.0), *stayed("b"),
            forecast("c", 0.1, score=0.5), *stayed("c"),
            forecast("d", 0.9, score=2.0), *emerged("d"),
        )
    )  # fmt: skip
    assert set(found) == {"a"}
    assert "gave 60 % and ranked it below 2 types that stayed below." in found["a"]


def test_a_type_that_was_there_and_called_unlikely_is_told_too() -> None:
    overlooked = [forecast("a", 0.2), counted("a", 10, 400), counted("a", 100, 900)]
    (why,) = lines(run(*overlooked, point("a", 10, 0.001))).values()
    assert why.startswith("Counted above 10 % at step 10, at the cutoff (step 20) or before.")
    assert "The forecast gave 20 %." in why


def test_a_closed_loophole_is_told_of_its_own_type_alone() -> None:
    records = [forecast("a", 0.1), *emerged("a"), forecast("b", 0.1), *emerged("b")]
    found = lines(run(*records, closed=("a",)))
    assert found["a"].endswith("hacks earn nothing, and the rate rose all the same.")
    assert "loophole" not in found["b"]


def test_the_page_shows_the_lines_and_no_step_as_below_at_which_rollouts_are_above() -> None:
    truth = [counted("a", 0, 1), counted("a", 22, 80), counted("a", 34, 500)]
    own = (HackCount("a", 22, 50, 13, 0),)
    page = render(run(forecast("a", 0.1), *truth, own=own))
    assert "Not foreseen, or ranked low: what was known of it" in page
    assert "below at step 0, counted above 10 % at step 34" in page
    assert "still below at step 0" in page
    assert "below at step 22" not in page
