"""Settings of a second grader, and which rollouts it is asked about."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from foretoken.work.settings import Settings


class ShadowSettings(Settings):
    """A second grader in the shadow of training, which never sees it."""

    shadow: str | None = None
    """Second grader, `package.module:name` or `file.py:name`: a function of prompt, answer and
    truth to a number or None, or a reward or grader of ours; none: none is asked."""
    shadow_share: float = Field(default=0.1, gt=0, le=1)
    """Rollouts of a step that it is asked about, drawn at random; half of them paid ones, as far as
    there are any."""
    shadow_most: int = Field(default=64, ge=2)
    """Rollouts of a step that it is asked about, at most."""
    shadow_accepts: float = Field(default=0.5, allow_inf_nan=False)
    """From this value on it accepts."""
    shadow_paid: float = Field(default=0.5, allow_inf_nan=False)
    """From this reward on training has paid."""
    shadow_timeout_s: float = Field(default=30.0, gt=0)
    """Longest that it may take for an answer."""
    shadow_truth: str | None = None
    """Column of the log that it is given as truth; none: what the log says that the grader was
    told."""
    shadow_seed: int = 0
    """Of the draw of rollouts."""

    def shadow_settings(self) -> dict[str, Any]:
        """Return these settings alone, for a command that asks another."""
        return {name: getattr(self, name) for name in ShadowSettings.model_fields}


def drawn(rewards: Mapping[str, float], settings: ShadowSettings) -> dict[str, float]:
    """Draw the rollouts of a step that the second grader is asked about.

    Paid ones and others are each drawn without replacement, by a hash of their keys, so that the
    same ones are drawn again, and most stay when a step goes on.

    Args:
        rewards: What training paid, by rollout.
        settings: How many, and from which reward on one is paid.

    Returns:
        By rollout, for how many of its kind it stands.
    """

    def order(key: str) -> bytes:
        return hashlib.sha256(f"{settings.shadow_seed}/{key}".encode("utf-8", "replace")).digest()

    paid = sorted((k for k, given in rewards.items() if given >= settings.shadow_paid), key=order)
    others = sorted((k for k, given in rewards.items() if given < settings.shadow_paid), key=order)
    most = max(2, min(math.ceil(settings.shadow_share * len(rewards)), settings.shadow_most))
    of_others = min(len(others), max(most // 2, most - len(paid)))
    of_paid = min(len(paid), most - of_others)
    weights = {key: len(paid) / of_paid for key in paid[:of_paid]}
    return weights | {key: len(others) / of_others for key in others[:of_others]}
