"""A search for cheats that nobody listed, as a part of an audit."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from foretoken.audit.base import Domain
from foretoken.audit.config import AuditConfig
from foretoken.audit.domains import DOMAINS, AuditDomain
from foretoken.audit.firing import Ask, Reading
from foretoken.audit.search.gold import strict_reading
from foretoken.audit.search.save import save_cheat, type_name
from foretoken.audit.search.search import FoundCheat, SearchResult, search
from foretoken.audit_records import AuditSearch, SearchedCheat
from foretoken.errors import SetupError

SEARCHABLE = frozenset({AuditDomain.ANSWERS, AuditDomain.CHOICE})
"""Domains in which it is certain of many answers that they deserve nothing."""
SEED = 0


def is_searchable(domain: Domain) -> bool:
    """Whether a domain can be searched.

    Args:
        domain: Which.
    """
    return domain.name in {DOMAINS[name]().name for name in SEARCHABLE}


def searched(
    domain: Domain, ask: Ask, *, readings: Sequence[Reading], config: AuditConfig
) -> AuditSearch | None:
    """Search a grader, and save what is found as exploit types where that is asked for.

    Args:
        domain: Of its answers.
        ask: The grader.
        readings: Forms that it reads.
        config: How many calls, and where cheats are saved.

    Returns:
        What was found; None where no search was asked for, or the domain cannot be searched.
    """
    if config.search == 0 or not is_searchable(domain):
        return None
    result = search(
        domain,
        ask,
        readings=readings,
        gold=strict_reading(domain.forms),
        budget=config.search,
        seed=SEED,
    )
    saved = () if config.save is None else _saved(result, domain, readings, config)
    prompts = {each.key: each.prompt for each in domain.questions}
    found = tuple(_record(each, prompts[each.question]) for each in result.found)
    return AuditSearch(calls=result.calls, found=found, saved=tuple(saved))


def _record(cheat: FoundCheat, prompt: str) -> SearchedCheat:
    return SearchedCheat(
        name=cheat.name,
        question=cheat.question,
        prompt=prompt,
        sent=cheat.text,
        got=cheat.got,
        paid=cheat.paid,
        of=cheat.of,
        interval=cheat.interval,
        call=cheat.call,
    )


def _saved(
    result: SearchResult, domain: Domain, readings: Sequence[Reading], config: AuditConfig
) -> Iterator[str]:
    """Write a file of tasks for each cheat that can be a type of its own; yield their names."""
    assert config.save is not None
    folder = Path(config.save)
    folder.mkdir(parents=True, exist_ok=True)
    for cheat in result.found:
        file = folder / f"{type_name(cheat)}.jsonl"
        try:
            save_cheat(cheat, domain, readings=readings, config=config, path=file)
        except SetupError:
            continue
        yield str(file)
