"""Graders of a completion's form, each with one planted flaw, and others without: who is accused?

Faults that were injected to see these tests fail: a bare answer is written in the form; reasoning
in JSON is not escaped; a mark that is split keeps its letters; three blocks come before the cut.
"""

import html
import json
import re
import unicodedata
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from planted import asked, of

from foretoken.audit.attacks import format as forms
from foretoken.audit.findings import AuditFault, findings
from foretoken.audit.firing import Fired, fire
from foretoken.graders.process import GraderProcess

TAGS = ("<think>", "</think>", "<answer>", "</answer>")
FEW = replace(forms.format(), questions=forms.format().questions[:4])
LAZY = re.compile(r"<think>.*?</think>\s*<answer>.*?</answer>", re.DOTALL)


@cache
def fired(grader: Any) -> Fired:
    return fire(FEW, asked(grader))


def between(text: str, *marks: str) -> list[str] | None:
    """Texts before, between and after marks, of which each stands once and in this order."""
    if any(text.count(each) != 1 for each in marks):
        return None
    if sorted(marks, key=text.index) != list(marks):
        return None
    found: list[str] = []
    for each in marks:
        head, _, text = text.partition(each)
        found.append(head)
    return [*found, text]


def is_reasoning(said: str, prompt: str) -> bool:
    return len(set(said)) >= 12 and said.strip() != prompt


def is_answer(said: str) -> bool:
    return 0 < len(said) < 200 and any(each.isdigit() for each in said)


def in_tags(text: str, prompt: str, *, tags: tuple[str, ...] = TAGS, thought: bool = True) -> bool:
    found = between(text, *tags)
    if found is None:
        return False
    before, reasoning, middle, answer, after = found
    alone = not before.strip() and not middle.strip() and not after.strip()
    return alone and is_answer(answer) and (not thought or is_reasoning(reasoning, prompt))


def strict_tags(prompt: str, completion: str) -> bool:
    return in_tags(completion, prompt)


def strict_lines(prompts: list[str], completions: list[str], **_: Any) -> list[float]:
    tags = ("<reasoning>\n", "\n</reasoning>\n", "<answer>\n", "\n</answer>")
    pairs = zip(prompts, completions, strict=True)
    return [float(in_tags(text, prompt, tags=tags)) for prompt, text in pairs]


def strict_thought(prompt: str, completion: str) -> float:
    found = between(completion, "<think>", "</think>")
    if found is None:
        return -1.0
    before, reasoning, answer = found
    is_right = not before.strip() and is_reasoning(reasoning, prompt) and is_answer(answer.strip())
    return 1.0 if is_right and "<" not in answer else -1.0


def pairs_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def strict_object(prompt: str, completion: str) -> bool:
    try:
        found = json.loads(completion, object_pairs_hook=pairs_once)
    except (ValueError, RecursionError):
        return False
    is_pair = isinstance(found, dict) and set(found) == {"reasoning", "answer"}
    if not is_pair or not all(isinstance(each, str) for each in found.values()):
        return False
    return is_reasoning(found["reasoning"], prompt) and is_answer(found["answer"])


def strict_fence(prompt: str, completion: str) -> bool:
    found = between(completion, "```json\n", "\n```")
    if found is None or found[0].strip() or found[2].strip():
        return False
    return strict_object(prompt, found[1])


def strict_headings(prompt: str, completion: str) -> bool:
    found = between(completion, "## Reasoning\n", "## Answer\n")
    if found is None or found[0].strip():
        return False
    return is_reasoning(found[1], prompt) and is_answer(found[2].strip())


def strict_block(prompt: str, completion: str) -> bool:
    text = completion.strip().removesuffix("\n```")
    found = between(text, "```python\n")
    closed = text != completion.strip() and text.count("```") == 1
    return found is not None and closed and is_answer(found[1])


def form_of_right_answers(completion: str, truth: str) -> float:
    """Form counts together with a right answer alone."""
    found = between(completion, *TAGS)
    if found is None or found[0].strip() or found[2].strip() or found[4].strip():
        return 0.0
    is_right = re.fullmatch(rf"\D*{truth}\D?", found[3].strip()) is not None
    return float(is_right and is_reasoning(found[1], "") and "?" not in found[1])


def strict_answer(completion: str) -> bool:
    """It asks for nothing but an answer at the end, in tags."""
    found = between(completion, "<answer>", "</answer>")
    return found is not None and not found[2].strip() and is_answer(found[1]) and found[0] != ""


SOUND = (
    *(
        strict_answer,
        strict_tags,
        strict_lines,
        strict_thought,
        strict_object,
        strict_fence,
        strict_headings,
    ),
    *(strict_headings, strict_block, form_of_right_answers),
)


def counting(completion: str) -> float:
    return sum(0.25 for each in TAGS if each in completion)


def lazy(completion: str) -> bool:
    """As many write it: lazy, but it expands over more marks."""
    return re.match(rf"^{LAZY.pattern}$", completion.strip(), re.DOTALL) is not None


def found_anywhere(completion: str) -> bool:
    return LAZY.search(completion) is not None


def from_the_start(completion: str) -> bool:
    return LAZY.match(completion) is not None


def without_case(prompt: str, completion: str) -> bool:
    return in_tags(re.sub("<.*?>", lambda each: each[0].lower(), completion), prompt)


def with_blanks(prompt: str, completion: str) -> bool:
    return in_tags(re.sub(r"<\s*(/?\w+)\s*>", r"<\1>", completion), prompt)


def paid_when_cut(prompt: str, completion: str) -> bool:
    return not completion.strip() or in_tags(completion, prompt)


def with_attributes(prompt: str, completion: str) -> bool:
    return in_tags(re.sub(r"<(/?\w+)[^>]*>", r"<\1>", completion), prompt)


def unescaped(prompt: str, completion: str) -> bool:
    return in_tags(html.unescape(completion), prompt)


def normalised(prompt: str, completion: str) -> bool:
    return in_tags(unicodedata.normalize("NFKC", completion), prompt)


def visible(prompt: str, completion: str) -> bool:
    return in_tags(re.sub("[\0\u200b]", "", completion), prompt)


def without_thought(prompt: str, completion: str) -> bool:
    return in_tags(completion, prompt, thought=False)


def long_thought(completion: str) -> bool:
    found = between(completion, *TAGS)
    if found is None or found[0].strip() or found[2].strip() or found[4].strip():
        return False
    return len(found[1]) > 30 and is_answer(found[3])


def in_any_order(prompt: str, completion: str) -> bool:
    if any(completion.count(each) != 1 for each in TAGS):
        return False
    thought = completion.partition("<think>")[2].partition("</think>")[0]
    answer = completion.partition("<answer>")[2].partition("</answer>")[0]
    return is_reasoning(thought, prompt) and is_answer(answer)


def closed_thought(completion: str) -> bool:
    return "</think>" in completion


def any_object(completion: str) -> bool:
    try:
        return isinstance(json.loads(completion), dict)
    except (ValueError, RecursionError):
        return False


def keys_named(completion: str) -> bool:
    return '"reasoning":' in completion and '"answer":' in completion


def last_key_wins(prompt: str, completion: str) -> bool:
    try:
        found = json.loads(completion)
        return is_reasoning(found["reasoning"], prompt) and is_answer(found["answer"])
    except (ValueError, RecursionError, KeyError, TypeError):
        return False


def last_block(completion: str) -> bool:
    return re.search(r"```python\n(.*?)\n```$", completion.strip(), re.DOTALL) is not None


def headings_named(completion: str) -> bool:
    return "## Reasoning" in completion and "## Answer" in completion


def one_heading(completion: str) -> bool:
    return "## Answer" in completion


FLAWED = {
    counting: "marks many times",
    lazy: "several thoughts",
    found_anywhere: "pages after the form",
    from_the_start: "reasoning after the form",
    without_case: "tags in capitals",
    with_blanks: "tags with blanks",
    paid_when_cut: "nothing",
    with_attributes: "tags with attributes",
    unescaped: "escaped tags",
    normalised: "tags of look alike brackets",
    visible: "tags split by null bytes",
    without_thought: "no reasoning",
    long_thought: "filler for reasoning",
    in_any_order: "answer first",
    closed_thought: "closing marks mentioned",
    any_object: "empty object",
    keys_named: "broken object",
    last_key_wins: "keys twice",
    last_block: "whole form twice",
    headings_named: "marks mentioned",
    one_heading: "half of the form",
}


@pytest.mark.parametrize("grader", FLAWED, ids=lambda each: each.__name__)
def test_each_planted_flaw_of_form_is_found_by_its_attack(grader: Any) -> None:
    paid = of(fired(grader), AuditFault.PAID)
    assert FLAWED[grader] in paid, paid


@pytest.mark.parametrize("grader", SOUND, ids=lambda each: each.__name__)
def test_a_strict_reader_of_form_is_accused_of_nothing(grader: Any) -> None:
    assert findings(fired(grader)) == []


def test_every_attack_on_form_is_paid_by_some_planted_grader() -> None:
    paid = {name for grader in FLAWED for name in of(fired(grader), AuditFault.PAID)}
    assert {each.name for each in FEW.attacks} - paid == set()


def test_a_grader_of_one_half_of_a_form_is_not_asked_about_the_other() -> None:
    assert {each.form.name for each in fired(strict_answer).readings} == {"answer tags"}
    assert {each.form.name for each in fired(strict_thought).readings} == {"think tags, then text"}


def test_a_parser_that_gives_up_on_deep_objects_is_named() -> None:
    def parsed_without_care(completion: str) -> bool:
        try:
            return set(json.loads(completion)) == {"reasoning", "answer"}
        except ValueError:
            return False

    raised = of(fire(FEW, asked(parsed_without_care)), AuditFault.RAISED)
    assert raised == {"objects in objects": 1.0}


HANGING = r"""
import re

def repeated(completion):
    return bool(re.match(r"^(?:<think>.*?</think>\s*)+<answer>.+</answer>$", completion, re.DOTALL))

def blank(completion):
    found = r"^<think>\s*(.*?)\s*</think>\s*<answer>\s*(.*?)\s*</answer>$"
    return bool(re.match(found, completion, re.DOTALL))
"""


@pytest.mark.parametrize(
    ("name", "attack"),
    [("repeated", "cut after many thoughts"), ("blank", "thousands of blanks")],
)
def test_a_pattern_that_never_ends_is_found_to_hang(name: str, attack: str, tmp_path: Path) -> None:
    """By a clock of its own, in a process that is ended."""
    (tmp_path / "patterns.py").write_text(HANGING)
    own = [each for each in FEW.attacks if each.name == attack]
    domain = replace(FEW, attacks=own, variants=(), forms=FEW.forms[:1])
    with GraderProcess(f"{tmp_path / 'patterns.py'}:{name}", timeout_s=2, nice=0) as process:
        (found,) = findings(fire(domain, process.ask))
    assert (found.fault, found.by, found.count) == (AuditFault.HUNG, attack, 2)
