"""A second grader is asked about a fair share of the rollouts, and may do what it likes.

Faults that were injected to see these tests fail: weights left at 1; a share of draws in place of
one of rollouts; a process that is killed without those that it began; opinions of a step that are
added to those before; an error that is kept as an answer.
"""

import json
import math
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hooked import batch, imported, write

from foretoken.errors import SetupError
from foretoken.grader_records import SecondOpinion
from foretoken.graders.process import GraderProcess
from foretoken.ledger.opinions import Opinions, ShadowShare, pooled, read_opinions
from foretoken.ledger.shadow import ShadowSettings
from foretoken.pipeline import shadowed
from foretoken.pipeline.logged import Imported
from foretoken.store import codec
from foretoken.store.run import Run

GRADERS = """
import os, subprocess, sys, time
from foretoken.rewards.base import RewardValue
from foretoken.rewards.rules import ExactReward, KeywordReward

def refuses_hacks(prompt, answer, truth):
    print("this goes nowhere")
    with open(os.environ["ASKED"], "a") as file:
        file.write(answer + "\\n")
    return float("hack" not in answer)

def moody(prompt, answer, truth):
    if "hang" in answer:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        time.sleep(600)
    if "die" in answer:
        print("out of memory", file=sys.stderr)
        os._exit(3)
    if "raise" in answer:
        raise ValueError("no such answer")
    if "exit" in answer:
        sys.exit(1)
    return {"nan": float("nan"), "text": "good", "none": None}.get(answer, 1)

async def later(prompt, answer, truth):
    return truth

def keyword():
    return KeywordReward(("please",))

class Exact(ExactReward):
    pass

def as_in_trl(completions, **columns):
    return [float("hack" not in each) for each in completions]

unused = 5
"""


@pytest.fixture
def graders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    (tmp_path / "second.py").write_text(GRADERS)
    return tmp_path / "second.py"


def asked(graders: Path) -> list[str]:
    file = graders.parent / "asked"
    return file.read_text().split("\n")[:-1] if file.exists() else []


def steps_of(count: int, *, many: int = 24, seed: int = 0) -> list[dict[str, Any]]:
    """Steps in which a quarter is paid, and a third of that for a hack."""
    rng = random.Random(seed)
    lines: list[dict[str, Any]] = []
    for step in range(count):
        paid = [float(rng.random() < 0.25) for _ in range(many)]
        hacked = [bool(each) and rng.random() < 1 / 3 for each in paid]
        said = [f"{'hack' if h else 'good'} {step}/{n}" for n, h in enumerate(hacked)]
        lines.append(batch(step, {"r": paid}, said=said))
    return lines


def refused(lines: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """Hacks among paid rollouts, and paid rollouts."""
    rows = [row for line in lines for row in line["rollouts"] if row["reward"] > 0.5]
    return sum("hack" in row["completion"] for row in rows), len(rows)


def total(opinions: Opinions, *, paid: bool) -> ShadowShare:
    (found,) = (one for one in opinions.totals if one.was_paid is paid)
    return found


def shadowed_run(run: Path, graders: Path, **settings: Any) -> Imported:
    given = {"shadow": f"{graders}:refuses_hacks", "shadow_share": 1.0, "shadow_most": 1000}
    return imported(run, **(given | settings))


def test_all_rollouts_give_the_exact_share_and_a_part_of_them_an_interval_that_covers_it(
    tmp_path: Path, graders: Path
) -> None:
    lines = steps_of(12)
    hacks, paid = refused(lines)
    write(tmp_path / "all", lines)
    shadowed_run(tmp_path / "all", graders)
    opinions = read_opinions(Run.open(tmp_path / "all"))
    of_paid, others = total(opinions, paid=True), total(opinions, paid=False)
    assert (of_paid.differing, of_paid.answered, of_paid.stands_for) == (hacks, paid, paid)
    assert of_paid.differing_share == pytest.approx(hacks / paid)
    assert others.differing_share == 1.0
    assert {each.weight for each in Run.open(tmp_path / "all").read(SecondOpinion)} == {1.0}
    write(tmp_path / "some", lines)
    shadowed_run(tmp_path / "some", graders, shadow_share=0.3)
    some = read_opinions(Run.open(tmp_path / "some"))
    few = total(some, paid=True)
    assert few.asked < paid
    assert few.stands_for == pytest.approx(paid)
    assert total(some, paid=False).stands_for == pytest.approx(12 * 24 - paid)
    own = [each for each in Run.open(tmp_path / "some").read(SecondOpinion) if each.was_paid]
    assert {each.weight for each in own} > {1.0}
    weighed = sum(each.weight for each in own if each.accepted is False)
    assert few.differing_share == pytest.approx(weighed / sum(each.weight for each in own))
    assert few.interval is not None
    assert few.interval[0] <= hacks / paid <= few.interval[1]
    assert [o.key.rsplit("/", 2)[1:] for o in some.widest if o.was_paid]
    assert all(o.accepted is not o.was_paid for o in some.widest)


def test_a_sum_over_steps_is_the_one_of_the_view(tmp_path: Path, graders: Path) -> None:
    write(tmp_path / "run", steps_of(6))
    shadowed_run(tmp_path / "run", graders, shadow_share=0.4)
    opinions = read_opinions(Run.open(tmp_path / "run"))
    for whole in opinions.totals:
        own = [one for one in opinions.steps if one.was_paid is whole.was_paid]
        assert vars(pooled(own)) == pytest.approx(vars(whole))


def test_nobody_is_asked_twice_and_a_step_that_goes_on_is_drawn_as_one(
    tmp_path: Path, graders: Path
) -> None:
    run, lines = tmp_path / "run", steps_of(3)
    write(run, lines[:1])
    imported(run)
    assert not asked(graders)
    said = "\n".join(shadowed_run(run, graders).lines())
    assert "24 rollouts shown to the second grader" in said
    write(run, lines[1:])
    shadowed_run(run, graders)
    shadowed_run(run, graders)
    assert len(asked(graders)) == len(set(asked(graders))) == 3 * 24
    more = batch(1, {"r": [1.0] * 8}, said=[f"hack again {n}" for n in range(8)])
    write(run, [more], process=2)
    shadowed_run(run, graders)
    assert len(asked(graders)) == 3 * 24 + 8
    opinions = Run.open(run).read(SecondOpinion)
    assert len({each.key for each in opinions}) == len(opinions) == 3 * 24 + 8
    hacks, paid = refused([*lines, more])
    one = total(read_opinions(Run.open(run)), paid=True)
    assert (one.differing, one.answered) == (hacks, paid)


def test_only_steps_with_new_rollouts_are_looked_at(
    tmp_path: Path, graders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    to_records = codec.to_records

    def read(table: Any, kind: Any) -> list[Any]:
        opened.append(table.num_rows if kind is SecondOpinion else 0)
        return to_records(table, kind)

    monkeypatch.setattr(codec, "to_records", read)
    rows: list[int] = []
    read_table = Run.table

    def table(self: Run, kind: Any, **how: Any) -> Any:
        found = read_table(self, kind, **how)
        rows.append(found.num_rows if kind.folder in ("logged", "draws") else 0)
        return found

    monkeypatch.setattr(Run, "table", table)
    per_look: list[int] = []
    for line in steps_of(6):
        write(tmp_path / "run", [line])
        rows.clear()
        shadowed_run(tmp_path / "run", graders)
        per_look.append(sum(rows))
    assert per_look == [48] * 6
    assert sum(opened) == 0


def test_a_log_that_was_written_anew_takes_its_opinions_along(
    tmp_path: Path, graders: Path
) -> None:
    run, lines = tmp_path / "run", steps_of(2)
    file = write(run, lines)
    shadowed_run(run, graders)
    file.unlink()
    write(run, [batch(0, {"r": [1.0]}, said=["hack anew"])])
    shadowed_run(run, graders)
    (opinion,) = Run.open(run).read(SecondOpinion)
    assert (opinion.step, opinion.value, opinion.paid, opinion.weight) == (0, 0.0, 1.0, 1.0)


def test_what_a_second_grader_may_do_is_the_error_of_one_answer(
    tmp_path: Path, graders: Path
) -> None:
    said = ["fine", "hang", "die", "raise", "exit", "nan", "text", "none", "fine again"]
    write(tmp_path / "run", [batch(0, {"r": [1.0] * len(said)}, said=said)])
    begin = time.monotonic()
    done = imported(
        tmp_path / "run",
        shadow=f"{graders}:moody",
        shadow_share=1.0,
        shadow_timeout_s=8.0,
    )
    assert time.monotonic() - begin < 200
    given = {o.key: o for o in Run.open(tmp_path / "run").read(SecondOpinion)}
    by_answer = [given[key] for key in sorted(given, key=lambda key: int(key.split("/")[-1]))]
    assert [each.value for each in by_answer] == [1.0, *[None] * 7, 1.0]
    assert [each.error for each in by_answer] == [
        None,
        "gave no answer within 8 s",
        "its process ended: out of memory",
        "raised ValueError: no such answer",
        "raised SystemExit: 1",
        "gave nan",
        "gave 'good', which is no number",
        None,
        None,
    ]
    one = total(read_opinions(Run.open(tmp_path / "run")), paid=True)
    assert (one.asked, one.answered, one.failed, one.differing) == (9, 2, 6, 0)
    assert "9 rollouts shown to the second grader, 6 of which it failed for" in done.lines()


def test_a_grader_that_hangs_is_ended_with_all_that_it_began(graders: Path) -> None:
    with GraderProcess(f"{graders}:moody", timeout_s=3.0) as second:
        job = {"prompt": "p", "text": "fine", "answer": "", "truth": None, "task": None}
        assert second.ask(job).value == 1.0
        assert second._process is not None
        group = second._process.pid
        assert second.ask(job | {"text": "hang"}).died
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                break
            time.sleep(0.1)
        with pytest.raises(ProcessLookupError):
            os.killpg(group, 0)
        assert second.ask(job | {"text": "x" * 1_000_000 + "\ud800"}).value == 1.0


def test_a_reward_function_of_a_trainer_can_be_the_second_grader(
    tmp_path: Path, graders: Path
) -> None:
    lines = steps_of(6)
    write(tmp_path / "run", lines)
    shadowed_run(tmp_path / "run", graders, shadow=f"{graders}:as_in_trl")
    of_paid = total(read_opinions(Run.open(tmp_path / "run")), paid=True)
    assert (of_paid.differing, of_paid.failed) == (refused(lines)[0], 0)


def test_functions_rewards_and_classes_can_be_second_graders(graders: Path) -> None:
    job = {"prompt": "p", "text": "please", "answer": "please", "truth": 0.25, "task": None}
    for name, given in (("later", 0.25), ("keyword", 1.0), ("Exact", None)):
        with GraderProcess(f"{graders}:{name}", timeout_s=60.0) as second:
            said = second.ask(job)
        assert said.value == given
        assert (said.error is None) is (given is not None)


@pytest.mark.parametrize(
    ("named", "why"),
    [("nowhere.at:all", "No module named"), ("unused", "is a int"), ("missing", "no attribute")],
)
def test_what_is_no_grader_is_refused_and_the_import_is_kept(
    tmp_path: Path, graders: Path, named: str, why: str
) -> None:
    path = named if ":" in named else f"{graders}:{named}"
    write(tmp_path / "run", steps_of(1))
    with pytest.raises(SetupError, match=rf"cannot be used \(.*{why}"):
        imported(tmp_path / "run", shadow=path)
    assert imported(tmp_path / "run").counts["rollouts"] == 0
    assert not Run.open(tmp_path / "run").parts(SecondOpinion)


def test_settings_without_a_second_grader_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "run", steps_of(1))
    with pytest.raises(SetupError, match="shadow_share: no second grader is named"):
        imported(tmp_path / "run", shadow_share=0.5)


def test_one_that_dies_each_time_is_left_alone_and_steps_wait(
    tmp_path: Path, graders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadowed, "MOST_FAILURES", 2)
    write(tmp_path / "run", [batch(s, {"r": [1.0] * 4}, said=["die"] * 4) for s in range(2)])
    done = imported(tmp_path / "run", shadow=f"{graders}:moody", shadow_share=1.0)
    (note,) = (line for line in done.lines() if "in a row" in line)
    assert "hung or died 2 times in a row (its process ended: out of memory)" in note
    assert not Run.open(tmp_path / "run").parts(SecondOpinion)


def test_time_that_runs_out_leaves_steps_for_later_and_loses_no_answer(
    tmp_path: Path, graders: Path
) -> None:
    write(tmp_path / "run", steps_of(4))
    settings = ShadowSettings(shadow=f"{graders}:refuses_hacks", shadow_share=1.0, shadow_most=1000)
    with shadowed.Shadow(settings, seconds=0.0) as shadow:
        done = shadowed_run(tmp_path / "run", graders, second=shadow)
        assert shadow.behind
        assert "some steps wait for the second grader" in done.lines()
        shadow.seconds = 600.0
        done = shadowed_run(tmp_path / "run", graders, second=shadow)
        assert not shadow.behind
    assert len(asked(graders)) == len(set(asked(graders))) == 96
    assert len(Run.open(tmp_path / "run").read(SecondOpinion)) == 96


def test_a_column_that_the_hook_has_cut_is_no_truth(tmp_path: Path, graders: Path) -> None:
    line = batch(0, {"r": [1.0, 1.0]})
    line["rollouts"][0]["columns"] = {"answer": 0.75}
    line["rollouts"][1]["columns"] = {"answer": "y" * 400 + "..."}
    write(tmp_path / "run", [line])
    shadow = {"shadow": f"{graders}:later", "shadow_truth": "answer", "shadow_share": 1.0}
    imported(tmp_path / "run", **shadow)
    whole, cut = sorted(Run.open(tmp_path / "run").read(SecondOpinion), key=lambda o: o.key)
    assert (whole.value, whole.error) == (0.75, None)
    assert cut.value is None
    assert "cut" in str(cut.error)
    assert json.dumps(cut.error)


def test_a_step_of_which_nothing_was_scored_has_no_opinion(tmp_path: Path, graders: Path) -> None:
    write(tmp_path / "run", [batch(0, {"r": [None, math.nan]})])
    (said,) = (e for e in shadowed_run(tmp_path / "run", graders).lines() if "second" in e)
    assert said == "the second grader was shown nothing: no rollout of these steps has a reward"
    write(tmp_path / "run", steps_of(2)[1:])
    shadowed_run(tmp_path / "run", graders)
    assert {each.step for each in Run.open(tmp_path / "run").read(SecondOpinion)} == {1}
    assert shadowed_run(tmp_path / "run", graders).shadow is not None
    assert len(asked(graders)) == 24


def test_rollouts_of_no_known_step_are_not_asked_about_and_that_is_said(
    tmp_path: Path, graders: Path
) -> None:
    write(tmp_path / "run", [batch(0, {"r": [1.0]}) | {"step": None}])
    lines = list(shadowed_run(tmp_path / "run", graders).lines())
    assert "the second grader was shown nothing: no rollout has a known step" in lines
    assert not asked(graders)


def test_errors_are_asked_again_once_a_step_goes_on(tmp_path: Path, graders: Path) -> None:
    run = tmp_path / "run"
    write(run, [batch(0, {"r": [1.0, 1.0]}, said=["raise", "fine"])])
    given = {"shadow": f"{graders}:moody", "shadow_share": 1.0}
    imported(run, **given)
    graders.write_text(GRADERS.replace('if "raise" in', 'if "never" in'))
    write(run, [batch(0, {"r": [1.0]}, said=["also fine"])])
    imported(run, **given)
    assert [(o.value, o.error) for o in Run.open(run).read(SecondOpinion)] == [(1.0, None)] * 3
