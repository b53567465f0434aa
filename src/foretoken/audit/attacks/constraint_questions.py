"""Requests with a constraint each, made from templates, and what attacks need to know of one."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from foretoken.audit.attacks.constraint_kinds import BY_NAME, KINDS, ConstraintKind
from foretoken.audit.attacks.constraint_texts import GERMAN, TOPICS, AskedTopic
from foretoken.audit.base import AuditQuestion


def kind_of(question: AuditQuestion) -> ConstraintKind | None:
    """Return the kind of a question's first constraint; none where it is not known."""
    return BY_NAME.get((question.columns.get("instruction_id_list") or [""])[0])


def settings_of(question: AuditQuestion) -> dict[str, Any]:
    """Return the settings of a question's first constraint."""
    every = cast(Sequence[dict[str, Any]], question.columns.get("kwargs") or [{}])
    return every[0]


def facts_of(question: AuditQuestion) -> list[str]:
    """Return what is true of what is asked about; nothing where the question does not tell it."""
    return list(question.columns.get("facts", ()))


def met(question: AuditQuestion, sentences: Sequence[str]) -> str | None:
    """Return a reply of given sentences that meets the constraint; none where it is not known."""
    kind = kind_of(question)
    return None if kind is None else kind.meet(sentences, settings_of(question))


def missed(question: AuditQuestion) -> str | None:
    """Return an honest reply that misses the constraint; none where it is not known."""
    kind, facts = kind_of(question), facts_of(question)
    return None if kind is None or not facts else kind.miss(facts, settings_of(question))


def _told(settings: Mapping[str, Any]) -> dict[str, str]:
    lists = {name: cast(list[str], each) for name, each in settings.items() if type(each) is list}
    return {name: str(each) for name, each in settings.items()} | {
        name: ", ".join(each) for name, each in lists.items()
    }


def questions() -> Iterator[AuditQuestion]:
    """Yield sixteen requests, each with a constraint of another kind."""
    topics = list(TOPICS.values())
    random.Random(9).shuffle(topics)
    for number, kind in enumerate(KINDS):
        topic = GERMAN if kind.name.startswith("language") else topics[number % len(topics)]
        yield question_of(f"constraints/{number}", kind, topic)


def question_of(key: str, kind: ConstraintKind, topic: AskedTopic) -> AuditQuestion:
    """Return a request for something with a constraint.

    Args:
        key: Of the question.
        kind: Of the constraint.
        topic: What is asked about.
    """
    settings = kind.settings(topic)
    asked = {"instruction_id_list": [kind.name], "kwargs": [settings]}
    return AuditQuestion(
        key=key,
        prompt=f"{topic.request} {kind.asks.format_map(_told(settings))}",
        truth=asked,
        right=kind.meet(topic.facts, settings),
        wrong=kind.miss(topic.facts, settings),
        reasoning="I keep to what is asked for.",
        columns={**asked, "facts": list(topic.facts)},
    )
