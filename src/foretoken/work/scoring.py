"""Score draws under a model: each distinct text once, only what is missing, in resumable parts."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np

from foretoken.engines.base import Scores
from foretoken.engines.prompts import render_prompt
from foretoken.engines.transformers.load import LoadedModel
from foretoken.engines.transformers.score import score
from foretoken.errors import MismatchError
from foretoken.records import Draw, Sampling, Score, Task
from foretoken.store.run import Run
from foretoken.work.lanes import in_lanes
from foretoken.work.progress import progress_bar
from foretoken.work.scores import read_scores

PART_ITEMS = 384
"""Draws that are scored between two writes: what a kill can lose."""

T = TypeVar("T")


def distinct_texts(draws: Sequence[Draw]) -> list[list[Draw]]:
    """Draws grouped by task and tokens, groups and members in the order given."""
    groups: dict[tuple[str, tuple[int, ...]], list[Draw]] = {}
    for draw in draws:
        groups.setdefault((draw.task, draw.tokens), []).append(draw)
    return list(groups.values())


def score_missing(
    run: Run,
    model: LoadedModel,
    draws: Sequence[Draw],
    *,
    tasks: Mapping[str, Task],
    scorer: str,
    per_token: bool = False,
) -> None:
    """Score the distinct texts among `draws` that lack a score by `scorer`, and store the scores.

    Args:
        run: Where scores are.
        model: The model that `scorer` names.
        draws: Draws in a fixed order; texts that occur twice are scored once.
        tasks: By key.
        scorer: See `Score.scorer`.
        per_token: Whether the log-probability of each token is stored.

    Raises:
        MismatchError: The draws were sampled with another tokenizer, template or precision.
    """
    done = read_scores(run, scorer)
    missing = [draw for draw in draws if not is_scored(done.get(draw.key), per_token=per_token)]
    if not missing:
        return
    require_same_engine(model, missing[0].sampling, what=f"{scorer} and the draws of {run.path}")
    groups = distinct_texts(missing)
    groups.sort(key=lambda group: (group[0].task, group[0].key))
    with progress_bar(f"score under {scorer}", len(groups)) as advance:
        chunks = list(_chunks(groups, PART_ITEMS))

        def score_chunk(chunk: Sequence[list[Draw]]) -> Scores:
            items = [
                (render_prompt(model.tokenizer, tasks[first.task].prompt), first.tokens)
                for first, *_ in chunk
            ]
            return score(model, items, per_token=per_token)

        for chunk, scores in zip(chunks, in_lanes(score_chunk, chunks), strict=True):
            records = _records(chunk, scores, scorer=scorer)
            run.append(records, part=_part_name(scorer, chunk), replace=True)
            advance(len(chunk))


def is_scored(score: Score | None, *, per_token: bool) -> bool:
    """Say whether nothing is left to do for a draw and scorer."""
    if score is None or score.log_p is None:
        return False
    return score.log_p_tokens is not None or not per_token


def require_same_engine(model: LoadedModel, sampling: Sampling, *, what: str) -> None:
    """Refuse to score draws under a model that reads text in another way than their sampler.

    Raises:
        MismatchError: Tokenizer, chat template or precision differ.
    """
    own = model.sampling(max_tokens=sampling.max_tokens)
    names = ("dtype", "tokenizer", "template")
    pairs = [(name, getattr(sampling, name), getattr(own, name)) for name in names]
    differing = [f"{name} {a[:12]} against {b[:12]}" for name, a, b in pairs if a != b]
    if differing:
        raise MismatchError(
            f"{what} differ in {', '.join(differing)}: a weight compares one distribution with "
            "itself, so score with the model family that the draws came from"
        )


def _records(groups: Sequence[list[Draw]], scores: Scores, *, scorer: str) -> list[Score]:
    """One record for each draw; the first of each group carries the cost."""
    shares = _apportion([_tokens(group[0]) for group in groups], scores.tokens_through_model)
    per_token = scores.per_token
    records: list[Score] = []
    for index, group in enumerate(groups):
        error = scores.errors[index]
        single = None if error or per_token is None else tuple(per_token[index])
        records += [
            Score(
                draw=draw.key,
                scorer=scorer,
                log_p=None if error else float(scores.log_p[index]),
                log_p_tokens=single,
                scored_tokens=shares[index] if draw is group[0] else 0,
                error=error,
            )
            for draw in group
        ]
    return records


def _tokens(draw: Draw) -> int:
    return draw.prompt_tokens + len(draw.tokens)


def _apportion(sizes: Sequence[int], total: int) -> list[int]:
    """Split the tokens of a pass over its draws by size, so that padding is counted, too."""
    edges = np.rint(np.cumsum([0, *sizes]) * (total / sum(sizes))).astype(int)
    return [int(stop - start) for start, stop in pairwise(edges)]


def _part_name(scorer: str, groups: Sequence[list[Draw]]) -> str:
    keys = "\n".join(draw.key for group in groups for draw in group)
    digest = hashlib.sha256(keys.encode()).hexdigest()[:12]
    return f"{scorer.replace(':', '-')}-{digest}"


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
