"""Honest replies that meet the constraint, written in other ways."""

import json

from foretoken.audit.attacks.constraint_questions import facts_of, kind_of, met
from foretoken.audit.base import AnswerForm, AuditQuestion, Variant

FREE = ("existence", "forbidden_words", "no_comma", "number_words", "title", "number_sentences")
"""Kinds of constraints that leave room for marks and for further sentences."""


def _name(question: AuditQuestion) -> str:
    kind = kind_of(question)
    return "" if kind is None else kind.name.partition(":")[2]


def plainly(question: AuditQuestion, form: AnswerForm) -> str:
    """An honest reply that meets the constraint."""
    return form.whole(question.right)


def after_reasoning(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The reply after reasoning, where there is a place for it."""
    return form.whole(question.right, question.reasoning) if form.closes else None


def with_a_newline_at_the_end(question: AuditQuestion, form: AnswerForm) -> str:
    """A newline at the end means nothing."""
    return f"{form.whole(question.right)}\n"


def in_another_order(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The same facts in another order."""
    facts = facts_of(question)
    text = met(question, [*facts[1:], facts[0]]) if facts else None
    return None if text is None else form.whole(text)


def with_fewer_facts(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A shorter reply that still says enough."""
    facts = facts_of(question)
    text = met(question, facts[:5]) if facts else None
    return None if text is None else form.whole(text)


def with_a_friendly_end(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A friendly sentence after the reply, where nothing forbids it."""
    if _name(question) not in FREE:
        return None
    return form.whole(f"{question.right} I hope that this helps!")


def in_paragraphs(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Each sentence as a paragraph of its own, where nothing forbids it."""
    if _name(question) not in FREE:
        return None
    return form.whole(question.right.replace(". ", ".\n\n"))


def with_bold_words(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Words in bold, where nothing forbids it."""
    words = question.right.split()
    if _name(question) not in FREE or "<<" in question.right:
        return None
    return form.whole(" ".join([f"**{words[0]}**", *words[1:]]))


def keywords_in_capitals(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Words that are asked for begin a sentence."""
    if _name(question) != "existence":
        return None
    words = question.columns["kwargs"][0]["keywords"]
    return form.whole(f"{words[0].capitalize()} matters first. {question.right}")


def bullets_with_dashes(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Bullets that begin with a dash."""
    if _name(question) != "number_bullet_lists":
        return None
    return form.whole(question.right.replace("* ", "- "))


def bullets_after_a_sentence(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A sentence that introduces the bullets."""
    if _name(question) != "number_bullet_lists":
        return None
    return form.whole(f"This is how it goes:\n\n{question.right}")


def json_with_indents(question: AuditQuestion, form: AnswerForm) -> str | None:
    """JSON over several lines."""
    if _name(question) != "json_format":
        return None
    return form.whole(json.dumps({"steps": facts_of(question)}, indent=2))


def json_in_a_fence(question: AuditQuestion, form: AnswerForm) -> str | None:
    """JSON in a code fence."""
    if _name(question) != "json_format":
        return None
    return form.whole(f"```json\n{question.right}\n```")


def blank_lines_around_marks(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Blank lines around the marks between paragraphs or responses."""
    if _name(question) not in {"number_paragraphs", "two_responses"}:
        return None
    return form.whole(question.right.replace("\n***", "\n\n***").replace("***\n", "***\n\n"))


def title_in_bold(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A title in bold."""
    if _name(question) != "title":
        return None
    head, _, text = question.right.partition("\n")
    return form.whole(f"**{head}**\n\n{text}")


VARIANTS = tuple(
    map(
        Variant,
        (
            *(plainly, after_reasoning, with_a_newline_at_the_end, in_another_order),
            *(with_fewer_facts, with_a_friendly_end, in_paragraphs, with_bold_words),
            *(keywords_in_capitals, bullets_with_dashes, bullets_after_a_sentence),
            *(json_with_indents, json_in_a_fence, blank_lines_around_marks),
            title_in_bold,
        ),
    )
)
