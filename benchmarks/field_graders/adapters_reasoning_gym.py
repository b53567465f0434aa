"""reasoning-gym's score of an answer, of the data sets that have none of their own."""

from functools import cache

import reasoning_gym


@cache
def _made(name: str):
    return reasoning_gym.create_dataset(name, size=1, seed=0)


def default(answer: str, truth: str) -> float:
    return _made("chain_sum").score_answer(answer, {"answer": truth, "metadata": {}})
