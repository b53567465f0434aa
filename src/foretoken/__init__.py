"""Forecast which ways of cheating its graders an RL run is about to learn, before it learns them.

The names below are the public surface. They are imported on first use, so that reading a run and
building its report need no model library.
"""

import importlib
from typing import Any

_HOMES = {
    "BankConfig": "foretoken.pipeline.bank",
    "BankHealth": "foretoken.records",
    "Case": "foretoken.records",
    "Draw": "foretoken.records",
    "Doubt": "foretoken.records",
    "Forecast": "foretoken.records",
    "ForecastConfig": "foretoken.pipeline.forecast",
    "ForetokenError": "foretoken.errors",
    "GraderPool": "foretoken.tasks.base",
    "MeasureConfig": "foretoken.pipeline.measure",
    "RateEstimate": "foretoken.records",
    "Run": "foretoken.store.run",
    "Score": "foretoken.records",
    "Task": "foretoken.records",
    "Truth": "foretoken.records",
    "Verdict": "foretoken.records",
    "build_bank": "foretoken.pipeline.bank",
    "check_tasks": "foretoken.tasks.check",
    "load_model": "foretoken.models.load",
    "load_tasks": "foretoken.tasks.load",
    "make_forecast": "foretoken.pipeline.forecast",
    "measure": "foretoken.pipeline.measure",
    "sample": "foretoken.models.sample",
    "score": "foretoken.models.score",
    "write_report": "foretoken.report.page",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    """Import a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module 'foretoken' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
