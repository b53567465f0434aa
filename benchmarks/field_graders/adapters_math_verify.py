"""math-verify and mathruler, as their READMEs call them."""

from math_verify import parse, verify
from mathruler.grader import extract_boxed_content, grade_answer


def math_verify(answer: str, truth: str) -> bool:
    return verify(parse(truth), parse(answer))


def mathruler(answer: str, truth: str) -> bool:
    return grade_answer(extract_boxed_content(answer), truth)
