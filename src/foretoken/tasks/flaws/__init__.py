"""The flawed graders, by exploit type."""

from foretoken.tasks.flaws.base import Flaw
from foretoken.tasks.flaws.exposures import EXPOSURES
from foretoken.tasks.flaws.reports import REPORTS
from foretoken.tasks.flaws.rules import RULES

FLAWS: dict[str, Flaw] = {**RULES, **REPORTS, **EXPOSURES}
"""Every flaw there is."""

__all__ = ["FLAWS", "Flaw"]
