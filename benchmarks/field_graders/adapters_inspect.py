"""Inspect's scorers with the settings of its documentation."""

import inspect_ai.scorer as inspect_scorer


def match():
    return inspect_scorer.match()


def match_numeric():
    return inspect_scorer.match(numeric=True)


def includes():
    return inspect_scorer.includes()


def exact():
    return inspect_scorer.exact()


def f1():
    return inspect_scorer.f1()


def answer_line():
    return inspect_scorer.answer("line")


def answer_word():
    return inspect_scorer.answer("word")


def pattern():
    return inspect_scorer.pattern(r"The answer is (\d+)")


def math():
    return inspect_scorer.math()


def value_of(scorer, said: str, truth: str) -> float:
    """Call a scorer as a task does."""
    import asyncio

    from inspect_ai.model import ModelOutput
    from inspect_ai.solver import TaskState

    output = ModelOutput.from_content("none/none", said)
    state = TaskState("none/none", sample_id=1, epoch=1, input="", messages=[], output=output)
    score = asyncio.run(scorer(state, inspect_scorer.Target(truth)))
    return inspect_scorer.value_to_float()(score.value)
