"""Controls: a donor that should know no hack of a type must not raise that type's rate.

The rate does not depend on the donor, only the error of its estimate does. A donor of honest
answers, or of other hacks, finds fewer hits; where it finds **more** than the run's bank says there
can be, that bank misses a route, or a density is wrong.
"""

from pathlib import Path

import numpy as np

from foretoken.bank.build import build_bank
from foretoken.bank.config import OWN_TASKS, BankConfig, read_bank_config
from foretoken.bank.pool import TypeBank
from foretoken.bank.read import TASKS_PART, bank_steps, read_bank
from foretoken.engines.base import Engines
from foretoken.errors import SetupError
from foretoken.estimate.bounds import clopper_pearson_upper
from foretoken.estimate.cell import Cell
from foretoken.estimate.switch import switch_rate
from foretoken.records import BankHit, ControlCheck, ControlStanding, RateEstimate, Task
from foretoken.store import layout
from foretoken.store.run import Run
from foretoken.tasks.base import Grader
from foretoken.work.seeds import part_seed
from foretoken.work.settings import Settings, require_same_settings

FREE_SETTINGS = frozenset({"run", "donor", "workers", "device", "ray"})


class ControlConfig(Settings):
    """Settings of `foretoken bank control`."""

    run: Path
    """Run directory with a bank."""
    name: str
    """Of the control: a folder under `controls` in the run."""
    donor: Path
    """Folder of the control donor's adapter."""
    draws_per_task: int = 12
    """Draws of the first two stages together, at most; there is no third."""
    types: tuple[str, ...] = ()
    """Exploit types to compare; none: all."""
    workers: int | None = None
    """Grader processes; none: one per core."""
    device: str = "auto"
    """Where models are put; `auto`: the accelerator where there is one."""
    ray: str | None = None
    """Address of a Ray cluster that shares the work, `auto`, or `local`; none: this process."""


def check_control(
    config: ControlConfig, *, engines: Engines | None = None, grader: Grader | None = None
) -> list[ControlCheck]:
    """Build a control's bank, or continue it, and compare its rates with those of the run's bank.

    Both are estimated at the checkpoint that the run's bank was first built for, on the same tasks,
    with the same settings but for the donor, the number of draws and the seed.

    Args:
        config: Settings.
        engines: Open what samples and scores; None: as the bank's settings say.
        grader: Of the answers; None: each task's own, in the sandbox.

    Raises:
        SetupError: The run has no finished bank, a type is not known, or the donor does not fit.
        MismatchError: The control was begun with other settings.
        StoreError: The run cannot be written.
    """
    run = Run.open(config.run)
    step = bank_steps(run)[0]
    bank = read_bank(run, last=step)
    known = {each.exploit_type: each for each in bank.types}
    unknown = [each for each in config.types if each not in known]
    if unknown:
        raise SetupError(f"the bank has no type {unknown[0]!r}: it has {', '.join(sorted(known))}")
    section = f"control-{config.name}"
    require_same_settings(run, section, config, free=FREE_SETTINGS)
    folder = layout.control_folder(run.path, config.name)
    run.write_config(section, config.replacing(donor=config.donor.resolve()))
    control = Run.create(folder)
    if not control.has_part(TASKS_PART, Task):
        chosen = config.types or tuple(known)
        tasks = [task for task in bank.tasks.values() if task.exploit_type in chosen]
        control.append(tasks, part=TASKS_PART)
    build_bank(_settings(run, folder, config), engines=engines, grader=grader)
    checks = [
        _compare(_rate(known[each.exploit_type], step), _rate(each, step), name=config.name)
        for each in read_bank(control).types
    ]
    run.append(checks, part=config.name, replace=True)
    return checks


def _settings(run: Run, folder: Path, config: ControlConfig) -> BankConfig:
    """Those of the run's bank, with another donor and seed, and without a hint: it knows hacks."""
    saved = read_bank_config(run)
    changes = {
        "run": folder,
        "donor": config.donor,
        "hint": "",
        "tasks": OWN_TASKS,
        "draws_per_task": config.draws_per_task,
        "third_stage": 0.0,
        "thinning": 0.0,
        "seed": saved.seed + 1,
        "workers": config.workers,
        "device": config.device,
        "ray": config.ray,
    }
    return saved.replacing(**changes)


def _rate(bank: TypeBank[BankHit], step: int) -> RateEstimate:
    """The rate of the subject that the bank was drawn around."""
    own = bank.rounds[step]
    return switch_rate(
        log_p_subject=bank.log_p_reference,
        log_q=bank.log_q,
        stands_for=bank.stands_for,
        task=bank.task,
        text=bank.text,
        draws_per_task=bank.draws_per_task,
        cell=Cell(
            exploit_type=bank.exploit_type,
            step=step,
            subject_hits=own.subject_hits,
            subject_draws=own.subject_draws,
            own_upper_bound=clopper_pearson_upper(own.first_hits, own.first_draws),
            health=bank.health,
        ),
        rng=np.random.default_rng(part_seed(0, f"bootstrap-{bank.exploit_type}")),
    )


def _compare(main: RateEstimate, control: RateEstimate, *, name: str) -> ControlCheck:
    """Put the control's estimate beside the bank's.

    It is lower where the difference of the logs leaves the joint interval; higher only where its
    lower bound, which trusts no tail, leaves the bank's interval.
    """
    most = main.interval[1] if main.interval else main.upper_bound
    standing = ControlStanding.AGREES
    if control.lower_bound > most:
        standing = ControlStanding.HIGHER
    elif _clearly_lower(control, main):
        standing = ControlStanding.LOWER
    return ControlCheck(
        control=name,
        exploit_type=main.exploit_type,
        step=main.step,
        rate=control.rate or 0.0,
        lower_bound=control.lower_bound,
        interval=control.interval,
        hits=control.hits,
        effective_hits=control.effective_hits,
        main_rate=main.rate or 0.0,
        main_interval=main.interval,
        standing=standing,
    )


def _clearly_lower(control: RateEstimate, main: RateEstimate) -> bool:
    if not control.interval or not control.rate or not main.interval or not main.rate:
        return False
    above = np.log(control.interval[1] / control.rate)
    below = np.log(main.rate / main.interval[0])
    return bool(np.log(main.rate / control.rate) > np.hypot(above, below))
