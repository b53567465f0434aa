"""AReaL's rewards; their `completions` is one text, not a list."""

import logging

from bare import bare, named

bare("areal", "areal.utils")
named("areal.utils.logging", getLogger=logging.getLogger)

from areal.reward.geometry3k import geometry3k_reward_fn  # noqa: E402
from areal.reward.gsm8k import gsm8k_reward_fn  # noqa: E402


def gsm8k(answer: str, truth: str) -> float:
    return gsm8k_reward_fn(None, answer, None, None, truth)


def geometry3k(answer: str, truth: str) -> float:
    return geometry3k_reward_fn(None, answer, None, None, truth)
