"""An engine that is many: each worker of a Ray cluster holds one, and any of them may answer."""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import ray

from foretoken.engines.base import Completion, Engine, Item, R, Scores, T, Weights, WindowSpec
from foretoken.engines.choose import EngineConfig, choose_engines
from foretoken.engines.ray.cluster import Cluster, Crew, spoken_by_this_machine, worker_slots
from foretoken.errors import MismatchError, ModelError, SetupError
from foretoken.records import Identity

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Cast:
    """Voices that every worker must hold, and what each must turn out to be."""

    voices: tuple[Weights, ...]
    identities: tuple[Identity, ...]


@dataclass(frozen=True)
class Facts:
    """What the driver has to know of the engines that the workers hold."""

    tokenizer: "PreTrainedTokenizerBase"
    end_tokens: frozenset[int]
    longest: int


class EngineWorker:
    """What stands in a worker process: engines of its own, opened when work first needs them."""

    def __init__(self, config: EngineConfig, device: str) -> None:
        self._config, self._device = config, device
        self._open: dict[Cast, tuple[Engine, ExitStack]] = {}

    def ready(self) -> str:
        """Version of Foretoken here."""
        return version("foretoken")

    def facts(self, cast: Cast) -> Facts:
        """What the driver has to know."""
        engine = self._engine(cast)
        return Facts(engine.tokenizer, engine.end_tokens, engine.longest)

    def sample(
        self, cast: Cast, prompts: Sequence[Sequence[int]], settings: dict[str, Any]
    ) -> list[Completion]:
        """One completion for each prompt."""
        return self._engine(cast).sample(prompts, **settings)

    def score(self, cast: Cast, items: Sequence[Item], settings: dict[str, Any]) -> Scores:
        """Log-probability of each completion."""
        return self._engine(cast).score(items, **settings)

    def close(self, cast: Cast) -> None:
        """Let go of one engine."""
        if cast in self._open:
            self._open.pop(cast)[1].close()

    def _engine(self, cast: Cast) -> Engine:
        if cast not in self._open:
            with ExitStack() as stack:
                engine = stack.enter_context(self._opened(cast))
                self._open[cast] = engine, stack.pop_all()
        return self._open[cast][0]

    @contextmanager
    def _opened(self, cast: Cast) -> Generator[Engine]:
        try:
            engines = choose_engines(self._config, device=self._device)
            with ExitStack() as stack:
                engine = stack.enter_context(engines.open(cast.voices))
                _require_the_same(cast, engine)
                ours = stack.pop_all()
        except SetupError as error:
            raise spoken_by_this_machine(error) from None
        except OSError as error:
            raise spoken_by_this_machine(ModelError(f"weights cannot be read: {error}")) from None
        with ours:
            yield engine


def _require_the_same(cast: Cast, engine: Engine) -> None:
    for weights, said, found in zip(cast.voices, cast.identities, engine.voices, strict=True):
        differing = [
            f"{name} {str(value)[:12]} against {str(getattr(found, name))[:12]}"
            for name, value in said.model_dump().items()
            if value != getattr(found, name)
        ]
        if differing:
            folders = ", ".join([weights.base, *(folder for folder, _ in weights.adapters)])
            raise MismatchError(
                f"{folders} is not what it is where the command runs ({', '.join(differing)}): "
                "every machine needs the same weights and the same versions"
            )


class RayEngine:
    """Engines of many workers as one: each call goes to a worker that is free."""

    def __init__(self, crew: Crew, cast: Cast) -> None:
        self._crew, self._cast = crew, cast
        self._facts: Facts = crew.call("facts", cast)

    @property
    def voices(self) -> tuple[Identity, ...]:
        """What each voice is, the subject first."""
        return self._cast.identities

    @property
    def tokenizer(self) -> "PreTrainedTokenizerBase":
        """Of all voices."""
        return self._facts.tokenizer

    @property
    def end_tokens(self) -> frozenset[int]:
        """Ids of the tokens that end a completion."""
        return self._facts.end_tokens

    @property
    def longest(self) -> int:
        """Most tokens that it reads, prompt and completion together."""
        return self._facts.longest

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        *,
        max_tokens: int,
        seed: int,
        windows: Sequence[WindowSpec] | None = None,
        prefixes: Sequence[Sequence[int]] | None = None,
        on_finished: Callable[[int], None] | None = None,
    ) -> list[Completion]:
        """Sample one completion for each prompt; see `Engine.sample`."""
        settings: dict[str, Any] = {
            "max_tokens": max_tokens,
            "seed": seed,
            "windows": windows,
            "prefixes": prefixes,
        }
        completions: list[Completion] = self._crew.call("sample", self._cast, prompts, settings)
        if on_finished is not None:
            on_finished(len(completions))
        return completions

    def score(self, items: Sequence[Item], *, voice: int = 0, per_token: bool = False) -> Scores:
        """Return the log-probability of each completion; see `Engine.score`."""
        settings = {"voice": voice, "per_token": per_token}
        return self._crew.call("score", self._cast, items, settings)

    def side_by_side(self, work: Callable[[T], R], pieces: Sequence[T]) -> Iterator[R]:
        """Do as many pieces at a time as there are workers; results in their order."""
        if not pieces:
            return
        executor = ThreadPoolExecutor(min(self._crew.size, len(pieces)))
        try:
            yield from executor.map(work, pieces)
        finally:
            executor.shutdown(cancel_futures=True)


class RayEngines:
    """Opens engines in the workers of a Ray cluster.

    Use it as a context manager: workers start when an engine is first opened, stay for the next
    one, and are let go at the end.

    Args:
        config: What samples and scores in each worker.
        cluster: Joined when an engine is first opened.
        device: Where a worker puts its models; each has at most one accelerator.
    """

    def __init__(self, config: EngineConfig, cluster: Cluster, *, device: str = "auto") -> None:
        self._config, self._cluster = config, cluster
        self._device = device.partition(":")[0]
        self._local = choose_engines(config, device=device)
        self._crew: Crew | None = None

    def __enter__(self) -> "RayEngines":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._crew is not None:
            self._crew.close()
            self._crew = None

    def identify(self, weights: Weights) -> Identity:
        """What a voice made of these weights would be; nothing leaves this machine."""
        return self._local.identify(weights)

    @contextmanager
    def open(self, voices: Sequence[Weights]) -> Generator[RayEngine]:
        """One engine of all workers; each loads the voices when it first has work.

        Raises:
            ModelError: A machine cannot read a folder.
            MismatchError: A machine reads other weights, or has other versions.
            SetupError: No worker stands up.
        """
        crew = self._crew = self._crew or self._recruits()
        cast = Cast(tuple(voices), tuple(self.identify(each) for each in voices))
        try:
            yield RayEngine(crew, cast)
        finally:
            crew.tell_all("close", cast)

    def _recruits(self) -> Crew:
        self._cluster.join()
        slots, accelerated = worker_slots()
        actor = ray.remote(
            num_cpus=1, num_gpus=1 if accelerated and self._device != "cpu" else 0, max_restarts=0
        )(EngineWorker)
        return Crew(lambda _: actor.remote(self._config, self._device), slots)
