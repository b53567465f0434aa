"""From settings to engines: the one place where an engine is chosen."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from foretoken.engines.base import Engines


class EngineConfig(BaseModel):
    """What samples and scores."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: Literal["transformers"] = "transformers"
    """`transformers`: in this process."""
    dtype: str = "float32"
    """Precision of the weights: float32, bfloat16 or float16."""


def choose_engines(config: EngineConfig, *, device: str = "auto") -> Engines:
    """Engines as the settings say; what they need is imported here and not before.

    Args:
        config: Settings, which stay with a run.
        device: Where models are put, which may change from call to call: `auto` is the accelerator
            where there is one.
    """
    from foretoken.engines.transformers.engine import TransformersEngines

    return TransformersEngines(device=device, dtype=config.dtype)
