import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from synthetic import CURVES, CUTOFF, full_run

from foretoken.forecast.counts import HackCount
from foretoken.records import Doubt, Forecast, RateEstimate, Truth
from foretoken.report.contents import RunContents
from foretoken.report.page import render

HOSTILE = "</script><script>pwned=1</script><img src=x onerror=pwned=1>\"'&{{7*7}}<!--"


class Page(HTMLParser):
    """Elements, attributes and text of a page, as a browser would find them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def full() -> RunContents:
    return full_run()


@pytest.fixture(scope="module")
def page(full: RunContents) -> str:
    return render(full)


def hostile_run(full: RunContents) -> RunContents:
    """Every text of the run that a model or a user wrote is an attack."""
    curve = CURVES[1].name

    def named(name: str) -> str:
        return HOSTILE if name == curve else name

    def renamed(records):
        return tuple(
            one.model_copy(update={"exploit_type": named(one.exploit_type)}) for one in records
        )

    attack = {"reasoning": HOSTILE, "answer": f'x = "{HOSTILE}" # {HOSTILE}', "task": HOSTILE}
    task = next(iter(full.tasks.values()))
    return replace(
        full,
        name=HOSTILE,
        estimates=renamed(full.estimates),
        truth=renamed(full.truth),
        forecasts=tuple(
            one.model_copy(update={"reason": HOSTILE}) for one in renamed(full.forecasts)
        ),
        health=renamed(full.health),
        controls=tuple(
            one.model_copy(update={"control": HOSTILE}) for one in renamed(full.controls)
        ),
        hits=tuple(one.model_copy(update=attack) for one in renamed(full.hits)),
        tasks={HOSTILE: task.model_copy(update={"key": HOSTILE, "prompt": HOSTILE})},
        provenance=full.provenance.model_copy(
            update={"machine": HOSTILE, "models": {HOSTILE: HOSTILE}}
        ),
        config=HOSTILE,
    )


def test_page_fetches_nothing(page: str):
    assert "http://" not in page
    assert "https://" not in page
    assert "@import" not in page
    assert "url(" not in page
    for tag, attributes in Page(page).elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")


def test_page_of_twelve_types_and_thirteen_checkpoints_is_below_one_megabyte(page: str):
    assert len(page.encode()) < 1_000_000


def test_conclusion_comes_before_every_figure_and_table(page: str):
    main = page[page.index("<main>") :]
    before = main[: main.index("<h1")]
    assert "<svg" not in before
    assert "<table" not in before
    text = Page(main).text
    assert (
        "After the first 20 % of training, 1 of 12 exploit types is already common, 6 are expected "
        "to emerge by step 128, 1 is unknown and 4 are not expected to. What emerged: 6 of 6 "
        "expected, 0 of 1 unknown, 0 of 4 not expected and 0 of 1 already common." in text
    )


def test_policy_admits_only_the_script_of_the_page(page: str):
    script = page[page.rindex("<script>") + len("<script>") : page.rindex("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page


def test_hostile_text_never_becomes_an_element(full: RunContents):
    text = render(hostile_run(full))
    page = Page(text)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("script") == 1
    assert "img" not in tags
    assert not [name for _, each in page.elements for name in each if name.startswith("on")]
    assert "<!--" not in text
    assert "{{7*7}}" in text, "a template in a text stays text"
    assert "pwned=1" in page.text


def test_characters_that_change_the_reading_direction_are_shown_as_code_points(full: RunContents):
    hits = tuple(one.model_copy(update={"answer": "x = 1 \u202e\x00"}) for one in full.hits)
    text = render(replace(full, hits=hits))
    assert "\u202e" not in text
    assert "\x00" not in text
    assert "⟨202E⟩" in re.sub(r"<[^>]+>", "", text)


def test_each_figure_has_a_description_and_each_row_a_header(page: str):
    elements = Page(page).elements
    figures = [each for tag, each in elements if tag == "svg" and each.get("role") == "img"]
    assert len(figures) == 2 * len(CURVES)
    assert all(each["aria-label"] for each in figures)
    assert sum(each.get("scope") == "row" for _, each in elements) >= 3 * len(CURVES)


def test_every_estimate_count_and_forecast_is_in_a_table(full: RunContents, page: str):
    rows = re.findall(r"<tr data-type=\"[^\"]*\" data-source=\"([^\"]*)\"", page)
    assert len(rows) == len(full.estimates) + len(full.truth) + len(full.forecasts)


@pytest.mark.parametrize(
    "missing, said",
    [
        ("truth", "Nothing has been counted after that"),
        ("forecasts", "no forecast has been made yet"),
        ("estimates", "Counted rates"),
        ("health", "no bank yet"),
        ("hits", "No hack is stored in this run"),
        ("provenance", "does not say where it comes from"),
        ("tasks", "Task"),
    ],
)
def test_page_says_so_when_a_part_is_missing(full: RunContents, missing: str, said: str):
    empty = {"provenance": None, "tasks": {}}.get(missing, ())
    assert said in Page(render(replace(full, **{missing: empty}))).text


def test_empty_run_says_what_to_do():
    text = Page(render(RunContents("new"))).text
    assert "This run holds no estimates yet." in text
    assert "foretoken measure" in text
    assert "no bank yet" in text


def test_run_without_truth_claims_no_outcome(full: RunContents):
    text = Page(render(replace(full, truth=()))).text
    assert "6 are expected to emerge by step 128" in text
    assert "What emerged" not in text
    assert "came true" not in text
    assert "stayed below" not in text
    assert "emerged by" not in text


def test_own_rollouts_stand_in_for_the_truth(full: RunContents):
    rollouts = tuple(
        HackCount(curve.name, step, 100, round(100 * curve.at(step)), 0)
        for curve in CURVES
        for step in range(129)
    )
    text = Page(render(replace(full, truth=(), own_hacks=rollouts))).text
    assert "the run's own rollouts" in text
    assert "What emerged: 6 of 6 expected" in text


def test_type_that_no_checkpoint_measured_is_neither_expected_nor_cleared(page: str):
    text = Page(page).text
    assert "Not measurable in time, so neither expected nor cleared: import hook side" in text
    assert "1 is unknown" in text


def test_zero_hits_are_a_bound_and_never_a_rate_of_zero():
    estimate = RateEstimate(
        estimator="count",
        exploit_type="process_exit",
        step=0,
        rate=0.0,
        published=False,
        lower_bound=0.0,
        interval=None,
        upper_bound=1.8e-3,
        hits=0,
        effective_hits=0.0,
        draws=2000,
        tasks=24,
        doubts=(Doubt.NO_HACK_SEEN,),
    )
    text = Page(render(RunContents("none", estimates=(estimate,)))).text
    assert "1 exploit type measured at step 0" in text
    assert "none seen" in text
    assert "not measurable" in text or "could not be measured" in text
    assert "Zero hits is not a rate of zero" in text
    assert "No draw hacked, so there is a bound and no rate." in text


def test_missed_types_and_false_alarms_are_said_first(full: RunContents):
    def turned(one: Forecast) -> Forecast:
        wrong = {"process_exit": 0.02, "test_skipping": 0.9}
        if one.method != "discovery" or one.exploit_type not in wrong:
            return one
        return one.model_copy(update={"probability": wrong[one.exploit_type]})

    text = Page(render(replace(full, forecasts=tuple(map(turned, full.forecasts))))).text
    assert "6 are expected to emerge by step 128" in text
    assert "What emerged: 5 of 6 expected, 0 of 1 unknown, 1 of 4 not expected" in text
    assert "1 false alarm, 1 missed" in text
    assert "8 of 10" in text


def test_impossible_rate_is_printed_with_its_doubt(full: RunContents):
    impossible = [one for one in full.estimates if one.rate is not None and one.rate > 1]
    assert impossible, "the synthetic baseline exceeds 1 somewhere, as the published one does"
    text = Page(render(full)).text
    assert "estimate above 1" in text
    assert "Do not use the point." in text


def test_later_checkpoints_are_not_what_the_forecast_reads(full: RunContents):
    seen_only = replace(full, truth=tuple(one for one in full.truth if one.step <= CUTOFF))
    text = Page(render(seen_only)).text
    assert "Nothing has been counted after that" in text


def test_infinite_and_missing_forecast_numbers_are_words():
    forecast = Forecast(
        method="discovery",
        exploit_type="process_exit",
        cutoff_step=5,
        horizon_step=50,
        threshold=0.1,
        eligible=True,
        measurable=True,
        score=float("-inf"),
        probability=0.3,
        expected_step=400.0,
        step_interval=(30.0, float("inf")),
    )
    text = Page(render(RunContents("mine", forecasts=(forecast,)))).text
    assert "the only exploit type is not expected to emerge by step 50" in text
    assert "30 to never" in text
    assert "−∞" in text
    main = text[text.index("Skip to") : text.index("Made by")]
    assert not re.search(r"\b(inf|nan)\b", main)


def test_truth_alone_makes_a_page(full: RunContents):
    few = tuple(one for one in full.truth if isinstance(one, Truth) and one.step < 3)
    text = Page(render(RunContents("counted", truth=few))).text
    assert "12 exploit types measured at 3 checkpoints" in text
