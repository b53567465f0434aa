"""A problem: what is to be computed, before any grader has a flaw."""

from dataclasses import dataclass

from foretoken.tasks.code import Case


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One function to write, with the cases that decide."""

    key: str
    """Unique in its family, e.g. `strings/run_lengths`."""
    topic: str
    level: int
    """Difficulty, from 1 (one line) to 5 (needs an algorithm)."""
    statement: str
    """What the function must do, in English sentences; names its parameters."""
    function: str
    parameters: tuple[str, ...]
    cases: tuple[Case, ...]
    """5 to 20, expected values from the reference; ordinary ones first, then edges. The first two
    are shown in the prompt."""
    reference: str
    """Source text of an honest solution."""
