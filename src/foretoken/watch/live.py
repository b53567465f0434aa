"""The live page: the report, what the watcher does, and alarms, pushed to browsers as they come.

The standard library serves it: one page, one stream of events, a handful of readers. All addresses
on the page are relative, so that it works behind any prefix of a proxy.
"""

import hmac
import json
import secrets
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from foretoken.errors import SetupError
from foretoken.store.layout import REPORT_FILE
from foretoken.watch.config import ServeConfig
from foretoken.watch.watcher import Seen

BEAT_S = 15.0
"""Seconds after which a stream without news says that it is alive."""
COOKIE = "foretoken"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
_PAGE = "live.html"
_EMPTY = "<!doctype html><title>Foretoken</title><p>The report comes with the first rollouts.</p>"


class Live:
    """What readers of the page are told; set by the watcher, read by each stream."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self._changed = threading.Condition()
        self._number = 0
        self._seen = Seen()

    def show(self, seen: Seen) -> None:
        """Tell readers what is seen now."""
        with self._changed:
            self._seen = seen
            self._number += 1
            self._changed.notify_all()

    def after(self, number: int, *, wait_s: float) -> tuple[int, Seen]:
        """Return what is seen, once that is newer than a number or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number, timeout=wait_s)
            return self._number, self._seen


def told(run: Path, seen: Seen) -> dict[str, Any]:
    """Return what a browser is told, as JSON can hold it."""
    said = asdict(seen)
    said["alarms"] = [each.model_dump(mode="json") for each in seen.alarms]
    return {"run": run.resolve().name, **said}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], live: Live, token: str | None) -> None:
        self.live, self.token = live, token
        self.over = threading.Event()
        super().__init__(address, _Answering)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away."""


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _of(self) -> _Server:
        return cast(_Server, self.server)

    def do_GET(self) -> None:
        """Answer with the page, the report, or the stream of events."""
        address = urlsplit(self.path)
        if not self._is_allowed(address.query):
            self._answer(HTTPStatus.FORBIDDEN, "Open the address that `foretoken watch` printed.\n")
            return
        name = address.path.rpartition("/")[2]
        if name == "":
            page = resources.files("foretoken.watch") / _PAGE
            self._answer(HTTPStatus.OK, page.read_text(encoding="utf-8"), kind="text/html")
        elif name == REPORT_FILE:
            file = self._of.live.run / REPORT_FILE
            text = file.read_text(encoding="utf-8") if file.is_file() else _EMPTY
            self._answer(HTTPStatus.OK, text, kind="text/html")
        elif name == "events":
            self._stream()
        else:
            self._answer(HTTPStatus.NOT_FOUND, "There is no such page.\n")

    def _is_allowed(self, query: str) -> bool:
        """Whether a reader shows the token, or none is asked for and the address is this one's: a
        foreign page that a name was bent for is refused."""
        token = self._of.token
        if token is None:
            host = self.headers.get("Host", "")
            name = host if host.endswith("]") else host.rpartition(":")[0] or host
            return name in LOOPBACK_NAMES
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        shown = [*parse_qs(query).get("token", []), *([cookie.value] if cookie else [])]
        return any(hmac.compare_digest(each.encode(), token.encode()) for each in shown)

    def _answer(self, status: HTTPStatus, text: str, *, kind: str = "text/plain") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Frame-Options", "SAMEORIGIN")
        self.send_header("Referrer-Policy", "no-referrer")
        if self._of.token is not None and status is HTTPStatus.OK:
            flags = "HttpOnly; SameSite=Strict; Path=/"
            self.send_header("Set-Cookie", f"{COOKIE}={self._of.token}; {flags}")
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        """Send what is seen now, and whatever follows, until the reader or the watcher ends."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Accel-Buffering", "no")
        self.send_header("Connection", "close")
        self.end_headers()
        number = -1
        while not self._of.over.is_set():
            last, (number, seen) = number, self._of.live.after(number, wait_s=BEAT_S)
            if number == last:
                self.wfile.write(b": alive\n\n")
            else:
                said = json.dumps(told(self._of.live.run, seen))
                self.wfile.write(f"data: {said}\n\n".encode())
            self.wfile.flush()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's own name
        """Say nothing of each request."""


@contextmanager
def serving(config: ServeConfig, live: Live) -> Generator[str]:
    """Serve the live page while the block runs; yield the address to open.

    Raises:
        SetupError: Nothing can listen there.
    """
    token = config.token
    if token is None and not _is_loopback(config.host):
        token = secrets.token_urlsafe(16)
    try:
        server = _Server((config.host, config.port), live, token)
    except OSError as error:
        raise SetupError(
            f"{config.host}:{config.port} cannot be listened on ({error.strerror}): choose another "
            "with --port, or 0 for any that is free"
        ) from error
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        query = f"?token={token}" if token else ""
        yield f"http://{config.host}:{server.server_address[1]}/{query}"
    finally:
        server.over.set()
        live.show(live.after(-1, wait_s=0)[1])
        server.shutdown()
        server.server_close()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
