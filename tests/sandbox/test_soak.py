"""Many submissions, some hostile, through one pool: nothing piles up, no verdict changes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.mark.slow
def test_nothing_is_left_behind_and_hostile_neighbours_change_no_verdict() -> None:
    """The benchmark counts, in a process of its own, and exits with 1 where anything is wrong."""
    done = subprocess.run(
        [sys.executable, str(SOAK), "--jobs", "1500", "--workers", "3", "--seed", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    (said,) = re.findall(r"(\d+) honest submissions, 0 ended differently.* (\d+) hos", done.stdout)
    assert sum(map(int, said)) == 1500
    assert int(said[1]) > 50
    assert "0 faults" in done.stdout
