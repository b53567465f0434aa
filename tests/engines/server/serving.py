"""A small OpenAI-compatible server over transformers, which misbehaves where its URL says so.

``python serving.py '{"NAME": "FOLDER", "OTHER": ["FOLDER", [["ADAPTER", 1.0]]]}'`` prints the port.
The API is at ``http://127.0.0.1:PORT/FAULT/v1``; ``well`` is no fault. One process serves them all.
"""

import json
import math
import sys
import time
from collections import Counter
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

import numpy as np
import torch

from foretoken.engines.transformers.load import LoadedModel, load_model

HOLE = 7
"""Token without a log-probability, or that ends the connection, under some faults."""
KEPT = 5
"""Prompt tokens that a truncating server keeps."""
MODELS: dict[str, LoadedModel] = {}
SEEN: Counter[str] = Counter()
LOCK = Lock()


class RefusedError(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@lru_cache(maxsize=200_000)
def next_log_p(name: str, ids: tuple[int, ...]) -> np.ndarray:
    with LOCK, torch.inference_mode():
        logits = MODELS[name].model(torch.tensor([ids])).logits[0, -1]
        return logits.double().log_softmax(-1).numpy()


@lru_cache(maxsize=10_000)
def prompt_log_p(name: str, ids: tuple[int, ...]) -> list[float | None]:
    with LOCK, torch.inference_mode():
        log_p_kv = MODELS[name].model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
    return [None, *(log_p_kv[k, token].item() for k, token in enumerate(ids[1:]))]


def draw(
    name: str, ids: tuple[int, ...], body: dict, fault: str
) -> tuple[list[int], list[float], str]:
    rng = np.random.default_rng(1 if fault == "one_seed" else body.get("seed"))
    ends = {int(MODELS[name].tokenizer.eos_token_id)} | set(body.get("stop_token_ids") or ())
    if fault == "early":
        ends |= {HOLE}
    limit = min(body["max_tokens"], 2) if fault == "capped" else body["max_tokens"]
    said: list[int] = []
    log_p: list[float] = []
    for _ in range(limit):
        raw = next_log_p(name, (*ids, *said))
        cold = raw / 0.5 - np.log(np.exp(raw / 0.5).sum())
        p = np.exp(cold if fault in {"scaled", "cold"} else raw)
        token = int(rng.choice(len(p), p=p / p.sum()))
        said.append(token)
        log_p.append(float((cold if fault == "scaled" else raw)[token]))
        if token in ends and fault != "talkative":
            if fault == "without_end":
                return said[:-1], log_p[:-1], "stop"
            return said, log_p, "stop"
    return said, log_p, "length"


def read_prompt(body: dict, fault: str) -> tuple[int, ...]:
    prompt = body["prompt"]
    if fault == "text_only" or not isinstance(prompt, list):
        raise RefusedError(400, "prompt must be a string")
    name = body["model"]
    if name not in MODELS:
        raise RefusedError(404, f"no model {name}")
    rows = int(MODELS[name].model.config.vocab_size) - (fault == "narrow")
    if max(prompt) >= rows:
        raise RefusedError(400, f"token id {max(prompt)} is out of vocabulary")
    longest = int(MODELS[name].model.config.max_position_embeddings)
    if len(prompt) + body["max_tokens"] > longest:
        raise RefusedError(400, f"maximum context length is {longest}")
    return tuple(prompt[-KEPT:] if fault.startswith("truncating") else prompt)


def scores(name: str, ids: tuple[int, ...], fault: str) -> list[float | None]:
    found = list(prompt_log_p(name, ids))
    if fault in {"none", "nan", "least"}:
        hole = {"none": None, "nan": math.nan, "least": -9999.0}[fault]
        found = [hole if token == HOLE else v for v, token in zip(found, ids, strict=True)]
    if fault == "unsure":
        found = [None if v is None else v - np.random.default_rng().random() for v in found]
    return found


def chosen_model(name: str, fault: str) -> tuple[str, str]:
    """Which model answers, and under which name."""
    others = [other for other in MODELS if other != name]
    if fault == "swapped":
        return others[0], others[0]
    if fault == "swapped_quietly":
        return others[0], name
    return ("subject", name) if fault == "twins" else (name, name)


def complete(body: dict, fault: str) -> dict:
    ids = read_prompt(body, fault)
    name, shown = chosen_model(body["model"], fault)
    if fault == "echo_and_say" and body["max_tokens"] == 0:
        raise RefusedError(400, "max_tokens must be at least 1")
    said, log_p, reason = draw(name, ids, body, fault)
    choice: dict = {"index": 0, "finish_reason": reason, "text": "", "logprobs": None}
    deaf, shift = fault == "deaf", int(fault == "wrong_ids")
    if body.get("prompt_logprobs") is not None and not deaf and not fault.startswith("echo"):
        choice["prompt_logprobs"] = [
            None if k == 0 else {str(token + shift): {"logprob": value, "rank": 1}}
            for k, (token, value) in enumerate(zip(ids, scores(name, ids, fault), strict=True))
        ]
    if body.get("logprobs") is not None and not deaf:
        echoed = bool(body.get("echo"))
        tokens = [*ids, *said] if echoed else said
        values = [*scores(name, ids, fault), *log_p] if echoed else log_p
        choice["logprobs"] = {
            "tokens": [
                MODELS[name].tokenizer.decode([t])
                if fault == "no_token_ids"
                else f"token_id:{t + shift}"
                for t in tokens
            ],
            "token_logprobs": values,
        }
    if body.get("return_token_ids") and fault not in {"no_token_ids", "named_ids", "deaf"}:
        choice |= {"token_ids": said, "prompt_token_ids": list(ids)}
    read = body["prompt"] if fault == "truncating_quietly" else ids
    if fault == "truncating_quietly":
        choice.pop("prompt_token_ids", None)
    usage = {"prompt_tokens": len(read), "completion_tokens": len(said)}
    return {"object": "text_completion", "model": shown, "choices": [choice], "usage": usage}


def model_list(fault: str) -> dict:
    entries = [
        {"id": name, "max_model_len": int(loaded.model.config.max_position_embeddings)}
        for name, loaded in MODELS.items()
    ]
    if fault == "silent_length":
        entries = [{"id": entry["id"]} for entry in entries]
    return {"object": "list", "data": entries}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args: object) -> None:
        pass

    def answer(self, status: int, value: object) -> None:
        encoded = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def do_GET(self) -> None:
        fault, _, path = self.path.removeprefix("/").partition("/")
        if path == "version":
            self.answer(200, {"version": "0.0.1"})
        elif path == "seen":
            self.answer(200, {fault: SEEN[fault]})
        elif fault == "locked" and self.headers.get("Authorization") != "Bearer sesame":
            self.answer(401, {"error": "no key"})
        else:
            self.answer(200, model_list(fault))

    def do_POST(self) -> None:
        fault = self.path.removeprefix("/").partition("/")[0]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with LOCK:
            request = fault + json.dumps(body)
            first = SEEN[request] == 0
            SEEN.update([fault, request])
        poisoned = HOLE in body["prompt"]
        if fault == "dying" and poisoned and first:
            self.answer(500, {"error": "EngineCore encountered an issue."})
            return
        if (fault == "dropping" and first) or (fault in {"vanishing", "dying"} and poisoned):
            self.close_connection = True
            self.connection.close()
            return
        if (fault == "flaky" and first) or (fault == "breaking" and poisoned):
            self.answer(503, {"error": "overloaded"})
            return
        if fault == "slow" and poisoned:
            time.sleep(1.5)
        try:
            self.answer(200, complete(body, fault))
        except RefusedError as error:
            self.answer(error.status, {"error": str(error)})


def main() -> None:
    torch.set_num_threads(1)
    for name, spec in json.loads(sys.argv[1]).items():
        folder, adapters = (spec, []) if isinstance(spec, str) else spec
        MODELS[name] = load_model(folder, adapters=[(path, scale) for path, scale in adapters])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
