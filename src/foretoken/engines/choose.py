"""From settings to engines: the one place where an engine is chosen."""

from typing import Literal

from pydantic import ConfigDict

from foretoken.engines.base import Engines
from foretoken.engines.server.settings import ServerSettings
from foretoken.engines.tags import TagsSetting
from foretoken.errors import MismatchError
from foretoken.records import Record


class EngineConfig(Record):
    """What samples and scores: a library in this process, or a server."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    dtype: str = "float32"
    """Precision of the weights in this process: float32, bfloat16 or float16."""
    reasoning_tags: TagsSetting = None
    """What opens and what closes a model's reasoning, as `["[THINK]", "[/THINK]"]`; `[]`: it does
    not reason; none: found from its chat template or vocabulary."""
    voices: Literal["merged", "adapters"] | None = None
    """How the subject, and the subject with the donor at each strength, are held in this process:
    as whole merged copies of the model (faster), or as one model with adapters beside it (less
    memory); none: merged below 1e9 parameters. A bank keeps the way that it was begun with."""
    server: ServerSettings | None = None
    """An OpenAI-compatible server that takes token ids; none: transformers, in this process."""

    def keeping(self, begun: "EngineConfig") -> "EngineConfig":
        """Return these settings with voices held as in work that was begun with others.

        Raises:
            MismatchError: They say that voices are held in another way.
        """
        if self.voices not in (None, begun.voices):
            raise MismatchError(
                f"the bank was begun with voices {begun.voices or 'by the size of the model'}, not "
                f"{self.voices}, which rounds otherwise: leave `voices` out of `[engine]`"
            )
        return self.replacing(voices=begun.voices)


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
        device=device,
        dtype=config.dtype,
        voices=config.voices,
        reasoning_tags=config.reasoning_tags,
    )
