"""Forecast which ways of cheating its graders an RL run is about to learn, before it learns them.

The names below are the public surface. They are imported on first use, so that reading a run and
building its report need no model library.
"""

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foretoken.bank.build import build_bank
    from foretoken.bank.config import BankConfig
    from foretoken.engines.transformers.load import load_model
    from foretoken.engines.transformers.sample import sample
    from foretoken.engines.transformers.score import score
    from foretoken.errors import ForetokenError
    from foretoken.pipeline.forecast import ForecastConfig, make_forecast
    from foretoken.pipeline.measure import MeasureConfig, measure
    from foretoken.records import (
        BankHealth,
        Doubt,
        Draw,
        Forecast,
        RateEstimate,
        Score,
        Task,
        Truth,
        Verdict,
    )
    from foretoken.report.notebook import Run
    from foretoken.report.page import write_report
    from foretoken.tasks.base import GraderPool
    from foretoken.tasks.check import check_tasks
    from foretoken.tasks.code import Case, CodeTask
    from foretoken.tasks.load import load_tasks

_HOMES = {
    "BankConfig": "foretoken.bank.config",
    "BankHealth": "foretoken.records",
    "Case": "foretoken.tasks.code",
    "CodeTask": "foretoken.tasks.code",
    "Draw": "foretoken.records",
    "Doubt": "foretoken.records",
    "Forecast": "foretoken.records",
    "ForecastConfig": "foretoken.pipeline.forecast",
    "ForetokenError": "foretoken.errors",
    "GraderPool": "foretoken.tasks.base",
    "MeasureConfig": "foretoken.pipeline.measure",
    "RateEstimate": "foretoken.records",
    "Run": "foretoken.report.notebook",
    "Score": "foretoken.records",
    "Task": "foretoken.records",
    "Truth": "foretoken.records",
    "Verdict": "foretoken.records",
    "build_bank": "foretoken.bank.build",
    "check_tasks": "foretoken.tasks.check",
    "load_model": "foretoken.engines.transformers.load",
    "load_tasks": "foretoken.tasks.load",
    "make_forecast": "foretoken.pipeline.forecast",
    "measure": "foretoken.pipeline.measure",
    "sample": "foretoken.engines.transformers.sample",
    "score": "foretoken.engines.transformers.score",
    "write_report": "foretoken.report.page",
}

__all__ = (
    "BankConfig",
    "BankHealth",
    "Case",
    "CodeTask",
    "Doubt",
    "Draw",
    "Forecast",
    "ForecastConfig",
    "ForetokenError",
    "GraderPool",
    "MeasureConfig",
    "RateEstimate",
    "Run",
    "Score",
    "Task",
    "Truth",
    "Verdict",
    "build_bank",
    "check_tasks",
    "load_model",
    "load_tasks",
    "make_forecast",
    "measure",
    "sample",
    "score",
    "write_report",
)


def __dir__() -> list[str]:
    return sorted((*__all__, "__version__"))


def __getattr__(name: str) -> Any:
    """Import a public name from its home."""
    if name == "__version__":
        return version("foretoken")
    if name not in _HOMES:
        raise AttributeError(f"module 'foretoken' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
