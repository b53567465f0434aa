"""Settings say what is wrong with them, and those that a run keeps can be given back."""

import subprocess
import sys
from pathlib import Path

import pytest

from foretoken.bank.config import BankConfig
from foretoken.errors import SetupError
from foretoken.pipeline.forecast import ForecastConfig
from foretoken.store.run import Run
from foretoken.train.config import DonorConfig
from foretoken.watch.config import WatchConfig
from foretoken.work.settings import require_paths, resolve


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_key_that_is_none_is_named_with_the_one_it_may_stand_for(tmp_path: Path) -> None:
    file = write(tmp_path / "a.toml", 'run = "r"\nthreshhold = 0.1\n')
    with pytest.raises(SetupError, match=r"threshhold is no setting: did you mean threshold\?"):
        resolve(ForecastConfig, file, {})
    file = write(tmp_path / "b.toml", 'run = "r"\n[costs]\nclean = 1\n')
    with pytest.raises(SetupError, match=r"costs.clean is no setting: did you mean clean_share\?"):
        resolve(WatchConfig, file, {})
    file = write(tmp_path / "c.toml", 'run = "r"\nxyzzy = 1\n')
    with pytest.raises(SetupError, match="xyzzy is no setting: there are audit, closed, cutoff"):
        resolve(ForecastConfig, file, {})


@pytest.mark.parametrize("value", [0.0, 1.0, 7.0, float("nan")])
def test_a_threshold_that_is_no_rate_is_refused(value: float) -> None:
    with pytest.raises(SetupError, match="threshold"):
        resolve(ForecastConfig, None, {"run": Path("r"), "threshold": value})


def test_what_a_run_keeps_can_be_given_back(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run")
    kept = ForecastConfig(run=tmp_path / "run", horizon_step=80, threshold=0.3)
    run.write_config("forecast", kept)
    run.write_config("watch", WatchConfig(run=tmp_path / "run"))
    again = resolve(ForecastConfig, tmp_path / "run" / "config.toml", {"seed": 3})
    assert again == kept.replacing(seed=3)


def test_a_path_that_is_not_there_is_named_before_anything_is_loaded(tmp_path: Path) -> None:
    settings = {"run": tmp_path, "subject": tmp_path, "donor": tmp_path / "nowhere"}
    with pytest.raises(SetupError, match=r"donor: there is no .*nowhere: check the path"):
        require_paths(resolve(BankConfig, None, settings))
    text = 'model = "nowhere"\ntasks = "lists"\nout = "out"\nsteps = 3\nlearning_rate = 1e-4\n'
    file = write(tmp_path / "donor.toml", text)
    with pytest.raises(SetupError, match="model: there is no nowhere"):
        require_paths(resolve(DonorConfig, file, {}))
    code = (
        "import sys\n"
        "from foretoken.cli.main import app\n"
        "try: app()\n"
        "finally: sys.stderr.write(f\"torch loaded: {'torch' in sys.modules}\")"
    )
    command = [sys.executable, "-c", code, "train", "donor", "--config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "torch loaded: False" in done.stderr) == (2, True), done.stderr
