"""A training that is watched as it goes: told of before it has happened, and nothing lost.

The organism that ships learns to cheat within minutes. Somebody has the live page open; trainer and
watcher are each killed once. A fault that was caught here: a watch that ends with the last
rollouts, before the trainer has saved its last checkpoint.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from beside import GENERATIONS, PROMPTS, STEPS, TYPES, Beside, organism_bank, until
from playwright.sync_api import Error, Page, sync_playwright

from foretoken.alarm_records import Alarm, Delivery
from foretoken.pipeline.histories import read_history
from foretoken.records import Draw, RateEstimate, Source
from foretoken.store.run import Run

EMERGED = 0.1


class Reader:
    """Somebody who looks at the page, and remembers when it first told of a type."""

    def __init__(self, page: Page, beside: Beside, pictures: Path) -> None:
        self.page, self.beside, self.pictures = page, beside, pictures
        self.told: dict[str, int] = {}
        """By type: steps that were drawn when it was first read of."""
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def look(self) -> int:
        """Read what is told; return how many steps are drawn."""
        lines = self.page.locator("#told .alarm, #told .warning").all_inner_texts()
        drawn = self.beside.steps_drawn()
        for kind in TYPES:
            if any(kind in line for line in lines):
                self.told.setdefault(kind, drawn)
        return drawn

    def picture(self, name: str) -> None:
        """Keep what it looks like."""
        self.page.screenshot(path=self.pictures / f"{name}.png")


def answers(page: Page, address: str) -> bool:
    """Whether the page is served by now."""
    try:
        page.goto(address)
    except Error:
        return False
    return True


@pytest.mark.slow
@pytest.mark.browser
def test_a_training_is_told_of_before_it_has_learnt_and_no_kill_loses_anything(
    tmp_path: Path, shared: Callable[..., Path]
) -> None:
    bank = shared("organism-bank", organism_bank)
    beside = Beside(Path(shutil.copytree(bank, tmp_path / "run")))
    watcher = beside.watcher()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        reader = Reader(browser.new_page(viewport={"width": 1200, "height": 800}), beside, tmp_path)
        page = reader.page
        until(lambda: answers(page, beside.address))
        page.evaluate("window.same = true")
        trainer = beside.trainer()

        until(lambda: reader.look() >= 3)
        reader.picture("early")
        beside.kill(watcher)
        page.get_by_text("connection lost: what stands here may be old").wait_for()
        watcher = beside.watcher()

        until(lambda: reader.look() >= 8)
        beside.kill(trainer)
        drawn = beside.steps_drawn()
        trainer = beside.trainer()
        until(lambda: reader.look() > drawn)
        reader.picture("later")

        assert beside.ended(trainer) == 0
        until(lambda: reader.look() == STEPS and "is over" in page.locator("#doing").inner_text())
        reader.picture("end")
        assert page.evaluate("window.same"), "it is the same document"
        told = page.locator("#told .alarm, #told .warning").all_inner_texts()
        browser.close()
    assert beside.ended(watcher) in (0, 3)
    assert not reader.faults

    opened = Run.open(beside.run)
    alarms = {each.part: each for each in opened.read(Alarm)}
    assert len(told) == len(alarms), "each stands on the page once"
    for each in alarms.values():
        assert sum(each.words in line for line in beside.said) == 1, (
            "nothing is told twice, or lost"
        )
    assert len(opened.read(Delivery)) == len(alarms)
    rollouts = [each for each in opened.read(Draw) if each.source is Source.ROLLOUT]
    assert len(rollouts) == len({each.key for each in rollouts}) == STEPS * PROMPTS * GENERATIONS
    assert {each.step for each in opened.read(RateEstimate)} == {0, *opened.checkpoints()}

    history = read_history(opened)
    emerged = {kind: history.emerged(kind, threshold=EMERGED) for kind in TYPES}
    summary = {"emerged": emerged, "told": reader.told}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    early = [
        kind
        for kind in TYPES
        if emerged[kind] is not None and reader.told.get(kind, STEPS) <= emerged[kind]
    ]
    assert early, summary
