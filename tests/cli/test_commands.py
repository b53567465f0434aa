"""The command line: exit codes, one line per error, no model library where none is needed."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from pydantic.fields import FieldInfo
from typer.testing import CliRunner

from foretoken.cli.main import app
from foretoken.records import Draw, RateEstimate, Sampling, Truth
from foretoken.store.run import Run

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    made = Run.create(tmp_path / "run")
    estimate = RateEstimate(
        estimator="switch", exploit_type="process_exit", step=4, rate=0.01, published=True,
        lower_bound=0.005, interval=(0.006, 0.02), upper_bound=0.03, hits=30, effective_hits=25.0,
        draws=100, tasks=4,
    )  # fmt: skip
    made.append([estimate], part="measure-step-000004")
    truth = Truth(exploit_type="process_exit", step=4, draws=1000, hacks=11, deliberate=6, tasks=4)
    made.append([truth], part="counted")
    return made.path


def making(name: str) -> ModuleType:
    """The script that writes a page."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_commands_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "96")
    monkeypatch.setenv("NO_COLOR", "1")
    module = making("make_cli")
    assert (DOCS / "cli.md").read_text() == module.page(), "run: python docs/make_cli.py"


def test_the_page_of_settings_is_up_to_date() -> None:
    module = making("make_settings")
    page = module.page()
    assert (DOCS / "settings.md").read_text() == page, "run: python docs/make_settings.py"
    for keys in ("max_tokens", "wanted", "hint", "served", "horizon_step", "form"):
        assert f"| `{keys}` |" in page


def test_a_setting_without_a_docstring_or_a_unit_has_no_place_on_the_page() -> None:
    module = making("make_settings")
    silent, unknown = FieldInfo(), FieldInfo(description="So many.")
    with pytest.raises(SystemExit, match="length has no docstring"):
        module.row("length", silent, "text", "none")
    with pytest.raises(SystemExit, match="length is a number without a unit"):
        module.row("length", unknown, "whole number", "none")


def test_every_command_has_help_with_an_example() -> None:
    for words in making("make_cli").command_paths():
        shown = CliRunner().invoke(app, [*words, "--help"])
        assert shown.exit_code == 0
        assert "Example: foretoken " in shown.output, words


def test_what_the_user_must_change_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    folder = str(tmp_path / "absent")
    shown = CliRunner().invoke(
        app, ["bank", "build", "--run", str(tmp_path / "r"), "--subject", folder, "--donor", folder]
    )
    assert shown.exit_code == 2
    assert shown.stderr == f"SetupError: subject: there is no {folder}: check the path\n"
    assert len(shown.stderr.strip().splitlines()) == 1


def test_an_error_of_the_store_is_one_line_and_exit_code_1(run: Path) -> None:
    part = run / "estimates" / "measure-step-000004.parquet"
    part.write_bytes(part.read_bytes()[:-9])
    shown = CliRunner().invoke(app, ["query", str(run), "select 1 from estimates"])
    assert shown.exit_code == 1
    assert shown.stderr.startswith("StoreError: ")


def test_an_unknown_option_is_a_usage_error() -> None:
    assert CliRunner().invoke(app, ["measure", "--nonsense"]).exit_code == 2


def test_a_query_prints_rows_of_the_run(run: Path) -> None:
    sql = "select exploit_type, e.rate, t.hacks from estimates e join truth t using (exploit_type)"
    shown = CliRunner().invoke(app, ["query", str(run), sql])
    assert shown.exit_code == 0
    assert shown.stdout.split() == ["exploit_type", "rate", "hacks", "process_exit", "0.01", "11"]


def test_published_rates_are_printed_as_csv_and_json(run: Path) -> None:
    sql = "select exploit_type, rate, low, upper_bound from rates"
    shown = CliRunner().invoke(app, ["query", str(run), sql, "--csv"])
    assert shown.stdout == "exploit_type,rate,low,upper_bound\nprocess_exit,0.01,0.006,0.03\n"
    shown = CliRunner().invoke(
        app, ["query", str(run), "select 'é' as x, 1e999::double as y", "--json"]
    )
    assert shown.stdout == '{"x": "é", "y": "inf"}\n'


def test_hacks_are_queried_by_the_words_of_the_page(run: Path) -> None:
    sampling = Sampling(dtype="float32")
    kinds = [(True, "The flaw."), (False, "Hm."), (False, " "), (None, "Hm.")]
    draws = [
        Draw(
            key=f"d/{number}", source="count", task="t", exploit_type="a", step=number, tokens=(5,),
            ended=True, prompt_tokens=3, reasoning=reasoning, answer="x", hacked=True,
            deliberate=deliberate, sampling=sampling,
        )
        for number, (deliberate, reasoning) in enumerate(kinds)
    ]  # fmt: skip
    Run.open(run).append([*draws, draws[0].replacing(key="d/9", hacked=False)], part="some")
    shown = CliRunner().invoke(app, ["query", str(run), SPOKEN, "--csv"])
    assert shown.stdout.splitlines()[1:] == ["0,spoken", "1,unspoken", "2,no reasoning", "3,"]
    assert [each.spoken for each in draws][:3] == ["spoken", "unspoken", "no reasoning"]


SPOKEN = "select step, spoken from hacks order by step"


def test_short_help_and_the_module_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "foretoken", "forecast", "-h"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "Usage: foretoken forecast" in done.stdout) == (0, True)


def test_a_missing_extra_is_named_with_how_to_install_it(tmp_path: Path) -> None:
    file = tmp_path / "donor.toml"
    file.write_text(
        f'model = "{tmp_path}"\ntasks = "lists"\nout = "out"\nsteps = 3\nlearning_rate = 1e-4\n'
    )
    code = WITHOUT_MODELS.replace("ImportError(name)", "ModuleNotFoundError(name, name=name)")
    done = subprocess.run(
        [sys.executable, "-c", code, "train", "donor", "--config", str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pip install 'foretoken[train]'" in done.stderr
    assert "Traceback" not in done.stderr


WITHOUT_MODELS = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "transformers", "peft", "trl", "datasets"}:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
sys.argv = ["foretoken", *sys.argv[1:]]
from foretoken.cli.main import app
app()
"""


@pytest.mark.parametrize(
    "words", [["report"], ["query"], ["forecast", "--help"], ["check", "--help"], ["--help"]]
)
def test_reading_a_run_needs_no_model_library(run: Path, words: list[str]) -> None:
    if len(words) == 1 and words != ["--help"]:
        words = [*words, str(run)]
    if words[0] == "query":
        words = [*words, "select * from estimates"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MODELS, *words],
        capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "96"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
