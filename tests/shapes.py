"""What the test run checks of every call: array shapes, number types, and all other annotations."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, get_args

import jaxtyping
from beartype import BeartypeConf, beartype

CHECKED = ["foretoken.estimate", "foretoken.forecast", "foretoken.testsystems", "foretoken.bank"]
TYPED = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""As the type checker does, takes a whole number where a float is declared."""


def check_shapes() -> None:
    """Check these packages from now on; they must not have been imported."""
    jaxtyping.install_import_hook(CHECKED, "shapes.check")


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """Check a function's annotations at each call, but for Protocols: those are for readers."""
    hints = function.__annotations__
    function.__annotations__ = {
        name: Any if _names_protocol(hint) else hint for name, hint in hints.items()
    }
    return TYPED(function)


def _names_protocol(hint: Any) -> bool:
    inside = (*get_args(hint), getattr(hint, "__bound__", None))
    return getattr(hint, "_is_protocol", False) or any(map(_names_protocol, filter(None, inside)))


@contextmanager
def unchecked_shapes() -> Iterator[None]:
    """Leave it to the function itself to refuse arrays of wrong shapes, as outside the test run."""
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
