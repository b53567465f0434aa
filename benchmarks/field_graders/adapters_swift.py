"""ms-swift's outcome rewards; what their module imports for annotations is left out."""

from bare import bare, named

bare("swift", "swift.rewards")
named("swift.infer_engine", InferRequest=object)

from swift.rewards.orm import MathAccuracy  # noqa: E402


def math_accuracy(completions: list[str], solution: list[str], **columns: object) -> list[float]:
    return MathAccuracy()(completions, solution, **columns)
