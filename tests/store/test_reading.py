"""What is read grows with what is asked for, and no faster than the run."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
from test_run import a_draw

from foretoken.errors import StoreError
from foretoken.records import Draw, Sampling
from foretoken.store import reading
from foretoken.store.run import Run

COLUMNS = ["task", "exploit_type", "step", "hacked", "deliberate"]


class Counted:
    """Parts opened, and rows and columns of the Parquet files that were read."""

    def __init__(self) -> None:
        self.opened: list[str] = []


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    found, fragment = Counted(), reading._fragment

    def counting(path: Path) -> pads.Fragment:
        found.opened.append(path.name)
        return fragment(path)

    monkeypatch.setattr(reading, "_fragment", counting)
    return found


def filled(folder: Path, *, draws: int, part_draws: int = 500) -> Run:
    run = Run.create(folder)
    tokens = tuple(range(1000, 1064))
    sampling = Sampling()
    for number in range(draws // part_draws):
        made = [
            a_draw(f"{number}-{i}", step=number % 4, tokens=tokens, sampling=sampling)
            for i in range(part_draws)
        ]
        run.append(made, part=f"bank-{number:05d}")
    return run


def test_files_opened_and_rows_read_grow_like_the_run(tmp_path: Path, counted: Counted) -> None:
    sizes: list[tuple[int, int]] = []
    for draws in (10_000, 20_000):
        run = filled(tmp_path / str(draws), draws=draws)
        counted.opened.clear()
        rows = run.table(Draw, columns=COLUMNS).num_rows
        sizes.append((len(counted.opened), rows))
    assert sizes == [(20, 10_000), (40, 20_000)]


def test_a_fresh_process_looks_into_one_part_before_it_adds_another(
    tmp_path: Path, counted: Counted
) -> None:
    filled(tmp_path, draws=400, part_draws=20)
    Run.open(tmp_path).append([a_draw("rollout", source="rollout")], part="rollout-1")
    for part in ("bank-00019", "bank-00020", "rollout-2"):
        again, source = Run.open(tmp_path), part.split("-")[0]
        counted.opened.clear()
        again.append([a_draw("x", source=source)], part=part, replace=True)
        again.append([a_draw("y", source=source)], part=f"{part}-more")
        assert len(counted.opened) == 1, part


def test_columns_that_nobody_asked_for_are_not_read(tmp_path: Path) -> None:
    path = filled(tmp_path, draws=500).append([a_draw()], part="p")
    assert isinstance(path, Path)
    content = bytearray(path.read_bytes())
    with pq.ParquetFile(path) as file:
        group = file.metadata.row_group(0)
        columns = [group.column(number) for number in range(group.num_columns)]
    tokens = next(each for each in columns if each.path_in_schema.startswith("tokens"))
    start = tokens.dictionary_page_offset or tokens.data_page_offset
    content[start : start + tokens.total_compressed_size] = b"\xff" * tokens.total_compressed_size
    path.write_bytes(content)
    run = Run.open(tmp_path)
    assert run.table(Draw, columns=COLUMNS).num_rows == 501
    with pytest.raises(StoreError, match=r"p\.parquet is damaged"):
        run.table(Draw, columns=["tokens"])
    none = run.table(Draw, part="p", where=pc.field("step") > 5)
    assert none.num_rows == 0, "the statistics say that no row is wanted, so none is read"


def test_something_can_be_computed_from_a_column_instead_of_being_kept(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    run.append([a_draw("a", tokens=(1, 2)), a_draw("b", tokens=())], part="p")
    wanted = {"key": pc.field("key"), "length": pc.list_value_length(pc.field("tokens"))}
    assert run.table(Draw, columns=wanted).to_pydict() == {"key": ["a", "b"], "length": [2, 0]}
    assert Run.create(tmp_path / "none").table(Draw, columns=wanted).to_pydict() == {
        "key": [],
        "length": [],
    }


def rewritten(path: object, change: Sequence[str], extra: str | None = None) -> None:
    assert isinstance(path, Path)
    table = pq.read_table(path).drop_columns(list(change))
    if extra is not None:
        table = table.append_column(extra, pa.array([1] * table.num_rows))
    pq.write_table(table, path)


def test_parts_of_an_older_version_take_defaults_beside_those_of_this_one(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    rewritten(run.append([a_draw("a")], part="p1"), ["stage", "flaw_word"])
    run.append([a_draw("b", stage=2)], part="p2")
    assert [(draw.key, draw.stage) for draw in run.read(Draw)] == [("a", 0), ("b", 2)]


def test_parts_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    rewritten(run.append([a_draw("a")], part="p1"), [], extra="mood")
    with pytest.raises(StoreError, match=r"p1\.parquet does not fit this version.*mood"):
        run.read(Draw)
    rewritten(run.append([a_draw("a")], part="p1", replace=True), ["tokens"])
    with pytest.raises(StoreError, match=r"a stored Draw does not fit this version.*tokens"):
        run.read(Draw)
