"""The shapes that graders of others have, recognised by the names of their arguments.

A job is one answer, with what is known of its question: `prompt`, `text` (the whole completion),
`answer` (its last part, without reasoning), `truth`, `task` and `columns` (what else a dataset
says). Nothing here needs the libraries whose graders it calls.
"""

import asyncio
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from foretoken.records import Task
from foretoken.rewards.base import Reward, ask
from foretoken.tasks.base import Grader

Job = Mapping[str, Any]
Given = tuple[float | None, str | None]
"""A value or none, and an error or none; both none: it abstained."""
Answering = Callable[[Job], Given]
Offered = dict[str, Any]
"""Arguments by name."""

PROMPTS = frozenset(
    {"prompt", "question", "query", "instruction", "problem", "input", "task_prompt", "user"}
)
ANSWERS = frozenset(
    {"answer", "response", "completion", "solution", "prediction", "pred", "output", "text"}
    | {"model_output", "generation", "submission", "candidate", "code", "hypothesis", "said"}
    | {"student_answer", "model_answer", "given", "result"}
)
TRUTHS = frozenset(
    {"truth", "target", "reference", "label", "gold", "ground_truth", "expected", "ref", "gt"}
    | {"correct_answer", "golden", "reference_answer", "correct"}
)
EITHER = ("answer", "solution")
"""Names that people give both to what a model says and to what is true."""
STEPS = "steps"
"""An argument of this name gets the paragraphs of an answer, and a value of each is added up."""
SCORES = ("score", "reward", "rewards", "scores", "value")
"""Keys of a mapping under which a value stands."""
LETTERS: dict[str | bytes, float] = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""What Inspect's scorers say."""


class CallShape(StrEnum):
    """How a grader is called."""

    PLAIN = "plain"
    """Prompt, answer and truth, by name or in this order."""
    TRL = "trl"
    """`(prompts, completions, **columns)`, lists of one."""
    TRL_MESSAGES = "trl-messages"
    """The same, of dialogues."""
    VERL = "verl"
    """`compute_score(data_source, solution_str, ground_truth, extra_info)`."""
    OPENRLHF = "openrlhf"
    """`reward_func(queries, prompts, labels)`, lists of one."""
    VERIFIERS = "verifiers"
    """`(completion, answer, prompt, state, info, ...)`, of messages."""
    INSPECT = "inspect"
    """`(state, target)`."""
    REWARD = "reward"
    """Our own `score(jobs)`."""
    GRADER = "grader"
    """Our own `grade(jobs)`."""
    COMMAND = "command"
    """A command that reads lines of JSON and writes one for each."""
    SERVER = "server"
    """A reward server, by its address."""
    JUDGE = "judge"
    """The file of a judge's prompt."""
    REWARD_MODEL = "reward-model"
    """The folder of a sequence classifier."""


def answering(
    named: Any, *, shape: CallShape | None = None, given: Offered | None = None
) -> Answering:
    """Return what answers jobs, from what an import path names.

    Args:
        named: A function, sync or async, in any of the shapes; something with `score` or `grade`;
            or what makes one of these without arguments.
        shape: In which it is called; None: recognised.
        given: Values of arguments by name, which go before those of a job.

    Raises:
        TypeError: It is none of these.
    """
    maker = inspect.isclass(named) or (inspect.isroutine(named) and not _parameters(named))
    made: Any = cast(Callable[[], Any], named)() if maker else named
    if isinstance(made, AbstractContextManager):
        made = cast(AbstractContextManager[Any], made).__enter__()
    found = shape or recognised(made)
    if found is None:
        raise TypeError(
            f"is a {type(made).__name__}: give a function of prompt, answer and truth, or of one "
            f"of the shapes {', '.join(_CALLS)}, or something with score(jobs) or grade(jobs)"
        )
    return partial(_CALLS[found], made, given or {})


def recognised(named: Any) -> CallShape | None:
    """Return the shape of a grader; None: it is none."""
    for method, shape in (("score", CallShape.REWARD), ("grade", CallShape.GRADER)):
        if callable(getattr(named, method, None)):
            return shape
    if not callable(named):
        return None
    names = set(_parameters(named))
    return next((shape for shape, told in _TOLD_BY if told <= names), CallShape.PLAIN)


_TOLD_BY = (
    (CallShape.TRL, {"completions"}),
    (CallShape.VERL, {"solution_str"}),
    (CallShape.OPENRLHF, {"queries"}),
    (CallShape.INSPECT, {"state", "target"}),
    *((CallShape.VERIFIERS, {"completion", name}) for name in ("state", "info", "parser")),
)
"""Names of arguments that tell a shape, the most telling first."""


def _parameters(function: Any) -> Sequence[str]:
    return list(inspect.signature(function).parameters)


def _called(function: Any, offered: Mapping[str, Any], *, in_order: Sequence[Any] = ()) -> Any:
    """Call a function with those of the arguments that it takes.

    Args:
        function: Of the user.
        offered: Arguments by name.
        in_order: Values of arguments that have no known name, where these stand first.

    Raises:
        TypeError: It needs an argument that is not there.
    """
    positional: list[Any] = []
    named: dict[str, Any] = {}
    left = list(in_order)
    for name, each in inspect.signature(function).parameters.items():
        if each.kind is each.VAR_KEYWORD:
            named |= {key: value for key, value in offered.items() if key not in named}
        elif each.kind is each.VAR_POSITIONAL:
            continue
        elif name in offered:
            if each.kind is each.POSITIONAL_ONLY:
                positional.append(offered[name])
            else:
                named[name] = offered[name]
        elif left and not named:
            positional.append(left.pop(0))
        elif each.default is each.empty:
            raise TypeError(
                f"needs an argument {name}, which no task has: give it with --set {name}=VALUE"
            )
    result = function(*positional, **named)
    return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(given: Any) -> Any:
    return await given


def _plain(function: Any, given: Offered, job: Job) -> Given:
    names = _parameters(function)
    roles = _roles(names)
    known = {"prompt": job["prompt"], "answer": job["text"], "truth": job["truth"]}
    offered = {name: known[role] for name, role in roles.items()}
    columns = {name: value for name, value in _columns(job).items() if name not in offered}
    in_order = [] if roles else [known["prompt"], known["answer"], known["truth"]]
    if not roles and len(names) == 2:
        in_order = in_order[1:]
    said = _called(function, columns | offered | given, in_order=in_order)
    if STEPS in names and isinstance(said, list | tuple):
        return as_given(sum(cast(Sequence[float], said)))
    return as_given(said)


def _roles(names: Sequence[str]) -> dict[str, str]:
    """What each argument of a plain function is, by name; empty where its names say nothing."""
    found = {name: "prompt" for name in names if name in PROMPTS}
    found |= {name: "truth" for name in names if name in TRUTHS}
    said = [name for name in names if name in ANSWERS and name not in EITHER]
    either = [name for name in EITHER if name in names]
    found |= dict.fromkeys(said, "answer")
    for name in either:
        others = set(found.values())
        found[name] = "truth" if "answer" in others and "truth" not in others else "answer"
        if len(either) == 2 and not said and name == "solution" and "truth" not in others:
            found[name] = "truth"
    return found if "answer" in found.values() or STEPS in names else {}


def _columns(job: Job) -> dict[str, Any]:
    columns = dict(job.get("columns") or {})
    columns.setdefault(STEPS, [each for each in job["text"].split("\n\n") if each.strip()])
    for name in ("answer", "solution", "ground_truth", "target", "label"):
        columns.setdefault(name, job["truth"])
    return columns


def _trl(function: Any, given: Offered, job: Job, *, messages: bool = False) -> Given:
    prompt: Any = job["prompt"]
    said: Any = job["text"]
    if messages:
        prompt, said = _user(prompt), _assistant(said)
    columns = {name: [value] for name, value in _columns(job).items()}
    lists: Offered = {
        "prompts": [prompt],
        "completions": [said],
        "completion_ids": [job["text"].split()],
        "trainer_state": SimpleNamespace(global_step=0, max_steps=1, epoch=0.0),
        "log_extra": _quiet,
        "log_metric": _quiet,
    }
    return as_given(_called(function, columns | lists | given))


def _quiet(*_: Any, **__: Any) -> None:
    """What a trainer offers for logging."""


def _user(prompt: Any) -> Any:
    return [{"role": "user", "content": prompt}]


def _assistant(said: Any) -> Any:
    return [{"role": "assistant", "content": said}]


def _verl(function: Any, given: Offered, job: Job) -> Given:
    columns = _columns(job)
    offered: Offered = {
        "data_source": columns.get("data_source", "audit"),
        "solution_str": job["text"],
        "ground_truth": job["truth"],
        "extra_info": columns.get("extra_info", {"prompt": job["prompt"]}),
    }
    return as_given(_called(function, columns | offered | given))


def _openrlhf(function: Any, given: Offered, job: Job) -> Given:
    offered: Offered = {
        "queries": [f"{job['prompt']}{job['text']}"],
        "prompts": [job["prompt"]],
        "labels": [job["truth"]],
    }
    return as_given(_called(function, offered | given))


def _verifiers(function: Any, given: Offered, job: Job) -> Given:
    prompt, said = _user(job["prompt"]), _assistant(job["text"])
    state: Offered = {
        "prompt": prompt,
        "completion": said,
        "answer": job["truth"],
        "info": dict(job.get("columns") or {}),
        "task": "audit",
        "turn": 1,
    }
    offered: Offered = {**state, "state": state, "parser": _Parser()}
    return as_given(_called(function, offered | given))


class _Parser:
    """What a verifiers rubric hands its functions where it has no parser of its own."""

    def parse_answer(self, completion: Any) -> str:
        """The last message's text."""
        return completion if isinstance(completion, str) else str(completion[-1]["content"])

    parse = parse_answer


def _inspect(function: Any, given: Offered, job: Job) -> Given:
    message = SimpleNamespace(role="assistant", content=job["text"], text=job["text"])
    output = SimpleNamespace(completion=job["text"], message=message, choices=[])
    asked = SimpleNamespace(role="user", content=job["prompt"], text=job["prompt"])
    state = SimpleNamespace(
        output=output,
        input=job["prompt"],
        input_text=job["prompt"],
        user_prompt=asked,
        messages=[asked, message],
        metadata=dict(job.get("columns") or {}),
        choices=[],
        store={},
    )
    return as_given(_called(function, {"state": state, "target": _Target(job["truth"]), **given}))


class _Target(list[str]):
    """Inspect's target: one or several texts."""

    def __init__(self, truth: Any) -> None:
        several = cast(list[Any], truth) if isinstance(truth, list) else [truth]
        super().__init__(map(str, several))

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self)

    @property
    def target(self) -> list[str]:
        """Each of it."""
        return list(self)


def _reward(reward: Reward, _: Offered, job: Job) -> Given:
    (said,) = ask(reward, [(_task(job), job["answer"])])
    return said.value, said.error


def _grader(grader: Grader, _: Offered, job: Job) -> Given:
    (verdict,) = grader.grade([(_task(job), job["answer"])])
    value, error = as_given(verdict.strict_passed if verdict.gold is None else verdict.gold)
    return value, verdict.grader_error or error


def _task(job: Job) -> Task:
    """The task of the run; where none is known, one that holds what the log tells."""
    if job["task"] is not None:
        return Task.model_validate(job["task"])
    told = {"truth": job["truth"], "reference": job["truth"]}
    return Task(key="logged", exploit_type="", prompt=job["prompt"] or "", payload=told)


_CALLS: Mapping[CallShape, Callable[[Any, Offered, Job], Given]] = {
    CallShape.PLAIN: _plain,
    CallShape.TRL: _trl,
    CallShape.TRL_MESSAGES: partial(_trl, messages=True),
    CallShape.VERL: _verl,
    CallShape.OPENRLHF: _openrlhf,
    CallShape.VERIFIERS: _verifiers,
    CallShape.INSPECT: _inspect,
    CallShape.REWARD: _reward,
    CallShape.GRADER: _grader,
}


def as_given(said: Any) -> Given:
    """Return the value that a grader gave, in whatever it wrapped it."""
    if hasattr(said, "value") and not callable(said.value):
        said = said.value
    if isinstance(said, Mapping):
        found = cast(Mapping[str, Any], said)
        named = [name for name in SCORES if name in found]
        if not named:
            return None, f"gave a mapping of {', '.join(map(str, found))}, and no score among them"
        return as_given(found[named[0]])
    if hasattr(said, "tolist"):
        said = said.tolist()
    if isinstance(said, list | tuple):
        several = cast(Sequence[Any], said)
        if len(several) != 1:
            return None, f"gave {len(several)} values for one answer"
        return as_given(several[0])
    if said is None:
        return None, None
    if isinstance(said, str | bytes):
        return (
            (LETTERS[said], None)
            if said in LETTERS
            else (None, f"gave {said!r:.80}, which is no number")
        )
    value = float(said)
    return (value, None) if math.isfinite(value) else (None, f"gave {value}")
