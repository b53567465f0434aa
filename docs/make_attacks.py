"""Write docs/attacks.md from what an audit fires: `python docs/make_attacks.py`."""

from collections.abc import Sequence
from pathlib import Path

from foretoken.audit.base import Attack, Variant
from foretoken.audit.domains import DOMAINS

PAGE = Path(__file__).with_name("attacks.md")
INTRODUCTION = """# What an audit fires

{attacks} kinds of answers that deserve nothing, and {variants} kinds that are right, in {domains}
domains. `foretoken audit GRADER` fires those of one domain ([audit.md](audit.md)). Each is a small
function in `foretoken.audit.attacks`, with its reason, what a grader does that does not pay it, and
where it was seen or what it follows from.

This page is made by `python docs/make_attacks.py`.
"""


def page() -> str:
    """Tables of all domains."""
    made = {name: make() for name, make in DOMAINS.items()}
    totals = {
        "attacks": sum(len(each.attacks) for each in made.values()),
        "variants": sum(len(each.variants) for each in made.values()),
        "domains": len(made),
    }
    parts = [INTRODUCTION.format(**totals), _overview()]
    for name, domain in made.items():
        parts += [f"## {name}\n", _attacks(domain.attacks), _variants(domain.variants)]
    return "\n".join(parts)


def _overview() -> str:
    rows = ["| domain | questions | forms | deserve nothing | right |", "|---|---|---|---|---|"]
    for name, make in DOMAINS.items():
        domain = make()
        forms = ", ".join(each.name for each in domain.forms)
        counts = f"{len(domain.attacks)} | {len(domain.variants)}"
        rows.append(
            f"| [`{name}`](#{name}) | {len(domain.questions)} | {_cell(forms)} | {counts} |"
        )
    return "\n".join(rows) + "\n"


def _attacks(attacks: Sequence[Attack]) -> str:
    rows = ["| deserves nothing | why | what to do | source |", "|---|---|---|---|"]
    for each in attacks:
        kind = f" (`{each.exploit_type}`)" if each.exploit_type else ""
        cells = (f"{each.name}{kind}", each.why, each.remedy, each.source)
        rows.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(rows) + "\n"


def _variants(variants: Sequence[Variant]) -> str:
    rows = ["| right | why |", "|---|---|"]
    rows += [f"| {_cell(each.name)} | {_cell(each.why)} |" for each in variants]
    return "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page())
