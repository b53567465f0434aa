"""Where things lie in a run directory."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from test_run import a_draw

from foretoken.errors import RunError, SetupError, StoreError
from foretoken.records import Component, Draw, Record, Score, Source, Where
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.store.tables import query


class Reading(Record):
    """What a plug-in package might store."""

    folder = "plug-in-readings"
    partition = "meter"
    meter: str
    value: float


def a_score(scorer: str, draw: str) -> Score:
    return Score(draw=draw, scorer=scorer, log_p=-1.0, scored_tokens=6)


def test_a_plug_in_stores_reads_and_queries_its_own_records(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    made = [Reading(meter="a b/c", value=1.5), Reading(meter="a b/c", value=float("-inf"))]
    run.append(made, part="p")
    assert Run.open(tmp_path).read(Reading) == made
    assert query(run, "select meter, value from plug_in_readings where value > 0") == (
        ["meter", "value"],
        [("a b/c", 1.5)],
    )


def test_a_class_without_a_folder_of_its_own_cannot_be_stored(tmp_path: Path) -> None:
    class Late(Score):
        """A subclass is another class, and has no folder of its own."""

    run = Run.create(tmp_path)
    with pytest.raises(StoreError, match="Component records cannot be stored"):
        run.append([Component(strength=0, enter=0, leave=1)], part="p")
    with pytest.raises(StoreError, match="Late records cannot be stored"):
        run.read(Late)


def test_two_classes_with_one_folder_are_refused() -> None:
    with pytest.raises(SetupError, match=r"foretoken\.records\.Draw has the folder draws"):
        type("Other", (Record,), {"folder": "draws", "__module__": __name__})
    with pytest.raises(SetupError, match="cannot be a folder"):
        type("Odd", (Record,), {"folder": "../draws", "__module__": __name__})
    with pytest.raises(SetupError, match="no field absent"):
        type("Odder", (Record,), {"folder": "x", "partition": "absent", "__module__": __name__})


def test_scores_lie_by_scorer_and_one_scorer_is_read_alone(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    for scorer in ("step:13", "donor:0.5:13"):
        run.append([a_score(scorer, "d")], part="q")
    other = tmp_path / "scores" / "donor-0.5-13" / "q.parquet"
    assert (tmp_path / "scores" / "step-13" / "q.parquet").is_file()
    other.write_bytes(b"not opened")
    assert run.read(Score, within="step:13") == [a_score("step:13", "d")]
    assert run.table(Score, within="step:13", columns=["log_p"]).to_pydict() == {"log_p": [-1.0]}
    assert run.parts(Score, "step:13") == ["q"]
    assert not run.has_part("q", Score, "step:14")
    with pytest.raises(StoreError, match="damaged"):
        run.read(Score)


def test_a_part_of_two_scorers_and_a_part_outside_of_them_are_refused(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    with pytest.raises(StoreError, match="must be of one scorer, not of step:1, step:2"):
        run.append([a_score("step:1", "d"), a_score("step:2", "d")], part="q")
    stray = run.append([a_score("step:1", "d")], part="q")
    assert isinstance(stray, Path)
    stray.rename(tmp_path / "scores" / "q.parquet")
    with pytest.raises(StoreError, match=r"scores/q\.parquet lies outside of the folders by score"):
        run.read(Score)
    with pytest.raises(StoreError, match="is not divided"):
        run.read(Draw, within="step:1")


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_partition_is_read_back_from_its_folder(value: str) -> None:
    name = layout.partition_folder(value)
    assert layout.partition_value(name) == value
    assert "/" not in name
    assert not name.startswith(".")


def test_partitions_have_names_that_a_person_can_read() -> None:
    names = [layout.partition_folder(v) for v in ("step:13", "donor:0.5:13", "donor:1e-05:13")]
    assert names == ["step-13", "donor-0.5-13", "donor-1e%2D05-13"]


def test_checkpoints_are_ordered_by_step(tmp_path: Path) -> None:
    for step in (1000000, 13, 200):
        layout.checkpoint_path(tmp_path, step).mkdir(parents=True)
    assert list(Run.open(tmp_path).checkpoints()) == [13, 200, 1000000]


@pytest.mark.parametrize(
    "name",
    ["step-000040", "step_40", "checkpoint-40", "global_step_40", "global_step_40/actor",
     "global_step_40/actor/huggingface", "global_step40_hf", "iter_0000040"],
)  # fmt: skip
def test_checkpoint_folders_of_any_trainer_are_understood(tmp_path: Path, name: str) -> None:
    folder = layout.checkpoints_folder(tmp_path) / name
    folder.mkdir(parents=True)
    (layout.checkpoints_folder(tmp_path) / "runs").mkdir()
    (layout.checkpoints_folder(tmp_path) / "step-000041.tmp").mkdir()
    assert layout.checkpoint_step(folder) == 40
    assert list(Run.open(tmp_path).checkpoints()) == [40]


def test_a_misnamed_checkpoint_says_which_names_are_understood(tmp_path: Path) -> None:
    (layout.checkpoints_folder(tmp_path) / "step-x").mkdir(parents=True)
    with pytest.raises(RunError, match=r"step-x is not named like a checkpoint.*checkpoint-40"):
        Run.open(tmp_path).checkpoints()


def test_two_checkpoints_of_one_step_are_refused_with_both_names(tmp_path: Path) -> None:
    for name in ("step-000040", "checkpoint-40"):
        (layout.checkpoints_folder(tmp_path) / name).mkdir(parents=True)
    with pytest.raises(RunError, match=r"checkpoint-40 and .*step-000040 are two .* of step 40"):
        Run.open(tmp_path).checkpoints()


def test_a_changed_copy_of_a_record_is_validated() -> None:
    draw = a_draw()
    other = draw.replacing(source="rollout", tokens=[1, 2])
    assert (other.source, other.tokens) == (Source.ROLLOUT, (1, 2))
    assert draw.source == "bank"
    assert other.replacing(source="bank", tokens=draw.tokens) == draw
    for wrong in ({"source": "elsewhere"}, {"step": None}, {"folder": "x"}, {"absent": 1}):
        with pytest.raises(ValidationError):
            draw.replacing(**wrong)


def test_closed_words_come_back_as_such(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    run.append([a_draw(source=Source.COUNT)], part="p")
    assert run.read(Draw)[0].source is Source.COUNT
    assert query(run, "select source from draws")[1] == [("count",)]
    assert Component(strength=1, enter=0, leave=0, where="answer").where is Where.ANSWER
