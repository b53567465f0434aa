"""Templates, style and script: what every page is made of, with nothing to fetch."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def render_page(template: str, shown: Mapping[str, Any]) -> str:
    """Return a page as HTML text, style and script inside it."""
    script = _asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        _environment()
        .get_template(template)
        .render(
            shown,
            style=Markup(_asset("report.css")),
            script=Markup(script),
            script_hash=Markup(digest),
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("foretoken.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _asset(name: str) -> str:
    folder = resources.files("foretoken.report") / "templates"
    return (folder / name).read_text(encoding="utf-8")
