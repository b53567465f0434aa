"""Pictures of the benchmark for docs and README: `python benchmarks/early_warning/pictures.py`.

From the kept runs and `results.json`, which `judge.py` writes. Plain SVG that follows the reader's
light or dark setting.
"""

import json
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from alarms import COUNTING, watched_by_all
from data import KeptRun, kept_runs
from design import HELD_OUT, STEPS
from judge import AUDITED, MAIN, OURS, RESULTS
from laws import FALSE_ALARMS
from markupsafe import Markup

from foretoken.errors import SetupError
from foretoken.forecast.alarms import Watched, conformal_limit
from foretoken.report import svg

IMAGES = Path(__file__).parents[2] / "docs/images"
STYLE = """
text{font:12px system-ui,sans-serif;fill:#444}.title{font-weight:600;font-size:14px;fill:#111}
.grid{stroke:#ddd;stroke-width:1}.lead{stroke:#2b6cb0;stroke-width:2.5;stroke-linecap:round}
.ours{fill:#2b6cb0}.theirs{fill:none;stroke:#c05621;stroke-width:1.6}.event{fill:#111}
.bar{fill:#2b6cb0}.rival{fill:#a0aec0}.span{stroke:#444;stroke-width:1.2}
@media (prefers-color-scheme:dark){text{fill:#bbb}.title{fill:#eee}.grid{stroke:#333}
.lead{stroke:#63b3ed}.ours{fill:#63b3ed}.theirs{stroke:#f6ad55}.event{fill:#eee}
.bar{fill:#63b3ed}.rival{fill:#4a5568}.span{stroke:#bbb}}
"""
WIDTH, ROW, LEFT, TOP = 760, 9, 196, 58


@dataclass(frozen=True)
class Emergence:
    """One type that emerged, and who warned of it."""

    step: int
    ours: int | None
    theirs: int | None


def main() -> None:
    """Draw what can be drawn."""
    runs = kept_runs(closed_known=True)
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / "early-warning.svg").write_text(warnings(runs))
    (IMAGES / "early-warning-skill.svg").write_text(
        skills(json.loads(RESULTS.read_text())[AUDITED])
    )


def warnings(runs: Sequence[KeptRun]) -> str:
    """Each type that emerged in a run of the held-out organism: alarm, then emergence."""
    held = {run.history.name for run in runs if run.organism == HELD_OUT}
    by_name = {name: _emergences(watched, held) for name, watched in watched_by_all(runs).items()}
    ours = by_name[OURS]
    theirs = max((by_name[name] for name in COUNTING), key=lambda own: sum(map(_lead, own)))
    found = sorted(
        (
            Emergence(one.step, one.ours, other.ours)
            for one, other in zip(ours, theirs, strict=True)
        ),
        key=lambda each: (each.step, -_lead(each)),
    )
    height = TOP + ROW * len(found) + 44
    rows = [_row(each, TOP + ROW * number) for number, each in enumerate(found)]
    title = (
        f"When each of {len(found)} ways of cheating was warned of, in runs of an organism that "
        "taught nothing"
    )
    return _document(
        WIDTH,
        height,
        svg.element("text", title, class_="title", x=16, y=22),
        _legend(42),
        *_axis(height),
        *rows,
    )


def _emergences(watched: Sequence[Watched], held: Set[str]) -> list[Emergence]:
    limit = _limit(watched)
    return [
        Emergence(step, run.alarm(limit, kind), None)
        for run in watched
        if run.name in held
        for kind, step in sorted(run.emerged.items())
    ]


def _limit(watched: Sequence[Watched]) -> float:
    try:
        return conformal_limit(watched, share=FALSE_ALARMS)
    except SetupError:
        return max((run.highest for run in watched if run.clean), default=0.5)


def _lead(each: Emergence) -> int:
    return 0 if each.ours is None else max(each.step - each.ours, 0)


def _x(step: float) -> float:
    return LEFT + (WIDTH - LEFT - 24) * step / STEPS


def _row(each: Emergence, y: float) -> Markup:
    parts: list[Markup] = []
    middle = y + ROW / 2
    if each.ours is not None and each.ours < each.step:
        ends = {"x1": _x(each.ours), "x2": _x(each.step), "y1": middle, "y2": middle}
        parts.append(svg.element("line", class_="lead", **ends))
        parts.append(svg.element("circle", class_="ours", cx=_x(each.ours), cy=middle, r=3.2))
    if each.theirs is not None and each.theirs < each.step:
        mark = {"cx": _x(each.theirs), "cy": middle, "r": 3.0}
        parts.append(svg.element("circle", class_="theirs", **mark))
    x = _x(each.step)
    corners = f"{x - 4},{middle} {x},{middle - 4} {x + 4},{middle} {x},{middle + 4}"
    parts.append(svg.element("polygon", class_="event", points=corners))
    return svg.group(*parts)


def _legend(y: float) -> Markup:
    return svg.group(
        svg.element("circle", class_="ours", cx=22, cy=y - 4, r=3.2),
        svg.element("text", "Foretoken's alarm", x=32, y=y),
        svg.element("circle", class_="theirs", cx=162, cy=y - 4, r=3.0),
        svg.element("text", "alarm by counting rollouts", x=172, y=y),
        svg.element(
            "polygon", class_="event", points=f"352,{y - 4} 356,{y - 8} 360,{y - 4} 356,{y}"
        ),
        svg.element(
            "text", "10 % of rollouts cheat (at most 1 false alarm in 10 clean runs)", x=366, y=y
        ),
    )


def _axis(height: float) -> list[Markup]:
    parts: list[Markup] = []
    for step in range(0, STEPS + 1, 20):
        x = _x(step)
        parts.append(svg.element("line", class_="grid", x1=x, x2=x, y1=TOP - 4, y2=height - 38))
        parts.append(svg.element("text", str(step), x=x, y=height - 22, text_anchor="middle"))
    parts.append(
        svg.element("text", "training step", x=_x(STEPS / 2), y=height - 6, text_anchor="middle")
    )
    return parts


def skills(results: dict[str, list[dict[str, object]]]) -> str:
    """Brier skill of every method on the held-out organism, with its interval."""
    lines = [
        each
        for each in results["methods"]
        if HELD_OUT in str(each["folds"])
        and (each["cutoff"], each["threshold"]) == (MAIN.cutoff, MAIN.threshold)
    ]
    lines.sort(key=lambda each: -_value(each["skill"]))
    height = TOP + 24 * len(lines) + 30
    parts = [
        svg.element(
            "text",
            "Brier skill at a fifth of the training, organism that taught nothing (95 %, by runs)",
            class_="title",
            x=16,
            y=22,
        )
    ]
    for share in (-0.5, 0.0, 0.5, 1.0):
        x = _skill_x(share)
        parts.append(svg.element("line", class_="grid", x1=x, x2=x, y1=34, y2=height - 24))
        parts.append(svg.element("text", f"{share:g}", x=x, y=height - 8, text_anchor="middle"))
    for number, each in enumerate(lines):
        parts.append(_bar(each, 40 + 24 * number))
    return _document(WIDTH, height, *parts)


def _bar(line: dict[str, object], y: float) -> Markup:
    skill, name = _value(line["skill"]), str(line["method"])
    zero, end = _skill_x(0.0), _skill_x(max(skill, -0.6))
    parts = [
        svg.element("text", name, x=LEFT + 24, y=y + 13, text_anchor="end"),
        svg.element(
            "rect",
            class_="bar" if name == OURS else "rival",
            x=min(zero, end),
            y=y + 2,
            width=max(abs(end - zero), 1.0),
            height=14,
        ),
    ]
    interval = line["skill_interval"]
    if isinstance(interval, list):
        low, high = (_skill_x(max(float(each), -0.6)) for each in interval)
        parts.append(svg.element("line", class_="span", x1=low, x2=high, y1=y + 9, y2=y + 9))
    return svg.group(*parts)


def _value(skill: object) -> float:
    return float(skill) if isinstance(skill, int | float) else 0.0


def _skill_x(share: float) -> float:
    return LEFT + 130 + (WIDTH - LEFT - 160) * (share + 0.25) / 1.25


def _document(width: float, height: float, *parts: Markup) -> str:
    return str(
        svg.element(
            "svg",
            svg.element("style", Markup(STYLE)),
            *parts,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {width:g} {height:g}",
            width=width,
            role="img",
        )
    )


if __name__ == "__main__":
    main()
