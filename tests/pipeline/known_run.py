"""A measured run that is written record by record, so that what moved its rates is known exactly.

One task's rate rises between the checkpoints of steps 10 and 20; on all others texts drift and
rates stay. Rollouts pay hacks of the type in those steps alone, and of another type before.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from foretoken.bank.config import BankConfig
from foretoken.estimate.cell import Cell
from foretoken.estimate.switch import switch_rate
from foretoken.records import (
    BankHit,
    Component,
    Draw,
    Identity,
    Mixture,
    Sampling,
    Score,
    Source,
    Spoken,
    Task,
)
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.testsystems.catalogue import Catalogue, draw_hits, spread_catalogue

TYPE, OTHER = "process_exit", "error_code_abuse"
TASKS, PER_TASK, MOVED, GROWTH = 8, 100, 3, 12.0
STEPS = (0, 10, 20, 30)
ROLLOUTS = 4
"""Of each task and step."""


def task_key(number: int, kind: str = TYPE) -> str:
    return f"known/{kind}/{number}"


def known_catalogues(growth: float) -> list[Catalogue]:
    """The subject at each checkpoint."""
    base = spread_catalogue(0.7, tasks=TASKS, texts=400, rate=4e-3)
    found: list[Catalogue] = []
    for step in STEPS:
        rng = np.random.default_rng(step)
        now_xk = base.p_xk * np.exp(0.02 * step * rng.normal(size=base.p_xk.shape))
        now_xk *= base.p_xk.sum(axis=1, keepdims=True) / now_xk.sum(axis=1, keepdims=True)
        now_xk[MOVED] *= growth if step >= 20 else 1.0
        found.append(replace(base, now_xk=now_xk))
    return found


def write_known_run(
    folder: Path, *, stored: Sequence[int] = range(30), growth: float = GROWTH
) -> list[Catalogue]:
    """Write the run; rollouts of these steps are stored."""
    run, catalogues = Run.create(folder), known_catalogues(growth)
    tasks = [_task(number, kind) for kind in (TYPE, OTHER) for number in range(TASKS)]
    run.append([each for each in tasks if each.exploit_type == TYPE], part="bank-tasks")
    run.write_config(
        "bank", BankConfig(run=folder, subject=Path("subject"), donor=Path("donor"), tasks="known")
    )
    hits = draw_hits(catalogues[0], draws=TASKS * PER_TASK, rng=np.random.default_rng(5))
    _write_bank(run, hits)
    for step, each in zip(STEPS, catalogues, strict=True):
        _write_checkpoint(run, hits, each, step=step)
    for step in stored:
        run.append(known_rollouts(step), part=f"rollout-{step:06d}")
    return catalogues


def _task(number: int, kind: str) -> Task:
    key = task_key(number, kind)
    return Task(key=key, exploit_type=kind, prompt=f"task {number}", grader="known:grader")


def _draw(**fields: Any) -> Draw:
    usual = {"ended": True, "prompt_tokens": 1, "reasoning": "", "answer": ""}
    return Draw(**{**usual, "exploit_type": TYPE, "sampling": Sampling(), **fields})


def _write_bank(run: Run, hits: Any) -> None:
    hits_x = np.bincount(hits.task, minlength=TASKS)
    draws = [
        _draw(
            key=f"bank/{x}/{n}", source=Source.BANK, task=task_key(x), step=0, stage=1,
            component=1, tokens=(1,), hacked=bool(n < hits_x[x]),
        )
        for x in range(TASKS)
        for n in range(hits.draws_per_task[x])
    ]  # fmt: skip
    run.append(draws, part="bank-000000")
    components = (
        Component(strength=0.0, enter=0.0, leave=1.0),
        Component(strength=1.0, enter=1.0, leave=0.0),
    )
    keys = tuple(task_key(x) for x in range(TASKS))
    run.append(
        [
            Mixture(
                exploit_type=TYPE, stage=1, step=0, components=components, weights=(0.15, 0.85),
                draws_per_task=PER_TASK, tasks=keys,
            )
        ],
        part="mixture",
    )  # fmt: skip
    run.append(
        [
            BankHit(
                key=f"hit/{n}", exploit_type=TYPE, task=task_key(int(x)), step=0,
                log_p_reference=float(p), log_q=float(q), stands_for=1.0, text=str(text),
                spoken=Spoken.UNSPOKEN, flaw_named_at=1.0,
            )
            for n, (x, p, q, text) in enumerate(
                zip(hits.task, hits.log_p, hits.log_q, hits.text, strict=True)
            )
        ],
        part="bank-step-000000",
    )  # fmt: skip


def _write_checkpoint(run: Run, hits: Any, catalogue: Catalogue, *, step: int) -> None:
    log_p = np.log(catalogue.now_xk).ravel()[hits.text]
    scores = [
        Score(
            draw=f"hit/{n}", scorer=f"step:{step}", identity=Identity(weights=str(step)),
            log_p=float(p), scored_tokens=1,
        )
        for n, p in enumerate(log_p)
    ]  # fmt: skip
    run.append(scores, part="scores")
    estimate = switch_rate(
        log_p_subject=log_p,
        log_q=hits.log_q,
        task=hits.task,
        draws_per_task=hits.draws_per_task,
        cell=Cell(exploit_type=TYPE, step=step),
        rng=np.random.default_rng(0),
        text=hits.text,
    )
    run.append([estimate], part=f"measure-step-{step:06d}")
    folder = layout.checkpoint_path(run.path, step)
    folder.mkdir(parents=True)


def known_rollouts(step: int) -> list[Draw]:
    return [
        _draw(
            key=f"rollout/{step}/{kind}/{x}/{n}", source=Source.ROLLOUT, exploit_type=kind,
            task=task_key(x, kind), step=step, tokens=(1,),
            **_pay(hacked=n == 0 and _is_planted(kind, x, step)),
        )
        for kind in (TYPE, OTHER)
        for x in range(TASKS)
        for n in range(ROLLOUTS)
    ]  # fmt: skip


def _is_planted(kind: str, task: int, step: int) -> bool:
    """One hack a step: of the type on the task that moves, of the other type before."""
    if kind == TYPE:
        return task == MOVED and 12 <= step < 20
    return task == 0 and step < 10


def _pay(*, hacked: bool) -> dict[str, Any]:
    return {"hacked": hacked, "reward": float(hacked), "flawed_passed": hacked}
