"""A Ray cluster: the way into it, and crews of workers that outlive the death of any of them."""

import logging
import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from importlib.metadata import version
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from foretoken.errors import SetupError

LOCAL = "local"
STORE_BYTES = 256 << 20
"""Shared memory of a cluster that we start: prompts and completions are token ids, and small."""
ATTEMPTS = 4
"""Workers that may die over one piece of work before the work itself is blamed."""
STARTS = 4
"""Workers that may die one after the other before any of them stands."""
PATIENCE_S = 600.0
"""How long nobody may work while no worker stands up."""
ANSWER_S = 10.0
_GLANCE_S = 0.5


class Cluster:
    """The way into a Ray cluster, entered when it is first needed; a context manager.

    Args:
        address: Of the cluster's head (`10.0.0.1:6379`), `auto` for the cluster that this machine
            belongs to, or `local` for one of this machine alone, which ends with the block. A
            program that is connected already stays so, before and after.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._joined = False

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._joined:
            self._joined = False
            ray.shutdown()

    def join(self) -> None:
        """Connect, where this was not done yet.

        Raises:
            SetupError: There is no such cluster, or it runs another version of Ray or Python.
        """
        if ray.is_initialized():
            return
        if self._address.startswith("ray://"):
            raise SetupError(
                f"{self._address} is reached through Ray's client: run foretoken on a machine of "
                "the cluster, with `--ray auto`"
            )
        own: dict[str, Any] = {"include_dashboard": False, "object_store_memory": STORE_BYTES}
        try:
            _require_an_answer(self._address)
            ray.init(
                address=self._address,
                log_to_driver=False,
                logging_level=logging.ERROR,
                **(own if self._address == LOCAL else {}),
            )
        except (OSError, RuntimeError, ValueError, AssertionError, RayError) as error:
            ray.shutdown()
            raise SetupError(
                f"no Ray cluster answers at {self._address} ({_first_line(error)}): start one with "
                "`ray start --head`, or work on this machine alone with `--ray local`"
            ) from error
        self._joined = True


def _require_an_answer(address: str) -> None:
    """Ray itself asks for minutes before it gives up on an address."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_S).close()


def worker_slots() -> tuple[int, bool]:
    """Workers that the cluster has room for: one an accelerator, or else one a processor core.

    Returns:
        Their number, and whether each has an accelerator.
    """
    known = ray.cluster_resources()
    accelerators = int(known.get("GPU", 0))
    return accelerators or max(1, int(known.get("CPU", 0))), accelerators > 0


def working_nodes() -> list[str]:
    """Ids of the machines that take work."""
    return sorted(
        str(node["NodeID"])
        for node in ray.nodes()
        if node["Alive"] and node["Resources"].get("CPU")
    )


def on_node(node: str) -> NodeAffinitySchedulingStrategy:
    """Where an actor goes: to this machine, or to another where it is lost."""
    return NodeAffinitySchedulingStrategy(node, soft=True)


def spoken_by_this_machine(error: SetupError) -> SetupError:
    """The same error, with the name of the machine that it came up on."""
    return type(error)(f"on {socket.gethostname()}: {error}")


class Crew:
    """Equal workers, any of which may do any piece of work and die over it.

    A piece whose worker died is done again by another, so each piece must come out the same
    whoever does it. Its methods may be called by many threads at the same time.

    Args:
        recruit: Starts worker number `n` and returns its actor, which must have a method `ready`
            that returns the version of Foretoken there.
        size: Number of workers.
    """

    def __init__(self, recruit: Callable[[int], ActorHandle], size: int) -> None:
        self.size = size
        self._recruit = recruit
        self._idle: queue.SimpleQueue[tuple[int, ActorHandle]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._members: dict[int, ActorHandle] = {}
        self._busy = 0
        self._failed_starts = 0
        self._fault: SetupError | None = None
        self._closed = False
        for number in range(size):
            self._start(number)

    def call(self, method: str, *arguments: object) -> Any:
        """Let one worker do a piece of work, and another one where that one dies.

        Raises:
            SetupError: No worker stands up, or the work kills every worker.
            ForetokenError: As the work itself raised it.
        """
        reason = ""
        for _ in range(ATTEMPTS):
            number, worker = self._take()
            try:
                result = ray.get(getattr(worker, method).remote(*arguments))
            except RayTaskError as error:
                self._give_back(number, worker)
                raise error.cause from None
            except RayError as error:
                reason = _first_line(error)
                self._replace(number, worker)
            else:
                self._give_back(number, worker)
                return result
        raise SetupError(
            f"{ATTEMPTS} workers died over the same piece of work, the last one so: {reason}. Look "
            "at the memory of the cluster's machines (`ray start --num-cpus N` there: fewer "
            "workers); the same command goes on from here"
        )

    def tell_all(self, method: str, *arguments: object) -> None:
        """Ask every worker that stands for something without an answer; the dead do not mind."""
        with self._lock:
            members = list(self._members.values())
        for worker in members:
            with suppress(RayError):
                getattr(worker, method).remote(*arguments)

    def close(self) -> None:
        """Let go of all workers."""
        with self._lock:
            self._closed = True
            members, self._members = list(self._members.values()), {}
        for worker in members:
            ray.kill(worker)

    def _start(self, number: int) -> None:
        with self._lock:
            if self._closed:
                return
            worker = self._members[number] = self._recruit(number)
        ready: Future[str] = worker.ready.remote().future()
        ready.add_done_callback(lambda said: self._welcome(number, worker, said))

    def _welcome(self, number: int, worker: ActorHandle, said: "Future[str]") -> None:
        """Take a worker that stands into use; runs in a thread of Ray."""
        error = said.exception()
        if error is not None:
            self._failed_starts += 1
            if self._failed_starts < STARTS:
                self._start(number)
            else:
                self._fault = SetupError(
                    f"no worker of the Ray cluster stands up: {_first_line(error)}. Foretoken must "
                    "be installed alike on every machine"
                )
        elif said.result() != version("foretoken"):
            self._fault = SetupError(
                f"a machine of the Ray cluster has foretoken {said.result()}, this one "
                f"{version('foretoken')}: install the same version on all"
            )
        else:
            self._failed_starts = 0
            self._idle.put((number, worker))

    def _take(self) -> tuple[int, ActorHandle]:
        patience = time.monotonic() + PATIENCE_S
        while True:
            if self._fault is not None:
                raise self._fault
            with suppress(queue.Empty):
                taken = self._idle.get(timeout=_GLANCE_S)
                with self._lock:
                    self._busy += 1
                return taken
            if self._busy:
                patience = time.monotonic() + PATIENCE_S
            elif time.monotonic() > patience:
                raise SetupError(
                    f"no worker of the Ray cluster stood up in {PATIENCE_S:g} s: it has "
                    f"{_resources(ray.cluster_resources())}, of which free "
                    f"{_resources(ray.available_resources())}; `ray status` says who holds the rest"
                )

    def _give_back(self, number: int, worker: ActorHandle) -> None:
        with self._lock:
            self._busy -= 1
        self._idle.put((number, worker))

    def _replace(self, number: int, worker: ActorHandle) -> None:
        with self._lock:
            self._busy -= 1
        with suppress(RayError):
            ray.kill(worker)
        self._start(number)


def _resources(known: Mapping[str, float]) -> str:
    return f"{known.get('CPU', 0):g} cores and {known.get('GPU', 0):g} accelerators"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
