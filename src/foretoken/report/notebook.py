"""A run in a notebook: its records as data frames, and the report's figures as pictures."""

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foretoken.errors import SetupError
from foretoken.forecast.counts import ESTIMATORS
from foretoken.report import numbers, tables
from foretoken.report.assets import render_page
from foretoken.report.attribution import origins
from foretoken.report.load import load
from foretoken.report.misses import misses
from foretoken.report.multiples import multiples
from foretoken.report.page import foundation
from foretoken.report.story import tell
from foretoken.report.timeline import timeline
from foretoken.store.run import Run as StoredRun
from foretoken.store.tables import query

if TYPE_CHECKING:
    from pandas import DataFrame

FORECAST = "forecast"
"""The figure that is no estimator's."""
HEIGHT_PX = 640


@dataclass(frozen=True)
class Picture:
    """A figure of the report; a notebook shows it, and `str` is its page."""

    page: str

    def __str__(self) -> str:
        return self.page

    def _repr_html_(self) -> str:
        """What a notebook shows: a frame of its own, so that no style reaches the rest."""
        page = html.escape(self.page, quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:{HEIGHT_PX}px;border:0"></iframe>'


class NotebookRun(StoredRun):
    """A run directory with what one wants of it in a notebook.

    ```python
    run = foretoken.Run.open("runs/mine")
    run.rates()
    run.plot("forecast")
    ```
    """

    def sql(self, text: str) -> "DataFrame":
        """Return the rows of one SELECT statement, as `foretoken query` takes it.

        Raises:
            RunError: It is none, or names what the run does not have.
            SetupError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ModuleNotFoundError as error:
            raise SetupError("data frames need pandas: pip install pandas") from error
        names, rows = query(self, text)
        return pd.DataFrame(rows, columns=names)

    def rates(self) -> "DataFrame":
        """Return rates where they are published, and bounds everywhere, by type and step."""
        return self.sql("select * from rates order by exploit_type, step")

    def estimates(self) -> "DataFrame":
        """Return all that every estimator says, published or not, by type and step."""
        return self.sql("select * from estimates order by estimator, exploit_type, step")

    def rollouts(self) -> "DataFrame":
        """Return what training drew, by type and step."""
        return self.sql("select * from rollouts order by exploit_type, step")

    def forecasts(self) -> "DataFrame":
        """Return all forecasts, by method, cutoff and type."""
        return self.sql("select * from forecasts order by method, cutoff_step, score desc")

    def plot(self, what: str = "switch") -> Picture:
        """Return a figure of the report.

        Args:
            what: `forecast`, or an estimator whose rates are shown: `switch`, `prefix`, `count`.

        Raises:
            SetupError: The run has no such thing.
        """
        contents = load(self.folder)
        story = tell(contents)
        panels = multiples(story)
        there = [FORECAST] if timeline(story) is not None else []
        there += panels.estimators if panels is not None else []
        if what not in there:
            known = ", ".join([FORECAST, *ESTIMATORS])
            raise SetupError(
                f"{self.path} has nothing of {what!r} to plot: of {known} it has "
                f"{', '.join(there) or 'none'}"
            )
        if panels is not None and what in panels.estimators:
            panels.estimators.sort(key=lambda name: name != what)  # the first one is shown
        shown = {
            "section": f"{FORECAST if what == FORECAST else 'rates'}.html",
            "story": story,
            "numbers": numbers,
            "timeline": timeline(story),
            "misses": misses(contents, story),
            "multiples": panels,
            "origins": origins(contents.attributions),
            "heat": None,
            "forecasts": tables.forecast_table(contents),
            "foundation": foundation(contents),
        }
        return Picture(render_page("notebook.html", shown))


Run = NotebookRun
"""As `foretoken.Run`."""
