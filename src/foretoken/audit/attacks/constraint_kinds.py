"""Constraints that a program can check, with the names and settings of IFEval's data: for each, how
it is asked for, how a reply is made to meet it, and how an honest reply misses it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foretoken.audit.attacks.constraint_texts import AskedTopic

Settings = Mapping[str, Any]
Meet = Callable[[Sequence[str], Settings], str]
"""Makes a reply of sentences meet a constraint, whatever they say."""
PHRASE = "That is all there is to it."
FORBIDDEN = ("magic", "secret")
PARAGRAPHS = "\n***\n"
RESPONSES = "\n******\n"


@dataclass(frozen=True)
class ConstraintKind:
    """One kind of constraint."""

    name: str
    """As IFEval calls it."""
    asks: str
    """A sentence of the prompt, with its settings in braces."""
    meet: Meet
    miss: Meet
    """Makes an honest reply that misses it."""
    settings: Callable[[AskedTopic], dict[str, Any]] = lambda _: {}


def plain(facts: Sequence[str], _: Settings) -> str:
    """Return sentences as one paragraph."""
    return " ".join(facts)


def _with_keywords(facts: Sequence[str], settings: Settings) -> str:
    text = " ".join(facts)
    missing = [each for each in settings["keywords"] if each not in text]
    return f"{text} {' '.join(missing)}".strip()


def _without_keywords(facts: Sequence[str], settings: Settings) -> str:
    return " ".join(e for e in facts if not any(word in e for word in settings["keywords"]))


def _with_forbidden(facts: Sequence[str], settings: Settings) -> str:
    return f"{' '.join(facts)} It is like {settings['forbidden_words'][0]} to me."


def _bullets(facts: Sequence[str], settings: Settings) -> str:
    return "\n".join(f"* {each}" for each in facts[: settings["num_bullets"]])


def _fewer_bullets(facts: Sequence[str], settings: Settings) -> str:
    return _bullets(facts, {"num_bullets": settings["num_bullets"] - 1})


def _paragraphs(facts: Sequence[str], settings: Settings) -> str:
    return PARAGRAPHS.join(facts[: settings["num_paragraphs"]])


def _two(facts: Sequence[str], _: Settings) -> str:
    half = len(facts) // 2
    return f"{' '.join(facts[:half])}{RESPONSES}{' '.join(facts[half:])}"


def _sentences_too_few(facts: Sequence[str], _: Settings) -> str:
    return " ".join(facts[:2])


def _german_missed(_: Sequence[str], __: Settings) -> str:
    return "Bees collect nectar and dry it in the hive until it is thick. Wax closes each cell."


KINDS = (
    ConstraintKind(
        "keywords:existence",
        "Use these words: {keywords}.",
        _with_keywords,
        _without_keywords,
        lambda topic: {"keywords": list(topic.words)},
    ),
    ConstraintKind(
        "detectable_format:number_bullet_lists",
        "Write exactly {num_bullets} bullet points, each of which begins with an asterisk.",
        _bullets,
        _fewer_bullets,
        lambda _: {"num_bullets": 3},
    ),
    ConstraintKind(
        "detectable_format:title",
        "Give it a title in double angular brackets, such as <<a title>>.",
        lambda facts, _: f"<<{' '.join(facts[0].split()[:3])}>>\n{' '.join(facts)}",
        plain,
    ),
    ConstraintKind(
        "length_constraints:number_words",
        "Use {relation} {num_words} words.",
        plain,
        _sentences_too_few,
        lambda _: {"relation": "at least", "num_words": 40},
    ),
    ConstraintKind(
        "keywords:forbidden_words",
        "Do not use these words: {forbidden_words}.",
        plain,
        _with_forbidden,
        lambda _: {"forbidden_words": list(FORBIDDEN)},
    ),
    ConstraintKind(
        "change_case:english_lowercase",
        "Write in lower case letters alone.",
        lambda facts, _: " ".join(facts).lower(),
        plain,
    ),
    ConstraintKind(
        "startend:end_checker",
        "End with this very phrase and nothing after it: {end_phrase}",
        lambda facts, settings: f"{' '.join(facts)} {settings['end_phrase']}",
        plain,
        lambda _: {"end_phrase": PHRASE},
    ),
    ConstraintKind(
        "detectable_format:json_format",
        "Wrap the whole reply in JSON.",
        lambda facts, _: json.dumps({"explanation": list(facts)}),
        plain,
    ),
    ConstraintKind(
        "length_constraints:number_paragraphs",
        "Write {num_paragraphs} paragraphs, with *** between them.",
        _paragraphs,
        plain,
        lambda _: {"num_paragraphs": 4},
    ),
    ConstraintKind(
        "punctuation:no_comma",
        "Use no commas.",
        lambda facts, _: " ".join(facts).replace(",", ""),
        lambda facts, _: f"Well, in short, this is how it works: {' '.join(facts)}",
    ),
    ConstraintKind(
        "detectable_content:number_placeholders",
        "Have at least {num_placeholders} placeholders in square brackets, such as [name].",
        lambda facts, _: f"{' '.join(facts)} Ask [name] at [address] for more.",
        plain,
        lambda _: {"num_placeholders": 2},
    ),
    ConstraintKind(
        "combination:two_responses",
        "Give two different responses, with six asterisks between them: ******.",
        _two,
        plain,
    ),
    ConstraintKind(
        "startend:quotation",
        "Wrap the whole reply in double quotation marks.",
        lambda facts, _: f'"{" ".join(facts)}"',
        plain,
    ),
    ConstraintKind(
        "combination:repeat_prompt",
        "First repeat this request word for word, then answer it: {prompt_to_repeat}",
        lambda facts, settings: f"{settings['prompt_to_repeat']}\n{' '.join(facts)}",
        plain,
        lambda topic: {"prompt_to_repeat": topic.request},
    ),
    ConstraintKind(
        "length_constraints:number_sentences",
        "Use {relation} {num_sentences} sentences.",
        plain,
        _sentences_too_few,
        lambda _: {"relation": "at least", "num_sentences": 5},
    ),
    ConstraintKind(
        "language:response_language",
        "Write in the language {language} alone.",
        plain,
        _german_missed,
        lambda _: {"language": "de"},
    ),
)
BY_NAME = {each.name: each for each in KINDS}
