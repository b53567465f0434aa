"""The page can be read by all and printed whole: contrast, columns on paper, links to each type."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright
from synthetic import full_run

from foretoken.report.assets import _asset
from foretoken.report.page import render

TEXT = ("ink", "soft", "faint")
ON_WASH = {"good": "good-wash", "warn": "warn-wash", "bad": "bad-wash"}
LEAST_CONTRAST = 4.5


def colours() -> list[dict[str, str]]:
    """Variables of the light and of the dark page."""
    blocks = re.findall(r":root \{(.*?)\}", _asset("report.css"), re.DOTALL)[:2]
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks]


def luminance(colour: str) -> float:
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_text_stands_out_on_everything_that_it_stands_on() -> None:
    for known in colours():
        pairs = [(text, ground) for text in TEXT for ground in ("paper", "card", "wash")]
        for text, ground in [*pairs, *ON_WASH.items(), ("truth", "paper"), ("forecast", "card")]:
            found = contrast(known[text], known[ground])
            assert found >= LEAST_CONTRAST, (text, ground, found)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(render(full_run()))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        opened = browser.new_page(viewport={"width": 1040, "height": 720}, reduced_motion="reduce")
        opened.goto(Path(file).as_uri())
        yield opened
        browser.close()


@pytest.mark.browser
def test_no_column_is_cut_on_paper(page: Page) -> None:
    page.emulate_media(media="print")
    sides = page.evaluate(
        """() => [...document.querySelectorAll('table')].map((table) => [
          Math.max(...[...table.querySelectorAll('th, td')].map(
            (cell) => cell.getBoundingClientRect().right)),
          document.querySelector('main').getBoundingClientRect().right])"""
    )
    page.emulate_media(media="screen")
    assert len(sides) >= 6
    assert all(right <= edge + 1 for right, edge in sides), sides


@pytest.mark.browser
def test_chips_and_rows_lead_to_the_panel_of_their_type(page: Page) -> None:
    for selector in (".chip a", ".row .name a"):
        link = page.locator(selector).first
        kind = link.get_attribute("href")
        assert kind is not None
        link.click()
        assert page.evaluate("location.hash") == kind
        panel = page.locator(f"[id='{kind.removeprefix('#')}']")
        assert panel.count() == 1
        box = panel.bounding_box()
        assert box is not None
        assert -2 <= box["y"] < 720


def test_no_interval_or_bound_is_printed_above_one() -> None:
    full = full_run()
    odd = full.estimates[0].replacing(interval=(1e-9, 1e56), upper_bound=1e56)
    shown = render(full.__class__(**{**vars(full), "estimates": (odd, *full.estimates[1:])}))
    assert "e56" not in shown
