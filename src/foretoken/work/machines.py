"""From settings to what samples and what grades: in this process, or over many machines."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Protocol

from foretoken.engines.base import Engines
from foretoken.engines.choose import EngineConfig, choose_engines
from foretoken.tasks.base import Grader


class Placement(Protocol):
    """Settings that say where work is done; they change no result."""

    @property
    def workers(self) -> int | None:
        """Submissions graded at the same time; None: two per core."""
        ...

    @property
    def device(self) -> str:
        """Where models are put."""
        ...

    @property
    def ray(self) -> str | None:
        """Address of a Ray cluster; None: this process does everything."""
        ...


@contextmanager
def at_work(
    config: EngineConfig,
    placement: Placement,
    *,
    engines: Engines | None = None,
    grader: Grader | None = None,
) -> Generator[tuple[Engines, Grader | None]]:
    """What samples, and what grades, for the length of the block.

    Args:
        config: What samples and scores.
        placement: Where.
        engines: Taken instead, where given.
        grader: Taken instead, where given.

    Returns:
        Engines, and a grader; None in place of the grader: each task's own, in this process.

    Raises:
        SetupError: There is no such cluster.
    """
    if placement.ray is None:
        yield engines or choose_engines(config, device=placement.device), grader
        return
    from foretoken.engines.ray.cluster import Cluster
    from foretoken.engines.ray.engine import RayEngines
    from foretoken.work.ray_grader import RayGrader

    with Cluster(placement.ray) as cluster, ExitStack() as stack:
        if engines is None:
            engines = stack.enter_context(RayEngines(config, cluster, device=placement.device))
        if grader is None:
            grader = stack.enter_context(RayGrader(cluster, workers=placement.workers))
        yield engines, grader
