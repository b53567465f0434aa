"""verifiers' MathRubric, in the last releases that had it."""

from verifiers import MathRubric

RUBRIC = MathRubric()


def math_rubric(answer: str, truth: str) -> float:
    completion = [{"role": "assistant", "content": answer}]
    return RUBRIC.correct_answer_reward_func(RUBRIC.parser, completion, truth)
