"""The same attacks on a sandbox that an ordinary user set up (in a user namespace)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NOBODY = 65534
ATTACKS = (
    "test_reaching_answers.py",
    "test_reaching_the_harness.py",
    "test_forging.py",
    "test_ending_and_exhausting.py",
    "test_escaping.py",
    "test_channels.py",
    "test_covert_channels.py",
    "test_dying_and_poisoning.py",
    "test_what_one_may_take.py",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", ATTACKS)
def test_the_attacks_fail_for_an_ordinary_user_too(name: str) -> None:
    path = str(HERE / name)
    if os.getuid() != 0:
        # This test run is an ordinary user's already: the attacks are in it under their own names.
        assert "CapEff:\t0000000000000000" in Path("/proc/self/status").read_text()
        assert Path(path).is_file()
        return
    done = subprocess.run(
        [sys.executable, "-B", str(HERE / "ordinary.py"), str(NOBODY), path, "-W", "error"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert f"user {NOBODY}" in done.stdout
    assert "failed" not in done.stdout
    assert "skipped" not in done.stdout
    dots = re.findall(r"^(\.+)\s+\[ *\d+%\]$", done.stdout, flags=re.MULTILINE)
    assert sum(map(len, dots)) >= 20
