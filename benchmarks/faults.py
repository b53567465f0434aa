"""Whether the tests see a wrong estimator: `python benchmarks/faults.py`.

Puts one fault at a time into a copy of the project, runs the tests of the estimators on it, and
prints what caught it. Ends with status 1 where a fault was not caught. About ten minutes.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).resolve().parents[1]
TESTS = ("tests/estimate", "tests/pipeline/test_toys.py", "tests/pipeline/test_calibrate.py")


@dataclass(frozen=True)
class Fault:
    """One change of one place in `src/foretoken`."""

    estimator: str
    what: str
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...] = TESTS
    """That should see it."""


FAULTS = (
    Fault(
        "count",
        "pooled in place of the mean over tasks",
        "estimate/count.py",
        "weights=share_d * gate.factor_d",
        "weights=gate.factor_d",
    ),
    Fault(
        "prefix",
        "ratio swapped",
        "estimate/prefix.py",
        "log_p_subject - log_p_donor + log_share_d",
        "log_p_donor - log_p_subject + log_share_d",
    ),
    Fault(
        "prefix",
        "pooled in place of the mean over tasks",
        "estimate/prefix.py",
        "log_share_d = -np.log(draws_x[index] * len(draws_x))",
        "log_share_d = np.full(len(index), -np.log(len(index)))",
    ),
    Fault(
        "corrected prefix",
        "prefixes of hacking traces, weighted by the unconditional donor",
        "calibration/toys.py",
        "chosen = np.arange(len(task)) if corrected else np.flatnonzero(system.hacked(traces))",
        "chosen = np.flatnonzero(system.hacked(traces))",
    ),
    Fault(
        "donor",
        "ratio swapped",
        "estimate/mixture.py",
        "ratio_dm[:, mine] = _sum",
        "ratio_dm[:, mine] = -_sum",
    ),
    Fault(
        "ladder",
        "the subject's rung left out of the density",
        "estimate/mixture.py",
        "    log_q_d = np.asarray(pooled",
        "    pooled = logsumexp(log_parts_dm[:, 1:], axis=1)\n    log_q_d = np.asarray(pooled",
    ),
    Fault(
        "path",
        "the slope read in place of the value at strength 0",
        "estimate/path.py",
        "expit(float(line[1]))",
        "expit(float(line[0]))",
    ),
    Fault(
        "switch",
        "ratio swapped",
        "estimate/switch.py",
        "log_w=log_p_subject - log_q,",
        "log_w=log_q - log_p_subject,",
    ),
    Fault(
        "switch",
        "pooled in place of the mean over tasks",
        "estimate/switch.py",
        "log_w=log_p_subject - log_q,",
        "log_w=log_p_subject - log_q + np.log(draws_per_task[task] / draws_per_task.mean()),",
    ),
    Fault(
        "switch",
        "last token left out of the density",
        "estimate/mixture.py",
        "        steep_dk = np",
        "        step_dk[:, -1:] = 0.0\n        steep_dk = np",
    ),
    Fault(
        "switch",
        "no draws of the subject itself",
        "estimate/mixture.py",
        "np.concatenate([[SUBJECT_SHARE], (1 - SUBJECT_SHARE) * others])",
        "np.concatenate([[0.0], others])",
    ),
    Fault(
        "switch",
        "a kept hit of a thinned bank stands for itself alone",
        "estimate/thin.py",
        "1.0 / keep, 0.0)",
        "1.0, 0.0)",
    ),
    Fault(
        "gate",
        "all hits decide",
        "estimate/gate.py",
        "_says_yes(log_w[own], text[own], stands_for[own]) for own",
        "_says_yes(log_w, text, stands_for) for own",
    ),
    Fault(
        "gate",
        "the number of all hits, those that decided included",
        "estimate/gate.py",
        "np.ones(hits) if all(says) else rest_sd.mean(axis=0) / (1 - SHARE)",
        "np.ones(hits)",
    ),
    Fault(
        "gate",
        "the rest not scaled to the whole",
        "estimate/gate.py",
        "rest_sd.mean(axis=0) / (1 - SHARE)",
        "rest_sd.mean(axis=0)",
    ),
    Fault(
        "gate",
        "the variance of the log weights left out of what is foreseen",
        "estimate/foresee.py",
        "first**2 * variance_b / 2",
        "0.0 * variance_b",
    ),
    Fault(
        "bounds",
        "own draws pooled though tasks got unequal numbers",
        "estimate/bounds.py",
        "share = float((hits_x / draws_x).sum())",
        "return int(hits_x.sum()), int(draws_x.sum())",
    ),
    Fault(
        "slope",
        "the smaller of the errors over hits and over tasks",
        "estimate/bootstrap.py",
        "return float((error_r * widened_r).max())",
        "return float(error_r.min())",
    ),
    Fault(
        "posterior",
        "a bank that misses no route",
        "estimate/posterior.py",
        "(1.0 - MISSED) * covered + MISSED * missing",
        "covered",
    ),
    Fault(
        "posterior",
        "growth turned around",
        "estimate/posterior.py",
        "np.exp(-1j *",
        "np.exp(1j *",
    ),
    Fault(
        "posterior",
        "nothing left of what the bets reject",
        "estimate/posterior.py",
        "if weighed.lower_bound > 0:",
        "if weighed.lower_bound > 1:",
    ),
    Fault(
        "posterior",
        "later counts are read",
        "estimate/posterior.py",
        "(counts.step <= step) & ",
        "",
    ),
    Fault(
        "covered mass",
        "the mean over what does not hack in place of all draws",
        "estimate/covered.py",
        "np.zeros(drawn - len(log_q))",
        "np.zeros(0)",
    ),
    Fault(
        "covered mass",
        "a point where much is missing",
        "estimate/doubts.py",
        ", Doubt.MUCH_UNCOVERED})",
        "})",
    ),
    Fault(
        "hint",
        "scored after the prompt without it",
        "work/scoring.py",
        "with_hint(task, self.hint)",
        "task",
        ("tests/pipeline/test_hinted_bank.py",),
    ),
    Fault(
        "hint",
        "read at the positions of the prompt without it",
        "engines/transformers/speaking.py",
        "    for step in range(steps):\n",
        "    voices[-1].mask_dk = voices[0].mask_dk\n    for step in range(steps):\n",
        ("tests/engines/test_hinted_windows.py",),
    ),
)


def main() -> None:
    """Inject, run, print."""
    table = Table(title="One fault at a time, and the tests that fail")
    for name in ("estimator", "fault", "failed", "first of them"):
        table.add_column(name)
    missed = 0
    for fault in FAULTS:
        failed = failures(fault)
        missed += not failed
        print(f"{fault.estimator}, {fault.what}: {len(failed)} failed", flush=True)
        table.add_row(fault.estimator, fault.what, str(len(failed)), failed[0] if failed else "")
    Console(width=140).print(table)
    sys.exit(missed > 0)


def failures(fault: Fault) -> list[str]:
    """Names of the tests that fail with a fault."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for part in ("src", "tests"):
            shutil.copytree(PROJECT / part, copy / part)
        shutil.copy(PROJECT / "pyproject.toml", copy)
        file = copy / "src/foretoken" / fault.file
        text = file.read_text()
        if text.count(fault.right) != 1:
            raise SystemExit(f"{fault.file} holds {fault.right!r} {text.count(fault.right)} times.")
        file.write_text(text.replace(fault.right, fault.wrong))
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *fault.tests],
            cwd=copy,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(copy / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
    found = re.findall(r"^FAILED tests/\S*?(\w+\.py::\w+)", done.stdout, flags=re.MULTILINE)
    if done.returncode not in (0, 1):
        raise SystemExit(f"pytest did not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return sorted(set(found))


if __name__ == "__main__":
    main()
