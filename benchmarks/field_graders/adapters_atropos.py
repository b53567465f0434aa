"""Atropos' reward functions; the package's `__init__` wants transformers."""

from bare import bare

bare("atroposlib", "atroposlib.envs")

from atroposlib.envs.reward_fns.accuracy_reward import accuracy_reward  # noqa: E402
from atroposlib.envs.reward_fns.cascading_r1_math_reward import (  # noqa: E402
    cascading_r1_math_reward,
)
from atroposlib.envs.reward_fns.r1_reward import r1_reward  # noqa: E402

__all__ = ["accuracy_reward", "cascading_r1_math_reward", "r1_reward"]
