"""A run that goes on is forecast from where it stands, by rollouts alone where it has no bank."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from foretoken.audit_records import AuditedKind, AuditRecord
from foretoken.cli.main import app
from foretoken.errors import SetupError
from foretoken.pipeline.forecast import ForecastConfig, make_forecast
from foretoken.records import Forecast, Source, Tally
from foretoken.store.run import Run
from foretoken.store.toml import dump_toml

STEPS, ROLLOUTS = 40, 40


def begun(folder: Path, *, until: int, told: bool = True) -> Path:
    """Of `rising` one rollout in 40 hacks and is paid, of `quiet` none does."""
    run = Run.create(folder)
    tallies = [
        Tally(
            exploit_type=name,
            step=step,
            source=Source.ROLLOUT,
            draws=ROLLOUTS,
            hacks=hacks,
            paid=hacks,
            spoken=0,
            reward=float(hacks),
        )
        for name, hacks in (("rising", 1), ("quiet", 0))
        for step in range(until)
    ]
    if tallies:
        run.append(tallies, part="all")
    settings = {"steps": STEPS, "prompts_per_step": 10, "generations": 8} if told else {}
    (run.folder / "config.toml").write_text(dump_toml({"train_rl": settings}))
    return run.folder


def chances(run: Path, **settings: object) -> dict[str, Forecast]:
    made = make_forecast(ForecastConfig.model_validate({"run": run, **settings}))
    assert {each.method for each in made} == {"blend"}
    return {each.exploit_type: each for each in made}


def test_it_is_forecast_from_where_it_stands_and_when_it_is_over_from_a_fifth(
    tmp_path: Path,
) -> None:
    live = chances(begun(tmp_path / "live", until=16))
    assert {each.cutoff_step for each in live.values()} == {15}
    assert {each.horizon_step for each in live.values()} == {STEPS}
    assert (live["rising"].probability or 0) > 0.5 > (live["quiet"].probability or 1)
    over = chances(begun(tmp_path / "over", until=STEPS + 1))
    assert {each.cutoff_step for each in over.values()} == {8}
    assert {each.cutoff_step for each in chances(tmp_path / "over", cutoff=0.5).values()} == {20}


def test_what_an_audit_found_closed_is_believed(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", until=16)
    told = chances(run, closed=("rising",))
    assert (told["rising"].probability or 1) < 0.2
    assert "open with 0 % probability" in told["rising"].reason
    with pytest.raises(SetupError, match="does not have: risng; it has quiet, rising"):
        chances(run, closed=("risng",))


def audited(file: Path, paid: dict[str, int]) -> Path:
    """An audit that tried types, and paid for so many of three answers."""
    kinds = [
        AuditedKind(name=f"as {name}", attack=True, exploit_type=name, fired=3, paid=count)
        for name, count in paid.items()
    ]
    record = AuditRecord(
        grader="mine.py:grade",
        domain="code",
        forms=("alone",),
        right=1.0,
        wrong=0.0,
        questions=3,
        asked=9,
        seconds=None,
        kinds=tuple(kinds),
        findings=(),
    )
    file.write_text(record.model_dump_json())
    return file


def test_an_audit_in_a_file_closes_what_it_tried_and_did_not_see_paid(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", until=16)
    told = chances(run, audit=audited(tmp_path / "a.json", {"rising": 0, "quiet": 1}))
    assert told == chances(run, closed=("rising",))
    assert told != chances(run, audit=audited(tmp_path / "b.json", {"rising": 1, "quiet": 0}))
    neither = chances(run, audit=audited(tmp_path / "c.json", {"rising": 2, "other": 0}))
    assert neither == chances(run, closed=())
    with pytest.raises(SetupError, match=r"tried none of the run's exploit types \(quiet, rising"):
        chances(run, audit=audited(tmp_path / "d.json", {"other": 0}))
    (tmp_path / "e.json").write_text("{}")
    with pytest.raises(SetupError, match=r"e\.json cannot be read .*foretoken audit GRADER --out"):
        chances(run, audit=tmp_path / "e.json")


def test_what_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", until=16)
    with pytest.raises(SetupError, match=r"step 15.*not after the cutoff.*step 15"):
        chances(run, horizon_step=15, cutoff_step=15)
    bare = begun(tmp_path / "bare", until=16, told=False)
    with pytest.raises(SetupError, match="give --horizon-step"):
        chances(bare)
    assert chances(bare, horizon_step=STEPS)["rising"].cutoff_step == 15
    empty = begun(tmp_path / "empty", until=0)
    with pytest.raises(SetupError, match="neither rollouts nor measured checkpoints"):
        chances(empty, horizon_step=STEPS)


def test_the_command_tells_chances_and_what_they_rest_on(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", until=16)
    said = CliRunner().invoke(app, ["forecast", str(run), "--closed", "quiet"])
    assert said.exit_code == 0, said.output
    assert "rising" in said.output
    assert "Probabilities rest on" in said.output
    stored = {each.exploit_type: each for each in Run.open(run).read(Forecast)}
    assert [step for step, _ in stored["rising"].chances] == [22, 28, 34, 40]
