"""The engine behind an OpenAI-compatible server that takes token ids: vLLM and alike."""

from foretoken.engines.server.contact import Contact
from foretoken.engines.server.engine import ServerEngine, ServerEngines
from foretoken.engines.server.settings import ServerSettings, weights_key

__all__ = ["Contact", "ServerEngine", "ServerEngines", "ServerSettings", "weights_key"]
