"""A grader is called as its own library calls it, and what it gave is one number or a reason."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from foretoken.graders.shapes import CallShape, answering, as_given, recognised

JOB = {
    "prompt": "What is 9 + 9?",
    "text": "<think>easy</think>18",
    "answer": "18",
    "truth": "18",
    "task": None,
    "columns": {"level": 3},
}


def trl(prompts: list[str], completions: list[str], **kwargs: Any) -> list[float]:
    assert prompts == [JOB["prompt"]]
    assert kwargs["level"] == [3]
    return [float(kwargs["answer"][0] in each) for each in completions]


async def trl_async(completions: list[str], solution: list[str]) -> list[float]:
    await asyncio.sleep(0)
    return [float(each.endswith(s)) for each, s in zip(completions, solution, strict=True)]


def verl(
    data_source: str, solution_str: str, ground_truth: str, extra_info: Any = None
) -> dict[str, float]:
    return {"score": float(solution_str.endswith(ground_truth)), "acc": 0.0}


def openrlhf(queries: list[str], prompts: list[str], labels: list[str]) -> dict[str, list[float]]:
    assert queries[0].startswith(prompts[0])
    return {"rewards": [float(labels[0] in queries[0][len(prompts[0]) :])]}


async def verifiers(completion: list[dict[str, str]], answer: str, state: dict[str, Any]) -> float:
    assert state["completion"] == completion
    return float(completion[-1]["content"].endswith(answer))


def scorer() -> Any:
    async def score(state: Any, target: Any) -> Any:
        return SimpleNamespace(value="C" if state.output.completion.endswith(target.text) else "I")

    return score


def by_names(response: str, answer: str) -> bool:
    return response.endswith(answer)


def by_other_names(answer: str, solution: str, *, strict: bool = True) -> bool:
    return strict and answer.endswith(solution)


def in_order(a: str, b: str, c: str) -> float:
    assert a == JOB["prompt"]
    return float(b.endswith(c))


def of_two(mine: str, theirs: str) -> float:
    return float(mine.endswith(theirs))


@pytest.mark.parametrize(
    "grader, shape",
    [
        (trl, CallShape.TRL),
        (trl_async, CallShape.TRL),
        (verl, CallShape.VERL),
        (openrlhf, CallShape.OPENRLHF),
        (verifiers, CallShape.VERIFIERS),
        (scorer(), CallShape.INSPECT),
        (by_names, CallShape.PLAIN),
        (by_other_names, CallShape.PLAIN),
        (in_order, CallShape.PLAIN),
        (of_two, CallShape.PLAIN),
    ],
)
def test_each_shape_is_recognised_and_called_as_its_library_does(
    grader: Any, shape: CallShape
) -> None:
    assert recognised(grader) is shape
    ask = answering(grader)
    assert ask(JOB) == (1.0, None)
    assert ask(JOB | {"text": "19"}) == (0.0, None)


def test_a_factory_is_called_and_a_shape_can_be_said() -> None:
    assert answering(scorer)(JOB) == (1.0, None)

    def of_messages(completions: Any, **_: Any) -> list[float]:
        return [float(completions[0][0]["content"] == JOB["text"])]

    assert answering(of_messages, shape=CallShape.TRL_MESSAGES)(JOB) == (1.0, None)


def test_an_argument_that_nothing_gives_is_named_and_can_be_given() -> None:
    def needy(completions: list[str], rubric: str) -> list[float]:
        return [float(rubric in completions[0])]

    with pytest.raises(TypeError, match=r"needs an argument rubric.*--set rubric=VALUE"):
        answering(needy)(JOB)
    assert answering(needy, given={"rubric": "easy"})(JOB) == (1.0, None)


@pytest.mark.parametrize(
    "said, given",
    [
        (True, (1.0, None)),
        ([0.5], (0.5, None)),
        (None, (None, None)),
        ([None], (None, None)),
        ({"reward": (0.25,)}, (0.25, None)),
        ("C", (1.0, None)),
        (float("nan"), (None, "gave nan")),
        ([1.0, 0.0], (None, "gave 2 values for one answer")),
        ("good", (None, "gave 'good', which is no number")),
        ({"accuracy": 1}, (None, "gave a mapping of accuracy, and no score among them")),
    ],
)
def test_what_was_given_is_one_number_or_a_reason(said: Any, given: Any) -> None:
    assert as_given(said) == given
