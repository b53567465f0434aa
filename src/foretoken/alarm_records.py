"""What is stored of what was told of a training: alarms, warnings, and where they arrived."""

from enum import StrEnum
from urllib.parse import quote

from foretoken.bases import Record


class Urgency(StrEnum):
    """What a message promises."""

    ALARM = "alarm"
    """At most a stated share of trainings within budget gets one."""
    WARNING = "warning"
    """Nothing: it is as good as the forecast."""


class Alarm(Record):
    """Something that was told of an exploit type."""

    folder = "alarms"

    urgency: Urgency
    exploit_type: str
    step: int
    """Of the training, at which it held first."""
    known_at: int
    """Newest step that was known when it was told."""
    score: float
    """Log of the betting capital, shared among the types; or the forecast's probability."""
    limit: float
    """That the score passed."""
    words: str
    """For a person."""

    @property
    def part(self) -> str:
        """Of the part that holds it: one for each type and urgency."""
        kind = quote(self.exploit_type, safe="").replace("%", "=").replace("~", "=7E")
        return f"{self.urgency}-{kind}"


class Delivery(Record):
    """An alarm that reached somewhere."""

    folder = "deliveries"

    alarm: str
    """See `Alarm.part`."""
    sink: str
