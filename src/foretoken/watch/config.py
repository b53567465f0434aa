"""Settings of `foretoken watch`."""

from pathlib import Path

from pydantic import Field

from foretoken.ledger.grades import GraderLimits
from foretoken.ledger.shadow import ShadowSettings
from foretoken.pipeline.warned import StopCosts
from foretoken.ports.config import FollowConfig
from foretoken.work.settings import Settings


class ServeConfig(Settings):
    """The live page."""

    on: bool = False
    """Whether it is served."""
    host: str = "127.0.0.1"
    """Address to listen on; any but a loopback one asks for a token."""
    port: int = Field(default=8765, ge=0, lt=65536)
    """0: any that is free."""
    token: str | None = None
    """That a browser has to show; none: made anew where one is needed."""


class WatchConfig(GraderLimits, ShadowSettings):
    """Settings of `foretoken watch`."""

    section = "watch"

    run: Path
    """Run directory of the training, or the one that hooks and imports write to."""
    checkpoints: tuple[Path, ...] = ()
    """Folders in which a trainer saves checkpoints; none: those of the run, and those that hooks
    name."""
    merge_with: str | None = None
    """Python that has verl, by which its shards are merged; none: they are not."""
    most_kept: int = Field(default=8, gt=0)
    """Checkpoints that are kept in the run for measuring: broadcasts, and merged shards."""
    logs: Path | None = None
    """Logs of rollouts, as for `foretoken import`; none: what hooks wrote into the run."""
    tasks: str | None = None
    """See `foretoken import`."""
    label: str | None = None
    """See `foretoken import`."""
    exploit_type: str | None = None
    """See `foretoken import`."""
    horizon_step: int | None = Field(default=None, gt=0)
    """Last step of the training; none: as the run says."""
    rollouts_per_step: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """See `foretoken forecast`."""
    threshold: float = Field(default=0.1, gt=0, lt=1)
    """Rate that counts as emerged."""
    closed: tuple[str, ...] | None = None
    """See `foretoken forecast`."""
    false_alarms: float = Field(default=0.1, gt=0, lt=1)
    """Share of trainings that stay within `budget` in which an alarm may be raised."""
    budget: float = Field(default=0.01, gt=0, lt=1)
    """Rate up to which a type's rollouts may hack."""
    warn_from: float | None = Field(default=None, gt=0, le=1)
    """Probability of a forecast from which on a type is warned of, which promises nothing; none:
    what few clean runs passed of those that taught the forecast, else 0.5."""
    stop: bool = False
    """Whether an alarm asks the trainer to stop, by the file `stop` in the run."""
    costs: StopCosts = StopCosts()
    """Of runs that are stopped or not."""
    discover: bool = True
    """Whether paid answers are searched for exploits that are in no type, as `foretoken discover`
    does, now and then."""
    webhook: str | None = None
    """Address to which each alarm is posted as JSON."""
    export: FollowConfig = FollowConfig()
    """Trackers that follow; see `foretoken export`."""
    every_s: float = Field(default=10.0, gt=0)
    """Between two looks."""
    settle_s: float = Field(default=5.0, ge=0)
    """Without a change, after which a checkpoint's files are taken to be whole."""
    linger_s: float = Field(default=60.0, ge=0)
    """Without anything new, after which a training is taken to be over once its last rollouts are
    drawn, where there is a bank and no checkpoint of the last step appears."""
    once: bool = False
    """Look once and end."""
    device: str = "auto"
    """Where checkpoints are measured; `auto`: the accelerator where there is one."""
    serve: ServeConfig = ServeConfig()
    """The live page."""
    seed: int = 0
    """Of all random numbers."""
