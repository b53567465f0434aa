"""Read a finished bank: weighed hits and the counts of its draws. Nothing is loaded or scored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foretoken.bank.config import SECTION
from foretoken.bank.coverage import Others, checks_by_type
from foretoken.bank.pool import Bank, Drawn, TypeBank, type_rounds
from foretoken.errors import SetupError
from foretoken.records import (
    BankCheck,
    BankHealth,
    BankHit,
    ControlCheck,
    ControlStanding,
    Draw,
    Mixture,
    Sampling,
    Source,
    Task,
)
from foretoken.store import codec
from foretoken.store.run import Run
from foretoken.work.parts import parts_at

TASKS_PART = "bank-tasks"
_ROUND = "bank-step-"


def round_part(step: int) -> str:
    """Name of the parts that one round writes."""
    return f"{_ROUND}{step:06d}"


def read_bank_tasks(run: Run) -> dict[str, Task]:
    """The bank's tasks by key."""
    return {task.key: task for task in run.read(Task, part=TASKS_PART)}


def bank_steps(run: Run) -> tuple[int, ...]:
    """Steps of the checkpoints that the bank was drawn around, in order.

    Raises:
        SetupError: The run has no finished bank.
    """
    steps = sorted(int(part.removeprefix(_ROUND)) for part in run.parts(BankHit))
    if not steps:
        raise SetupError(f"{run.path} has no finished bank: run `foretoken bank build` first")
    return tuple(steps)


def read_bank(run: Run, *, last: int | None = None) -> Bank:
    """The bank as it stood at a step.

    Args:
        run: A run with a bank.
        last: Rounds that were drawn around a later checkpoint are left out, but for the first
            (None: all of them).

    Raises:
        SetupError: The run has no finished bank.
    """
    steps = bank_steps(run)
    chosen = max((s for s in steps if last is None or s <= last), default=steps[0])
    return read_banks(run)[chosen]


def read_banks(run: Run) -> dict[int, Bank]:
    """The bank with its first round, with two, and so on, by the step of the last; one pass.

    Raises:
        SetupError: The run has no finished bank.
    """
    steps = bank_steps(run)
    tasks = read_bank_tasks(run)
    mixtures = run.read(Mixture)
    health = _read_health(run)
    where = (pc.field("source") == "bank") & pc.field("step").isin(steps)
    columns = ["exploit_type", *Drawn.COLUMNS]
    parts = parts_at(run, Draw, steps=steps, source=Source.BANK)
    tables = [run.table(Draw, part=part, where=where, columns=columns) for part in parts]
    table = pa.concat_tables(tables)
    keys: dict[str, list[str]] = {}
    for key, task in tasks.items():
        keys.setdefault(task.exploit_type, []).append(key)
    stored = [
        _Stored(
            exploit_type=name,
            keys=tuple(keys[name]),
            drawn=Drawn.of_table(table.filter(pc.field("exploit_type") == name), keys[name]),
            mixtures=tuple(each for each in mixtures if each.exploit_type == name),
            health=health.get(name),
        )
        for name in sorted(keys)
    ]
    estimator = run.read_config()[SECTION].get("proposals", "switch")
    sampling = _sampling(run, steps)
    banks: dict[int, Bank] = {}
    checks: list[BankCheck] = []
    for position, step in enumerate(steps):
        hits = _hits_by_type(run, step)
        if run.has_part(round_part(step), BankCheck):
            checks += run.read(BankCheck, part=round_part(step))
        others = {name: Others.of(own) for name, own in checks_by_type(checks).items()}
        so_far = steps[: position + 1]
        banks[step] = Bank(
            steps=so_far,
            sampling=sampling,
            tasks=tasks,
            types=tuple(
                each.bank(
                    hits.get(each.exploit_type, ()),
                    others.get(each.exploit_type, Others.of()),
                    steps=so_far,
                )
                for each in stored
            ),
            estimator=estimator,
            components=mixtures[0].components,
        )
    return banks


@dataclass(frozen=True)
class _Stored:
    """What is stored of one exploit type's bank, besides its hits."""

    exploit_type: str
    keys: tuple[str, ...]
    drawn: Drawn
    mixtures: tuple[Mixture, ...]
    health: BankHealth | None

    def bank(
        self, hits: Sequence[BankHit], others: Others, *, steps: Sequence[int]
    ) -> TypeBank[BankHit]:
        """The bank with the rounds of these steps."""
        here = np.isin(self.drawn.step, steps)
        graded = here & self.drawn.graded
        return TypeBank(
            exploit_type=self.exploit_type,
            tasks=self.keys,
            hits=tuple(hits),
            log_q=np.array([hit.log_q for hit in hits], dtype=np.float64),
            stands_for=np.array([hit.stands_for for hit in hits], dtype=np.float64),
            log_p_reference=np.array([hit.log_p_reference for hit in hits], dtype=np.float64),
            rounds=type_rounds(
                self.drawn, [each for each in self.mixtures if each.step in steps], self.keys
            ),
            draws_per_task=np.bincount(self.drawn.task[graded], minlength=len(self.keys)),
            grader_errors=int((here & ~self.drawn.graded).sum()),
            health=self.health,
            others=others,
        )


def _hits_by_type(run: Run, step: int) -> Mapping[str, Sequence[BankHit]]:
    found: dict[str, list[BankHit]] = {}
    for hit in run.read(BankHit, part=round_part(step)):
        found.setdefault(hit.exploit_type, []).append(hit)
    return found


def _sampling(run: Run, steps: Sequence[int]) -> Sampling:
    where = (pc.field("source") == "bank") & (pc.field("step") == steps[0])
    for part in parts_at(run, Draw, steps=steps, source=Source.BANK):
        table = run.table(Draw, part=part, where=where, columns=["sampling"])
        if table.num_rows:
            return Sampling.model_validate(codec.decode(table["sampling"][0].as_py()))
    raise SetupError(f"{run.path} has no draws of its bank: run `foretoken bank build` again")


def _read_health(run: Run) -> dict[str, BankHealth]:
    checks = run.read(ControlCheck)
    higher = {each.exploit_type for each in checks if each.standing is ControlStanding.HIGHER}
    return {
        each.exploit_type: each.replacing(control_higher=each.exploit_type in higher)
        for each in run.read(BankHealth)
    }
