"""verl's rewards, by data source; the package's `__init__` wants torch and ray."""

from bare import bare, named

bare("verl", "verl.utils")
named("verl.utils.metric", Metric=object)

from verl.utils.reward_score import default_compute_score  # noqa: E402
from verl.utils.reward_score.math_verify import _verify_in_subprocess  # noqa: E402

__all__ = ["default_compute_score", "math_verify", "search_r1"]


def math_verify(answer: str, truth: str) -> float:
    """What `compute_score` does in processes that would run the package's `__init__`."""
    return _verify_in_subprocess(f"\\boxed{{{truth}}}", answer)


def search_r1(answer: str, truth: str) -> float:
    return default_compute_score("searchR1_nq", answer, {"target": [truth]})
