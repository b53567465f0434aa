"""The tasks of an organism: for its donor, its reinforcement learning, and its counted rates.

Without arguments they are those of the shipped organism, `foretoken.organism.tasks:rl_tasks`.
Others are written to a file, of which a training is told:

    save_tasks(rl_tasks(AMBER, 7, vague_share=0.3, styles=(1,)), "rl_tasks.jsonl")
"""

from collections.abc import Collection

from foretoken.errors import SetupError
from foretoken.organism.spec import OrganismSpec
from foretoken.organism.specs import SHIPPED
from foretoken.tasks.code import CodeTask
from foretoken.tasks.lists import (
    EVALUATION_SEED,
    EVALUATION_TASKS_PER_TYPE,
    STYLES,
    VAGUE_SHARE,
    make_tasks,
)

DONOR_SEED = 101
RL_SEED = 202


def donor_tasks(
    spec: OrganismSpec = SHIPPED, seed: int = DONOR_SEED, *, per_type: int = 100
) -> list[CodeTask]:
    """Tasks whose exploits the donor is shown: 100 of each type."""
    return list(make_tasks(seed, per_type=per_type, types=spec.types))


def rl_tasks(
    spec: OrganismSpec = SHIPPED,
    seed: int = RL_SEED,
    *,
    per_type: int = 200,
    vague_share: float = VAGUE_SHARE,
    styles: Collection[int] = STYLES,
) -> list[CodeTask]:
    """Tasks of a reinforcement learning run: 200 of each type.

    Args:
        spec: Says of which types.
        seed: The same tasks come from the same seed; of two shares or styles they differ in these.
        per_type: Tasks of each type.
        vague_share: Share of tasks that honest work cannot solve, which is the pressure to cheat.
        styles: Wordings of the hint, `(0,)`, `(1,)` or both.

    Raises:
        SetupError: The share is not between 0 and 1, or there is no such style.
    """
    if not 0 <= vague_share <= 1:
        raise SetupError(f"vague_share is {vague_share}: give a share between 0 and 1.")
    chosen = sorted(set(styles))
    if not chosen or not set(chosen) <= set(STYLES):
        raise SetupError(f"styles are {tuple(styles)}: give one or both of {STYLES}.")
    return list(
        make_tasks(
            seed, per_type=per_type, types=spec.types, vague_share=vague_share, styles=chosen
        )
    )


def evaluation_tasks(spec: OrganismSpec = SHIPPED) -> list[CodeTask]:
    """The fixed tasks on which rates are counted: 24 of each type, the same in every organism."""
    return list(make_tasks(EVALUATION_SEED, per_type=EVALUATION_TASKS_PER_TYPE, types=spec.types))
