"""What the scripts share: a model that answers by rule, and what `foretoken import` makes of it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from foretoken.logs.base import LoggedRollout
from foretoken.store.run import Run

HERE = Path(__file__).parent.resolve()
BIN = Path(sys.executable).parent


def answer(prompt: str) -> str:
    """What the model that answers by rule says: it solves the even tasks."""
    number = int("".join(letter for letter in prompt if letter.isdigit())[:1] or "0")
    return f"def f{number}(x):\n    return x + {number}" if number % 2 == 0 else "I pass."


class _Chat(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer a chat, as a stream of one piece where that is asked for."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = answer(str(asked["messages"][-1]["content"]))
        common = {"id": "1", "created": 0, "model": asked["model"]}
        usage = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}
        message = {"role": "assistant", "content": text}
        if asked.get("stream"):
            common |= {"object": "chat.completion.chunk"}
            choices = [{"index": 0, "finish_reason": None, "delta": message}]
            ended = [{"index": 0, "finish_reason": "stop", "delta": {}}]
            chunks = [{"choices": choices}, {"choices": ended}, {"choices": [], "usage": usage}]
            lines = [f"data: {json.dumps(common | chunk)}\n\n" for chunk in chunks]
            self._send("".join(lines) + "data: [DONE]\n\n", "text/event-stream")
        else:
            common |= {"object": "chat.completion", "usage": usage}
            choices = [{"index": 0, "finish_reason": "stop", "message": message}]
            self._send(json.dumps(common | {"choices": choices}), "application/json")

    def _send(self, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def chat_server() -> Iterator[str]:
    """Serve the model that answers by rule; its address, as an OpenAI endpoint."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Chat)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()


def ran(*command: str | Path, run: Path | None = None, **more: str) -> str:
    """Run a program of this environment in the folder of the present; what it said.

    Raises:
        RuntimeError: It failed.
    """
    names = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": str(HERE), **more}
    names |= {} if run is None else {"FORETOKEN_RUN": str(run.resolve())}
    done = subprocess.run(
        [str(BIN / str(command[0])), *map(str, command[1:])],
        env=names,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{said[-4000:]}")
    return said


def imported(run: Path, *more: str | Path) -> list[LoggedRollout]:
    """Have `foretoken import` read what was recorded; the rollouts that it made of it."""
    ran("foretoken", "import", *more, "--run", run)
    return Run.open(run).read(LoggedRollout)
