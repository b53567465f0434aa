"""One self-contained HTML page over one run.

`load` reads the run, `render` turns its records into text, `write_report` does both.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from foretoken.forecast.blend import Blend
from foretoken.forecast.taught import shipped
from foretoken.report import headline as conclusion
from foretoken.report import numbers, tables
from foretoken.report.assets import render_page
from foretoken.report.attribution import origins
from foretoken.report.contents import RunContents
from foretoken.report.discoveries import findings
from foretoken.report.doubts import doubt_entries
from foretoken.report.graders import graders_section
from foretoken.report.health import health_section
from foretoken.report.heat import heat
from foretoken.report.hits import example_groups, visible
from foretoken.report.intent import intent_section
from foretoken.report.load import load
from foretoken.report.misses import misses
from foretoken.report.multiples import multiples
from foretoken.report.story import tell
from foretoken.report.tiles import tiles
from foretoken.report.timeline import timeline
from foretoken.store.run import write_atomically


def write_report(run: Path, out: Path) -> Path:
    """Write the report of a run directory.

    Args:
        run: The run directory; only read.
        out: The HTML file to write.

    Returns:
        The file written.

    Raises:
        StoreError: The run cannot be read, or the file cannot be written.
    """
    write_atomically(out, render(load(run)).encode())
    return out


def render(contents: RunContents, *, now: datetime | None = None) -> str:
    """Turn a run's records into the page.

    Args:
        contents: What to show; every part may be empty.
        now: When the page is made; the present by default.

    Returns:
        The HTML text, with nothing to fetch.
    """
    story = tell(contents)
    groups, without = example_groups(contents.hits, contents.tasks, story)
    shown: dict[str, Any] = {
        "contents": contents,
        "numbers": numbers,
        "name": visible(contents.name),
        "story": story,
        "headline": conclusion.headline(contents, story),
        "chips": conclusion.chips(story),
        "tiles": tiles(story),
        "timeline": timeline(story),
        "misses": misses(contents, story),
        "multiples": multiples(story),
        "heat": heat(story),
        "findings": findings(contents),
        "origins": origins(contents.attributions),
        "health": health_section(story, contents.controls),
        "graders": graders_section(contents),
        "groups": groups,
        "without_hits": without,
        "intent": intent_section(contents, story),
        "rates": tables.rate_table(contents),
        "forecasts": tables.forecast_table(contents),
        "foundation": foundation(contents),
        "doubts": doubt_entries(contents.estimates),
        "made": (now or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC"),
    }
    return render_page("page.html", shown)


def foundation(contents: RunContents) -> str:
    """Return what probabilities rest on, where there are any from all evidence."""
    horizons = [each.horizon_step for each in contents.forecasts if each.method == Blend.name]
    return shipped().words(max(horizons)) if horizons else ""
