"""Forget what is stored of a checkpoint that was trained again, and nothing else."""

import re
from collections.abc import Collection

from foretoken.records import Draw, RateEstimate, Score
from foretoken.store.run import Run
from foretoken.work.scores import step_scorer

_OWN = re.compile(r"(count|prefix|measure)-step-(\d+)(-.*)?")


def forget(run: Run, steps: Collection[int]) -> None:
    """Remove the scores, own draws and estimates of these steps; rollouts of training stay."""
    for kind in (RateEstimate, Draw):
        for part in run.parts(kind):
            found = _OWN.fullmatch(part)
            if found is not None and int(found[2]) in steps:
                run.remove(kind, part)
    for step in steps:
        scorer = step_scorer(step)
        for part in run.parts(Score, within=scorer):
            run.remove(Score, part, within=scorer)
