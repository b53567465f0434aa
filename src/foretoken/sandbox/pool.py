"""The supervisor: many slots, one loop, every job ends in an execution."""

import json
import os
import random
import selectors
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from types import TracebackType

from foretoken.errors import IsolationError
from foretoken.sandbox import zygote
from foretoken.sandbox.base import Ending, Execution, Job, Limits
from foretoken.sandbox.slot import Flight, Slot
from foretoken.sandbox.transcript import BadTranscriptError, read_transcript, was_ready

SLOTS_PER_CORE = 2
RECYCLE_AFTER = 4000
_ATTEMPTS = 3
_FIRST_USER, _USERS = 1 << 30, 1 << 29
_REASONS = {
    zygote.CPU_LIMIT: Ending.CPU_LIMIT,
    zygote.WALL_LIMIT: Ending.WALL_LIMIT,
    zygote.KILLED: Ending.OUTPUT_LIMIT,
}


def _request(job: Job) -> bytes:
    exposure = job.exposure
    return json.dumps(
        {
            "code": job.code,
            "function": job.function,
            "calls": job.calls,
            "seed": job.seed,
            "notes": job.notes,
            "attribute": job.attribute,
            "files": exposure.files,
            "objects": exposure.objects,
            "keyword": exposure.keyword,
            "module": exposure.module,
            "frame": exposure.frame,
            "hook": exposure.hook,
            "leaks": exposure.leaks or (None,) * len(job.calls),
            "log": exposure.log,
            "log_lines": exposure.log_lines,
            "probe": asdict(job.probe) | {"nonce": job.nonce} if job.probed else None,
        }
    ).encode()


class SandboxPool:
    """Runs untrusted code in isolation, on all cores. Use it as a context manager.

    Args:
        workers: Submissions that run at the same time; None: two per available core.
        limits: What one submission may use.

    Raises:
        IsolationError: The machine refuses a part of the isolation.
    """

    def __init__(self, *, workers: int | None = None, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        count = workers or SLOTS_PER_CORE * len(os.sched_getaffinity(0))
        first = _FIRST_USER + random.SystemRandom().randrange(_USERS)
        self._users = [first + number for number in range(count)]
        self._slots: list[Slot] = []
        self._idle: list[Slot] = []
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._user_of: dict[Slot, int] = {}
        try:
            for user in self._users:
                self._slots.append(self._start(user))
            for slot in self._slots:
                slot.wait_ready()
        except BaseException:
            self.close()
            raise
        self._idle = list(self._slots)

    def _start(self, user: int) -> Slot:
        slot = Slot(self.limits, user)
        self._user_of[slot] = user
        return slot

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
        """End every slot; without effect in a process that was forked from the owner."""
        if os.getpid() != self._owner:
            return
        for slot in self._slots:
            slot.close()
        self._slots, self._idle, self._user_of = [], [], {}

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Numbers of the slots' outer processes."""
        return tuple(slot.process_id for slot in self._slots)

    def _replace(self, slot: Slot) -> None:
        user = self._user_of.pop(slot)
        slot.close()
        self._slots.remove(slot)
        fresh = self._start(user)
        self._slots.append(fresh)
        fresh.wait_ready()
        self._idle.append(fresh)

    def run(
        self, jobs: Sequence[Job], *, on_done: Callable[[int], None] | None = None
    ) -> list[Execution]:
        """Run every job once, in any order, and return the executions in the order of the jobs.

        A slot that dies is replaced and its job run again, since a job leaves no trace; after three
        such deaths the job ends as `INFRA_ERROR`.

        Args:
            jobs: What to run.
            on_done: Called with the number of jobs that just ended.

        Raises:
            IsolationError: The pool belongs to another process, or a slot cannot be replaced.
        """
        if os.getpid() != self._owner:
            raise IsolationError("a sandbox cannot be used after a fork: make one in this process.")
        with self._lock:
            loop = _Loop(self, jobs, on_done)
            try:
                return loop.run()
            finally:
                loop.abandon()

    def take_idle(self) -> Slot | None:
        """A slot without a job, or None."""
        return self._idle.pop() if self._idle else None

    def give_back(self, slot: Slot, *, broken: bool) -> None:
        """Return a slot; a broken or worn one is replaced."""
        if broken or slot.jobs >= RECYCLE_AFTER:
            self._replace(slot)
        else:
            self._idle.append(slot)


class _Loop:
    """One call of `SandboxPool.run`."""

    def __init__(
        self, pool: SandboxPool, jobs: Sequence[Job], on_done: Callable[[int], None] | None
    ) -> None:
        self._pool = pool
        self._jobs = jobs
        self._on_done = on_done
        self._waiting = deque(range(len(jobs)))
        self._attempts = [0] * len(jobs)
        self._done: dict[int, Execution] = {}
        self._flights: dict[Flight, int] = {}
        self._selector = selectors.DefaultSelector()

    def run(self) -> list[Execution]:
        while len(self._done) < len(self._jobs):
            self._launch()
            for key, events in self._selector.select(timeout=1.0):
                flight: Flight = key.data
                if flight in self._flights:
                    self._handle(flight, key.fd, events)
            now = time.monotonic()
            for flight in [one for one in self._flights if now > one.deadline]:
                self._finish(flight, broken="the slot did not answer in time")
        return [self._done[index] for index in range(len(self._jobs))]

    def abandon(self) -> None:
        """Leave no slot busy, whatever interrupted the loop."""
        for flight in list(self._flights):
            self._drop(flight)
            self._pool.give_back(flight.slot, broken=True)
        self._selector.close()

    def _launch(self) -> None:
        while self._waiting and (slot := self._pool.take_idle()):
            index = self._waiting.popleft()
            job = self._jobs[index]
            if len(job.code) > self._pool.limits.code_bytes:
                self._pool.give_back(slot, broken=False)
                self._settle(index, Execution(ending=Ending.OUTPUT_LIMIT, cpu_s=0.0))
                continue
            try:
                flight = Flight(slot, _request(job), self._pool.limits)
            except OSError as error:
                self._retry(index, f"the slot is gone ({error})")
                self._pool.give_back(slot, broken=True)
                continue
            self._flights[flight] = index
            self._selector.register(slot.control, selectors.EVENT_READ, flight)
            self._selector.register(flight.answer, selectors.EVENT_READ, flight)
            if flight.write_end is not None:
                self._selector.register(flight.write_end, selectors.EVENT_WRITE, flight)

    def _handle(self, flight: Flight, descriptor: int, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._selector.unregister(descriptor)
            flight.feed()
            if flight.write_end is not None:
                self._selector.register(flight.write_end, selectors.EVENT_WRITE, flight)
        elif descriptor == flight.answer:
            if flight.read():
                self._selector.unregister(descriptor)
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
        flight.read()
        job = self._jobs[self._flights[flight]]
        cpu_limit_s = self._pool.limits.cpu_s
        said = zygote.REPORT.unpack(report)
        execution = _execution(flight, said, job=job, cpu_limit_s=cpu_limit_s)
        if execution is None:
            self._finish(flight, broken="the submission's process was ended from outside")
            return
        index = self._drop(flight)
        self._pool.give_back(flight.slot, broken=False)
        self._settle(index, execution)

    def _drop(self, flight: Flight) -> int:
        for descriptor in (flight.slot.control, flight.answer, flight.write_end):
            if descriptor is not None and descriptor in self._selector.get_map():
                self._selector.unregister(descriptor)
        flight.land()
        return self._flights.pop(flight)

    def _finish(self, flight: Flight, *, broken: str) -> None:
        self._retry(self._drop(flight), broken)
        self._pool.give_back(flight.slot, broken=True)

    def _retry(self, index: int, reason: str) -> None:
        self._attempts[index] += 1
        if self._attempts[index] < _ATTEMPTS:
            self._waiting.appendleft(index)
        else:
            self._settle(index, Execution(ending=Ending.INFRA_ERROR, cpu_s=0.0, infra=reason))

    def _settle(self, index: int, execution: Execution) -> None:
        self._done[index] = execution
        if self._on_done is not None:
            self._on_done(1)


def _execution(
    flight: Flight, report: tuple[int, int, int], *, job: Job, cpu_limit_s: float
) -> Execution | None:
    """What the flight's bytes and the zygote's report add up to.

    Returns:
        None where the submission's process was ended by neither itself nor us.
    """
    reason, status, cpu_us = report
    cpu_s = cpu_us / 1e6
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    output = bytes(flight.output)
    if not was_ready(output):
        return None
    if killed and reason == zygote.ENDED:
        if cpu_s < cpu_limit_s:
            return None
        reason = zygote.CPU_LIMIT
    if flight.too_much:
        return Execution(ending=Ending.OUTPUT_LIMIT, cpu_s=cpu_s)
    exit_status = None
    try:
        nonce = job.nonce if job.probed else None
        transcript = read_transcript(output, calls=len(job.calls), nonce=nonce)
    except BadTranscriptError:
        return Execution(ending=Ending.PROTOCOL_ERROR, cpu_s=cpu_s)
    if reason != zygote.ENDED:
        ending = _REASONS[reason]
    elif os.WIFSIGNALED(status):
        ending = Ending.SIGNAL
    elif transcript.ended:
        ending = Ending.COMPLETED
    else:
        ending, exit_status = Ending.EXIT, os.WEXITSTATUS(status)
    return Execution(
        ending=ending,
        cpu_s=cpu_s,
        exit_status=exit_status,
        calls=tuple(transcript.calls),
        failed=transcript.failed,
        notes=transcript.notes,
        attribute=transcript.attribute,
        flags=transcript.flags,
        claims=transcript.claims,
    )
