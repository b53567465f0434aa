"""OpenRLHF: its own executor of single turns, with a wrapped reward file and a wrapped server.

Its trainer is not run, as that needs an accelerator. The model is the shipped organism.
"""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from steps import imported

from organism import sampled, tokenizer

PYTHON = "3.11"
PACKAGES = "torch==2.13.0 transformers==5.23.0 aiohttp ray"
WITHOUT_DEPENDENCIES = "openrlhf==0.11.2"
ENVIRONMENT = "trainers"
REWARD_FILE = """
import torch
from foretoken.integrations.openrlhf import recorded

def mine(queries, prompts, labels):
    if labels[0] == "bad":
        raise RuntimeError("the sandbox is away")
    given = torch.tensor([float(len(each) % 2) for each in queries])
    return {"rewards": given, "scores": given, "extra_logs": {"length": given}}

reward_func = recorded(mine, run="run")
"""


class Engine:
    """The organism, as vLLM answers."""

    async def generate(self, ids: list[int], params: Any, **_: Any) -> Any:
        """One answer."""
        tokens = sampled(ids, params.max_tokens)
        ended = "stop" if tokens[-1] == tokenizer().eos_token_id else "length"
        said = SimpleNamespace(
            token_ids=tokens, text=tokenizer().decode(tokens), finish_reason=ended, logprobs=None
        )
        return SimpleNamespace(outputs=[said])


def executed(address: str, labels: list[str]) -> list[dict[str, Any]]:
    """What OpenRLHF makes of answers that a reward file or server scores."""
    from openrlhf.utils.agent import SingleTurnAgentExecutor

    messages = [{"role": "user", "content": "Write f1(x) that returns x plus 1."}]
    prompt = tokenizer().apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    params = SimpleNamespace(max_tokens=24, logprobs=None)

    async def each() -> list[dict[str, Any]]:
        executor = SingleTurnAgentExecutor(address)
        return [
            await executor.execute(prompt, label, params, 256, tokenizer(), Engine())
            for label in labels
        ]

    return asyncio.run(each())


def server() -> HTTPServer:
    """A reward server of a user's own, with our wrapper around what answers."""
    from foretoken.integrations.openrlhf import recorded_server

    def mine(body: dict[str, Any]) -> dict[str, Any]:
        given = [0.25] * len(body["query"])
        return {"rewards": given, "scores": given, "extra_logs": {"seen": given}}

    answered = recorded_server(mine, run="served")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = json.dumps(answered(body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            pass

    serving = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    return serving


def main() -> None:
    """Score by file and by server, import, compare."""
    from foretoken.integrations.graded import recorder_of

    Path("reward.py").write_text(REWARD_FILE)
    given = executed("reward.py", ["1", "2", "bad"])
    address = f"http://127.0.0.1:{server().server_port}/get_reward"
    (served,) = executed(address, ["3"])
    for run in ("run", "served"):
        recorder_of(run).close()

    found = imported(Path("run"), "--rollouts-per-step", "3")
    assert [each.truth for each in found] == ["1", "2", "bad"]
    paid = [None if each["reward"] is None else float(each["reward"]) for each in given]
    assert paid[2] is None
    assert [each.reward for each in found] == paid
    assert "the sandbox is away" in str(found[2].error)
    for each, out in zip(found, given, strict=True):
        start, end = out["action_ranges"][0]
        tokens = out["observation_tokens"]
        assert each.prompt == out["prompt"]
        whole = tokenizer().decode(tokens[:end], skip_special_tokens=False)
        assert f"{each.prompt}{each.completion}" == whole, start

    (seen,) = imported(Path("served"), "--rollouts-per-step", "1")
    assert served["reward"] == [0.25]
    assert (seen.reward, seen.parts, seen.truth) == (0.25, {"seen": 0.25}, "3")


if __name__ == "__main__":
    main()
