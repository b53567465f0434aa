"""Which server to ask, and which of its models stands for which weights."""

import re
from pathlib import Path
from typing import Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from foretoken.engines.base import Weights
from foretoken.records import Record

ADAPTER = r"(.+?)@(\d+\.?\d*(?:e-?\d+)?)"
"""A folder and a scale."""


class ServerSettings(Record):
    """How to reach an OpenAI-compatible server, and what it serves."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    url: str
    """Root of its API, e.g. `http://127.0.0.1:8000/v1`."""
    served: dict[str, str]
    """From `weights_key` to the name that the server gives those weights: the folder of a model,
    or its adapters as `FOLDER@SCALE`, joined by `+`; folders are made absolute."""
    urls: dict[str, str] = Field(default={})
    """Root of the API for models that another server serves, by the names in `served`."""
    kind: str = "vllm"
    """What the server is; draws and scores of two kinds are not joined."""
    dtype: str
    """Precision that it serves in, as it was started: `bfloat16`, `float32`, ..."""
    api_key_variable: str = "FORETOKEN_SERVER_KEY"
    """Environment variable that holds the key, where the server wants one."""
    timeout_s: float = Field(default=600.0, gt=0)
    """Seconds to wait for one answer."""
    in_flight: int = Field(default=32, ge=1)
    """Requests that are on their way at the same time."""
    attempts: int = Field(default=5, ge=1)
    """Times that a request is made before it counts as failed."""
    backoff_s: float = Field(default=0.5, ge=0)
    """Seconds before the second attempt; doubled with each further one."""
    longest: int | None = Field(default=None, ge=2)
    """Most tokens that it reads, prompt and completion; needed where it does not say so itself."""
    tolerance: float | None = Field(default=None, gt=0)
    """Mean difference, in nats a token, that two scores of one text may have at first contact;
    none: what the precision explains, 0.005 in float32 and 0.05 in any other."""
    check_weights: bool = False
    """Whether first contact loads the same weights in this process too, in float32, and compares:
    nothing else can tell that the server holds other weights. Needs torch here."""
    contact_draws: int = Field(default=256, ge=0)
    """Single tokens drawn at first contact to see that they follow their probabilities; 0: none."""

    @field_validator("served")
    @classmethod
    def _absolute(cls, served: dict[str, str]) -> dict[str, str]:
        return {_absolute_key(key): name for key, name in served.items()}

    @property
    def most_apart(self) -> float:
        """The tolerance in force, in nats a token."""
        return self.tolerance or (0.005 if self.dtype == "float32" else 0.05)

    @model_validator(mode="after")
    def _one_name_for_one_model(self) -> Self:
        for name in self.served.values():
            keys = [key for key, other in self.served.items() if other == name]
            if len(keys) > 1:
                raise ValueError(f"{name!r} stands for {len(keys)} weights: {', '.join(keys)}")
        if strange := sorted(set(self.urls) - set(self.served.values())):
            raise ValueError(f"urls names models that are not served: {', '.join(strange)}")
        return self


def weights_key(weights: Weights) -> str:
    """Return how `served` spells weights; adapters of scale 0 change nothing and are left out."""
    adapters = [_adapter_key(*each) for each in weights.adapters if each[1] != 0.0]
    return "+".join(adapters) or str(Path(weights.base).resolve())


def _absolute_key(key: str) -> str:
    if not re.fullmatch(rf"{ADAPTER}(\+{ADAPTER})*", key):
        return str(Path(key).resolve())
    adapters = re.findall(rf"{ADAPTER}(?:\+|$)", key)
    return "+".join(_adapter_key(folder, float(scale)) for folder, scale in adapters)


def _adapter_key(folder: str, scale: float) -> str:
    return f"{Path(folder).resolve()}@{scale:g}"
