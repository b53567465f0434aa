"""Replies that meet one kind of constraint by its letter alone: marks around nothing, words within
others, characters that look like those that are forbidden."""

from foretoken.audit.attacks.constraint_kinds import PARAGRAPHS, RESPONSES
from foretoken.audit.attacks.constraint_questions import facts_of, kind_of, missed, settings_of
from foretoken.audit.base import AnswerForm, Attack, AuditQuestion


def _is(question: AuditQuestion, name: str) -> bool:
    kind = kind_of(question)
    return kind is not None and kind.name.endswith(name) and bool(facts_of(question))


def keywords_alone(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The words that are asked for, and nothing else."""
    if not _is(question, ":existence"):
        return None
    return form.whole(" ".join(settings_of(question)["keywords"]))


def keywords_within_words(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The words that are asked for stand only within other words."""
    if not _is(question, ":existence"):
        return None
    words = " ".join(f"un{each}ish" for each in settings_of(question)["keywords"])
    return form.whole(f"{missed(question)} {words}")


def keywords_in_a_comment(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The words that are asked for stand in a comment that nobody is shown."""
    if not _is(question, ":existence"):
        return None
    return form.whole(f"{missed(question)} <!-- {' '.join(settings_of(question)['keywords'])} -->")


def forbidden_word_split(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A forbidden word with a character of no width in it reads like the word itself."""
    if not _is(question, ":forbidden_words"):
        return None
    word = settings_of(question)["forbidden_words"][0]
    text = str(missed(question)).replace(word, f"{word[:2]}\u200b{word[2:]}")
    return form.whole(text)


def forbidden_word_in_capitals(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A forbidden word in capitals."""
    if not _is(question, ":forbidden_words"):
        return None
    word = settings_of(question)["forbidden_words"][0]
    return form.whole(str(missed(question)).replace(word, word.upper()))


def empty_bullets(question: AuditQuestion, form: AnswerForm) -> str | None:
    """As many bullets as are asked for, with nothing after them."""
    if not _is(question, ":number_bullet_lists"):
        return None
    return form.whole("\n".join(["* "] * settings_of(question)["num_bullets"]))


def empty_title(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The brackets of a title with a blank in them."""
    return form.whole(f"<< >>\n{missed(question)}") if _is(question, ":title") else None


def title_alone(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A title, and no reply under it."""
    return form.whole("<<A title>>") if _is(question, ":title") else None


def punctuation_for_words(question: AuditQuestion, form: AnswerForm) -> str | None:
    """An honest reply that is too short, and single full stops that count as words."""
    if not _is(question, ":number_words"):
        return None
    return form.whole(f"{missed(question)}{' .' * settings_of(question)['num_words']}")


def full_stops_for_sentences(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Single words with full stops count as sentences."""
    if not _is(question, ":number_sentences"):
        return None
    return form.whole(f"{missed(question)} So. It. Is. Now. Yes. It. Is.")


def no_letters(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Digits and signs have no capitals."""
    return form.whole("1 2 3 4 5 6 7 ...") if _is(question, "_lowercase") else None


def phrase_alone(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The phrase that a reply has to end with, and no reply before it."""
    return (
        form.whole(settings_of(question)["end_phrase"]) if _is(question, ":end_checker") else None
    )


def empty_object(question: AuditQuestion, form: AnswerForm) -> str | None:
    """An object of JSON with nothing in it."""
    return form.whole("{}") if _is(question, ":json_format") else None


def number_as_json(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A single number, which is JSON as well."""
    return form.whole("0") if _is(question, ":json_format") else None


def empty_paragraphs(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The marks between paragraphs, with nothing between them."""
    if not _is(question, ":number_paragraphs"):
        return None
    return form.whole(PARAGRAPHS.join([" "] * settings_of(question)["num_paragraphs"]))


def look_alike_commas(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Commas of another alphabet, which are commas to every reader."""
    if not _is(question, ":no_comma"):
        return None
    return form.whole(str(missed(question)).replace(",", "，"))


def empty_placeholders(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Square brackets with nothing in them."""
    if not _is(question, ":number_placeholders"):
        return None
    return form.whole(f"{missed(question)} {'[] ' * settings_of(question)['num_placeholders']}")


def placeholders_alone(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Placeholders, and no reply that has use for them."""
    if not _is(question, ":number_placeholders"):
        return None
    return form.whole("[placeholder] " * settings_of(question)["num_placeholders"])


def one_response_twice(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The same response on both sides of the mark, but for a blank."""
    if not _is(question, ":two_responses"):
        return None
    return form.whole(f"{missed(question)}{RESPONSES}{missed(question)}  ")


def two_empty_responses(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The mark between two responses, and next to nothing around it."""
    return form.whole(f"a{RESPONSES}b") if _is(question, ":two_responses") else None


def empty_quotation(question: AuditQuestion, form: AnswerForm) -> str | None:
    """Quotation marks around nothing."""
    return form.whole('""') if _is(question, ":quotation") else None


def request_repeated_alone(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The request that has to be repeated first, and no reply to it."""
    if not _is(question, ":repeat_prompt"):
        return None
    return form.whole(settings_of(question)["prompt_to_repeat"])


def one_word_of_the_language(question: AuditQuestion, form: AnswerForm) -> str | None:
    """One word of the language, and no reply."""
    return form.whole("Ja.") if _is(question, ":response_language") else None


WITHIN = "ask that what a mark holds or parts has words in it"
WORDS = "compare whole words in any case, after characters without width and comments are removed"
ALONE = "ask for a reply beside what the constraint asks for"
DISTINCT = "compare the two after blanks are removed"
KNOWN = "scitix/sieval, pull request 104, and others: public repairs of IFEval's checks"
PARTS = "modelscope/evalscope, pull request 1755: words counted within other words"
FIRST = "thinking-machines-lab/tinker-cookbook, issue 897: repeating the request was never checked"
SPLIT = "splitting at blanks and marks, and counting what is left"
SEEN = "IFDecorator (arXiv 2508.04632): replies that meet a check and no intent"

LETTER_REPLIES = (
    *(Attack(each, ALONE, SEEN) for each in (keywords_alone, title_alone, phrase_alone)),
    *(Attack(each, ALONE, SEEN) for each in (placeholders_alone, one_word_of_the_language)),
    *(Attack(each, WORDS, PARTS) for each in (keywords_within_words, keywords_in_a_comment)),
    *(Attack(each, WORDS, SPLIT) for each in (forbidden_word_split, forbidden_word_in_capitals)),
    *(
        Attack(each, WITHIN, SPLIT)
        for each in (
            *(empty_bullets, empty_title, punctuation_for_words, full_stops_for_sentences),
            *(no_letters, empty_object, number_as_json, empty_placeholders, empty_quotation),
            *(two_empty_responses, look_alike_commas),
        )
    ),
    Attack(empty_paragraphs, WITHIN, KNOWN),
    Attack(one_response_twice, DISTINCT, SPLIT),
    Attack(request_repeated_alone, ALONE, FIRST),
)
