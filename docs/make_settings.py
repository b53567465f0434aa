"""Write docs/settings.md from the settings' classes: `python docs/make_settings.py`."""

import inspect
import types
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from foretoken.audit.config import AuditConfig
from foretoken.bank.config import BankConfig
from foretoken.bank.control import ControlConfig
from foretoken.bank.refresh import RefreshConfig
from foretoken.calibration.calibrate import CalibrateConfig
from foretoken.pipeline.attribute import AttributeConfig
from foretoken.pipeline.backtest import BacktestConfig
from foretoken.pipeline.demo import DemoConfig
from foretoken.pipeline.discover import DiscoverConfig
from foretoken.pipeline.forecast import ForecastConfig
from foretoken.pipeline.logged import ImportConfig
from foretoken.pipeline.measure import MeasureConfig
from foretoken.ports.config import ExportConfig
from foretoken.store.toml import dump_toml
from foretoken.train.config import DonorConfig, RLConfig, WarmupConfig
from foretoken.watch.config import WatchConfig

PAGE = Path(__file__).with_name("settings.md")
COMMANDS: dict[str, type[BaseModel]] = {
    "train donor": DonorConfig,
    "train warmup": WarmupConfig,
    "train rl": RLConfig,
    "bank build": BankConfig,
    "bank refresh": RefreshConfig,
    "bank control": ControlConfig,
    "measure": MeasureConfig,
    "import": ImportConfig,
    "watch": WatchConfig,
    "forecast": ForecastConfig,
    "attribute": AttributeConfig,
    "discover": DiscoverConfig,
    "audit": AuditConfig,
    "backtest": BacktestConfig,
    "export": ExportConfig,
    "demo": DemoConfig,
    "calibrate": CalibrateConfig,
}
INTRODUCTION = """# Settings

Every key of every command. Commands with `--config` read them from a TOML file; where a command
has an option of the same name, the option wins ([cli.md](cli.md)). Keys of a table stand under its
name:

```toml
model = "models/base"    # foretoken train donor --config donor.toml
tasks = "tasks.jsonl"
out = "out/donor"

[quality]
wanted = 0.3
```

What is not known is refused, with its name. The resolved settings stay with what they made: in the
run's `config.toml`, or in `settings.toml` beside a trained adapter or model.

This page is made by `python docs/make_settings.py`.
"""
UNITS = {
    "draws": "draws hit_draws donor_draws count_draws check_draws contact_draws part_draws"
    " draws_per_task",
    "tokens": "max_tokens pass_tokens typical_tokens prefix_tokens tokens longest",
    "optimiser steps": "steps step last_step cutoff_step horizon_step save_every starts from_step"
    " to_step",
    "share": "wanted spoken anchor reward_noise first_stage thinning cutoff cutoffs clean_share"
    " false_alarms warn_from shadow_share",
    "cost": "clean_stopped hacked_missed saved_per_step",
    "rate": "rate threshold thresholds budget",
    "seconds": "timeout_s backoff_s every_s settle_s linger_s grader_seconds shadow_timeout_s",
    "nats": "drift tolerance",
    "calls": "search",
    "MiB": "memory_mib",
    "tasks": "tasks questions limit",
    "gradings": "gradings",
    "completions": "generations continuations rollouts_per_step shadow_most",
    "reward": "length_penalty shadow_accepts shadow_paid grader_ranges",
    "pairs": "batch",
    "prompts": "prompts_per_step",
    "parts": "micro_batches",
    "rounds": "rounds",
    "adapters": "checkpoints",
    "checkpoints": "most_kept",
    "processes": "workers",
    "requests": "in_flight",
    "attempts": "attempts",
    "repetitions": "repetitions",
    "hits": "effective_hits",
    "`draws_per_task`": "third_stage",
    "scale of the adapter": "strengths",
    "none": "shadow_seed port alpha beta learning_rate max_grad_norm rank seed weights temperature",
}
UNIT_OF = {name: unit for unit, names in UNITS.items() for name in names.split()}
WORDS = {int: "whole number", float: "number", str: "text", bool: "true or false", Path: "path"}
BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def page() -> str:
    """Every key of every command's settings, as one page."""
    sections = [INTRODUCTION]
    shown: dict[type[BaseModel], str] = {}
    for command, kind in COMMANDS.items():
        sections += tables(kind, command=command, path="", shown=shown)
    return "\n".join(sections)


def tables(
    kind: type[BaseModel], *, command: str, path: str, shown: dict[type[BaseModel], str]
) -> list[str]:
    """One settings class as a section, then each table in it that no section has shown."""
    about = " ".join((inspect.getdoc(kind) or "").split())
    if about == f"Settings of `foretoken {command}`.":
        about = ""
    rows = [f"### `[{path}]`" if path else f"## foretoken {command}", "", about, ""]
    rows += ["| key | type | unit | default | what it does |", "|---|---|---|---|---|"]
    inner: list[str] = []
    for name, field in kind.model_fields.items():
        plain = without_none(field.annotation)
        if inspect.isclass(plain) and issubclass(plain, BaseModel):
            table = f"{path}.{name}" if path else name
            where = shown.get(plain, "")
            rows.append(row(name, field, "table", f"see `[{table}]`{where}"))
            if not where:
                inner += tables(plain, command=command, path=table, shown=shown)
                shown[plain] = f" of {command}"
        else:
            rows.append(row(name, field, type_in_words(plain, field), shown_default(field)))
    return ["\n".join(rows).replace("\n\n\n\n", "\n\n") + "\n", *inner]


def row(name: str, field: FieldInfo, kind: str, default: str) -> str:
    """One key as a line of a table."""
    if not field.description:
        raise SystemExit(f"{name} has no docstring: say under the field what it does")
    about = " ".join(field.description.split()).replace("|", "\\|")
    return f"| `{name}` | {kind} | {unit(name, kind)} | {default} | {about} |"


def unit(name: str, kind: str) -> str:
    """Unit of a number; nothing for anything else."""
    if "number" not in kind:
        return ""
    if name not in UNIT_OF:
        raise SystemExit(f"{name} is a number without a unit: add it to UNITS in {__file__}")
    return "" if UNIT_OF[name] == "none" else UNIT_OF[name]


def without_none(annotation: Any) -> Any:
    """A type without the None that stands for an absent key."""
    if get_origin(annotation) in {Union, types.UnionType}:
        (found,) = [each for each in get_args(annotation) if each is not type(None)]
        return found
    return annotation


def type_in_words(kind: Any, field: FieldInfo) -> str:
    """A type as a person says it, with its bounds."""
    if get_origin(kind) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(kind))
    if get_origin(kind) is tuple:
        return f"list of {type_in_words(get_args(kind)[0], field)}"
    if get_origin(kind) is dict:
        return f"table of {type_in_words(get_args(kind)[1], field)}"
    if inspect.isclass(kind) and issubclass(kind, StrEnum):
        return " or ".join(f"`{value}`" for value in kind)
    own = field.metadata
    if get_origin(kind) is Annotated:
        kind, inner = get_args(kind)
        own = inner.metadata
    bounds = [
        f"{sign} {getattr(each, name):,}"
        for each in own
        for name, sign in BOUNDS.items()
        if getattr(each, name, None) is not None
    ]
    return " ".join([WORDS[kind], ", ".join(bounds)]).strip()


def shown_default(field: FieldInfo) -> str:
    """A default as TOML writes it."""
    if field.default_factory is not None:
        return "`{}`"
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None:
        return "none"
    return f"`{dump_toml({'x': field.default}).strip().partition(' = ')[2] or '{}'}`"


if __name__ == "__main__":
    PAGE.write_text(page())
