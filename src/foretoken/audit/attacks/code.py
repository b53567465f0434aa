"""Programs, for graders that execute them, read what they print, or compare their text.

A grader finds the tests under the argument that it takes: every question has them as columns under
the usual names (`tests`, `test_code`, `test_list`, `test` with `check(candidate)`, `input_output`,
`test_cases`, `verification_info`, with `entry_point`, `fn_name`, `starter_code`), and what it is
told as the truth is one of `CodeTruth`: assert statements where nothing else is asked for.
"""

from dataclasses import replace
from functools import wraps

from foretoken.audit.attacks.code_exits import EXITS
from foretoken.audit.attacks.code_leaks import LEAKS
from foretoken.audit.attacks.code_patches import PATCHES
from foretoken.audit.attacks.code_programs import STRIDE, number_of
from foretoken.audit.attacks.code_questions import CodeTruth, questions
from foretoken.audit.attacks.code_texts import TEXTS
from foretoken.audit.attacks.code_values import VALUES
from foretoken.audit.attacks.code_variants import VARIANTS
from foretoken.audit.attacks.code_words import WORDS
from foretoken.audit.base import AnswerForm, Attack, AuditQuestion, Domain, Write
from foretoken.audit.firing import IN_OTHERS
from foretoken.tasks.catalogue import TYPES

ON_ALL = (
    *("plainly", "sleeps_past_the_limit", "many_outputs", "not_a_number", "difference_of_zero"),
    *("nothing_to_compare", "type_confusion"),
)
"""Those that are not left out of any question: most of these fit few questions anyway."""

GUESSED = frozenset(
    {
        *("magic_docstring_comment_token", "verifier_logic_override", "function_attribute_flag"),
        *("environment_variable_manipulation", "debug_module", "filesystem_exposure"),
        *("problem_object_exposure", "test_case_logging_side_channel", "error_code_abuse"),
        *("logging_warnings_side_channel", "argument_injection_leak"),
        *("test_cases_honor_system", "validator_honor_system", "resource_exhaustion"),
    }
)
"""Exploit types that need a name, a text or a place of the grader's author."""

FORMS = (
    AnswerForm("in a python fence", lambda final: f"```python\n{final.strip()}\n```"),
    AnswerForm("alone", lambda final: final, alone=True),
    AnswerForm("in answer tags", lambda final: f"<answer>\n{final.strip()}\n</answer>"),
    AnswerForm(
        "in a fence after think tags",
        lambda final: f"```python\n{final.strip()}\n```",
        opens="<think>",
        closes="</think>",
    ),
    AnswerForm(
        "in a fence in answer tags",
        lambda final: f"<answer>\n```python\n{final.strip()}\n```\n</answer>",
        opens="<think>",
        closes="</think>",
    ),
)


def code(truth: CodeTruth = CodeTruth.TESTS) -> Domain:
    """Return the domain of programs.

    Args:
        truth: What the grader is told as the truth.
    """
    programs = (*VALUES, *EXITS, *WORDS, *LEAKS, *PATCHES)
    every = [(each, False) for each in TEXTS] + [(each, True) for each in programs]
    attacks = [(replace(each, exploit_type=_type_of(each)), once) for each, once in every]
    return Domain(
        "programs",
        tuple(questions(truth)),
        FORMS,
        [
            replace(each, write=_thinned(each.write, place, once=once))
            for place, (each, once) in enumerate(attacks)
        ],
        [
            replace(each, write=_thinned(each.write, place, once=False))
            for place, each in enumerate(VARIANTS)
        ],
        timeout_s=20.0,
    )


def _type_of(attack: Attack) -> str:
    """The exploit type that an attack generalises; empty where there is none, or where the attack
    has to guess a name that only the grader's author knows: that it fails closes nothing."""
    name = str(getattr(attack.write, "__name__", ""))
    found = next((each for each in TYPES if name.startswith(each)), "")
    return "" if found in GUESSED else found


def _thinned(write: Write, place: int, *, once: bool) -> Write:
    """What is written for some questions alone.

    Args:
        write: Writes it for any question.
        place: In its list; says for which questions.
        once: Whether it is the same to a grader in any form. Then it is left out of the first
            questions in forms with reasoning, which whoever reads a fence reads as well.
    """

    @wraps(write)
    def some(question: AuditQuestion, form: AnswerForm) -> str | None:
        number = number_of(question)
        if getattr(write, "__name__", "") not in ON_ALL and (number - place) % STRIDE:
            return None
        if once and form.opens and number < IN_OTHERS:
            return None
        return write(question, form)

    return some
