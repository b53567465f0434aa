"""The engine behind an OpenAI-compatible server that takes token ids: vLLM and alike."""
