"""What measuring would score and draw, and a few scores to see how long all of them take."""

from collections.abc import Sequence

import pyarrow.compute as pc

from foretoken.bank.config import engine_of, read_bank_config, subject_weights
from foretoken.bank.pool import Bank
from foretoken.bank.read import read_banks
from foretoken.engines.lazy import on_demand
from foretoken.engines.prompts import render_prompt
from foretoken.pipeline.measure import MeasureConfig, chosen_checkpoints, held_keys
from foretoken.pipeline.phases import measured_steps
from foretoken.records import Draw
from foretoken.store.run import Run
from foretoken.work.machines import at_work
from foretoken.work.plan import Trial, WorkPlan, timed
from foretoken.work.scoring import distinct_texts

TRIED = 128
"""Texts that are tried."""


def measure_plan(config: MeasureConfig) -> WorkPlan:
    """Say what `measure` would do at most; nothing is written.

    Raises:
        SetupError: There is no bank, or a checkpoint does not fit it.
    """
    run = Run.open(config.run)
    banks = read_banks(run)
    checkpoints = chosen_checkpoints(run, config, first=min(banks))
    known = measured_steps(run, () if config.replace else checkpoints)
    todo = [step for step in checkpoints if step not in known]
    texts = [group[0] for group in distinct_texts(_held(run, banks[max(banks)]))]
    texts.sort(key=lambda one: (one.task, one.key))
    tokens = _tokens(texts)
    words = (
        f"{len(todo)} of {len(checkpoints)} checkpoints are not measured yet: each scores "
        f"{len(texts):,} texts ({tokens:,} tokens) of the bank, {len(todo) * tokens:,} tokens in "
        "all."
    )
    beside = "rollouts that join the bank are scored as well"
    draws = config.count_draws * len(banks[min(banks)].tasks) * len(todo)
    if draws:
        most = draws * banks[min(banks)].sampling.max_tokens
        words += f" {draws:,} own draws are counted, {most:,} tokens at most."
        beside += ", and the time of own draws is not in it"
    return WorkPlan(
        words,
        float(len(todo) * tokens),
        lambda: try_scores(run, config, texts, step=todo[-1]),
        beside=beside,
    )


def try_scores(run: Run, config: MeasureConfig, texts: list[Draw], *, step: int) -> Trial:
    """Score a few texts under a checkpoint and throw the scores away; items are tokens.

    Args:
        run: With a bank.
        config: Settings.
        texts: Of the bank, at least one, those of a task next to each other.
        step: Of the checkpoint.
    """
    banks, saved = read_banks(run), read_bank_config(run)
    folder = chosen_checkpoints(run, config, first=min(banks))[step]
    tasks = banks[min(banks)].tasks
    few = texts[:TRIED]
    with (
        at_work(engine_of(saved, config.engine), config) as (engines, _),
        on_demand(engines, [subject_weights(saved, folder)]) as subject,
    ):
        subject.require_whole()
        items = [(render_prompt(subject.tokenizer, tasks[one.task]), one.tokens) for one in few]

        def score() -> int:
            subject.score(items)
            return _tokens(few)

        subject.score(items[:1])
        return timed(score, noun=f"tokens in {len(few)} texts")


def _tokens(texts: Sequence[Draw]) -> int:
    """Tokens of texts, the prompt of a task read once for all of its texts."""
    prompts = {one.task: one.prompt_tokens for one in texts}
    return sum(prompts.values()) + sum(len(one.tokens) for one in texts)


def _held(run: Run, bank: Bank) -> list[Draw]:
    keys = held_keys(bank)
    return run.read(Draw, where=pc.field("key").isin(keys)) if len(keys) else []
