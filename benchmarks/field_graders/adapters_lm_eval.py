"""lm-eval's extraction and comparison, with its tasks' settings; `tasks` wants datasets."""

from bare import bare

bare("lm_eval.tasks", "lm_eval.tasks.minerva_math")

from lm_eval.api.metrics import exact_match_fn  # noqa: E402
from lm_eval.filters.extraction import RegexFilter  # noqa: E402
from lm_eval.tasks.minerva_math.utils import process_results  # noqa: E402

IGNORED = [",", "\\$", "(?s).*#### ", "\\.$"]
STRICT = RegexFilter("#### (\\-?[0-9\\.\\,]+)")
FLEXIBLE = RegexFilter("(-?[$0-9.,]{2,})|(-?[0-9]+)", group_select=-1)
COT = RegexFilter("The answer is (\\-?[0-9\\.\\,]+).")


def _scored(extraction: RegexFilter, answer: str, truth: str) -> float:
    ((said,),) = extraction.apply([[answer]], [{}])
    found = exact_match_fn(
        predictions=[said], references=[truth], regexes_to_ignore=IGNORED, ignore_case=True
    )
    return float(found["exact_match"])


def gsm8k_strict(answer: str, truth: str) -> float:
    return _scored(STRICT, answer, truth)


def gsm8k_flexible(answer: str, truth: str) -> float:
    return _scored(FLEXIBLE, answer, truth)


def gsm8k_cot(answer: str, truth: str) -> float:
    return _scored(COT, answer, truth)


def minerva_exact_match(answer: str, truth: str) -> float:
    doc = {"answer": truth, "solution": f"\\boxed{{{truth}}}"}
    return process_results(doc, [answer])["exact_match"]


def minerva_math_verify(answer: str, truth: str) -> float:
    doc = {"answer": truth, "solution": f"\\boxed{{{truth}}}"}
    return process_results(doc, [answer])["math_verify"]
