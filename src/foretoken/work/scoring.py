"""Score draws under a model: each distinct text once, only what is missing, in resumable parts."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from foretoken.engines.base import Engine, Scores
from foretoken.engines.prompts import prompt_hash, render_prompt, with_hint
from foretoken.errors import MismatchError
from foretoken.records import Draw, Identity, Sampling, Score, Task, distinct
from foretoken.store.claims import work_parts
from foretoken.store.run import Run
from foretoken.work.progress import progress_bar
from foretoken.work.scores import JOINED, read_scores, require_one_model

PART_ITEMS = 384
"""Draws that are scored between two writes: what a kill can lose."""

T = TypeVar("T")


@dataclass(frozen=True)
class Voice:
    """One voice of an engine, and the name that its scores go by."""

    engine: Engine
    scorer: str
    index: int = 0
    hint: str = ""
    """That it reads in place of the prompt; empty: the prompt."""

    @property
    def identity(self) -> Identity:
        """What it is."""
        return self.engine.voices[self.index]

    def reads(self, task: Task) -> list[int]:
        """Token ids that it reads before it writes a completion."""
        return render_prompt(self.engine.tokenizer, with_hint(task, self.hint))


def scoring_name(scorer: str) -> str:
    """What the progress of `score_draws` is called."""
    return f"score under {scorer}"


def distinct_texts(draws: Sequence[Draw]) -> list[list[Draw]]:
    """Draws grouped by task and tokens, groups and members in the order given."""
    groups: dict[tuple[str, tuple[int, ...]], list[Draw]] = {}
    for draw in draws:
        groups.setdefault((draw.task, draw.tokens), []).append(draw)
    return list(groups.values())


def score_missing(
    run: Run,
    voice: Voice,
    draws: Sequence[Draw],
    *,
    tasks: Mapping[str, Task],
    per_token: bool = False,
) -> None:
    """Score the distinct texts among `draws` that lack a score, and store the scores.

    Args:
        run: Where scores are.
        voice: Who scores.
        draws: Draws in a fixed order; texts that occur twice are scored once.
        tasks: By key.
        per_token: Whether the log-probability of each token is stored.

    Raises:
        MismatchError: The draws were sampled with another engine, tokenizer, template, precision or
            temperature, or the stored scores of this name were made by another model.
    """
    done = read_scores(run, voice.scorer, draws=[draw.key for draw in draws])
    made = distinct(each.identity for each in done.values() if each.log_p is not None)
    require_one_model(made, voice.identity, scorer=voice.scorer, run=run)
    missing = [draw for draw in draws if not is_scored(done.get(draw.key), per_token=per_token)]
    if missing:
        score_draws(run, voice, missing, tasks=tasks, per_token=per_token)


def score_draws(
    run: Run,
    voice: Voice,
    draws: Sequence[Draw],
    *,
    tasks: Mapping[str, Task],
    per_token: bool = False,
) -> None:
    """Score draws and store the scores, whether or not there are any yet; see `score_missing`."""
    samplings = distinct(draw.sampling for draw in draws)
    require_same_engine(
        voice.identity, samplings, what=f"{voice.scorer} and the draws of {run.path}"
    )
    _require_same_prompts(voice, draws, tasks)
    groups = distinct_texts(draws)
    groups.sort(key=lambda group: (group[0].task, group[0].key))
    chunks = {_part_name(voice.scorer, chunk): chunk for chunk in _chunks(groups, PART_ITEMS)}
    for part in chunks:
        if _failed(run, part, voice.scorer):
            run.remove(Score, part, voice.scorer)
    with progress_bar(scoring_name(voice.scorer), len(groups)) as advance:

        def score_chunk(part: str) -> Scores:
            items = [(voice.reads(tasks[first.task]), first.tokens) for first, *_ in chunks[part]]
            return voice.engine.score(items, voice=voice.index, per_token=per_token)

        def records(part: str, scores: Scores) -> list[Score]:
            advance(len(chunks[part]))
            return _records(chunks[part], scores, voice=voice)

        work_parts(
            run,
            Score,
            list(chunks),
            score_chunk,
            finish=records,
            side_by_side=voice.engine.side_by_side,
            within=voice.scorer,
        )


def _require_same_prompts(voice: Voice, draws: Sequence[Draw], tasks: Mapping[str, Task]) -> None:
    """Refuse draws that were sampled after another prompt than their task has here.

    Raises:
        MismatchError: A task's prompt has other token ids now.
    """
    known = dict.fromkeys((draw.task, draw.prompt_hash) for draw in draws if draw.prompt_hash)
    for key, asked in known:
        if prompt_hash(voice.engine.tokenizer, tasks[key]) != asked:
            raise MismatchError(
                f"task {key} was read as other token ids when its draws were sampled than it is "
                f"under {voice.scorer}: its text, messages, tools or chat_template_kwargs changed, "
                "so score with the tasks that the draws came from"
            )


def _failed(run: Run, part: str, scorer: str) -> bool:
    """Whether a part is there and holds a failure, so that it is to be made anew."""
    if not run.has_part(part, Score, scorer):
        return False
    return run.table(Score, part=part, within=scorer, columns=["log_p"])["log_p"].null_count > 0


def is_scored(score: Score | None, *, per_token: bool) -> bool:
    """Say whether nothing is left to do for a draw and scorer."""
    if score is None or score.log_p is None:
        return False
    return score.log_p_tokens is not None or not per_token


def require_same_engine(identity: Identity, samplings: Collection[Sampling], *, what: str) -> None:
    """Refuse to score draws under a model that reads text in another way than their sampler.

    Raises:
        MismatchError: Engine, tokenizer, chat template or precision differ, or the draws were not
            sampled at temperature 1.
    """
    for sampling in samplings:
        pairs = [(name, getattr(sampling, name), getattr(identity, name)) for name in JOINED]
        differing = [f"{name} {a[:12]} against {b[:12]}" for name, a, b in pairs if a != b]
        if sampling.temperature != 1.0:
            differing.append(f"temperature {sampling.temperature:g} against 1")
        if differing:
            raise MismatchError(
                f"{what} differ in {', '.join(differing)}: a weight compares one distribution with "
                "itself, so score with the model family that the draws came from"
            )


def _records(groups: Sequence[list[Draw]], scores: Scores, *, voice: Voice) -> list[Score]:
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
                scorer=voice.scorer,
                identity=voice.identity,
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
