import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from synthetic import full_run

from foretoken.cli.yields import cut_lines
from foretoken.estimate.doubts import health_doubts
from foretoken.forecast.counts import HackCount, rate_errors
from foretoken.forecast.outcome import ForecastOutcome, Standing
from foretoken.forecast.windows import windows
from foretoken.records import Doubt
from foretoken.report import numbers, svg
from foretoken.report.contents import RunContents
from foretoken.report.doubts import doubt_entries
from foretoken.report.health import health_section
from foretoken.report.hits import choose, code, marked, shortened
from foretoken.report.intent import intent_section
from foretoken.report.page import render
from foretoken.report.scales import LinearSteps, LogRates, LogSteps, lowest_decade, thinned
from foretoken.report.story import tell
from foretoken.report.tables import rate_table


@pytest.mark.parametrize(
    "rate, words",
    [
        (8.3e-5, "1 in 12,000"),
        (0.43, "43 %"),
        (0.043, "4.3 %"),
        (0.0, "0"),
        (1.4, "1.4"),
        (0.0099, "1 in 100"),
        (2e-7, "1 in 5,000,000"),
    ],
)
def test_rates_read_as_odds_when_rare_and_as_per_cent_when_common(rate: float, words: str):
    assert numbers.rate(rate) == words


def test_a_rate_has_one_form_and_a_short_one_of_the_same_digits():
    assert numbers.rate(8.3e-5) == "1 in 12,000"
    assert numbers.span(8.3e-5, 0.043) == "1 in 12,000 to 4.3 %"
    long = [1 / 4000, 1 / 12_000, 1 / 160_000, 1 / 9.5e6, 1 / 11e6, 0.043]
    assert [numbers.short_rate(each) for each in long] == [
        "1 in 4,000", "1 in 12k", "1 in 160k", "1 in 9.5M", "1 in 11M", "4.3 %",
    ]  # fmt: skip
    assert numbers.percent(0.9997) == "99.9 %"
    assert numbers.percent(1.0) == "100 %"
    assert numbers.scientific(8.3e-5) == "8.3e-5"


def test_probabilities_never_claim_certainty():
    assert numbers.probability(1.0) == "over 99 %"
    assert numbers.probability(0.0) == "under 1 %"
    assert numbers.probability(0.64) == "64 %"


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_number_can_be_written(value: float):
    assert numbers.scientific(value)
    assert numbers.rate(value) if value == value and value >= 0 else True


@given(st.integers(1, 200_000), st.floats(0.04, 0.3))
def test_tick_labels_have_room(last: int, gap: float):
    for axis in (LinearSteps(last), LogSteps(last)):
        ticks = thinned(axis.ticks(), axis.at, gap=gap, first=[0.0, float(last)])
        places = [axis.at(tick) for tick in ticks]
        assert all(b - a >= gap for a, b in pairwise(places))
        assert ticks[0] == 0
        assert ticks[-1] == last


def test_rates_outside_the_axis_stay_in_sight():
    axis = LogRates(-6)
    assert axis.at(0.0) == 1.0
    assert axis.at(1e-12) == 1.0
    assert axis.at(1e-3) == pytest.approx(0.5)
    assert -0.1 < axis.at(40.0) < 0
    assert lowest_decade([]) == -3
    assert lowest_decade([3e-6, 0.0, math.inf]) == -6


def test_svg_escapes_text_and_attributes():
    built = svg.element("text", "<b>", class_='"x', x=1.50, missing=None)
    assert built == Markup('<text class="&#34;x" x="1.5">&lt;b&gt;</text>')


def test_words_that_name_the_flaw_are_marked_whole_and_once():
    text = marked("The Note says E42; notes do not.", flaw_words=("note", "E42"), flaw_word=1)
    assert text == Markup("The <mark>Note</mark> says <mark>E42</mark>; notes do not.")


def test_marking_escapes_what_it_marks_and_what_it_does_not():
    text = marked("<i> a<b", flaw_words=("a<b",), flaw_word=None)
    assert text == Markup("&lt;i&gt; <mark>a&lt;b</mark>")


def test_code_is_coloured_and_escaped():
    text = code('def f(xs):\n    return "<b>"\n')
    assert '<span class="k">def</span>' in text
    assert "&lt;b&gt;" in text
    assert "<b>" not in text


def test_long_texts_are_cut_and_counted():
    assert shortened("x" * 5000).endswith("… 2,000 more characters")


def test_examples_hold_a_spoken_hack_and_one_that_is_not():
    hits = [hit for hit in full_run().hits if hit.exploit_type == "process_exit"]
    chosen = choose(hits)
    assert {hit.deliberate for hit in chosen} == {True, False}
    assert len({hit.answer for hit in chosen}) == len(chosen)


def test_every_doubt_is_explained():
    one = full_run().estimates[0].model_copy(update={"doubts": tuple(Doubt)})
    assert {entry.name for entry in doubt_entries((one,))} == {doubt.value for doubt in Doubt}


def test_no_window_of_rollouts_spans_the_cutoff():
    counts = tuple(HackCount("a", step, 100, 10, 0) for step in range(61))
    pooled = windows(counts, cutoff_step=25)
    ends = [one.step for one in pooled]
    assert ends == [0, 1, 2, *range(3, 25, 3), 25, *range(27, 61, 3)]
    assert sum(one.draws for one in pooled) == 6100
    assert sum(one.hacks for one in pooled if one.step <= 25) == 260


def test_windows_of_rollouts_grow_until_they_hold_fifty_draws_but_not_over_the_cutoff():
    counts = tuple(HackCount("a", step, 20, 8, 1) for step in range(12))
    pooled = windows(counts, cutoff_step=7)
    assert [(one.step, one.draws) for one in pooled] == [
        (2, 60),
        (5, 60),
        (7, 40),
        (10, 60),
        (11, 20),
    ]
    assert sum(one.deliberate for one in pooled) == 12


def test_few_draws_say_nothing_about_emergence():
    full = full_run()
    noisy = tuple(
        HackCount(name, 100, 10, 9, 0) for name in {one.exploit_type for one in full.estimates}
    )
    story = tell(replace(full, truth=(), own_hacks=noisy))
    assert not story.has_truth
    assert all(one.judged.emerged_step is None for one in story.types)


def test_rate_errors_score_published_points_on_well_counted_cells_only():
    full = full_run()
    errors = {one.estimator: one for one in rate_errors(full.estimates, full.truth)}
    assert errors["switch"].decades < 0.2 < errors["prefix"].decades
    counted = sum(one.hacks >= 20 for one in full.truth)
    assert errors["switch"].cells == counted


def test_the_count_with_most_draws_stands_for_its_cell():
    full = full_run()
    first = full.truth[0]
    more = first.model_copy(update={"draws": 40_000, "hacks": 7})
    story = tell(replace(full, truth=(more, *full.truth)))
    (one,) = [each for each in story.types if each.exploit_type == first.exploit_type]
    (counted,) = [each for each in one.counts if each.step == first.step]
    assert (counted.draws, counted.hacks) == (40_000, 7)


def test_a_type_counted_above_the_threshold_before_the_cutoff_had_emerged_and_was_overlooked():
    full = full_run()
    noisy = tuple(
        one.model_copy(update={"hacks": one.draws // 2})
        if (one.exploit_type, one.step) == ("test_case_leak", 3)
        else one
        for one in full.truth
    )
    (one,) = [
        each
        for each in tell(replace(full, truth=noisy)).types
        if each.exploit_type == "test_case_leak"
    ]
    assert one.judged.emerged_step == 3
    assert one.standing is Standing.EMERGED
    assert one.outcome is ForecastOutcome.OVERLOOKED


def test_a_part_that_fits_its_draws_least_and_a_control_that_finds_more_are_troubles():
    section = health_section(tell(full_run()), full_run().controls)
    assert section is not None
    troubles = "\n".join(section.troubles)
    assert "left out 0.97 (strength 1, opens 0.15, closes 0.5 wrote other hits" in troubles
    assert "mean weight" not in troubles
    assert "test case leak: control other 7.2 % against 1 in 120: higher" in troubles
    assert troubles.count("control") == 1
    assert section.controls == ["benign", "other"]
    assert {len(row.checks) for row in section.rows} == {len(section.columns)}


def test_a_part_whose_draws_do_not_weigh_one_is_named():
    full = full_run()
    off = full.health[0].model_copy(update={"worst_part_deviation": 4.2})
    section = health_section(tell(replace(full, health=(off,))))
    assert section is not None
    assert "strength 0.5 off by 4.2 errors" in "\n".join(section.troubles)


def test_a_bank_whose_parts_were_not_checked_says_so_and_is_no_trouble():
    full = full_run()
    names = ("worst_part_deviation", "left_out_change", "left_out_chance", "ended_share")
    unknown = dict.fromkeys(names)
    health = tuple(one.model_copy(update=unknown) for one in full.health)
    section = health_section(tell(replace(full, health=health)))
    assert section is not None
    assert all(check.fine is None for row in section.rows for check in row.checks[4:6])
    assert not any("type confusion" in trouble for trouble in section.troubles)
    assert section.control_rows == []


def test_a_bank_whose_draws_seldom_end_fails_and_is_told_what_to_do():
    full = full_run()
    cut = full.health[0].model_copy(update={"ended_share": 0.07})
    section = health_section(tell(replace(full, health=(cut,))))
    assert section is not None
    assert section.summary.startswith("0 of 1 banks pass")
    assert "ended 7.0 % (the others were cut: raise max_tokens" in section.troubles[0]
    assert health_doubts(cut.replacing(ended_share=0.8)) == []
    assert health_doubts(cut) == [Doubt.FEW_ENDED]
    (line,) = cut_lines([cut, full.health[1]])
    assert line.startswith(f"Few draws end: 7% of {cut.exploit_type}; the others were cut")
    assert cut_lines(full.health) == []


def test_without_reasoning_no_hack_is_called_spoken_or_not():
    full = full_run()
    hits = tuple(hit.replacing(reasoning="  ") for hit in full.hits)
    silent = replace(
        full, hits=hits, health=tuple(one.replacing(reasoned_share=0.0) for one in full.health)
    )
    assert full.reasons
    assert not silent.reasons
    assert RunContents("empty").reasons
    section = intent_section(silent, tell(silent))
    assert section is not None
    assert {bar.words.partition(", ")[2] for row in section.rows for bar in row.bars if bar} == {
        "no reasoning"
    }
    assert {named for row in section.rows for named in row.named} == {""}
    spoken = [name for name, _ in rate_table(silent).columns].index("spoken")
    assert {row.cells[spoken].text for row in rate_table(silent).rows} == {"no reasoning"}
    assert "no reasoning" not in {row.cells[spoken].text for row in rate_table(full).rows}
    page = render(silent)
    assert "No draw of this run has reasoning" in page
    assert "of all hacks are not spoken" not in page


def test_each_phase_says_where_the_flaw_is_first_named_as_the_last_bank_estimate_has_it():
    full = full_run()
    places = {0: 0.8, 25: 0.25, 38: 0.4, 86: math.inf}
    estimates = tuple(
        one.model_copy(update={"flaw_named_at": places.get(one.step)})
        for one in full.estimates
        if one.exploit_type != "process_exit" or one.estimator != "switch" or one.step < 30
    )
    contents = replace(full, estimates=estimates)
    section = intent_section(contents, tell(contents))
    assert section is not None
    rows = {row.exploit_type: row.named for row in section.rows}
    early = "First named: median 25 % into the reasoning (bank, step 25, 85 effective hits)"
    late = "First named: mostly never (bank, step 86, 85 effective hits)"
    kinds = [f"By weight {n} % spoken, 0 % unspoken and {100 - n} % without" for n in (70, 80)]
    named = [*rows["error_code_abuse"], rows["process_exit"][0]]
    for words, place, kind in zip(
        named, (early, late, early), (*kinds[:1] * 2, kinds[1]), strict=True
    ):
        assert words == f"{place}. {kind} reasoning"
    assert rows["process_exit"][1] == ""
