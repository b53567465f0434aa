"""A run in a notebook: data frames of what is published, and the report's figures."""

from pathlib import Path

import pytest
from run_parts import bound, point
from synthetic import full_run

import foretoken
from foretoken.errors import RunError, SetupError
from foretoken.store.run import Run


@pytest.fixture
def run(tmp_path: Path) -> str:
    stored = Run.create(tmp_path / "mine")
    stored.append([point("a", 1, 0.01), bound("a", 2, 0.002)], part="one")
    stored.append([point("a", 1, 0.02, estimator="prefix")], part="two")
    return str(stored.path)


def test_rates_hold_what_is_published_and_nothing_else(run: str) -> None:
    opened = foretoken.Run.open(run)
    assert isinstance(opened, Run)
    rates = opened.rates()
    assert rates["rate"].notna().tolist() == [True, False]
    assert rates["lower_bound"].tolist() == [0.005, 0.002]
    assert (rates["low"][0], rates["high"][0]) == (0.005, 0.02)
    assert len(opened.estimates()) == 3
    assert opened.sql("select max(step) as last from rates")["last"][0] == 2


def test_figures_are_those_of_the_report(tmp_path: Path) -> None:
    full = full_run()
    stored = foretoken.Run.create(tmp_path / "mine")
    for records in (full.estimates, full.truth, full.forecasts):
        stored.append(records, part="all")
    picture = stored.plot("forecast")
    assert "What was expected, beside what happened" in str(picture)
    assert picture._repr_html_().startswith('<iframe srcdoc="&lt;!doctype html')
    switch, prefix = str(stored.plot("switch")), str(stored.plot("prefix"))
    assert 'data-toggle="switch" aria-pressed="true"' in switch
    assert 'data-toggle="prefix" aria-pressed="true"' in prefix
    assert '<ul class="panels hide-switch' in prefix
    assert '<ul class="panels hide-prefix' in switch
    assert len(stored.forecasts()) == len(full.forecasts)


def test_what_is_not_there_is_said(run: str) -> None:
    opened = foretoken.Run.open(run)
    with pytest.raises(SetupError, match=r"nothing of 'forecast' to plot.* has switch, prefix"):
        opened.plot("forecast")
    with pytest.raises(RunError, match="views of this run: estimates"):
        opened.forecasts()
    with pytest.raises(RunError, match="there is no run at nowhere"):
        foretoken.Run.open("nowhere")


def test_names_and_version_are_found() -> None:
    assert foretoken.__version__ == "0.1.0"
    assert {"Run", "measure", "__version__"} <= set(dir(foretoken))
