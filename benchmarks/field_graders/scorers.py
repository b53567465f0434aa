"""Scorers and extraction rules that are offered for evaluations."""

from field_grader import FieldGrader, Use, beside


def _inspect(name: str, says: str) -> FieldGrader:
    return FieldGrader(
        name=f"Inspect {name}",
        family="inspect",
        package="inspect-ai",
        path=f"adapters_inspect.py:{name}",
        use=Use.SCORER,
        documentation="Inspect, Scorers",
        says=says,
        reproduce=(
            f"from adapters_inspect import {name}, value_of",
            f"value_of({name}(), said, truth)",
        ),
    )


def _lm_eval(name: str, says: str) -> FieldGrader:
    return FieldGrader(
        name=f"lm-eval {name}",
        package="lm-eval",
        use=Use.SCORER,
        documentation="lm-evaluation-harness, tasks",
        says=says,
        **beside("lm_eval", name),
    )


SCORERS = (
    _inspect("match", "the target is what the output ends with; case and punctuation ignored"),
    _inspect("match_numeric", "the same of the number that it ends with; percent signs are kept"),
    _inspect("includes", "the target is somewhere in the output"),
    _inspect("exact", "equal without case, articles, punctuation"),
    _inspect("f1", "overlap of words, from 0 to 1"),
    _inspect("answer_line", "what follows ANSWER: in its line"),
    _inspect("answer_word", "the word that follows ANSWER:"),
    _inspect("pattern", "the first match of the user's expression"),
    _inspect("math", "the last box or marked answer; compared as bounded mathematics"),
    _lm_eval("gsm8k_strict", "the first number after ####"),
    _lm_eval("gsm8k_flexible", "the last number of the output"),
    _lm_eval("gsm8k_cot", "the first number after The answer is"),
    _lm_eval("minerva_exact_match", "Final Answer: The final answer is; sympy on the difference"),
    _lm_eval("minerva_math_verify", "math-verify of the whole output"),
    FieldGrader(
        name="autoevals ExactMatch",
        package="autoevals",
        use=Use.SCORER,
        documentation="Autoevals, README",
        says="equal as text",
        **beside("autoevals", "exact_match"),
    ),
    FieldGrader(
        name="autoevals Levenshtein",
        package="autoevals",
        use=Use.SCORER,
        documentation="Autoevals, README",
        says="similarity of texts by edit distance, from 0 to 1",
        **beside("autoevals", "levenshtein"),
    ),
)
