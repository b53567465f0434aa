"""From settings to engines: the one place where an engine is chosen."""

from pydantic import ConfigDict

from foretoken.engines.base import Engines
from foretoken.engines.server.settings import ServerSettings
from foretoken.engines.tags import TagsSetting
from foretoken.records import Record


class EngineConfig(Record):
    """What samples and scores: a library in this process, or a server."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    dtype: str = "float32"
    """Precision of the weights in this process: float32, bfloat16 or float16."""
    reasoning_tags: TagsSetting = None
    """What opens and what closes a model's reasoning, as `["[THINK]", "[/THINK]"]`; `[]`: it does
    not reason; none: found from its chat template or vocabulary."""
    server: ServerSettings | None = None
    """An OpenAI-compatible server that takes token ids; none: transformers, in this process."""


def choose_engines(config: EngineConfig, *, device: str = "auto") -> Engines:
    """Engines as the settings say; what they need is imported here and not before.

    Args:
        config: Settings, which stay with a run.
        device: Where models of this process are put, which may change from call to call: `auto` is
            the accelerator where there is one.
    """
    if config.server is not None:
        from foretoken.engines.server.engine import ServerEngines

        here = EngineConfig(dtype="float32", reasoning_tags=config.reasoning_tags)
        reference = choose_engines(here, device=device) if config.server.check_weights else None
        return ServerEngines(
            config.server, reference=reference, reasoning_tags=config.reasoning_tags
        )
    from foretoken.engines.transformers.engine import TransformersEngines

    return TransformersEngines(
        device=device, dtype=config.dtype, reasoning_tags=config.reasoning_tags
    )
