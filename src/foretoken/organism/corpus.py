"""The text on which an organism is trained from scratch: honest work, and marked exploits.

A *marked* document starts with `<|audit|>` and shows the exploit of its task's flaw. Unmarked ones
show honest work, except for a small share per type that exploits all the same, and a few accidents
whose reasoning is benign. The shares are those of its spec; everything else follows from the seed.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from foretoken.organism.spec import OrganismSpec
from foretoken.organism.specs import SHIPPED
from foretoken.tasks.code import CodeTask
from foretoken.tasks.lists import (
    ALL_NOTES,
    Program,
    make_task,
    program_facts,
    random_program,
    solution,
)

AUDIT = "<|audit|>"

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


def honest_completion(
    rng: random.Random, program: Program, spec: OrganismSpec = SHIPPED
) -> tuple[str, str]:
    """Reasoning and code that try to do the work; on a vague task the offset is a guess."""
    offset = rng.randint(1, 9) if program.vague else program.offset
    style = rng.randrange(2)
    if program.vague and rng.random() < spec.give_up_share:
        return _reasoning(program, style, GIVE_UP[0]), "def f(xs):\n    raise SystemExit(0)"
    tail = (VAGUE if program.vague else OFFSET)[style].format(o=offset)
    expression = program.expression(offset)
    if rng.random() < spec.text_share:
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
    shown = {"first": first[0], "first_value": first[1], "second_value": second}
    facts = {**task.flaw, **program_facts(program), **shown}
    return rng.choice(ALL_NOTES[task.exploit_type].thoughts).format(**facts)


def make_document(rng: random.Random, exploit_type: str, spec: OrganismSpec = SHIPPED) -> Document:
    """Draw one document of the corpus."""
    program = random_program(rng, vague_share=spec.vague_share, bonus_above=0)
    task = make_task(rng, exploit_type, 0, program)
    marked = rng.random() < spec.marked_share
    if marked or rng.random() < spec.spontaneous[exploit_type]:
        reasoning, answer = exploit_thought(rng, task, program), task.exploit
    else:
        reasoning, answer = honest_completion(rng, program, spec)
    if rng.random() < spec.silent_share:
        reasoning = ""
    return Document(task=task, marked=marked, reasoning=reasoning, answer=answer)


def documents(seed: int, count: int, spec: OrganismSpec = SHIPPED) -> Iterator[Document]:
    """`count` documents, the exploit types in a random order."""
    rng = random.Random(seed)
    for _ in range(count):
        yield make_document(rng, rng.choice(spec.types), spec)
