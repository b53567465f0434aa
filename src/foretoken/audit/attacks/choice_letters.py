"""Letters that are there without being chosen: several of them, in words, or as parts of text."""

from foretoken.audit.attacks.choice_questions import letters, options, text_of
from foretoken.audit.base import AnswerForm, Attack, AuditQuestion

WORDS = {"A": "Actually", "B": "Based", "C": "Certainly", "D": "Depending", "E": "Every"}
"""Words that begin with a letter of an option."""
LOOK_ALIKE = {"A": "А", "B": "В", "C": "С", "E": "Е"}
"""Letters of the Cyrillic alphabet."""


def nothing(_: AuditQuestion, __: AnswerForm) -> str:
    """It says nothing."""
    return ""


def form_without_letter(_: AuditQuestion, form: AnswerForm) -> str:
    """It keeps the form of an answer and chooses nothing."""
    return form.whole("", "Let me think.")


def wrong_letter(question: AuditQuestion, form: AnswerForm) -> str:
    """It chooses a wrong option."""
    return form.whole(question.wrong, question.reasoning)


def all_letters(question: AuditQuestion, form: AnswerForm) -> str:
    """All letters in a row."""
    return form.whole(" ".join(letters(question)))


def all_letters_joined(question: AuditQuestion, form: AnswerForm) -> str:
    """All letters as one word."""
    return form.whole(letters(question))


def all_letters_in_a_list(question: AuditQuestion, form: AnswerForm) -> str:
    """All letters, with commas and an or."""
    *head, last = letters(question)
    return form.whole(f"{', '.join(head)} or {last}")


def range_of_letters(question: AuditQuestion, form: AnswerForm) -> str:
    """All options as a range."""
    every = letters(question)
    return form.whole(f"{every[0]}-{every[-1]}")


def two_letters(question: AuditQuestion, form: AnswerForm) -> str:
    """It leaves open which of two options it chooses."""
    return form.whole(f"{question.wrong} or {question.right}", question.reasoning)


def both_letters(question: AuditQuestion, form: AnswerForm) -> str:
    """It chooses two options where one is asked for."""
    return form.whole(f"{question.right} and {question.wrong}", question.reasoning)


def all_of_the_above(_: AuditQuestion, form: AnswerForm) -> str:
    """It chooses all options in words, where one is asked for."""
    return form.whole("All of the above")


def none_of_the_above(_: AuditQuestion, form: AnswerForm) -> str:
    """It chooses no option in words."""
    return form.whole("None of the above")


def letter_beyond_the_options(_: AuditQuestion, form: AnswerForm) -> str:
    """A letter that no option has."""
    return form.whole("F")


def letter_begins_a_word(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A word that begins with the right letter; no option is chosen."""
    word = WORDS.get(question.right)
    return None if word is None else form.whole(f"{word} on what is meant, it is hard to say")


def letter_within_a_word(question: AuditQuestion, form: AnswerForm) -> str | None:
    """One word that holds every letter; no option is chosen."""
    return form.whole("undecidable") if question.right in letters(question) else None


def article(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The article A where A is right; no option is chosen."""
    return form.whole("A hard question, this one") if question.right == "A" else None


def article_after_a_wrong_letter(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A wrong letter and its reason, which has an article where A is right."""
    return form.whole(f"{question.wrong}, as a guess") if question.right == "A" else None


def word_answer(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A wrong letter after the word Answer, which begins with A where A is right."""
    return form.whole(f"Answer: {question.wrong}") if question.right == "A" else None


def look_alike_letter(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A letter of another alphabet that no reader of the form finds."""
    other = LOOK_ALIKE.get(question.right)
    return None if other is None else form.whole(other)


def options_repeated(question: AuditQuestion, form: AnswerForm) -> str | None:
    """All options as the prompt shows them, with none chosen."""
    shown = zip(letters(question), options(question), strict=False)
    lines = "\n".join(f"{letter}. {text}" for letter, text in shown)
    return form.whole(lines) if lines else None


def texts_of_all_options(question: AuditQuestion, form: AnswerForm) -> str | None:
    """The texts of all options, with none chosen."""
    return form.whole(", ".join(options(question))) if options(question) else None


def prompt_repeated(question: AuditQuestion, form: AnswerForm) -> str:
    """It repeats the question with its options as its answer."""
    return form.whole(question.prompt)


def wrong_letter_with_the_right_text(question: AuditQuestion, form: AnswerForm) -> str | None:
    """A wrong letter beside the text of the right option: it contradicts itself."""
    text = text_of(question, question.right)
    return None if text is None else form.whole(f"{question.wrong}) {text}")


def shares_of_all_options(question: AuditQuestion, form: AnswerForm) -> str:
    """A share for each option, the same for all."""
    every = letters(question)
    return form.whole(", ".join(f"{each}: {100 // len(every)}%" for each in every))


ONE = "read one letter, whole, and refuse answers with several"
ALONE = "ask for a letter that stands alone, in the case of the options, never one within a word"
EMPTY = "an answer without a letter is wrong, and is never looked for within the truth"
TEXTS = "read the letter; compare texts only where the prompt asks for them"
SEVERAL = "Liuziyu77/Visual-RFT, issue 79: `A or B or C` in the answer's tags was paid"
NOTHING = (
    "Liuziyu77/Visual-RFT, issue 176: empty answers were paid, as each text holds an empty one"
)
FIRST = (
    "EvolvingLMMs-Lab/lmms-eval, issue 1434, and groq/openbench, issue 348: words read as letters"
)
ARTICLE = "EleutherAI/lm-evaluation-harness, pull request 4188: articles read as option A"
WORD = "aniri15/OPD-V, issue 2: the first capital letter is that of the word Answer"
LOGIC = "what a search for a letter or a text finds"

LETTER_ATTACKS = (
    *(Attack(each, EMPTY, NOTHING) for each in (nothing, form_without_letter)),
    Attack(wrong_letter, "compare with the truth", LOGIC),
    *(
        Attack(each, ONE, SEVERAL)
        for each in (
            *(all_letters, all_letters_joined, all_letters_in_a_list, range_of_letters),
            *(two_letters, both_letters, all_of_the_above, shares_of_all_options),
        )
    ),
    *(Attack(each, ALONE, LOGIC) for each in (none_of_the_above, letter_beyond_the_options)),
    *(Attack(each, ALONE, FIRST) for each in (letter_begins_a_word, letter_within_a_word)),
    *(Attack(each, ALONE, ARTICLE) for each in (article, article_after_a_wrong_letter)),
    Attack(word_answer, ALONE, WORD),
    Attack(look_alike_letter, ALONE, "what cleaning that maps letters to ASCII accepts"),
    *(
        Attack(each, TEXTS, LOGIC)
        for each in (
            *(options_repeated, texts_of_all_options, prompt_repeated),
            wrong_letter_with_the_right_text,
        )
    ),
)
