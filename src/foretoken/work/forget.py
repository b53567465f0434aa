"""Forget what is stored of a checkpoint that was trained again, and nothing else."""

import re

from foretoken.records import Draw, Forecast, Mixture, RateEstimate, Score, Thinned
from foretoken.store import layout
from foretoken.store.run import Run

_OWN = re.compile(r"(?:(?:count|prefix|measure|bank)-step-|cutoff-)(\d{6,})(?:-(.*))?")


def forget(run: Run, step: int) -> None:
    """Remove what a checkpoint made: scores, own draws, estimates, and what was forecast from them.

    A refresh of the bank that was begun around it goes, too; a finished one must not be there.
    Rollouts of training stay.
    """
    for kind in (RateEstimate, Draw, Mixture, Thinned, Forecast):
        for part in run.parts(kind):
            found = _OWN.fullmatch(part)
            if found is None:
                continue
            named = int(found[1])
            if named >= step if kind is Forecast else named == step:
                run.remove(kind, part)
    for scorer in layout.partitions(run.path, Score):
        if re.fullmatch(rf"(?:step|hint|donor:[^:]+):{step}", scorer):
            for part in run.parts(Score, within=scorer):
                run.remove(Score, part, within=scorer)
