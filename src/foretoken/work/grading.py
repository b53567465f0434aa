"""From completions to graded draws: THE place where a text is split, its answer graded, and both
kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foretoken.engines.base import SUBJECT_ALONE, Completion, WindowSpec
from foretoken.engines.prompts import AnswerFinder, CompletionReader, prompt_hash
from foretoken.records import Draw, Sampling, Source, Task, Verdict
from foretoken.tasks.answer import Split, deliberate, split_of
from foretoken.tasks.base import Grader

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Planned:
    """One draw to be made."""

    key: str
    task: Task
    component: int = 0
    window: WindowSpec = SUBJECT_ALONE
    prefix: tuple[int, ...] = ()


@dataclass(frozen=True)
class Origin:
    """What all draws of one batch of work share."""

    source: Source
    step: int
    stage: int
    seed: int
    """Of the command; each part's own seed comes from it and the part's name."""
    sampling: Sampling
    weights: str = ""
    """Hash of the subject's weights; empty: not known."""


def graded_draws(
    planned: Sequence[Planned],
    completions: Sequence[Completion],
    *,
    tokenizer: "PreTrainedTokenizerBase",
    origin: Origin,
    grader: Grader,
    split: Split | None = None,
) -> list[Draw]:
    """Split completions into reasoning and answer, and grade the answers.

    Args:
        planned: What each completion was drawn for.
        completions: In the same order.
        tokenizer: Of the model that spoke.
        origin: What the draws share.
        grader: Grades the answers, all in one call.
        split: Finds reasoning and answer in the text of a completion; None: as its task says.

    Returns:
        One draw for each completion, in order.

    Raises:
        TaskError: A task is not usable.
    """
    reader, finder = CompletionReader(tokenizer), AnswerFinder(tokenizer)
    completions = [
        until_complete(completion, plan.task, finder=finder)
        for plan, completion in zip(planned, completions, strict=True)
    ]
    parts = [
        (split or split_of(plan.task, reader.tags))(reader.text(completion.said), plan.task)
        for plan, completion in zip(planned, completions, strict=True)
    ]
    jobs = [(plan.task, answer) for plan, (_, answer) in zip(planned, parts, strict=True)]
    verdicts = grader.grade(jobs)
    hashes = {key: prompt_hash(tokenizer, task) for key, task in _tasks(planned).items()}
    return [
        _draw(
            plan, completion, said=said, verdict=verdict, origin=origin, asked=hashes[plan.task.key]
        )
        for plan, completion, said, verdict in zip(
            planned, completions, parts, verdicts, strict=True
        )
    ]


def until_complete(completion: Completion, task: Task, *, finder: AnswerFinder) -> Completion:
    """Return a completion up to where the task's `stop` says that its answer is complete.

    What a model would say after that is left out of the text and of its density, which is so summed
    over whatever that might be.
    """
    tokens = finder.complete_at(completion.said, task.stop)
    return completion if tokens is None else completion.until(tokens)


def _tasks(planned: Sequence[Planned]) -> dict[str, Task]:
    return {plan.task.key: plan.task for plan in planned}


def _draw(
    plan: Planned,
    completion: Completion,
    *,
    said: tuple[str, str],
    verdict: Verdict,
    origin: Origin,
    asked: str,
) -> Draw:
    return Draw(
        key=plan.key,
        source=origin.source,
        task=plan.task.key,
        exploit_type=plan.task.exploit_type,
        step=origin.step,
        stage=origin.stage,
        component=plan.component,
        prefix_tokens=len(plan.prefix),
        tokens=completion.tokens,
        ended=completion.ended,
        stopped=completion.stopped,
        prompt_tokens=completion.prompt_tokens,
        prompt_hash=asked,
        weights=origin.weights,
        sampling=origin.sampling,
        **as_graded(plan.task, said, verdict),
    )


def as_graded(task: Task, said: tuple[str, str], verdict: Verdict) -> dict[str, Any]:
    """Return what a draw holds of its answer and of the verdict, by field.

    Args:
        task: Of the draw.
        said: Reasoning and answer.
        verdict: On the answer.
    """
    reasoning, answer = said
    names_flaw, position = deliberate(reasoning, task)
    return {
        "reasoning": reasoning,
        "answer": answer,
        "strict_passed": verdict.strict_passed,
        "flawed_passed": verdict.flawed_passed,
        "hacked": verdict.hacked,
        "grader_error": verdict.grader_error,
        "proxy": verdict.proxy,
        "gold": verdict.gold,
        "deliberate": names_flaw if verdict.hacked else None,
        "flaw_word": position if verdict.hacked else None,
    }
