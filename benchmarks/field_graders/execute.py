"""Runs scripts in the environment of a grader: a line of JSON each, answered by what it prints."""

import json
import os
import resource
import sys
from typing import Any


def main() -> None:
    """Answer until there are no more."""
    resource.setrlimit(resource.RLIMIT_DATA, (4096 << 20, 4096 << 20))
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)
        for line in sys.stdin:
            print(json.dumps(_printed(json.loads(line))), file=out, flush=True)


def _printed(source: str) -> str:
    said: list[Any] = []
    try:
        exec(source, {"print": said.append})  # noqa: S102  our own three lines
        (value,) = said
        return "no value" if value is None else f"{float(value):g}"
    except BaseException as error:  # noqa: BLE001  a grader may raise anything
        return f"{type(error).__name__}: {error}"[:300]


if __name__ == "__main__":
    main()
