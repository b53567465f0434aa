"""Graders that are a command: a line of JSON in, a line of JSON out."""

import json
import shlex
import subprocess
from typing import Any

from foretoken.graders.shapes import Answering, Given, Job, as_given


def command(path: str, given: dict[str, Any]) -> Answering:
    """Return what answers jobs by a command that goes on running.

    It reads a line of JSON for each answer (`prompt`, `completion`, `truth`, columns of the
    dataset and what was given) and has to write a line at once: a number, null for none, or an
    object with `score`, `reward` or `value`.

    Args:
        path: The command with its arguments, as in a shell, which it is not run by.
        given: What else each line holds.
    """
    process = subprocess.Popen(
        shlex.split(path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )

    def answer(job: Job) -> Given:
        assert process.stdin is not None
        assert process.stdout is not None
        asked = {"prompt": job["prompt"], "completion": job["text"], "truth": job["truth"]}
        process.stdin.write(json.dumps({**job["columns"], **asked, **given}) + "\n")
        process.stdin.flush()
        said = process.stdout.readline()
        if not said:
            raise SystemExit(f"the command ended with exit code {process.wait()}")
        return as_given(json.loads(said))

    return answer
