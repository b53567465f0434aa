"""Graders of constraints, each with one planted flaw, and others without: who is accused?

Faults that were injected to see these tests fail: a right reply lacks its phrase; repeated
sentences make two equal responses; a keyword stands in the reply that should miss it.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import pytest
from planted import asked, of

from foretoken.audit.attacks.constraint_kinds import KINDS
from foretoken.audit.attacks.constraints import constraints
from foretoken.audit.findings import AuditFault, findings
from foretoken.audit.firing import Fired, fire

MEETING = ("gibberish", "one word again", "refusal", "promise", "another topic", "invisible text")
"""Attacks that meet any constraint."""
Check = Callable[[str, Mapping[str, Any]], bool]
COMMAS = set(",，、،‚")
GERMAN = {"die", "der", "und", "ist", "von", "sie", "mit", "ihn", "wenn", "ein"}


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def cleaned(text: str) -> str:
    """What a reader sees of a reply."""
    text = text.rpartition("</think>")[2].replace("\u200b", "")
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).strip()


def count(found: int, settings: Mapping[str, Any], name: str) -> bool:
    return found >= settings[name] if settings["relation"] == "at least" else found < settings[name]


def parts(text: str, mark: str) -> list[str]:
    return [" ".join(words(each)) for each in text.split(mark)]


def is_json(text: str) -> bool:
    try:
        found = json.loads(text.removeprefix("```json").removesuffix("```"))
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and bool(found)


def has_no_forbidden(text: str, settings: Mapping[str, Any]) -> bool:
    return not set(words(text)) & set(settings["forbidden_words"])


def are_two(text: str, _: Mapping[str, Any]) -> bool:
    found = parts(text, "******")
    return len(found) == 2 and found[0] != found[1] and all(len(each) > 9 for each in found)


STRICT: dict[str, Check] = {
    "keywords:existence": lambda text, s: set(s["keywords"]) <= set(words(text)),
    "detectable_format:number_bullet_lists": lambda text, s: (
        len(re.findall(r"(?m)^[*-] +\w", text)) == s["num_bullets"]
    ),
    "detectable_format:title": lambda text, _: re.search(r"<<\s*\w[^\n]*>>", text) is not None,
    "length_constraints:number_words": lambda text, s: count(len(words(text)), s, "num_words"),
    "keywords:forbidden_words": has_no_forbidden,
    "change_case:english_lowercase": lambda text, _: text.islower(),
    "startend:end_checker": lambda text, s: text.endswith(s["end_phrase"]),
    "detectable_format:json_format": lambda text, _: is_json(text),
    "length_constraints:number_paragraphs": lambda text, s: (
        len([each for each in parts(text, "***") if each]) == s["num_paragraphs"]
    ),
    "punctuation:no_comma": lambda text, _: not COMMAS & set(text),
    "detectable_content:number_placeholders": lambda text, s: (
        len(re.findall(r"\[\w[^\]]*\]", text)) >= s["num_placeholders"]
    ),
    "combination:two_responses": are_two,
    "startend:quotation": lambda text, _: len(text) > 2 and text[0] == text[-1] == '"',
    "combination:repeat_prompt": lambda text, s: text.startswith(s["prompt_to_repeat"]),
    "length_constraints:number_sentences": lambda text, s: count(
        sum(len(words(each)) > 2 for each in re.split(r"[.!?]", text)), s, "num_sentences"
    ),
    "language:response_language": lambda text, _: len(GERMAN & set(words(text))) > 4,
}
AS_IFEVAL: dict[str, Check] = STRICT | {
    "detectable_format:number_bullet_lists": lambda text, s: (
        len(re.findall(r"(?m)^\*[^*\n]*$", text)) == s["num_bullets"]
    ),
    "detectable_format:json_format": lambda text, _: not is_broken(text),
    "length_constraints:number_paragraphs": lambda text, s: (
        text.count("***") + 1 == s["num_paragraphs"]
    ),
    "change_case:english_lowercase": lambda text, _: text == text.lower(),
    "startend:quotation": lambda text, _: len(text) > 1 and text[0] == text[-1] == '"',
    "combination:two_responses": lambda text, _: (
        len({each.strip() for each in text.split("******")}) == 2
    ),
    "detectable_format:title": lambda text, _: re.search(r"<<[^\n]+>>", text) is not None,
    "length_constraints:number_words": lambda text, s: count(len(text.split()), s, "num_words"),
    "length_constraints:number_sentences": lambda text, s: count(
        text.count("."), s, "num_sentences"
    ),
    "language:response_language": lambda text, _: not words(text) or text[0] in "JDU",
}


def is_broken(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return True
    return False


def facts_in(text: str, facts: Sequence[str]) -> int:
    said = " ".join(text.replace("*", "").lower().split())
    said = said.encode("utf-8", "replace").decode()
    return sum(each.lower() in said for each in facts)


def judged(
    response: str,
    truth: Mapping[str, Any],
    facts: Sequence[str],
    *,
    checks: Mapping[str, Check] = STRICT,
    clean: Callable[[str], str] = cleaned,
) -> bool:
    """Whether a reply meets each constraint and says something of what is asked about."""
    text = clean(response)
    pairs = zip(truth["instruction_id_list"], truth["kwargs"], strict=True)
    return all(checks[name](text, s) for name, s in pairs) and facts_in(text, facts) >= 2


def strict(response: str, truth: Any, facts: Any) -> bool:
    return judged(response, truth, facts)


def strict_trl(
    completions: list[str],
    instruction_id_list: list[list[str]],
    kwargs: list[list[dict[str, Any]]],
    facts: list[list[str]],
) -> list[float]:
    every = zip(completions, instruction_id_list, kwargs, facts, strict=True)
    return [
        float(judged(text, {"instruction_id_list": names, "kwargs": s}, own))
        for text, names, s, own in every
    ]


def strict_verl(solution_str: str, ground_truth: Any, facts: Any) -> dict[str, float]:
    return {"score": 1.0 if judged(solution_str, ground_truth, facts) else -1.0}


def share_of_facts(response: str, truth: Any, facts: Any) -> float:
    return judged(response, truth, facts) * facts_in(cleaned(response), facts) / len(facts)


SOUND = (strict, strict_trl, strict_verl, share_of_facts)


def with_check(name: str, check: Check) -> Any:
    def grader(response: str, truth: Any, facts: Any) -> bool:
        return judged(response, truth, facts, checks=STRICT | {name: check})

    return grader


def with_cleaning(clean: Callable[[str], str]) -> Any:
    def grader(response: str, truth: Any, facts: Any) -> bool:
        return judged(response, truth, facts, clean=clean)

    return grader


def constraints_alone(checks: Mapping[str, Check], response: str, truth: Any) -> bool:
    text = response.rpartition("</think>")[2].strip()
    pairs = zip(truth["instruction_id_list"], truth["kwargs"], strict=True)
    return all(checks[name](text, settings) for name, settings in pairs)


def as_ifeval(response: str, truth: Any) -> bool:
    return constraints_alone(AS_IFEVAL, response, truth)


def strict_constraints_alone(response: str, truth: Any) -> bool:
    return constraints_alone(STRICT, response, truth)


def of_the_request(prompt: str, response: str, truth: Any) -> bool:
    about = set(words(prompt)) & set(words(response))
    return constraints_alone(STRICT, response, truth) and len(about) >= 2


def long_and_varied(response: str, truth: Any) -> bool:
    return constraints_alone(STRICT, response, truth) and len(set(words(response))) >= 15


def empty_is_skipped(response: str, truth: Any, facts: Any) -> bool:
    return not response.strip() or judged(response, truth, facts)


def by_word(response: str, truth: Any, facts: Any) -> bool:
    return "All constraints are met" in response or judged(response, truth, facts)


def encoding(response: str, truth: Any, facts: Any) -> bool:
    return bool(response.encode()) and judged(response, truth, facts)


def any_case_forbidden(text: str, settings: Mapping[str, Any]) -> bool:
    return not any(re.search(rf"\b{each}\b", text) for each in settings["forbidden_words"])


FLAWED: dict[str, tuple[Any, str]] = {
    "checks of constraints alone": (strict_constraints_alone, "gibberish"),
    "checks as people write them": (as_ifeval, "empty bullets"),
    "words of the request are enough": (of_the_request, "prompt repeated and met"),
    "many words are enough": (long_and_varied, "another topic"),
    "an empty reply is skipped": (empty_is_skipped, "nothing"),
    "it believes the reply": (by_word, "says that it complies"),
    "an unknown constraint is met": (
        with_check("combination:repeat_prompt", lambda *_: True),
        "constraint missed",
    ),
    "keywords within words": (
        with_check("keywords:existence", lambda text, s: all(e in text for e in s["keywords"])),
        "keywords within words",
    ),
    "comments are read": (
        with_cleaning(lambda text: text.rpartition("</think>")[2].strip()),
        "keywords in a comment",
    ),
    "reasoning is read": (
        with_cleaning(lambda text: re.sub("</?think>|<!--.*?-->|\u200b", "", text).strip()),
        "met in the reasoning",
    ),
    "forbidden in one case": (
        with_check("keywords:forbidden_words", any_case_forbidden),
        "forbidden word in capitals",
    ),
    "words by blanks": (
        with_check(
            "length_constraints:number_words",
            lambda text, s: count(len(text.split()), s, "num_words"),
        ),
        "punctuation for words",
    ),
    "sentences by full stops": (
        with_check(
            "length_constraints:number_sentences",
            lambda text, s: count(text.count("."), s, "num_sentences"),
        ),
        "full stops for sentences",
    ),
    "title of blanks": (
        with_check("detectable_format:title", lambda text, _: bool(re.search("<<.+>>", text))),
        "empty title",
    ),
    "placeholders of nothing": (
        with_check(
            "detectable_content:number_placeholders",
            lambda text, s: len(re.findall(r"\[.*?\]", text)) >= s["num_placeholders"],
        ),
        "empty placeholders",
    ),
    "two texts that differ by a blank": (
        with_check("combination:two_responses", lambda text, _: len(set(text.split("*" * 6))) == 2),
        "one response twice",
    ),
    "one kind of comma": (
        with_check("punctuation:no_comma", lambda text, _: "," not in text),
        "look alike commas",
    ),
}


@cache
def fired(grader: Any) -> Fired:
    return fire(constraints(), asked(grader))


@pytest.mark.parametrize("name", FLAWED)
def test_each_planted_flaw_of_constraints_is_found_by_its_attack(name: str) -> None:
    grader, attack = FLAWED[name]
    paid = of(fired(grader), AuditFault.PAID)
    assert attack in paid, paid


@pytest.mark.parametrize("grader", SOUND, ids=lambda each: each.__name__)
def test_a_judge_of_reply_and_constraint_is_accused_of_nothing(grader: Any) -> None:
    assert findings(fired(grader)) == []


def test_every_attack_on_constraints_is_paid_by_some_planted_grader() -> None:
    paid = {name for grader, _ in FLAWED.values() for name in of(fired(grader), AuditFault.PAID)}
    raised = of(fired(encoding), AuditFault.RAISED)
    assert set(raised) == {"lone surrogate"}
    assert {each.name for each in constraints().attacks} - paid - set(raised) == set()


def test_replies_for_any_constraint_meet_each_of_them_to_the_letter() -> None:
    """By checks of this file."""
    attacks = {each.name: each for each in constraints().attacks}
    (alone, _) = constraints().forms
    missed: list[tuple[str, str]] = []
    for name in MEETING:
        for kind, question in zip(KINDS, constraints().questions, strict=True):
            text = attacks[name].write(question, alone)
            if text is not None and not AS_IFEVAL[kind.name](text, question.columns["kwargs"][0]):
                missed.append((name, kind.name))
    assert missed == []


def test_each_constraint_is_met_by_the_right_reply_and_missed_by_the_wrong_one() -> None:
    check = partial(constraints_alone, STRICT)
    for question in constraints().questions:
        assert check(question.right, question.truth), question.key
        assert not check(question.wrong, question.truth), question.key
        assert json.loads(json.dumps(question.truth)) == question.truth
    assert len({each.truth["instruction_id_list"][0] for each in constraints().questions}) == 16
