"""The tasks on which the shipped donor and the shipped run were trained."""

from foretoken.tasks.code import CodeTask
from foretoken.tasks.lists import training_tasks

DONOR_SEED = 101
RL_SEED = 202


def donor_tasks() -> list[CodeTask]:
    """Tasks whose exploits the donor is shown: 100 of each type."""
    return training_tasks(DONOR_SEED, 100)


def rl_tasks() -> list[CodeTask]:
    """Tasks of the reinforcement learning run: 200 of each type."""
    return training_tasks(RL_SEED, 200)
