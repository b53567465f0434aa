"""Graders that pay or punish length, repetition or variety."""

from foretoken.audit.attacks.length_attacks import ATTACKS
from foretoken.audit.attacks.length_forms import OVERLONG, REPEATED, SHORT
from foretoken.audit.attacks.length_texts import questions
from foretoken.audit.attacks.length_variants import VARIANTS
from foretoken.audit.base import Domain


def length() -> Domain:
    """Return the domain of graders of length, repetition and variety."""
    return Domain("length", tuple(questions()), (SHORT, OVERLONG, REPEATED), ATTACKS, VARIANTS)
