"""The picture of a cross product: which submissions each grader accepts."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from foretoken.report.svg import element, group

_CELL, _LEFT, _TOP, _FOOT, _MARGIN = 19, 262, 216, 76, 18
_INK, _FAINT, _GRID = "#1d2433", "#6b7280", "#eef0f4"
_HACK, _HONEST, _FAULT = "#d9480f", "#2b8a5a", "#b00020"


def matrix_svg(
    graders: Sequence[str],
    submissions: Sequence[str],
    accepted: Mapping[tuple[str, str], float],
    *,
    honest: str,
    caption: str,
) -> str:
    """Draw one row per grader and one column per submission, filled where it is accepted.

    Args:
        graders: Names of the rows. A grader should accept `honest`, and the submission that has
            its own name if there is one.
        submissions: Names of the columns.
        accepted: Share of problems on which (grader, submission) was accepted; 0 where absent.
        honest: The submission that every grader should accept.
        caption: A line below the picture.

    Returns:
        The text of a standalone SVG file. A share that is not as it should be is red.
    """
    width = _LEFT + _CELL * len(submissions) + 60
    height = _TOP + _CELL * len(graders) + _FOOT
    parts = [
        element("rect", width=width, height=height, fill="#ffffff"),
        element(
            "text", "Which submissions does each grader accept?",
            x=_MARGIN, y=34, font_size=17, font_weight=600, fill=_INK,
        ),
        element("text", "rows: graders; columns: submissions", x=_MARGIN, y=54, fill=_FAINT),
        *(_column(number, name) for number, name in enumerate(submissions)),
        *(
            _row(n, name, submissions, accepted, honest=honest) for n, name in enumerate(graders)
        ),
        _legend(_TOP + _CELL * len(graders) + 34, caption),
    ]  # fmt: skip
    return str(
        element(
            "svg",
            *parts,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {width} {height}",
            width=width,
            height=height,
            font_family="Inter, Helvetica, Arial, sans-serif",
            font_size=11.5,
        )
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _column(number: int, name: str) -> Markup:
    x, y = _LEFT + _CELL * (number + 0.62), _TOP - 8
    turned = f"rotate(-52 {x:.1f} {y})"
    return element("text", _words(name), x=x, y=y, transform=turned, fill=_INK)


def _row(
    number: int,
    grader: str,
    submissions: Sequence[str],
    accepted: Mapping[tuple[str, str], float],
    *,
    honest: str,
) -> Markup:
    y = _TOP + _CELL * number
    label = element("text", _words(grader), x=_LEFT - 10, y=y + 13.5, text_anchor="end", fill=_INK)
    cells = [
        _cell(column, y, accepted.get((grader, name), 0.0), wanted=name in (honest, grader),
              honest=name == honest)
        for column, name in enumerate(submissions)
    ]  # fmt: skip
    return group(label, *cells)


def _cell(column: int, y: int, share: float, *, wanted: bool, honest: bool) -> Markup:
    x = _LEFT + _CELL * column
    right = share == (1.0 if wanted else 0.0)
    colour = _GRID if right and not wanted else (_HONEST if honest else _HACK)
    box = element(
        "rect", x=x + 1, y=y + 1, width=_CELL - 2, height=_CELL - 2, rx=3,
        fill=colour if right else _FAULT,
    )  # fmt: skip
    if right:
        return box
    text = element(
        "text", f"{100 * share:.0f}", x=x + _CELL / 2, y=y + 13, text_anchor="middle",
        font_size=9, fill="#ffffff",
    )  # fmt: skip
    return group(box, text)


def _legend(y: int, caption: str) -> Markup:
    entries = (
        (_HACK, "its own exploit, on every problem"),
        (_HONEST, "the honest solution, on every problem"),
        (_GRID, "refused, on every problem"),
        (_FAULT, "neither; per cent accepted"),
    )
    parts: list[Markup] = []
    x = _MARGIN
    for colour, text in entries:
        parts.append(element("rect", x=x, y=y - 11, width=13, height=13, rx=3, fill=colour))
        parts.append(element("text", text, x=x + 19, y=y, fill=_INK))
        x += 44 + round(6.1 * len(text))
    return group(*parts, element("text", caption, x=_MARGIN, y=y + 24, fill=_FAINT))
