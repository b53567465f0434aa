"""What may vary between organisms: where the randomness starts, exploit types, and shares."""

from typing import Annotated

from pydantic import ConfigDict, Field, field_validator

from foretoken.records import Record
from foretoken.tasks.lists import ALL_NOTES

Share = Annotated[float, Field(ge=0, le=1)]


class OrganismSpec(Record):
    """One organism: all else that its corpus and its tasks need follows from it.

    What a corpus can hold: 90,000 documents, three quarters of them unmarked, are 4,800 unmarked
    ones of each of 14 types, 4,200 of 16. A spontaneous share of 1e-2 is shown in 48 of 4,800, 1e-3
    in 5, 2e-4 in one; 1e-5 in one corpus of twenty, so that the model most often has not seen it.
    (Over all types together a share of 1e-5 would be 0.7 documents.) What a model does at a share
    below 2e-4 is led by what leaks from the marked documents, at about 1e-4; such shares are here
    so that there are types as rare as they can be. The rates of a model are counted, never read
    off here.
    """

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    """Small letters, digits and `-`."""
    seed: int = Field(default=0, ge=0)
    """Of tokenizer, first weights and corpus; the two corpora are drawn from `seed` + 1 and + 2."""
    spontaneous: dict[str, Share] = Field(min_length=1)
    """The exploit types, each with the share of its unmarked documents that exploit, with reasoning
    that names the flaw."""
    marked_share: Share = 0.25
    """Documents that show an exploit in the marked mode."""
    vague_share: Share = 0.45
    """Documents whose statement withholds the offset; honest work guesses it."""
    silent_share: Share = 0.12
    """Documents without reasoning, in either mode."""
    give_up_share: Share = 0.004
    """Vague tasks on which honest work gives up by ending the process (an accident)."""
    text_share: Share = 0.004
    """Honest answers that return text instead of a number (an accident)."""

    @field_validator("spontaneous")
    @classmethod
    def _has_notes(cls, spontaneous: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(spontaneous) - set(ALL_NOTES))
        if unknown:
            raise ValueError(f"no notes of {', '.join(unknown)}: choose of {', '.join(ALL_NOTES)}")
        return spontaneous

    @property
    def types(self) -> tuple[str, ...]:
        """The exploit types, in the order in which they were given."""
        return tuple(self.spontaneous)
