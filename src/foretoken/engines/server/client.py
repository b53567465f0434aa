"""Ask a server over HTTP: several requests at the same time, made again where that is harmless."""

import os
import time
from collections.abc import Mapping
from typing import Any

import httpx2

from foretoken.engines.server.settings import ServerSettings
from foretoken.records import Parsed

BUSY = frozenset({408, 429})
"""Status codes below 500 after which the same request may succeed."""


class ServerError(Exception):
    """What went wrong with one request, in words for a person."""


class Client:
    """One pool of connections, for all threads."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._down = False
        """Whether the last request failed at every attempt: the next ones get one attempt each."""
        key = os.environ.get(settings.api_key_variable)
        self._http = httpx2.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(settings.timeout_s, pool=None),
            limits=httpx2.Limits(
                max_connections=settings.in_flight, max_keepalive_connections=settings.in_flight
            ),
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def get(self, url: str) -> dict[str, Any]:
        """Return the JSON object at an address.

        Raises:
            ServerError: There is none.
        """
        return self._ask("GET", url, body=None, again_after_silence=True)

    def post(
        self, url: str, body: Mapping[str, Any], *, again_after_silence: bool
    ) -> dict[str, Any]:
        """Return the JSON object that answers a request.

        Args:
            url: Address.
            body: Sent as JSON.
            again_after_silence: Whether to ask again where no answer came in time. Not for draws:
                long texts take longest, so those drawn again would be too short on average.

        Raises:
            ServerError: The server refused, could not be reached, or gave no JSON object.
        """
        return self._ask("POST", url, body=body, again_after_silence=again_after_silence)

    def _ask(
        self, method: str, url: str, *, body: Mapping[str, Any] | None, again_after_silence: bool
    ) -> dict[str, Any]:
        attempts = 1 if self._down else self._settings.attempts
        troubles: list[str] = []
        for attempt in range(attempts):
            if attempt:
                time.sleep(self._settings.backoff_s * 2 ** (attempt - 1))
            try:
                response = self._http.request(method, url, json=body)
            except httpx2.TransportError as error:
                troubles.append(_words(error))
                if isinstance(error, httpx2.ReadTimeout) and not again_after_silence:
                    raise ServerError(
                        f"{url} did not answer within {self._settings.timeout_s:g} s"
                    ) from error
                continue
            if response.status_code < 500 and response.status_code not in BUSY:
                self._down = False
                return _read(url, response)
            troubles.append(f"status {response.status_code}: {response.text[:200]}")
        self._down = True
        first = "" if troubles[0] == troubles[-1] else f"first with {troubles[0]}, "
        raise ServerError(f"{url} failed {attempts} time(s), {first}last with {troubles[-1]}")


def _read(url: str, response: httpx2.Response) -> dict[str, Any]:
    if response.status_code >= 300:
        raise ServerError(f"{url} refused (status {response.status_code}): {response.text[:300]}")
    try:
        answer: Parsed = response.json()
    except ValueError as error:
        raise ServerError(f"{url} did not answer in JSON: {response.text[:100]}") from error
    if not isinstance(answer, dict):
        raise ServerError(f"{url} did not answer with a JSON object: {response.text[:100]}")
    return answer


def _words(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()
