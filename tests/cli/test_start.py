"""The package and its help are there at once."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "pandas", "scipy", "duckdb", "pyarrow", "pydantic", "numpy")
MOST_CPU_S = 0.4
PROGRAM = """
import resource, sys
sys.argv = ["foretoken", "--help"]
{work}
print([name for name in {heavy} if name in sys.modules], file=sys.stderr)
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, file=sys.stderr)
"""
HELP = """
from foretoken.cli.main import app
app(standalone_mode=False)
"""


@pytest.mark.parametrize("work", ["import foretoken", HELP], ids=["import", "help"])
def test_starting_takes_less_than_four_tenths_of_a_processor_second(work: str) -> None:
    program = PROGRAM.format(work=work, heavy=HEAVY)
    seconds: list[float] = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        loaded, used = done.stderr.splitlines()
        assert loaded == "[]"
        seconds.append(float(used))
    assert min(seconds) < MOST_CPU_S
