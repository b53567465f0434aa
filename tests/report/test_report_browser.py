from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from synthetic import full_run
from test_report_page import hostile_run

from foretoken.report.contents import RunContents
from foretoken.report.page import render

pytestmark = pytest.mark.browser

OVERLAPS = """() => {
  const found = [];
  for (const figure of document.querySelectorAll('svg')) {
    const texts = [...figure.querySelectorAll('text')]
      .map((text) => [text.textContent, text.getBoundingClientRect()]);
    texts.forEach(([name, a], i) => texts.slice(i + 1).forEach(([other, b]) => {
      const beside = a.right <= b.left + 1 || b.right <= a.left + 1;
      const stacked = a.bottom <= b.top + 3 || b.bottom <= a.top + 3;
      if (!beside && !stacked) found.push(`${name} / ${other}`);
    }));
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


def opened(browser: Browser, file: Path, *, width: int, scheme: str = "light") -> Page:
    """Open a file offline; any message on the console or request beyond the file is an error."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    page.faults = []
    page.on("console", lambda message: page.faults.append(message.text))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("request", lambda request: page.faults.append(request.url))
    page.goto(file.as_uri())
    page.faults.remove(file.as_uri())
    return page


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(full_run()))
    return path


def test_every_table_fits_a_desktop_window(browser: Browser, file: Path):
    page = opened(browser, file, width=1440)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    tables = page.evaluate(
        """[...document.querySelectorAll('.scroll')].map(
          (each) => [each.getAttribute('aria-label'), each.scrollWidth - each.clientWidth])"""
    )
    assert len(tables) >= 5
    assert all(beyond <= 0 for _, beyond in tables), tables


@pytest.mark.parametrize("cutoff", [0, 3, 100, 127])
def test_labels_stay_apart_wherever_the_cutoff_is(browser: Browser, tmp_path: Path, cutoff: int):
    run = full_run()
    moved = [each.replacing(cutoff_step=cutoff) for each in run.forecasts]
    path = tmp_path / "report.html"
    path.write_text(render(replace(run, forecasts=moved)))
    for width in (390, 1440):
        page = opened(browser, path, width=width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OVERLAPS) == []


@pytest.mark.parametrize("width, scheme", [(390, "dark"), (820, "light"), (1440, "light")])
def test_page_fits_its_window_without_faults_or_overlapping_labels(
    browser: Browser, file: Path, width: int, scheme: str
):
    page = opened(browser, file, width=width, scheme=scheme)
    assert page.faults == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERLAPS) == []
    ink, paper = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert ink != paper
    conclusion = page.locator("h1").bounding_box()
    assert conclusion is not None
    assert conclusion["y"] + conclusion["height"] < 500


def value(rate: str) -> float:
    """The number that a rate in words stands for."""
    said = rate.replace("\xa0", " ").replace(",", "")
    if said.endswith(" %"):
        return float(said.removesuffix(" %")) / 100
    return 1 / float(said.removeprefix("1 in ")) if said != "0" else 0.0


def test_table_sorts_by_number_and_filters_by_type(browser: Browser, file: Path):
    page = opened(browser, file, width=1440)
    page.click("#rate-table th:has-text('rate') button >> nth=0")
    page.click("#rate-table th:has-text('rate') button >> nth=0")
    page.select_option("#rate-table select", "counted")
    page.fill("#rate-table input", "process_exit")
    rates = page.locator("#rate-table tbody tr:visible td:nth-child(4)").all_inner_texts()
    assert any("%" in rate for rate in rates)
    assert any("1 in" in rate.replace("\xa0", " ") for rate in rates)
    assert [value(rate) for rate in rates] == sorted(map(value, rates), reverse=True)
    assert len(rates) == 13
    assert page.inner_text("#rate-table .shown") == "13 rows"


def test_estimators_can_be_shown_and_hidden(browser: Browser, file: Path):
    page = opened(browser, file, width=1440)
    marks = page.locator(".panels g.prefix").first
    assert not marks.is_visible()
    page.click("button[data-toggle=prefix]")
    assert marks.is_visible()
    assert page.get_attribute("button[data-toggle=prefix]", "aria-pressed") == "true"


def test_marks_explain_themselves_on_hover(browser: Browser, file: Path):
    page = opened(browser, file, width=1440)
    page.locator(".timeline .expected").nth(1).hover(force=True)
    assert "likely, expected at step" in page.inner_text("#tip")


def test_hostile_text_runs_nothing_in_a_browser(browser: Browser, tmp_path: Path):
    path = tmp_path / "hostile.html"
    path.write_text(render(hostile_run(full_run())))
    page = opened(browser, path, width=390)
    assert page.faults == []
    assert page.evaluate("typeof pwned") == "undefined"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_empty_run_fits_a_telephone(browser: Browser, tmp_path: Path):
    path = tmp_path / "empty.html"
    path.write_text(render(RunContents("new")))
    page = opened(browser, path, width=390)
    assert page.faults == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_page_is_whole_without_script(browser: Browser, file: Path):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator(".panel svg").count() == 12
    assert not page.locator(".controls").first.is_visible()
