"""Where alarms go: a terminal, a webhook, trackers that are at hand."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Protocol

from foretoken.errors import SetupError
from foretoken.watch.alarms import Alarm

TIMEOUT_S = 10.0


class Sink(Protocol):
    """Takes alarms."""

    name: str
    """Stored with what was delivered."""

    def send(self, alarm: Alarm) -> None:
        """Deliver one; raise where that failed, so that it is sent again later."""
        ...


class Terminal:
    """Prints each alarm in a line."""

    name = "terminal"

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def send(self, alarm: Alarm) -> None:
        """See `Sink`."""
        self._say(f"{alarm.urgency.upper()} {alarm.words}")


class Webhook:
    """Posts each alarm as JSON."""

    def __init__(self, address: str, *, run: str) -> None:
        if not address.startswith(("http://", "https://")):
            raise SetupError(f"webhook {address!r} is no address: it begins with https://")
        self.name = "webhook"
        self._address, self._run = address, run

    def send(self, alarm: Alarm) -> None:
        """See `Sink`."""
        body = json.dumps(posted(alarm, run=self._run)).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "foretoken"}
        request = urllib.request.Request(self._address, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                answer.read()
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise OSError(f"the webhook {self._address} did not take it: {error}") from error


def posted(alarm: Alarm, *, run: str) -> dict[str, Any]:
    """Return what a webhook is sent; `text` is what chat services show."""
    return {
        "text": f"Foretoken {alarm.urgency}, {run}: {alarm.words}",
        "level": "error" if alarm.urgency == "alarm" else "warn",
        "title": f"{alarm.urgency}: {alarm.exploit_type}",
        "run": run,
        **alarm.model_dump(mode="json"),
    }
