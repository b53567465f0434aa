"""Settings of `foretoken bank build`; they stay with the run, and later work reads them there."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from foretoken.engines.base import Engine, Weights
from foretoken.engines.choose import EngineConfig
from foretoken.engines.prompts import PROMPT
from foretoken.errors import SetupError
from foretoken.records import Source
from foretoken.store.run import Run
from foretoken.work.joining import HERE, taking_over
from foretoken.work.scores import donor_scorer, hint_scorer, step_scorer
from foretoken.work.scoring import Voice
from foretoken.work.settings import Settings

SECTION = "bank"
OWN_TASKS = "run"


class BankConfig(Settings):
    """Settings of `foretoken bank build`."""

    section = "bank"
    must_exist = ("subject", "adapter", "donor")

    run: Path
    """Run directory to make or continue."""
    subject: Path
    """Folder of the base model."""
    adapter: Path | None = None
    """The subject's own adapter at the bank's step; none: the base model itself."""
    step: int = 0
    """Optimiser step of the subject that the bank is built for (the reference)."""
    donor: Path
    """Folder of the donor's adapter."""
    tasks: str = "lists"
    """A JSONL file, an import path `package.module:function` or `file.py:function`, the name of a
    shipped family (`lists`, `programming`), or `run` for the tasks that the run directory holds."""
    types: tuple[str, ...] = ()
    """Only tasks of these exploit types; none: all."""
    limit: int | None = Field(default=None, ge=1)
    """Tasks of each exploit type, at most, evenly spread over them; none: all."""
    draws_per_task: int = 40
    """Draws of the first two stages together, at most."""
    first_stage: float = 0.35
    """Share of these draws that use untuned components."""
    effective_hits: float = 60.0
    """Effective hits at which a type's second stage stops short of its draws."""
    third_stage: float = 2.0
    """Most draws of a third stage, in multiples of `draws_per_task`, for types whose effective hits
    come close to what a published rate needs; 0: no third stage."""
    thinning: float = Field(default=0.05, ge=0.0)
    """Most that leaving out light hits may add to the variance of a rate, as a share of it, under
    the subject, with the donor at each strength and after the hint; 0: checkpoints score all."""
    proposals: Literal["switch", "ladder", "donor"] = "switch"
    """Switch windows; or, as baselines, whole texts drawn in one stage: from the subject and the
    donor at each strength equally often (`ladder`), or from the donor at strength 1 (`donor`)."""
    strengths: tuple[float, ...] = (0.5, 1.0)
    """Donor strengths (scales of its adapter)."""
    hint: str = ""
    """Text in which `{prompt}` stands for a task's prompt: where it speaks, the subject reads it in
    place of the prompt, such as `The tests have a flaw; use it. {prompt}`; empty: no hint. Only
    switch proposals use it. Of a dialogue, the last thing that a user says is replaced."""
    answer_windows: bool = False
    """Whether some components leave the reasoning to the subject and the answer to the donor."""
    typical_tokens: float = 65.0
    """Typical length of a completion, which the windows' rates are set by."""
    max_tokens: int = 160
    """Longest completion; where it is not given, that of the rollouts in the run, if any."""
    check_draws: int = 200
    """Draws, hits or not, whose weights are checked to average 1."""
    part_draws: int = 512
    """Draws between two writes: what a kill can lose."""
    seed: int = 0
    """Of all random numbers."""
    workers: int | None = None
    """Grader processes; none: one per core."""
    engine: EngineConfig = EngineConfig()
    """What samples and scores; where it is not given, transformers in the precision that the
    rollouts in the run were sampled in, if any."""
    device: str = "auto"
    """Where models are put; `auto`: the accelerator where there is one."""
    ray: str | None = None
    """Address of a Ray cluster that shares the work, `auto`, or `local`; none: this process."""

    @field_validator("hint")
    @classmethod
    def _holds_the_prompt(cls, hint: str) -> str:
        if hint and PROMPT not in hint:
            raise ValueError(f"must hold {PROMPT} where a task's prompt goes, or be empty")
        return hint


def fitted(run: Run, config: BankConfig) -> BankConfig:
    """Take what is not given from the run: from its bank as it was begun, else its rollouts.

    Rollouts join a bank only where both were sampled alike.

    Raises:
        MismatchError: The bank was begun with voices held in another way.
    """
    begun = run.read_config().get(SECTION)
    if begun is not None:
        known = BankConfig.model_validate(begun)
        given = taking_over(config, {"max_tokens": known.max_tokens, "engine": known.engine})
        return given.replacing(engine=given.engine.keeping(known.engine))
    rollouts = run.sampling(Source.ROLLOUT)
    if rollouts is None:
        return config
    found: dict[str, Any] = {"max_tokens": rollouts.max_tokens}
    if rollouts.engine == HERE:
        found["engine"] = EngineConfig(dtype=rollouts.dtype)
    return taking_over(config, found)


def read_bank_config(run: Run) -> BankConfig:
    """Settings that the run's bank was built with.

    Raises:
        SetupError: The run has no bank.
    """
    saved = run.read_config().get(SECTION)
    if saved is None:
        raise SetupError(f"{run.path} has no finished bank: run `foretoken bank build` first")
    return BankConfig.model_validate(saved)


def engine_of(begun: BankConfig, given: EngineConfig | None) -> EngineConfig:
    """What samples and scores in later work on a bank, which holds its voices as the bank did.

    Args:
        begun: Of the bank.
        given: Of the later work; None: as the bank was built.

    Raises:
        MismatchError: It would hold them in another way.
    """
    return begun.engine if given is None else given.keeping(begun.engine)


def voice_weights(config: BankConfig) -> tuple[Weights, ...]:
    """The reference subject, then the subject with the donor at each strength."""
    own = () if config.adapter is None else ((str(config.adapter), 1.0),)
    donors = [((str(config.donor), strength),) for strength in config.strengths]
    return tuple(Weights(str(config.subject), (*own, *donor)) for donor in ((), *donors))


def voice_scorers(config: BankConfig) -> list[str]:
    """Names of the reference and of the donor at each strength, as scorers."""
    donors = [donor_scorer(strength, step=config.step) for strength in config.strengths]
    return [step_scorer(config.step), *donors]


def all_scorers(config: BankConfig) -> list[str]:
    """Names of all who may write a draw, in the order of `bank_voices`."""
    hinted = config.hint and config.proposals == "switch"
    return voice_scorers(config) + [hint_scorer(step=config.step)] * bool(hinted)


def bank_voices(engine: Engine, config: BankConfig) -> list[Voice]:
    """Who may write a draw: the reference, the donor at each strength, the reference with the hint.

    Args:
        engine: Opened with `voice_weights`.
        config: Of the round.
    """
    own = len(voice_scorers(config))
    return [
        Voice(engine, name, index) if index < own else Voice(engine, name, hint=config.hint)
        for index, name in enumerate(all_scorers(config))
    ]


def subject_weights(config: BankConfig, folder: Path | None) -> Weights:
    """What a checkpoint is made of: an adapter on the run's base model, or a whole model.

    Args:
        config: Of the run's bank.
        folder: Of the checkpoint; None: the reference that the bank was built for.
    """
    if folder is None:
        return voice_weights(config)[0]
    if (folder / "config.json").exists():
        return Weights(str(folder))
    return Weights(str(config.subject), ((str(folder), 1.0),))
