"""tinker-cookbook's mathematics environment: the last box, then the comparison."""

from bare import bare

bare("tinker_cookbook", "tinker_cookbook.recipes", "tinker_cookbook.recipes.math_rl")

from tinker_cookbook.recipes.math_rl.math_grading import (  # noqa: E402
    extract_boxed,
    grade_answer,
    grade_answer_math_verify,
)


def math_env(answer: str, truth: str) -> bool:
    try:
        return grade_answer(extract_boxed(answer), truth)
    except ValueError:
        return False


def math_env_math_verify(answer: str, truth: str) -> bool:
    try:
        return grade_answer_math_verify(extract_boxed(answer), truth)
    except ValueError:
        return False
