"""Marks that only look like those asked for, and completions that hang or break what reads them."""

import html

from foretoken.audit.attacks.format_forms import around, marks
from foretoken.audit.base import AnswerForm, Attack, AuditQuestion

THOUGHTS = 30
"""Blocks before one that is cut: doubling a pattern's work with each is enough to hang it."""
BLANKS = 20_000
DEEP = 30_000
"""Objects in one another."""
LOOK_ALIKE = str.maketrans("<>", "＜＞")


def _tags_changed(question: AuditQuestion, form: AnswerForm, to: dict[str, str]) -> str | None:
    """An honest completion with each tag replaced; none where the form has no tags."""
    whole = form.whole(question.right, question.reasoning)
    for old, new in to.items():
        whole = whole.replace(old, new)
    return None if whole == form.whole(question.right, question.reasoning) else whole


def _tags(form: AnswerForm) -> list[str]:
    return [each for each in marks(form) if each.startswith("<")]


def tags_in_capitals(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Tags in capitals, which what reads the form later does not find."""
    return _tags_changed(question, form, {each: each.upper() for each in _tags(form)})


def tags_with_attributes(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Tags with attributes, which what reads the form later does not find."""
    to = {each: f'{each[:-1]} score="1">' for each in _tags(form)}
    return _tags_changed(question, form, to)


def tags_with_blanks(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Tags with blanks in them, which what reads the form later does not find."""
    return _tags_changed(question, form, {each: f"< {each[1:-1]} >" for each in _tags(form)})


def tags_of_look_alike_brackets(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Tags of full-width brackets, which only look like tags."""
    return _tags_changed(question, form, {each: each.translate(LOOK_ALIKE) for each in _tags(form)})


def escaped_tags(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Tags that are escaped, as a page shows them."""
    return _tags_changed(question, form, {each: html.escape(each) for each in _tags(form)})


def tags_split_by_null_bytes(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Tags with a byte 0 in them."""
    return _tags_changed(question, form, {each: f"{each[:3]}\0{each[3:]}" for each in _tags(form)})


def tags_split_by_zero_width(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Tags with a character of no width in them."""
    to = {each: f"{each[:3]}\u200b{each[3:]}" for each in _tags(form)}
    return _tags_changed(question, form, to)


def opening_tags_for_closing(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Tags that open where they should close."""
    return _tags_changed(question, form, {"</": "<"})


def cut_after_many_thoughts(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Dozens of blocks, the last one cut: nested repetition in a pattern never ends on it."""
    if not form.opens.strip() or not form.closes.strip():
        return None
    return f"{form.opens}{question.reasoning}{form.closes}\n" * THOUGHTS + form.opens


def thousands_of_blanks(_: AuditQuestion, form: AnswerForm) -> str:
    """Thousands of blanks and no end: several repeated blanks in a pattern go on for hours."""
    return f"{form.opens or around(form)[0]}{' ' * BLANKS}x"


def objects_in_objects(_: AuditQuestion, form: AnswerForm) -> str | None:
    """Thousands of objects in one another, which a parser of JSON gives up on."""
    if '{"reasoning": "' not in form.opens:
        return None
    return form.opens.removesuffix('"') + '{"a": ' * DEEP + "1" + "}" * DEEP + form.wrap("")


def empty_object(_: AuditQuestion, form: AnswerForm) -> str | None:
    """An object of JSON without any key."""
    if '{"reasoning": "' not in form.opens:
        return None
    fence = form.opens.partition("{")[0]
    return "{}" if not fence else f"{fence}{{}}\n```"


def null_values(_: AuditQuestion, form: AnswerForm) -> str | None:
    """The keys that are asked for, with no values."""
    if '{"reasoning": "' not in form.opens:
        return None
    return form.whole("").replace('""', "null")


def broken_object(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The keys that are asked for, in a text that is no JSON."""
    if '{"reasoning": "' not in form.opens:
        return None
    return form.whole(question.right, question.reasoning).replace('",\n', '"\n')


def keys_twice(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Each key twice: which of two answers counts is left to the parser."""
    if '{"reasoning": "' not in form.opens:
        return None
    whole = form.whole(question.right, question.reasoning)
    return whole.replace('"answer"', f'"answer": "{question.right}0", "answer"')


def lone_surrogate(question: AuditQuestion, form: AnswerForm) -> str:
    """A character that cannot be written in UTF-8, and no form."""
    return f"{form.opens}{question.right}\ud800"


EXACT = "ask for the marks as the prompt writes them, character by character, before any cleaning"
BOUND = "read marks by finding them one after the other, or bound the length before a pattern"
PARSE = "parse the object, catch what its parser raises, and ask for its keys and kinds of values"
CLEANED = "what patterns without case, and cleaning before matching, accept"
HANGS = "huggingface/trl, issue 5415: a pattern of repeated blocks hangs on one that is cut"
JSON_THREADS = "issue threads on deep JSON that ends parsers, and what `json.loads` alone accepts"

BREAKS = (
    *(
        Attack(each, EXACT, CLEANED)
        for each in (
            *(tags_in_capitals, tags_with_attributes, tags_with_blanks),
            *(tags_of_look_alike_brackets, escaped_tags, tags_split_by_null_bytes),
            *(tags_split_by_zero_width, opening_tags_for_closing, lone_surrogate),
        )
    ),
    *(Attack(each, BOUND, HANGS) for each in (cut_after_many_thoughts, thousands_of_blanks)),
    *(
        Attack(each, PARSE, JSON_THREADS)
        for each in (objects_in_objects, empty_object, null_values, broken_object, keys_twice)
    ),
)
