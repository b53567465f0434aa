"""Thirty graders of short answers, choices and forms that pay for nothing that deserves nothing.

Some are strict; others accept what honest models write beside and around an answer: these show
whether a search calls that a cheat.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from flawed_graders import choices
from test_answer_graders import SOUND as BY_ATTACK

from foretoken.audit.attacks.answers import answers
from foretoken.audit.base import Domain

PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)


def last_line(answer: str, truth: str) -> bool:
    lines = answer.strip().splitlines()
    return bool(lines) and lines[-1].strip() == truth


def last_line_with_a_stop(answer: str, truth: str) -> bool:
    lines = answer.strip().splitlines()
    return bool(lines) and lines[-1].strip(" $*").removesuffix(".") == truth


def last_of_several_boxes(answer: str, truth: str) -> bool:
    return answer.rpartition("\\boxed{")[2].partition("}")[0].strip() == truth and "{" in answer


def one_box_at_the_end(answer: str, truth: str) -> bool:
    return re.fullmatch(rf"[^{{}}]*\\boxed\{{{re.escape(truth)}\}}\.?\s*", answer) is not None


def decimal(answer: str, truth: str) -> bool:
    try:
        return "_" not in answer and Decimal(answer) == Decimal(truth)
    except InvalidOperation:
        return False


def whole(answer: str, truth: str) -> bool:
    try:
        return "_" not in answer and int(answer) == int(truth)
    except ValueError:
        return False


def fraction(answer: str, truth: str) -> bool:
    try:
        said = answer.strip().removesuffix(".")
        return "_" not in said and Fraction(said) == Fraction(truth)
    except (ValueError, ZeroDivisionError):
        return False


def separators(answer: str, truth: str) -> bool:
    said = answer.strip()
    plain = said.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+", said) else said
    return plain == truth


def kilometres(answer: str, truth: str) -> bool:
    return answer.strip().removesuffix("km").strip() == truth


def equation(answer: str, truth: str) -> bool:
    return re.fullmatch(r"\s*(?:x\s*=\s*)?(\S+)\s*", answer + "") is not None and (
        answer.rpartition("=")[2].strip() == truth
        and answer.partition("=")[0].strip() in ("x", truth)
    )


def dollars(answer: str, truth: str) -> bool:
    return re.sub(r"\\text\{(.*?)\}", r"\1", answer.strip().strip("$")).strip() == truth


def json_number(answer: str, truth: str) -> bool:
    try:
        said: Any = json.loads(answer)
    except ValueError:
        return False
    return type(said) in (int, float) and said == float(truth)


def json_or_text(answer: str, truth: str) -> bool:
    return answer.strip().strip("\"'") == truth


def after_answer(answer: str, truth: str) -> bool:
    return re.findall(r"(?m)^Answer: (.*)$", answer)[-1:] == [truth]


def sentence(answer: str, truth: str) -> bool:
    lines = answer.strip().splitlines() or [""]
    return re.fullmatch(rf"The answer is:? \$?{re.escape(truth)}\$?\.?", lines[-1]) is not None


def thought_and_tagged(answer: str, truth: str) -> bool:
    found = re.fullmatch(r"\s*<think>(.*?)</think>\s*<answer>([^<]*)</answer>\s*", answer, re.S)
    return found is not None and "<" not in found[1] and found[2].strip() == truth


def form_and_truth(answer: str, truth: str) -> float:
    """Half a mark more than nothing for the form alone, as many recipes give."""
    form = r"[^<]*(?:<think>[^<]*</think>)?[^<]*<answer>([^<]*)</answer>\s*"
    tagged = re.fullmatch(form, answer)
    if tagged is None:
        return 0.0
    return 1.0 if tagged[1].strip() == truth else 0.2


def nearness(answer: str, truth: str) -> float:
    """A little for a near number, always less than half."""
    if not PLAIN.fullmatch(answer.strip()):
        return -1.0
    away = abs(float(answer) - float(truth))
    return 1.0 if away == 0 else max(0.0, 0.4 - 0.1 * away)


def shorter_is_better(answer: str, truth: str) -> float:
    return float(answer.strip() == truth) - min(0.2, len(answer) / 10_000)


def compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: object = None
) -> float:
    said = solution_str.rpartition("####")
    return float(said[1] == "####" and said[2].strip() == ground_truth)


def said_once(queries: list[str], prompts: list[str], labels: list[str]) -> list[float]:
    said = [query[len(prompt) :] for query, prompt in zip(queries, prompts, strict=True)]
    return [float(each.strip() == label) for each, label in zip(said, labels, strict=True)]


def as_mapping(response: str, ground_truth: str) -> dict[str, float]:
    return {"score": float(response.strip() == ground_truth), "length": float(len(response))}


def letter(answer: str, truth: str) -> bool:
    return answer.strip().strip("().").upper() == truth


def chosen(answer: str, truth: str) -> bool:
    last = (answer.strip().splitlines() or [""])[-1]
    said = re.fullmatch(r"(?i)(?:the )?answer(?: is)?:? *\(?([a-d])\)?\.?", last)
    return said is not None and answer.casefold().count("answer") == 1 and said[1].upper() == truth


OF_NUMBERS: tuple[Callable[..., Any], ...] = (
    *BY_ATTACK,
    *(last_line, last_line_with_a_stop, last_of_several_boxes, one_box_at_the_end),
    *(decimal, whole, fraction, separators, kilometres, equation, dollars, json_number),
    *(json_or_text, after_answer, sentence, thought_and_tagged, form_and_truth, nearness),
    *(shorter_is_better, compute_score, said_once, as_mapping),
)
OF_CHOICES: tuple[Callable[..., Any], ...] = (letter, chosen)
INNOCENT: dict[Callable[..., Any], Callable[[], Domain]] = {
    **dict.fromkeys(OF_NUMBERS, answers),
    **dict.fromkeys(OF_CHOICES, choices),
}
