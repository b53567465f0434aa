"""Trackers follow a run: each in a thread of its own, what has not arrived again, nothing twice."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread

from foretoken.alarm_records import Alarm, Delivery
from foretoken.ports.base import News, Point, Port, PortError, RolloutPart, Sent
from foretoken.store.claims import Claims
from foretoken.store.kept import KeptParts
from foretoken.store.run import Run

RETRY_S = 60.0
"""After which a tracker that took nothing is tried again."""
END_WAIT_S = 60.0
"""That the end of a watch waits for trackers."""


class Exporter:
    """Hands news to ports, and never waits for one of them.

    Args:
        run: What was sent is noted there.
        ports: Where to.
    """

    def __init__(self, run: Run, ports: Sequence[Port]) -> None:
        self._lanes = [_Lane(run, port) for port in ports]

    def offer(self, news: News) -> list[str]:
        """Hand all that is known to each port that is not busy; return what did not arrive."""
        for lane in self._lanes:
            lane.offer(news)
        faults = [(lane.port.into, lane.fault) for lane in self._lanes if lane.fault]
        return [f"{into} did not take it ({why}); it is sent again" for into, why in faults]

    def finish(self, news: News, *, wait_s: float | None = END_WAIT_S) -> list[str]:
        """Hand over the last, and wait until all of it arrived or the time is over.

        Args:
            news: All that is known.
            wait_s: None: as long as it takes.

        Returns:
            What did not arrive, and why.
        """
        until = None if wait_s is None else time.monotonic() + wait_s
        for lane in self._lanes:
            lane.offer(news, last=True)
        faults: list[str] = []
        for lane in self._lanes:
            lane.join(None if until is None else max(0.0, until - time.monotonic()))
            why = f"not within {wait_s:.0f} s" if lane.is_alive() else lane.fault
            if why:
                into = lane.port.into
                faults.append(f"{into} did not take it ({why}): `foretoken export` sends it again")
        return faults

    def took(self) -> list[str]:
        """Return what each port took, a line each."""
        return [lane.took() for lane in self._lanes]


class _Lane(Thread):
    """The way to one port. It ends with the program, whatever the tracker does."""

    def __init__(self, run: Run, port: Port) -> None:
        super().__init__(name=f"to-{port.name}", daemon=True)
        self.port, self.fault = port, ""
        self._run = run
        self._offered: Queue[tuple[News, bool]] = Queue(maxsize=1)
        self._again_at = 0.0
        self._counts = Counter[str]()
        self._claims = Claims(run, Sent)
        self._sent = KeptParts(Sent, self._items_of)
        self.start()

    def offer(self, news: News, *, last: bool = False) -> None:
        """Leave news, in place of older ones that nobody has taken yet."""
        with suppress(Empty):
            self._offered.get_nowait()
        self._offered.put((news, last))

    def run(self) -> None:
        """Take news until the last."""
        while True:
            news, last = self._offered.get()
            if last or time.monotonic() >= self._again_at:
                self._try(news, last=last)
            if last:
                return

    def took(self) -> str:
        """Return what it took, in words."""
        counted = ", ".join(f"{count:,} {what}" for what, count in self._counts.items())
        return f"{self.port.into}: {counted or 'nothing new'}"

    def _try(self, news: News, *, last: bool) -> None:
        try:
            self._send(news)
            if last:
                self.port.close()
        except (Exception, SystemExit) as error:  # noqa: BLE001  a tracker may raise anything
            why = " ".join(str(error).split()) or type(error).__name__
            self.fault = self.fault or f"{why:.300}"
            self._again_at = time.monotonic() + RETRY_S
        else:
            self.fault = ""

    def _send(self, news: News) -> None:
        if not any(self._unsent(news)):
            return
        claim = self._claims.take(self.port.name)
        if claim is None:
            raise PortError("another process sends to it at this moment")
        with claim:
            points, alarms, rollouts = self._unsent(news)
            self._send_rollouts(rollouts)
            self._send_points(points, alarms)

    def _unsent(self, news: News) -> tuple[list[Point], list[Alarm], list[RolloutPart]]:
        """What the run does not note as sent, of what the port takes."""
        known = {item for part in self._sent.of(self._run) for item in part}
        if self.port.takes_rollouts:
            return [], [], [each for each in news.rollouts if each.part not in known]
        name = self.port.name
        told = {each.alarm for each in self._run.read(Delivery) if each.sink == name}
        points = [each for each in news.points if each.key not in known]
        return points, [each for each in news.alarms if each.part not in told], []

    def _send_rollouts(self, rollouts: Sequence[RolloutPart]) -> None:
        for each in rollouts:
            rollouts_read = each.read()
            self.port.send_rollouts(each.part, rollouts_read)
            self._note([each.part])
            self._counts["rollouts"] += len(rollouts_read)

    def _send_points(self, points: Sequence[Point], alarms: Sequence[Alarm]) -> None:
        if not points and not alarms:
            return
        self.port.send(points, alarms)
        name = self.port.name
        for each in alarms:
            delivered = Delivery(alarm=each.part, sink=name)
            self._run.append([delivered], part=f"{each.part}-{name}", replace=True)
        if points:
            self._note([each.key for each in points])
        self._counts += Counter(numbers=len(points), alarms=len(alarms))

    def _note(self, items: Sequence[str]) -> None:
        port = self.port
        number = sum(part.startswith(f"{port.name}-") for part in self._run.parts(Sent))
        noted = [Sent(port=port.name, into=port.into, item=item) for item in items]
        self._run.append(noted, part=f"{port.name}-{number:06d}")

    def _items_of(self, run: Run, part: str) -> Sequence[str]:
        if not part.startswith(f"{self.port.name}-"):
            return ()
        return [each.item for each in run.read(Sent, part=part)]
