"""Lines as our hook inside of TRL writes them, with failures of graders that are known."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foretoken.integrations.trl import _line
from foretoken.pipeline.logged import ImportConfig, Imported, import_logs
from foretoken.pipeline.shadowed import Shadow


def batch(
    step: int,
    values: Mapping[str, Sequence[float | None]],
    *,
    said: Sequence[str] | None = None,
    prompts: Sequence[str] | None = None,
    seconds: Mapping[str, float] | None = None,
    errors: Mapping[str, str] | None = None,
    version: int = 2,
) -> dict[str, Any]:
    """One batch that some reward functions graded; answers differ unless they are given."""
    many = len(next(iter(values.values())))
    texts = list(said or (f"answer {step}/{place}" for place in range(many)))
    seen = {
        "ids": [[ord(sign) for sign in text] for text in texts],
        "prompts": list(prompts or ["p"] * many),
        "completions": texts,
        "columns": {},
        "step": step,
        "training": True,
        "parts": {name: None if name in (errors or {}) else v for name, v in values.items()},
        "graders": {
            name: {"seconds": (seconds or {}).get(name, 0.1), "error": (errors or {}).get(name)}
            for name in values
        },
    }
    return {"foretoken": version, **_line(seen, weights=dict.fromkeys(values, 1.0), task=None)}


def write(run: Path, lines: Sequence[Mapping[str, Any]], *, process: int = 1) -> Path:
    """Append lines to the inbox of a run, as one process of a training."""
    file = run / "inbox" / f"rollouts-host-{process}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as opened:
        opened.writelines(json.dumps(line) + "\n" for line in lines)
    return file


def imported(run: Path, *, second: Shadow | None = None, **settings: Any) -> Imported:
    """Import what the hook wrote."""
    given = {"run": run, "workers": 1, **settings}
    return import_logs(ImportConfig.model_validate(given), shadow=second, show=False)
