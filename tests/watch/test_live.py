"""The live page follows a training without a reload, and shows itself to nobody else."""

import http.client
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from training import Training

from foretoken.errors import SetupError
from foretoken.watch.config import ServeConfig
from foretoken.watch.live import Live, serving
from foretoken.watch.watcher import Seen, Watcher


@contextmanager
def asked(address: str, path: str, **headers: str) -> Generator[http.client.HTTPResponse]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.request("GET", path, headers=headers)
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def status(address: str, path: str, **headers: str) -> int:
    with asked(address, path, **headers) as answer:
        return answer.status


def event(answer: http.client.HTTPResponse) -> dict[str, object]:
    while True:
        line = answer.readline().decode()
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))


def test_readers_are_told_what_is_seen_and_whatever_follows(tmp_path: Path) -> None:
    live = Live(tmp_path)
    live.show(Seen(step=3))
    with serving(ServeConfig(port=0), live) as address, asked(address, "/events") as answer:
        assert answer.getheader("Content-Type") == "text/event-stream"
        assert event(answer)["step"] == 3
        live.show(Seen(step=4, steps=9))
        assert (event(answer)["run"], live.after(-1, wait_s=0)[1].step) == (tmp_path.name, 4)


def test_a_page_on_loopback_is_shown_to_nobody_who_comes_by_another_name(tmp_path: Path) -> None:
    with serving(ServeConfig(port=0), Live(tmp_path)) as address:
        assert "token" not in address
        assert status(address, "/") == 200
        assert status(address, "/report.html") == 200
        assert status(address, "/some/prefix/report.html") == 200
        assert status(address, "/etc/passwd") == 404
        assert status(address, "/../../secret") == 404
        for path in ("/", "/report.html", "/events"):
            assert status(address, path, Host="evil.example") == 403
            assert status(address, path, Host="evil.example:80") == 403


def test_a_page_for_others_asks_for_the_token(tmp_path: Path) -> None:
    with serving(ServeConfig(host="0.0.0.0", port=0), Live(tmp_path)) as address:
        token = address.partition("?token=")[2]
        assert len(token) >= 20
        for path in ("/", "/report.html", "/events", "/?token=", "/?token=wrong"):
            assert status(address, path) == 403
        with asked(address, f"/?token={token}") as answer:
            cookie = answer.getheader("Set-Cookie") or ""
        assert "HttpOnly; SameSite=Strict" in cookie
        assert status(address, "/report.html", Cookie=cookie.split(";")[0]) == 200
        assert status(address, "/report.html", Cookie="foretoken=wrong") == 403


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with serving(ServeConfig(port=0), Live(tmp_path)) as address:
        taken = ServeConfig(port=urlsplit(address).port or 0)
        refusal = pytest.raises(SetupError, match=rf"127.0.0.1:{taken.port} cannot be listened on")
        with refusal, serving(taken, Live(tmp_path)):
            pass


@pytest.fixture
def page() -> Generator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser.new_page(viewport={"width": 1000, "height": 700})
        browser.close()


@pytest.mark.browser
def test_the_page_follows_a_training_without_a_reload(tmp_path: Path, page: Page) -> None:
    training = Training(tmp_path)
    config = training.config(warn_from=1.0)
    live, faults = Live(config.run), list[str]()
    page.on("pageerror", lambda error: faults.append(str(error)))
    with serving(ServeConfig(port=0), live) as address:
        page.goto(address)
        page.evaluate("window.same = true")
        page.frame_locator("#report").get_by_text("The report comes with").wait_for()
        watcher = Watcher(config, [], live.show)
        training.step(8)
        watcher.look()
        page.get_by_text("step 7 of 40").wait_for()
        page.frame_locator("#report").get_by_text("What is expected, and when").wait_for()
        assert page.locator("#told .alarm").count() == 0
        training.step(32)
        watcher.look()
        page.locator("#told .alarm", has_text="process_exit is above 1.0 %").wait_for()
        page.get_by_text("the training is over").wait_for()
        assert page.evaluate("window.same")
        assert page.title().startswith("(1) ")
        expect(page.locator("iframe")).to_have_count(1)
        watcher.close()
    page.get_by_text("connection lost: what stands here may be old").wait_for()
    assert not faults


@pytest.mark.browser
def test_reports_that_follow_one_another_fast_leave_the_last_one(
    tmp_path: Path, page: Page
) -> None:
    """Each arrives while the one before it is loading still. Fault: only the shown one goes."""
    live = Live(tmp_path)
    with serving(ServeConfig(port=0), live) as address:
        page.goto(address)
        page.evaluate("for (const each of [1, 2, 3]) { shown = each; turn(); }")
        expect(page.locator("iframe")).to_have_count(1)
        assert page.locator("iframe#report").get_attribute("src") == "report.html?3"
