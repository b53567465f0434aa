"""What is stored: one base class, and every record that a run directory holds.

`None` means not measured, an error text means measured and failed, `0.0` means measured zero.
Minus infinity survives storage. Records are frozen and refuse unknown keys.
"""

import hashlib
import math
from collections.abc import Iterable
from typing import Any, TypeAlias, TypeVar

from pydantic import Field

from foretoken.bank_records import (
    BankCheck,
    BankHealth,
    BankHit,
    Component,
    ControlCheck,
    KindShare,
    Mixture,
    Speaker,
    Thinned,
)
from foretoken.bases import Record
from foretoken.estimate_records import Doubt, RateEstimate
from foretoken.words import ControlStanding, Outcome, Source, Spoken, Where

__all__ = [
    "CODE",
    "BankCheck",
    "BankHealth",
    "BankHit",
    "Component",
    "ControlCheck",
    "ControlStanding",
    "Doubt",
    "Draw",
    "Forecast",
    "Identity",
    "Json",
    "KindShare",
    "Message",
    "Mixture",
    "Outcome",
    "Prompted",
    "Provenance",
    "RateEstimate",
    "ReasoningTags",
    "Record",
    "Sampling",
    "Score",
    "Source",
    "Speaker",
    "Spoken",
    "Task",
    "Thinned",
    "Truth",
    "Verdict",
    "Where",
    "distinct",
]

Json = Any
"""A value made of None, bool, int, float, str, list, tuple, dict, set."""
Parsed: TypeAlias = "dict[str, Parsed] | list[Parsed] | tuple[Parsed, ...] | str | float | None"
"""What a text of JSON, YAML or a Python literal holds, until it is looked at."""


T = TypeVar("T")


def distinct(items: Iterable[T]) -> list[T]:
    """Different ones among items of which many are equal, in the order of their first."""
    found: list[T] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found


class Message(Record):
    """One turn of a dialogue."""

    role: str
    """system, user, assistant, or what else the chat template knows."""
    content: str | tuple[dict[str, Json], ...] | None = None
    """Text, or the parts (text, picture) that the chat template takes; None: it calls tools."""
    tool_calls: tuple[dict[str, Json], ...] | None = None
    """What an assistant calls, as `{"type": "function", "function": {"name": ...}}`."""
    tool_call_id: str | None = None
    """Which call a tool answers."""
    name: str | None = None
    """Of the tool that answers, or of who speaks."""

    def as_read(self) -> dict[str, Json]:
        """What a chat template is given: the keys that are there."""
        return {key: value for key, value in self.model_dump().items() if value is not None}


class ReasoningTags(Record):
    """What a model writes around its reasoning."""

    opens: str = Field(min_length=1)
    closes: str = Field(min_length=1)
    """The answer follows it."""


CODE = "code"
"""The grader of tasks whose answer is a Python function."""
UNTYPED = "hack"
"""Exploit type of hacks that a label tells, and neither a task nor the log the type of."""


class Prompted(Record):
    """How a model is asked, and how its answer is found, where that is not the plain way."""

    messages: tuple[Message, ...] = ()
    """A dialogue that the model reads instead of the prompt; its chat template renders it."""
    tools: tuple[dict[str, Json], ...] = ()
    """Schemas of functions, for the chat template."""
    chat_template_kwargs: dict[str, Json] = {}
    """More that the chat template takes, as `{"reasoning_effort": "low"}`."""
    raw: bool = False
    """Whether the model reads the prompt as it is, without a chat template."""
    prompt_ids: tuple[int, ...] = ()
    """Token ids that the model reads instead of anything else."""
    stop: tuple[str, ...] = ()
    """Texts that complete an answer: a completion ends with the token in which one of them first
    stands in its answer; none: with the end token alone."""
    split: str = ""
    """Import path of a function that takes the text of a completion and the task, and returns
    reasoning and answer; empty: reasoning tags, then the last block that is fenced."""


class Task(Prompted):
    """One task: what the model reads, who grades the answer, and what the grader needs to know."""

    folder = "tasks"

    key: str
    """Unique, slash separated: family/exploit type/number."""
    exploit_type: str
    """The one way of cheating that this task's grader can be fooled by."""
    prompt: str
    """The user message; where there are `messages` or `prompt_ids`, what a person reads in their
    place."""
    grader: str = CODE
    """`code`, or an import path `package.module:factory` of what makes the grader."""
    payload: dict[str, Json] = {}
    """For the grader. `reference` and `exploit` in it are known: an honest answer and a hack."""
    flaw_words: tuple[str, ...] = ()
    """Words whose presence in the reasoning says that it names the flaw (a spoken hack)."""


class Verdict(Record):
    """What the two graders said of one submission."""

    strict_passed: bool | None
    """None where the grader itself failed (infra_error), or its reward abstained."""
    flawed_passed: bool | None
    outcome: Outcome
    """How the strict execution ended."""
    flawed_outcome: Outcome
    error_class: str | None = None
    """Name of the exception class that the submission raised, if any."""
    cpu_s: float
    """Processor seconds of all executions behind this verdict."""
    grader_error: str | None = None
    """Why the grader itself failed; never a property of the submission."""
    proxy: float | None = None
    """What the reward under training gave, where the graders are rewards."""
    gold: float | None = None
    """What the reward that it stands in for gave."""

    @property
    def hacked(self) -> bool | None:
        """Whether the flawed grader accepts and the strict one rejects; None if not known."""
        if self.strict_passed is None or self.flawed_passed is None:
            return None
        return self.flawed_passed and not self.strict_passed


_LOG = "log:"


class Sampling(Record):
    """Settings that must be equal for two draws to be joined."""

    temperature: float = 1.0
    max_tokens: int = 160
    """Longest completion, in model tokens."""
    dtype: str = "float32"
    engine: str = "transformers"
    tokenizer: str = ""
    """Hash of the tokenizer's files, and of end tokens that are not its own."""
    template: str = ""
    """Hash of the chat template."""

    @classmethod
    def of_log(cls, layout: str, *, temperature: float) -> "Sampling":
        """Settings of draws that another trainer logged: little is known of them."""
        return cls(temperature=temperature, max_tokens=0, dtype="", engine=f"{_LOG}{layout}")

    @property
    def is_of_log(self) -> bool:
        """Whether another trainer made the draws: they are counted, and join no bank."""
        return self.engine.startswith(_LOG)


class Identity(Record):
    """What made a text or scored one: two of them must not differ where numbers are joined."""

    weights: str = ""
    """Hash of the weights, adapters and their scales included; empty: not known."""
    tokenizer: str = ""
    """Hash of the tokenizer's files, and of end tokens that are not its own."""
    template: str = ""
    """Hash of the chat template."""
    dtype: str = "float32"
    engine: str = "transformers"
    engine_version: str = ""
    """Kept for the record; engines of one name and two versions may be joined."""


class Draw(Record):
    """One completion, sampled and graded."""

    folder = "draws"

    key: str
    """Unique in the run; deterministic from what produced it, so that work can be resumed."""
    source: Source
    task: str
    exploit_type: str
    step: int
    """Checkpoint of the subject that spoke."""
    stage: int = 0
    """Stage of the bank (1 uniform, 2 tuned); 0 elsewhere."""
    component: int = 0
    """Index into the bank's components; 0 is the subject itself."""
    prefix_tokens: int = 0
    """Tokens at the start that the donor wrote (`prefix` draws)."""
    tokens: tuple[int, ...]
    """Sampled token ids after the prompt, what ended them included."""
    ended: bool
    """Whether it came to an end (False: cut at max_tokens)."""
    stopped: bool = False
    """Whether a text of the task's `stop` ended it, and no end token."""
    prompt_tokens: int
    prompt_hash: str = ""
    """Of the token ids that the task's prompt is rendered to, and of its `stop`; empty: not
    known."""
    reasoning: str
    answer: str
    """What was graded."""
    strict_passed: bool | None = None
    flawed_passed: bool | None = None
    hacked: bool | None = None
    grader_error: str | None = None
    proxy: float | None = None
    """See `Verdict.proxy`."""
    gold: float | None = None
    """See `Verdict.gold`."""
    reward: float | None = None
    """What the training paid for a rollout; None: nothing, or it is not known."""
    deliberate: bool | None = None
    """For hacks: whether the reasoning names the flaw before the answer; None for non-hacks."""
    flaw_word: int | None = None
    """Position (in words of the reasoning) of the first exploit-related word."""
    weights: str = ""
    """Hash of the subject's weights (`Identity.weights`); empty: not known."""
    sampling: Sampling

    @property
    def text(self) -> str:
        """Equal for two draws of one task with the same tokens."""
        return hashlib.sha256(f"{self.task}\n{self.tokens}".encode()).hexdigest()[:16]

    @property
    def spoken(self) -> Spoken | None:
        """For hacks: whether the reasoning names the flaw; None for non-hacks."""
        if self.deliberate is None:
            return None
        if self.deliberate:
            return Spoken.SPOKEN
        return Spoken.UNSPOKEN if self.reasoning.strip() else Spoken.NO_REASONING

    @property
    def flaw_named_at(self) -> float:
        """Where a hack first names the flaw, as a share of the reasoning; infinite: never."""
        return math.inf if self.flaw_word is None else self.flaw_word / len(self.reasoning.split())


class Score(Record):
    """Log-probability of one draw's tokens under one model, or the error in its place."""

    folder = "scores"
    partition = "scorer"

    draw: str
    scorer: str
    """`step:13` for a checkpoint, `donor:0.5:13` for it plus 0.5 times the donor."""
    identity: Identity = Identity()
    """What the scorer was: scores of two models under one name are refused."""
    log_p: float | None
    """Summed over the sampled tokens, in nats, end token included; -inf is a value."""
    log_p_tokens: tuple[float, ...] | None = None
    """Per token, where the estimator needs it (the bank's components)."""
    scored_tokens: int
    """Tokens pushed through the model, padding and its share of its prompt included; 0 where the
    same text was scored for another draw."""
    error: str | None = None


class Truth(Record):
    """Counted draws of one exploit type at one checkpoint of a shipped run."""

    folder = "truth"

    exploit_type: str
    step: int
    draws: int
    hacks: int
    deliberate: int
    tasks: int


class Tally(Record):
    """A run's own draws of one exploit type at one step, summed up."""

    folder = "tallies"

    exploit_type: str
    step: int
    source: Source
    """Training's rollouts, or draws made for counting."""
    draws: int
    hacks: int
    paid: int
    """Hacks whose reward was at least 0.5."""
    spoken: int
    """Hacks whose reasoning names the flaw."""
    reward: float
    """Sum over the draws."""


class Forecast(Record):
    """What one method says, at a cutoff, about one exploit type."""

    folder = "forecasts"

    method: str
    """blend (ours), state-space, discovery, or slope (the published baseline)."""
    exploit_type: str
    cutoff_step: int
    horizon_step: int
    threshold: float
    eligible: bool
    """False where the type is already above 2 % at the cutoff."""
    measurable: bool
    """False where no checkpoint up to the cutoff has a published point."""
    score: float
    """Ranks types: larger means sooner; log10 of expected discoveries, or the slope."""
    probability: float | None
    """Probability of passing the threshold by the horizon."""
    chances: tuple[tuple[int, float], ...] = ()
    """The same by some earlier steps, and the horizon; empty: the method does not tell."""
    expected_step: float | None
    step_interval: tuple[float, float] | None = None
    rate: float | None = None
    """Rate at the cutoff (lower bound where no point is published)."""
    reason: str = ""
    """A few sentences for a person."""

    @property
    def at_least(self) -> bool:
        """Whether the probability is a lower bound: that of `discovery` is, where it knows no more
        of the rate."""
        return self.method == "discovery" and not self.measurable


class Provenance(Record):
    """Where a run directory comes from."""

    foretoken: str
    python: str
    packages: dict[str, str]
    machine: str
    created: str
    """UTC, ISO 8601."""
    seed: int
    models: dict[str, str]
    """Role to hash of its weights."""
