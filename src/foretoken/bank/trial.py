"""A few draws of a bank, to see how long all of them take; what they are is thrown away."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.compute as pc

from foretoken.bank.build import Flow, check_lengths, draw_stage, first_mixtures
from foretoken.bank.config import BankConfig, voice_weights
from foretoken.bank.outlook import begun_or_new, first_draws, outlook
from foretoken.engines.lazy import on_demand
from foretoken.records import BankHit, Draw, Task
from foretoken.store.run import Run
from foretoken.tasks.graders import graders_for
from foretoken.work.machines import at_work
from foretoken.work.plan import Trial, WorkPlan, evenly, timed

TRIED = 64
"""Draws that are tried."""


def bank_plan(config: BankConfig) -> WorkPlan:
    """Say what `build_bank` would do at most; nothing is written.

    Raises:
        SetupError: There are no such tasks.
        TaskError: The tasks cannot be used.
    """
    config, tasks, run = begun_or_new(config)
    found, there = outlook(tasks.values(), config), 0
    words = str(found)
    if run is not None:
        there = run.table(Draw, where=pc.field("source") == "bank", columns=["key"]).num_rows
        words += f" {there:,} of them are made." if there else ""
    finished = run is not None and bool(run.parts(BankHit))
    return WorkPlan(
        words,
        0 if finished else found.draws - there,
        lambda: try_draws(config, tasks),
        beside="hits are scored as well, each once by every voice",
    )


def try_draws(config: BankConfig, tasks: dict[str, Task]) -> Trial:
    """Make a few of the first stage's draws as the bank makes them, in a folder that goes away.

    Args:
        config: As it fits the run.
        tasks: Of the bank, by key.
    """
    with (
        TemporaryDirectory() as folder,
        at_work(config.engine, config) as (engines, given),
        on_demand(engines, voice_weights(config)) as engine,
        graders_for(tasks.values(), given=given, workers=config.workers) as grader,
    ):
        check_lengths(engine, tasks, config)
        chosen = [[*tasks][number] for number in evenly(len(tasks), most=TRIED)]
        each = min(first_draws(config), max(1, TRIED // len(chosen)))
        few = {key: tasks[key] for key in chosen}
        flow = Flow(Run.create(Path(folder)), engine, few, grader=grader, config=config)
        mixtures = [one.replacing(draws_per_task=each) for one in first_mixtures(few, config)]

        draw_stage(flow, mixtures=[mixtures[0].replacing(draws_per_task=1)], part="first")

        def draw() -> int:
            draw_stage(flow, mixtures=mixtures, part="trial")
            return each * len(few)

        return timed(draw, noun="draws")
