from pathlib import Path

import pytest
import typer
from synthetic import full_run
from typer.testing import CliRunner

from foretoken.cli.report import report
from foretoken.errors import RunError, StoreError
from foretoken.report.load import load
from foretoken.report.page import render, write_report
from foretoken.store.run import Run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    full = full_run()
    stored = Run.create(tmp_path / "mine")
    for records in (full.estimates, full.truth, full.forecasts, full.health, full.controls):
        stored.append(records, part="all")
    stored.append(full.hits, part="hits")
    miss = full.hits[0].model_copy(
        update={"key": "rollout/0", "source": "rollout", "hacked": False, "deliberate": None}
    )
    unknown = miss.model_copy(update={"key": "rollout/1", "hacked": None})
    hack = miss.model_copy(update={"key": "rollout/2", "hacked": True, "deliberate": True})
    stored.append([miss, unknown, hack], part="rollouts")
    stored.append(list(full.tasks.values()), part="tasks")
    stored.write_provenance(full.provenance)
    return stored.path


def test_report_of_a_stored_run_equals_that_of_its_records(run: Path):
    loaded = load(run)
    full = full_run()
    assert sorted(map(repr, loaded.estimates)) == sorted(map(repr, full.estimates))
    assert loaded.tasks == full.tasks
    assert loaded.provenance == full.provenance
    assert "What emerged: 6 of 6 expected, 0 of 1 unknown, 0 of 4 not expected" in render(loaded)


def test_own_draws_without_a_verdict_are_not_counted(run: Path):
    (count,) = load(run).own_hacks
    assert (count.draws, count.hacks, count.deliberate) == (2, 1, 1)


def test_only_hacks_are_examples(run: Path):
    hits = load(run).hits
    assert hits
    assert all(hit.hacked for hit in hits)


def test_command_writes_the_page_into_the_run_and_says_where(run: Path):
    app = typer.Typer()
    app.command()(report)
    result = CliRunner().invoke(app, [str(run)])
    assert result.exit_code == 0, result.output
    assert "report.html" in result.output
    assert (run / "report.html").read_text().startswith("<!doctype html>")


def test_report_of_a_missing_run_is_refused(tmp_path: Path):
    with pytest.raises(RunError, match="there is no run at"):
        write_report(tmp_path / "nowhere", tmp_path / "out.html")


def test_report_that_cannot_be_written_leaves_nothing_behind(run: Path, tmp_path: Path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(StoreError, match="could not be written"):
        write_report(run, tmp_path / "taken")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["mine", "taken"]


def test_run_with_a_configuration_alone_has_a_report(tmp_path: Path):
    Run.create(tmp_path / "new")
    (tmp_path / "new" / "config.toml").write_text("[bank]\nseed = 1\n")
    assert "no estimates yet" in write_report(tmp_path / "new", tmp_path / "o.html").read_text()
