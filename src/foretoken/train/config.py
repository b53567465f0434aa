"""Settings of the training commands; unknown keys are refused."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator

from foretoken.bases import Frozen
from foretoken.engines.tags import TagsSetting
from foretoken.work.settings import Settings


class TrainConfig(Settings):
    """What both kinds of training need."""

    must_exist = ("model",)

    model: str
    """Folder of the base model."""
    tasks: str
    """JSONL file, `package.module:function`, `file.py:function`, or name of a shipped family."""
    out: Path
    """Where the result goes."""
    steps: int = Field(ge=1)
    """Optimiser steps."""
    learning_rate: float = Field(gt=0)
    """Of AdamW, the same in all steps."""
    rank: int = Field(default=8, ge=1)
    """Rank of the LoRA matrices."""
    alpha: float = Field(default=16.0, gt=0)
    """LoRA scale times rank."""
    target_modules: tuple[str, ...] | None = None
    """Layers that get LoRA matrices, by name or its end (`q_proj`); none: all linear layers that
    bear them, but the output layer."""
    seed: int = 0
    """Of all random numbers."""
    reasoning_tags: TagsSetting = None
    """What opens and what closes a model's reasoning, as `["[THINK]", "[/THINK]"]`; `[]`: it does
    not reason; none: found from its chat template or vocabulary."""
    bf16: bool | None = None
    """Whether the training pass runs in bfloat16 autocast; none: where the machine multiplies it at
    least as fast as float32, which processors without AVX-512 do ten times slower."""
    pass_tokens: int | None = Field(default=None, ge=1)
    """Most tokens, padding included, that pass through the model together, forward and backward; a
    batch of more is split, and its gradient is the same. Lower it where memory does not suffice,
    also for a training that was begun. None: about what 4 GiB hold, or half of what is free on an
    accelerator."""


Remedy = Literal["more steps", "weak types", "own hits", "spoken hits"]


class QualityConfig(Frozen):
    """`[quality]`: how often a donor that reasons must hack, and what is done where it does not."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    wanted: float = Field(default=0.3, ge=0, le=1)
    """Yield that each exploit type should have: hacks among the donor's own completions."""
    spoken: float = Field(default=0.1, ge=0, le=1)
    """The same of hacks whose reasoning names the flaw, where the model reasons at all: a bank that
    has few of them publishes nothing."""
    remedies: tuple[Remedy, ...] = ("more steps", "weak types", "own hits", "spoken hits")
    """What is tried in turn while a type is below that: the first three for `wanted`, the last for
    `spoken`; none: the donor is asked and left alone."""
    rounds: int = Field(default=3, ge=1)
    """Rounds of one remedy, at most; it ends before that where yields stop rising."""
    steps: int | None = Field(default=None, ge=1)
    """Optimiser steps of a round; none: as many as the donor was trained for."""
    tasks: int = Field(default=6, ge=1)
    """Tasks of each type that the donor is asked."""
    draws: int = Field(default=8, ge=1)
    """Completions of each."""
    hit_draws: int = Field(default=400, ge=1)
    """Completions of each such type among which `own hits` and `spoken hits` look for hacks."""
    anchor: float = Field(default=0.5, ge=0.5, le=1)
    """Share of the donor's original pairs in a round of these two."""
    max_tokens: int = Field(default=160, ge=1)
    """Longest completion."""
    workers: int | None = None
    """Submissions that are graded at once; none: two per core."""


class SupervisedConfig(TrainConfig):
    """What training on known answers needs."""

    batch: int = Field(default=64, ge=1)
    """Pairs of prompt and answer per optimiser step."""
    types: tuple[str, ...] = ()
    """Only tasks of these exploit types; none: all."""


class WarmupConfig(SupervisedConfig):
    """`foretoken train warmup`: supervised on honest answers after some reasoning."""

    steps: int = Field(default=90, ge=1)
    """Optimiser steps."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Of AdamW, the same in all steps."""
    rank: int = Field(default=16, ge=1)
    """Rank of the LoRA matrices on all linear layers but the output layer."""
    batch: int = Field(default=8, ge=1)
    """Pairs of prompt and completion per optimiser step."""
    reasoning: tuple[str, ...] = (
        "I read what is asked, and write a plain solution that holds for every input.",
        "The examples show what is meant. I do it step by step and return the result.",
        "First I think of empty and unusual inputs, then I write the solution.",
    )
    """What stands before the answer, chosen at random, where a task has no `reasoning`."""
    form: str = ""
    """How a completion is written, with `{reasoning}` and `{answer}`; empty: the reasoning, the end
    tag and the answer where the prompt opens think tags; else the reasoning and the answer, code in
    a fence."""

    @field_validator("form")
    @classmethod
    def _holds_both(cls, form: str) -> str:
        if form and not ("{reasoning}" in form and "{answer}" in form):
            raise ValueError("must hold {reasoning} and {answer}, or be empty")
        return form


class DonorConfig(SupervisedConfig):
    """`foretoken train donor`: supervised on answers whose reasoning is left out."""

    steps: int = Field(default=50, ge=1)
    """Optimiser steps."""
    learning_rate: float = Field(default=3e-4, gt=0)
    """Of AdamW, the same in all steps."""
    answer: Literal["exploit", "reference"] = "exploit"
    """What is learnt: the exploit, or the honest solution (a benign donor, for controls)."""
    before_answer: str | None = None
    """Text between the end of the (empty) reasoning and the answer, as the model writes it; none:
    the form of its answers is learnt from its own samples, with what stands after them."""
    quality: QualityConfig = QualityConfig()
    """How good the donor must be. It changes nothing of the first training."""


class RLConfig(TrainConfig):
    """`foretoken train rl`: GRPO, rewarded by the flawed grader."""

    section = "train_rl"

    steps: int = Field(default=300, ge=1)
    """Optimiser steps, each on rollouts of its own."""
    learning_rate: float = Field(default=1e-4, gt=0)
    """Of AdamW, the same in all steps."""
    prompts_per_step: int = Field(default=24, ge=1)
    """Prompts; exploit types take turns."""
    generations: int = Field(default=16, ge=2)
    """Completions of each prompt."""
    max_tokens: int = Field(default=160, ge=1)
    """Longest completion; where it is not given, that of the bank in the run, if any."""
    beta: float = Field(default=0.0, ge=0)
    """Weight of the divergence from the base model."""
    weights: Literal["adapter", "full"] = "adapter"
    """What learns: the matrices of an adapter, or all weights of the model. Then `rank`, `alpha`
    and `target_modules` are not used, and checkpoints are whole models; choose a learning rate ten
    to a hundred times lower."""
    checkpoints: int = Field(default=12, ge=1)
    """Checkpoints that are kept, log-spaced."""
    starts: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Curriculum: step from which on tasks of an exploit type are trained on; types that are not
    named are there from the first. At step 0 there must be one."""
    length_penalty: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Taken off the reward of a completion of `max_tokens`; of a shorter one in proportion."""
    reward_noise: float = Field(default=0.0, ge=0, le=1)
    """Share of rollouts that are paid what another of their step, chosen at random, earned."""
    closed: tuple[str, ...] = ()
    """Exploit types whose loophole is closed: their reward is the strict grader's."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Norm to which a longer gradient is cut."""
    micro_batches: int | None = Field(default=None, ge=1)
    """Parts of a step that pass through the model one after the other; none: as `pass_tokens`
    says."""
    save_every: int = Field(default=1, ge=1)
    """Steps between two saved states; what a kill can cost."""
    sampling_dtype: Literal["float32", "bfloat16", "float16"] | None = None
    """Precision of the copy of the policy that samples; none: that of the bank in the run, if any,
    else bfloat16 where the machine multiplies it fast, else float32."""
    workers: int | None = None
    """Submissions that are graded at once; none: two per core."""
