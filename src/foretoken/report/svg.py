"""Build SVG elements with every text and attribute escaped in one place."""

from markupsafe import Markup, escape

Child = str | Markup
Value = str | float | int | None


def element(name: str, *children: Child, **attributes: Value) -> Markup:
    """Build one element; strings that are not markup yet are escaped.

    Args:
        name: Tag name, written by us, never by a model.
        children: Text or elements inside.
        attributes: `_` becomes `-`, a trailing `_` is dropped (`class_`), None is left out.

    Returns:
        The element as safe markup.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), Markup(written), inside)


def group(*children: Child, **attributes: Value) -> Markup:
    """Build a `g` element."""
    return element("g", *children, **attributes)


def share(fraction: float) -> str:
    """Write a horizontal position as a percentage, so that figures stretch without scaling text."""
    return f"{100 * fraction:.2f}%"


def path(points: list[tuple[float, float]], **attributes: Value) -> Markup:
    """Build a polyline through `points`."""
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return element("polyline", points=corners, fill="none", **attributes)


def _value(value: Value) -> Markup:
    return escape(f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value)
