"""The supervisor: many slots, one loop, every job ends in an execution."""

import os
import random
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from weakref import WeakSet

from foretoken.errors import IsolationError
from foretoken.sandbox import zygote
from foretoken.sandbox.base import Ending, Execution, Job, Limits
from foretoken.sandbox.execution import SAMPLE, execution_of, request_of
from foretoken.sandbox.refusals import HelperDiedError, refusal
from foretoken.sandbox.room import FIRST_USER, USERS
from foretoken.sandbox.rooms import room_for
from foretoken.sandbox.slot import Flight, Slot

SLOTS_PER_CORE = 2
RECYCLE_AFTER = 4000
_ATTEMPTS, _STARTS = 3, 5
_MUCH_BYTES = 1 << 14
_UNREAD_S = 0.02
"""How long nobody reads what a submission writes. Most end earlier; each line that is read at once
wakes this process for nothing."""


class SandboxPool:
    """Runs untrusted code in isolation, on all cores. Use it as a context manager.

    Jobs that are shown expected values have slots of their own, made when the first such job comes,
    and run when all others have ended: nothing that one of them touches is ever met by a job that
    must not know them.

    It belongs to the process that made it: one that is forked from it may not use it, and holds
    nothing of it open.

    Args:
        workers: Submissions that run at the same time; None: two per available core.
        limits: What one submission may use.

    Raises:
        IsolationError: The machine refuses a part of the isolation, or has no room for the slots.
    """

    def __init__(self, *, workers: int | None = None, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        count = workers or SLOTS_PER_CORE * len(os.sched_getaffinity(0))
        first = FIRST_USER + random.SystemRandom().randrange(USERS)
        self._users = {
            False: range(first, first + count),
            True: range(first + count, first + 2 * count),
        }
        self._slots: dict[int, Slot] = {}
        self._idle: dict[bool, list[Slot]] = {False: [], True: []}
        self._owner = os.getpid()
        self._lock = threading.RLock()
        self._running = False
        self.closed = False
        _pools.add(self)
        try:
            self._fill(exposing=False)
        except BaseException:  # an interrupt, too, must leave no helper behind
            self._discard(list(self._slots.values()))
            raise

    def _start(self, user: int, *, attempt: int = 1) -> Slot:
        room = room_for(exposing=user in self._users[True])
        slot = self._slots[user] = Slot(self.limits, user, room=room, sample=request_of(SAMPLE))
        slot.attempt = attempt
        return slot

    def _fill(self, *, exposing: bool) -> None:
        """Start the slots of one kind that are missing, and wait until all stand."""
        for user in self._users[exposing]:
            if user not in self._slots:
                self._start(user)
        for slot in list(self._slots.values()):
            starting = None if slot.stands else slot
            while starting is not None:
                starting = self.welcome(starting)

    def welcome(self, slot: Slot) -> Slot | None:
        """Take a new slot into use, as soon as it stands.

        Returns:
            A slot to wait for instead, where somebody ended this one while it started.

        Raises:
            IsolationError: The machine refuses it, or it ended too often.
        """
        try:
            slot.wait_ready()
        except HelperDiedError:
            if slot.attempt == _STARTS:
                raise
            self._discard([slot])
            return self._start(slot.user, attempt=slot.attempt + 1)
        self._idle_like(slot).append(slot)
        return None

    def _idle_like(self, slot: Slot) -> list[Slot]:
        return self._idle[slot.user in self._users[True]]

    def _discard(self, slots: Sequence[Slot]) -> None:
        for slot in slots:
            slot.hang_up()
        for slot in slots:
            slot.close()
            del self._slots[slot.user]

    def __enter__(self) -> "SandboxPool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every slot, and a run in another thread with an error.

        Without effect in a process that was forked from the owner.
        """
        if os.getpid() != self._owner:
            return
        self.closed = True
        with self._lock:
            self._discard(list(self._slots.values()))
            self._idle = {False: [], True: []}

    def leave(self) -> None:
        """Close every descriptor, in a process that was forked from the owner."""
        for slot in self._slots.values():
            slot.leave()

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Numbers of the slots' outer processes."""
        return tuple(slot.process_id for slot in self._slots.values())

    def run(
        self, jobs: Sequence[Job], *, on_done: Callable[[int], None] | None = None
    ) -> list[Execution]:
        """Run every job once, in any order, and return the executions in the order of the jobs.

        Args:
            jobs: What to run.
            on_done: Called with the number of jobs that just ended; it may not use the pool.

        Raises:
            IsolationError: The pool is closed or belongs to another process, or the machine has no
                room for a slot or a job.
        """
        done: dict[int, Execution] = {}

        def take(index: int, execution: Execution) -> None:
            done[index] = execution
            if on_done is not None:
                on_done(1)

        self.run_each(jobs, take)
        return [done[index] for index in range(len(jobs))]

    def run_each(self, jobs: Sequence[Job], take: Callable[[int, Execution], None]) -> None:
        """Run every job once, in any order, and pass each execution on as soon as it is there.

        A slot that dies is replaced and its job run again, since a job leaves no trace; after three
        such deaths the job ends as `INFRA_ERROR`. Only the jobs under way are held, as requests and
        as answers: what a million bytes of answer become in memory is some twenty times more.

        Args:
            jobs: What to run.
            take: Called with a job's index and its execution; it may not use the pool.

        Raises:
            IsolationError: As for `run`.
        """
        if os.getpid() != self._owner:
            raise IsolationError("a sandbox cannot be used after a fork: make one in this process.")
        with self._lock:
            if self._running:
                raise IsolationError("a sandbox cannot be used while it runs: wait until it ended.")
            self._running = True
            try:
                self.require_open()
                for exposing in (False, True):
                    places = [at for at, job in enumerate(jobs) if job.exposes is exposing]
                    if places:
                        self._fill(exposing=exposing)
                        with _selector() as selector:
                            _Loop(self, jobs, places, selector=selector, take=take).run()
            except BaseException:  # an interrupt, too, must leave nothing under way
                if os.getpid() == self._owner:
                    self._end_busy_slots()
                raise
            finally:
                self._running = False

    def _end_busy_slots(self) -> None:
        """Leave nothing under way after a run that was interrupted."""
        busy = [slot for slot in self._slots.values() if slot not in self._idle_like(slot)]
        for slot in busy:
            if slot.flight is not None:
                slot.flight.land()
        self._discard(busy)

    def require_open(self) -> None:
        """Refuse to go on with a closed pool."""
        if self.closed:
            raise IsolationError("this sandbox was closed: make a new one.")

    def take_idle(self, *, exposing: bool) -> Slot | None:
        """A slot without a job, for jobs of this kind, or None."""
        return self._idle[exposing].pop() if self._idle[exposing] else None

    def give_back(self, slot: Slot, *, broken: bool) -> Slot | None:
        """Return a slot.

        Returns:
            A slot to wait for instead, where this one is broken or worn.
        """
        if self.closed:
            return None
        if broken or slot.jobs >= RECYCLE_AFTER:
            self._discard([slot])
            return self._start(slot.user)
        self._idle_like(slot).append(slot)
        return None


_pools: WeakSet[SandboxPool] = WeakSet()


def _leave_pools() -> None:
    for pool in list(_pools):
        pool.leave()


os.register_at_fork(after_in_child=_leave_pools)


def _selector() -> selectors.BaseSelector:
    try:
        return selectors.DefaultSelector()
    except OSError as error:
        raise refusal("event queue of the sandbox", error.errno or 0) from error


class _Loop:
    """One call of `SandboxPool.run_each`, for its jobs of one kind."""

    def __init__(
        self,
        pool: SandboxPool,
        jobs: Sequence[Job],
        places: Sequence[int],
        *,
        selector: selectors.BaseSelector,
        take: Callable[[int, Execution], None],
    ) -> None:
        self._pool = pool
        self._jobs = jobs
        self._take = take
        self._exposing = jobs[places[0]].exposes
        self._left = len(places)
        self._waiting = deque(places)
        self._attempts = [0] * len(jobs)
        self._flights: dict[Flight, int] = {}
        self._starting: set[Slot] = set()
        self._unread: deque[tuple[float, Flight]] = deque()
        self._selector = selector

    def run(self) -> None:
        while self._left:
            self._pool.require_open()
            self._launch()
            ready = self._selector.select(timeout=_UNREAD_S if self._unread else 1.0)
            now = time.monotonic()
            self._read_along(now)
            for key, events in ready:
                if key.data in self._starting:
                    self._welcome(key.data)
                elif key.data in self._flights:
                    self._handle(key.data, key.fd, events)
            for flight in [one for one in self._flights if now > one.deadline]:
                self._finish(flight, broken="the slot did not answer in time")
            for slot in [one for one in self._starting if now > one.deadline]:
                self._welcome(slot)

    def _await(self, slot: Slot | None) -> None:
        if slot is not None:
            self._starting.add(slot)
            self._selector.register(slot.control, selectors.EVENT_READ, slot)

    def _welcome(self, slot: Slot) -> None:
        self._selector.unregister(slot.control)
        self._starting.remove(slot)
        self._await(self._pool.welcome(slot))

    def _give_back(self, slot: Slot, *, broken: bool) -> None:
        self._await(self._pool.give_back(slot, broken=broken))

    def _launch(self) -> None:
        while self._waiting and (slot := self._pool.take_idle(exposing=self._exposing)):
            index = self._waiting.popleft()
            job = self._jobs[index]
            if len(job.code.encode(errors="surrogatepass")) > self._pool.limits.code_bytes:
                self._give_back(slot, broken=False)
                self._settle(index, Execution(ending=Ending.OUTPUT_LIMIT, cpu_s=0.0))
                continue
            try:
                self._take_off(Flight(slot, request_of(job), self._pool.limits), index)
            except ConnectionError as error:
                self._retry(index, f"the slot is gone ({error})")
                self._give_back(slot, broken=True)
            except OSError as error:
                raise refusal("pipes of a submission", error.errno or 0) from error

    def _take_off(self, flight: Flight, index: int) -> None:
        self._flights[flight] = index
        self._selector.register(flight.slot.control, selectors.EVENT_READ, flight)
        self._unread.append((time.monotonic() + _UNREAD_S, flight))
        if flight.write_end is not None:
            self._selector.register(flight.write_end, selectors.EVENT_WRITE, flight)

    def _read_along(self, now: float) -> None:
        """Read from now on what older flights write: it may be more than a pipe holds."""
        while self._unread and self._unread[0][0] <= now:
            _, flight = self._unread.popleft()
            if flight.answer is not None:
                self._selector.register(flight.answer, selectors.EVENT_READ, flight)

    def _handle(self, flight: Flight, descriptor: int, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._selector.unregister(descriptor)
            flight.feed()
            if flight.write_end is not None:
                self._selector.register(flight.write_end, selectors.EVENT_WRITE, flight)
        elif descriptor == flight.answer:
            said = flight.read()
            if said is not None and said < _MUCH_BYTES:
                # Many small writes must not wake us once each: look again in a while.
                self._selector.unregister(descriptor)
                if said:
                    self._unread.append((time.monotonic() + _UNREAD_S, flight))
        else:
            self._receive_report(flight)

    def _receive_report(self, flight: Flight) -> None:
        try:
            report = flight.slot.control.recv(256)
        except OSError:
            report = b""
        if len(report) != zygote.REPORT.size:
            self._finish(flight, broken="the slot died")
            return
        if zygote.REPORT.unpack(report)[0] == zygote.REFUSED:
            reason = os.strerror(zygote.REPORT.unpack(report)[1])
            self._finish(flight, broken=f"the slot could not start a process ({reason})")
            return
        while flight.read():
            pass
        job = self._jobs[self._flights[flight]]
        said = zygote.REPORT.unpack(report)
        execution = execution_of(flight, said, job=job, limits=self._pool.limits)
        if execution is None:
            self._finish(flight, broken="the submission's process was ended from outside")
            return
        index = self._drop(flight)
        self._give_back(flight.slot, broken=False)
        self._settle(index, execution)

    def _drop(self, flight: Flight) -> int:
        for descriptor in (flight.slot.control, flight.answer, flight.write_end):
            if descriptor is not None and descriptor in self._selector.get_map():
                self._selector.unregister(descriptor)
        flight.land()
        return self._flights.pop(flight)

    def _finish(self, flight: Flight, *, broken: str) -> None:
        self._retry(self._drop(flight), broken)
        self._give_back(flight.slot, broken=True)

    def _retry(self, index: int, reason: str) -> None:
        self._attempts[index] += 1
        if self._attempts[index] < _ATTEMPTS:
            self._waiting.appendleft(index)
        else:
            self._settle(index, Execution(ending=Ending.INFRA_ERROR, cpu_s=0.0, infra=reason))

    def _settle(self, index: int, execution: Execution) -> None:
        self._left -= 1
        self._take(index, execution)
