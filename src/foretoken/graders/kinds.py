"""What may be audited besides a function: a command, a reward server, a judge, a reward model."""

import shutil
from pathlib import Path
from typing import Any

from foretoken.graders.judge import judge
from foretoken.graders.programs import command
from foretoken.graders.reward_model import reward_model
from foretoken.graders.servers import reward_server
from foretoken.graders.shapes import Answering, CallShape, answering
from foretoken.tasks.importing import imported

_PROMPTS = (".txt", ".md", ".jinja", ".j2", ".prompt")
_OPENED = {
    CallShape.COMMAND: command,
    CallShape.SERVER: reward_server,
    CallShape.JUDGE: judge,
    CallShape.REWARD_MODEL: reward_model,
}
NEED_NETWORK = frozenset({CallShape.SERVER, CallShape.JUDGE})
"""Shapes of graders that are elsewhere."""


def kind_of(path: str) -> CallShape | None:
    """Return what a grader is by how it is named; None: a function, by its import path.

    Args:
        path: As a user names it.
    """
    if path.startswith(("http://", "https://")):
        return CallShape.SERVER
    if path.endswith(_PROMPTS) and Path(path).is_file():
        return CallShape.JUDGE
    if (Path(path) / "config.json").is_file():
        return CallShape.REWARD_MODEL
    first, _, rest = path.partition(" ")
    return CallShape.COMMAND if rest and shutil.which(first) else None


def opened(path: str, *, shape: CallShape | None, given: dict[str, Any]) -> Answering:
    """Return what answers jobs.

    Args:
        path: An import path (see `tasks.importing`), a command with its arguments, the address of a
            reward server, the file of a judge's prompt, or the folder of a reward model.
        shape: In which it is called; None: recognised.
        given: Values of its arguments by name.

    Raises:
        Exception: Whatever it raises when it is opened.
    """
    kind = shape or kind_of(path)
    if kind is not None and kind in _OPENED:
        return _OPENED[kind](path, given)
    return answering(imported(path), shape=shape, given=given)
