"""Stored scores: how scorers are named, and how scores are read back. Needs no model library."""

from collections.abc import Mapping, Sequence

import pyarrow.compute as pc

from foretoken.errors import ScoringError
from foretoken.records import Draw, Score
from foretoken.store.run import Run


def step_scorer(step: int) -> str:
    """Name of a checkpoint as a scorer."""
    return f"step:{step}"


def donor_scorer(strength: float, *, step: int) -> str:
    """Name of the checkpoint of a step plus `strength` times the donor as a scorer."""
    return f"donor:{strength:g}:{step}"


def read_scores(run: Run, scorer: str) -> dict[str, Score]:
    """Stored scores of one scorer by draw: the best where a draw has several.

    One with the log-probability of each token is better than one without, and that than a failure.
    """
    found: dict[str, Score] = {}
    for each in run.read(Score, where=pc.field("scorer") == scorer):
        if each.draw not in found or _worth(each) >= _worth(found[each.draw]):
            found[each.draw] = each
    return found


def _worth(score: Score) -> int:
    return (score.log_p is not None) + (score.log_p_tokens is not None)


def scores_of(draws: Sequence[Draw], scores: Mapping[str, Score], *, scorer: str) -> list[Score]:
    """The score of each draw.

    Raises:
        ScoringError: A draw has no score, or its score failed.
    """
    found = [scores.get(draw.key) for draw in draws]
    failed = [
        (draw.key, "never scored" if each is None else each.error)
        for draw, each in zip(draws, found, strict=True)
        if each is None or each.log_p is None
    ]
    if failed:
        key, reason = failed[0]
        raise ScoringError(
            f"{len(failed)} of {len(draws)} draws have no log-probability under {scorer}, the "
            f"first is {key} ({reason}): check that model's weights, then run the same command "
            "again, which scores only what is missing"
        )
    return [each for each in found if each is not None]
