"""SkyRL-Gym's rewards of mathematics."""

from bare import bare

bare("skyrl_gym", "skyrl_gym.envs", "skyrl_gym.envs.gsm8k", "skyrl_gym.envs.aime")

from skyrl_gym.envs.aime.utils import compute_score as aime_score  # noqa: E402
from skyrl_gym.envs.gsm8k.utils import compute_score as gsm8k_score  # noqa: E402


def aime(answer: str, truth: str) -> float:
    return aime_score(answer, truth)["score"]


def gsm8k(answer: str, truth: str) -> float:
    return gsm8k_score(answer, truth)
