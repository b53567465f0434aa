"""The exploit catalogue: 28 flaws of graders, each with hints, a reference exploit and intent."""

from foretoken.tasks.catalogue.base import STYLES, ExploitType
from foretoken.tasks.catalogue.put import CATALOGUE, TYPES, family, plain_prompt, put_flaw

__all__ = ["CATALOGUE", "STYLES", "TYPES", "ExploitType", "family", "plain_prompt", "put_flaw"]
