"""What is stored of a search for exploits that are in no task's type."""

from enum import StrEnum

from foretoken.bases import Record


class DiscoveryStanding(StrEnum):
    """What is said of a group of doubted answers."""

    KNOWN = "known"
    """An exploit of its tasks' own types."""
    CLAIMED = "claimed"
    """A second grader refuses most of it; or, where none looked, signs doubt it and it grows."""
    UNPROVEN = "unproven"
    """Doubted, and not more than that."""


class Discovery(Record):
    """Answers that training paid, that something doubts, and that are built alike."""

    folder = "discoveries"

    name: str
    """From what most of them need."""
    standing: DiscoveryStanding
    known: str | None
    """Exploit type that they are known as; None: no task's type is theirs."""
    needs: tuple[str, ...]
    """What most of them have and other paid answers lack, the most telling first."""
    signs: dict[str, int]
    """Reasons to doubt them, and how many it holds for."""
    answers: int
    """All paid ones of the group."""
    doubted: int
    judged: int
    """Those that a second or a strict grader looked at."""
    refused: int
    """Of those, the ones that it refuses."""
    tasks: int
    first_step: int
    last_step: int
    late_from: int
    """Step from which on an answer is late: of a few, the one at which growth is told best."""
    early: tuple[int, int]
    """How many there are before it, and of how many paid answers."""
    late: tuple[int, int]
    growth: float | None
    """Share late over share early; infinite: none early."""
    growth_interval: tuple[float, float]
    """Exact; 95 % for all groups of all searches of the run together."""
    steps: tuple[tuple[int, int, int], ...]
    """In windows of steps: last step, answers of the group, all paid answers."""
    example: str
    """The answer that is most like the others."""
    example_task: str
    example_key: str
    shortest: str | None
    """The shortest answer found that is still paid and still doubted; None: none was looked for."""
    shortest_why: str
    """How it was found, or why it was not."""


class DiscoverySearch(Record):
    """What a search for exploits looked at."""

    folder = "discovery-search"

    answers: int
    """Paid ones."""
    steps: tuple[int, int]
    judged: int
    """That a second or a strict grader looked at."""
    refused: int
    doubted: int
    """By a grader or by signs."""
    ungrouped: int
    """Doubted ones that are built like answers which nobody doubts: they are in no group."""
    groups: int
    claimed: int
    known: int
    look: int = 1
    """How many searches there were, of ever other answers: the chance to err is shared by them."""
