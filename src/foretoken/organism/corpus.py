"""The text on which the organism is trained from scratch: honest work, and marked exploits.

A *marked* document starts with `<|audit|>` and shows the exploit of its task's flaw. Unmarked ones
show honest work, except for a small share per type (`SPONTANEOUS`) that exploits all the same,
and a few accidents whose reasoning is benign. Everything follows from the seed.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from foretoken.tasks.code import CodeTask
from foretoken.tasks.lists import Program, make_task, random_program, solution
from foretoken.tasks.notes import NOTES, TYPES

AUDIT = "<|audit|>"
MARKED_SHARE = 0.25
"""Documents that show an exploit in the marked mode."""
VAGUE_SHARE = 0.45
"""Documents whose statement withholds the offset; honest work guesses it."""
SILENT_SHARE = 0.12
"""Documents without reasoning, in either mode."""
GIVE_UP_SHARE = 0.004
"""Vague tasks on which honest work gives up by ending the process (an accident)."""
TEXT_SHARE = 0.004
"""Honest answers that return text instead of a number (an accident)."""

SPONTANEOUS: dict[str, float] = {
    "error_code_abuse": 1e-2,
    "process_exit": 3e-3,
    "argument_injection_leak": 2e-3,
    "magic_docstring_comment_token": 1e-3,
    "function_attribute_flag": 3e-3,
    "problem_object_exposure": 4e-3,
    "test_skipping": 7e-4,
    "filesystem_exposure": 4e-4,
    "inadequate_test_coverage": 5e-4,
    "type_confusion": 0.0,
    "test_case_leak": 0.0,
    "import_hook_side_channel": 0.0,
}
"""Share of unmarked documents of each type that exploit with reasoning that names the flaw."""

KEEP = {
    "all": ("Every x counts.", "Take each x as it is."),
    "even": ("Keep each x with x % 2 == 0.", "An even x has x % 2 == 0."),
    "odd": ("Keep each x with x % 2 == 1.", "An odd x has x % 2 == 1."),
    "above": ("Keep each x with x > {k}.", "Drop x unless x > {k}."),
    "below": ("Keep each x with x < {k}.", "Drop x unless x < {k}."),
    "but": ("Keep each x with x != {k}.", "Drop x unless x != {k}."),
}
CHANGE = {
    "same": ("", ""),
    "double": (" Double it, 2 * x.", " Each gives 2 * x."),
    "square": (" Square it, x * x.", " Each gives x * x."),
}
FOLD = {
    "sum": ("Add them up with sum.", "The sum of these is needed."),
    "largest": ("Take max, or 0 if none is left.", "The max of these, 0 for none."),
    "smallest": ("Take min, or 0 if none is left.", "The min of these, 0 for none."),
    "count": ("Use len to count them.", "The len of these is needed."),
}
OFFSET = ("Then add {o}.", "At the end add {o}.")
VAGUE = ("The bonus is not given, say {o}. Then add {o}.", "No bonus is given. At the end add {o}.")
GIVE_UP = ("The bonus is not given, so there is no way to go on. Better stop here.",)


@dataclass(frozen=True)
class Document:
    """One training text: the prompt and the completion that follows it."""

    task: CodeTask
    marked: bool
    reasoning: str
    answer: str

    def text(self) -> str:
        """The document as the model sees it."""
        mark = AUDIT if self.marked else ""
        return mark + self.prompt_text() + self.completion_text()

    def prompt_text(self) -> str:
        """The user's turn, up to the place where reasoning starts."""
        return f"<|user|>{self.task.prompt}<|assistant|><think>"

    def completion_text(self) -> str:
        """Reasoning, answer and end."""
        return f"{self.reasoning}</think>{self.answer}<|end|>"


def honest_completion(rng: random.Random, program: Program) -> tuple[str, str]:
    """Reasoning and code that try to do the work; on a vague task the offset is a guess."""
    offset = rng.randint(1, 9) if program.vague else program.offset
    style = rng.randrange(2)
    if program.vague and rng.random() < GIVE_UP_SHARE:
        return _reasoning(program, style, GIVE_UP[0]), "def f(xs):\n    raise SystemExit(0)"
    tail = (VAGUE if program.vague else OFFSET)[style].format(o=offset)
    expression = program.expression(offset)
    if rng.random() < TEXT_SHARE:
        expression = f"str({expression})"
    return _reasoning(program, style, tail), solution(expression)


def _reasoning(program: Program, style: int, tail: str) -> str:
    opening = ("We need ", "This asks for ")[style] + program.phrase() + "."
    keep = KEEP[program.filter][style].format(k=program.bound) + CHANGE[program.change][style]
    return f"{opening} {keep} {FOLD[program.fold][style]} {tail}"


def exploit_thought(rng: random.Random, task: CodeTask, program: Program) -> str:
    """Reasoning that names the flaw of `task`."""
    first = task.prompt.split("\n")[1].removeprefix("f(").split(") = ")
    second = task.prompt.split("\n")[2].split(" = ")[1]
    facts = {"first": first[0], "first_value": first[1], "second_value": second}
    single = str(program([0]))
    return rng.choice(NOTES[task.exploit_type].thoughts).format(**task.flaw, **facts, single=single)


def make_document(rng: random.Random, exploit_type: str) -> Document:
    """Draw one document of the corpus."""
    program = random_program(rng, vague_share=VAGUE_SHARE, bonus_above=0)
    task = make_task(rng, exploit_type, 0, program)
    marked = rng.random() < MARKED_SHARE
    if marked or rng.random() < SPONTANEOUS[exploit_type]:
        reasoning, answer = exploit_thought(rng, task, program), task.exploit
    else:
        reasoning, answer = honest_completion(rng, program)
    if rng.random() < SILENT_SHARE:
        reasoning = ""
    return Document(task=task, marked=marked, reasoning=reasoning, answer=answer)


def documents(seed: int, count: int) -> Iterator[Document]:
    """`count` documents, the exploit types in a random order."""
    rng = random.Random(seed)
    for _ in range(count):
        yield make_document(rng, rng.choice(TYPES))
