"""OpenRLHF's answer checker, as its agent example calls it: the last box, then the comparison."""

from bare import bare

bare("openrlhf", "openrlhf.utils")

from openrlhf.utils.math_utils import extract_boxed_answer, grade_answer  # noqa: E402


def math_utils(answer: str, truth: str) -> bool:
    return grade_answer(extract_boxed_answer(answer), truth)
