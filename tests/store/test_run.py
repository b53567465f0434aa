"""A run directory keeps what it is given, whole or not at all."""

import os
import resource
import time
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretoken.errors import MismatchError, RunError, StoreError
from foretoken.records import (
    Component,
    Doubt,
    Draw,
    Message,
    Mixture,
    RateEstimate,
    Sampling,
    Score,
    Task,
)
from foretoken.store import codec, layout
from foretoken.store.run import Run
from foretoken.store.tables import query
from foretoken.tasks.code import Case, CodeTask
from warm import killed, telling


def a_draw(key: str = "d", **changes: object) -> Draw:
    fields: dict[str, object] = {
        "key": key,
        "source": "bank",
        "task": "lists/process_exit/1",
        "exploit_type": "process_exit",
        "step": 0,
        "tokens": (5, 6, 7),
        "ended": True,
        "prompt_tokens": 3,
        "reasoning": "hm",
        "answer": "def f(x): ...",
        "sampling": Sampling(),
    }
    return Draw.model_validate(fields | changes)


def a_task(*cases: Case) -> Task:
    return CodeTask(
        key="t",
        exploit_type="error_code_abuse",
        prompt="p",
        function="f",
        cases=cases,
        flaw={"message": "E42"},
        reference="r",
        exploit="e",
        flaw_words=("code", "E42"),
    ).task()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.sets(st.integers() | st.text() | st.tuples(st.integers(), st.floats(allow_nan=False)))
        | st.dictionaries(st.text() | st.integers() | st.just("$tuple"), inner)
    ),
    max_leaves=12,
)


def same(left: object, right: object) -> bool:
    return left == right and repr(type(left)) == repr(type(right))


@given(json_values)
def test_a_nested_value_survives_the_codec_with_its_types(value: object) -> None:
    back = codec.decode(codec.encode(value))
    assert same(back, value)
    assert codec.encode(back) == codec.encode(value)


def test_records_survive_a_round_trip(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run")
    task = a_task(
        Case(args=((1, 2), {3, 4}, float("-inf"), {1: 2, "$x": [(1,)]}), expected=1.0),
        Case(args=(True,), expected={"a": ()}),
    )
    score = Score(
        draw="d", scorer="step:0", log_p=float("-inf"), log_p_tokens=(-0.5, float("-inf")),
        scored_tokens=6,
    )  # fmt: skip
    missing = Score(draw="d", scorer="step:1", log_p=None, scored_tokens=6, error="NaN logits")
    estimate = RateEstimate(
        estimator="switch", exploit_type="x", step=0, rate=None, published=False, lower_bound=0.0,
        interval=(1e-9, 0.5), upper_bound=1.0, hits=0, effective_hits=0.0, draws=3, tasks=2,
        doubts=(Doubt.NO_HACK_SEEN, Doubt.HEAVY_TAIL),
    )  # fmt: skip
    mixture = Mixture(
        exploit_type="x", stage=1, step=0, weights=(0.4, 0.6), draws_per_task=14, tasks=("x/1",),
        components=(Component(strength=0, enter=0, leave=1),
                    Component(strength=0.5, enter=0.1, leave=0.2)),
    )  # fmt: skip
    for record in (task, a_draw(proxy=0.75, gold=-2.5), estimate, mixture):
        run.append([record], part="one")
        assert Run.open(run.path).read(type(record)) == [record]
    run.append([score], part="one")
    run.append([missing], part="one")
    assert run.read(Score) == [score, missing]
    assert type(CodeTask.of(run.read(Task)[0]).cases[0].expected) is float


def test_a_dialogue_and_its_payload_survive_a_round_trip(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run")
    picture = ({"type": "text", "text": "what is it?"}, {"type": "image", "path": "cat.png"})
    task = Task(
        key="talk/1",
        exploit_type="flattery",
        prompt="what a person reads",
        messages=(
            Message(role="system", content="Be brief."),
            Message(role="user", content=picture),
        ),
        grader="mine.graders:judge",
        payload={"rubric": {"tone": [1, 2.0, None]}, "edges": (1, float("inf")), "seen": {"a"}},
        flaw_words=("praise",),
    )
    run.append([task], part="one")
    (back,) = Run.open(run.path).read(Task)
    assert back == task
    assert same(back.payload, task.payload)


def test_a_finished_part_is_found_and_never_edited(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    assert not run.has_part("bank-1")
    run.append([a_draw()], part="bank-1")
    assert run.has_part("bank-1")
    assert run.has_part("bank-1", Draw)
    assert not run.has_part("bank-1", Score)
    with pytest.raises(StoreError, match="never edited"):
        run.append([a_draw("other")], part="bank-1")
    run.append([a_draw("other")], part="bank-1", replace=True)
    assert [draw.key for draw in run.read(Draw)] == ["other"]


def test_an_empty_part_is_work_that_is_done(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    run.append([], part="none", kind=Draw)
    run.append([], part="no-scores", kind=Score, within="step:0")
    assert run.has_part("none")
    assert run.has_part("no-scores", Score)
    assert run.read(Draw) == []
    assert run.read(Score) == []
    with pytest.raises(StoreError, match="must be of one scorer, not of none"):
        run.append([], part="other", kind=Score)
    with pytest.raises(StoreError, match="say which kind"):
        run.append([], part="other")


def test_rows_can_be_chosen_by_an_expression(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    run.append([a_draw("a", step=1), a_draw("b", step=2)], part="p")
    assert [draw.key for draw in run.read(Draw, where=pc.field("step") > 1)] == ["b"]


def test_draws_at_two_temperatures_refuse_to_join(tmp_path: Path) -> None:
    Run.create(tmp_path).append([a_draw()], part="p")
    hot = a_draw("hot", sampling=Sampling(temperature=0.5))
    with pytest.raises(MismatchError, match=r"temperature 1\.0 against 0\.5"):
        Run.open(tmp_path).append([hot], part="q")
    Run.open(tmp_path).append([hot.replacing(source="rollout")], part="q")


def test_a_truncated_part_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    run.append([a_draw("a")], part="p1")
    broken = run.append([a_draw("b")], part="p2")
    broken.write_bytes(broken.read_bytes()[:-30])
    with pytest.raises(StoreError, match=r"p2\.parquet is damaged .*move it away"):
        run.read(Draw)
    with pytest.raises(StoreError, match=r"p2\.parquet"):
        query(run, "select * from draws")
    broken.unlink()
    assert [draw.key for draw in run.read(Draw)] == ["a"]


def test_a_missing_folder_and_a_folder_without_a_run_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no run at"):
        Run.open(tmp_path / "absent")
    with pytest.raises(RunError, match="is not a run"):
        Run.open(tmp_path)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    run.append([a_draw("a")], part="p1")
    random_text = os.urandom(200_000).hex()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(StoreError, match=r"p2\.parquet could not be written .*free space"):
            run.append([a_draw("b", answer=random_text)], part="p2")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in layout.kind_folder(tmp_path, Draw).iterdir()] == ["p1.parquet"]
    run.append([a_draw("b", answer=random_text)], part="p2")
    assert len(run.read(Draw)) == 2


def test_a_file_where_a_folder_must_be_is_named(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    layout.kind_folder(tmp_path, Draw).write_text("not a folder")
    with pytest.raises(StoreError, match="could not be written"):
        run.append([a_draw("a")], part="p1")


def write_on(folder: Path, tell: Connection) -> None:
    run = Run.create(folder)
    for number in count(len(run.parts(Draw))):
        draws = [a_draw(f"{number}-{i}", answer="x" * 2000) for i in range(50)]
        run.append(draws, part=f"p{number:05d}")
        tell.send("written")


def test_a_writer_killed_at_random_moments_leaves_whole_parts_only(tmp_path: Path) -> None:
    for attempt in range(8):
        writer, told = telling(write_on, tmp_path)
        assert told.recv() == "written"
        time.sleep(0.05 + 0.017 * attempt)
        killed(writer)
    run = Run.open(tmp_path)
    assert len(run.parts(Draw)) >= 8
    assert len(run.read(Draw)) == 50 * len(run.parts(Draw))


def test_settings_are_saved_by_command(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    run.write_config("bank", Sampling(tokenizer='a "quoted" \\ name'))
    run.write_config("measure", Sampling(temperature=0.5))
    saved = Run.open(tmp_path).read_config()
    assert Sampling.model_validate(saved["bank"]).tokenizer == 'a "quoted" \\ name'
    assert saved["measure"]["temperature"] == 0.5
    (tmp_path / layout.CONFIG_FILE).write_text("= nothing")
    with pytest.raises(StoreError, match="not readable TOML"):
        run.read_config()


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/passwd')",
        "copy (select 1) to 'draws.parquet'",
        "install httpfs",
        "select 1; drop view draws",
        "selec",
    ],
)
def test_a_query_can_only_read_the_run(tmp_path: Path, sql: str) -> None:
    run = Run.create(tmp_path)
    run.append([a_draw()], part="p")
    with pytest.raises(RunError):
        query(run, sql)
    assert query(run, "select key, len(tokens) from draws") == (["key", "len(tokens)"], [("d", 3)])
