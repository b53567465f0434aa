"""What a subject writes around the code of an answer, learnt from its own samples.

An answer that stands bare where the subject would put it into a fence, or without the sentence
that the subject would say after it, costs the subject several nats that have nothing to do with the
exploit. So a donor is shown its exploits in the subject's own form.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from foretoken.engines.prompts import AnswerFinder, CompletionReader, Tokenizer, render_prompt
from foretoken.engines.transformers.check import check_model
from foretoken.engines.transformers.load import LoadedModel
from foretoken.engines.transformers.sample import sample
from foretoken.errors import ModelError
from foretoken.records import ReasoningTags, Task
from foretoken.tasks.answer import split_of
from foretoken.work.grading import until_complete

FORM_TASKS = 128
"""Tasks that the subject is asked for its form, at most; the others borrow one."""
_OPENS = re.compile(r"```\S*")
"""What opens a fence, its language included."""
_CLOSES = re.compile(r"\s*```|\s*\Z")
"""What ends an answer: its fence, or that nothing follows."""


@dataclass(frozen=True)
class Form:
    """One way to put an answer."""

    before: str
    """Text between the (empty) reasoning and the answer."""
    after: str = ""
    """Text between the answer and the end token."""

    def around(
        self, answer: str, *, tokenizer: Tokenizer, end_token: int
    ) -> tuple[list[int], slice]:
        """Return the token ids of an answer in this form, and which of them say the answer.

        What closes the answer belongs to it: the end of its fence, or the end token where nothing
        follows. So does a token that holds characters of the answer and of what is beside it.
        """
        closing = match.group() if (match := _CLOSES.match(self.after)) else ""
        ids = encoded(tokenizer, self.before + answer + self.after)
        start = _equal(ids, encoded(tokenizer, self.before))
        if closing == self.after:
            return [*ids, end_token], slice(start, len(ids) + 1)
        said = len(ids) - _equal(ids[::-1], encoded(tokenizer, self.after[len(closing) :])[::-1])
        return [*ids, end_token], slice(start, said)


def encoded(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return the token ids of a text inside a completion."""
    return tokenizer.encode(text, add_special_tokens=False) if text else []


def _equal(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens from the first are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def form_of(text: str, task: Task, *, tags: ReasoningTags | None) -> Form | None:
    """Return the form of one completion, without its end token; None where it has no answer.

    Args:
        text: Of a completion that ended.
        task: What it answers; how an answer is found is up to it.
        tags: Around the reasoning.
    """
    said = text.rpartition(tags.closes)[2] if tags else text
    answer = split_of(task, tags)(text, task)[1]
    if not answer or answer not in said:
        return None
    before, _, after = said.rpartition(answer)
    return Form(before, after)


def own_forms(
    base: LoadedModel, tasks: Sequence[Task], *, max_tokens: int, seed: int
) -> Mapping[str, Form]:
    """Ask a subject for one answer to each task, reasoning left out, and return their forms.

    Args:
        base: The subject.
        tasks: At most `FORM_TASKS` of them, of all exploit types in turn, are asked.
        max_tokens: Longest completion; one that does not end shows no form.
        seed: Of the samples, and of the form that a task borrows which has none of its own.

    Returns:
        A form for each task's key.

    Raises:
        ModelError: No completion had an answer and an end, or the model cannot be sampled from; see
            `check_model`.
    """
    check_model(base)
    asked = _in_turn(tasks)[:FORM_TASKS]
    completions = sample(
        [base],
        [render_prompt(base.tokenizer, task, reasoning=False) for task in asked],
        max_tokens=max_tokens,
        seed=seed,
    )
    found: dict[str, Form] = {}
    reader, finder = CompletionReader(base.tokenizer), AnswerFinder(base.tokenizer)
    for task, drawn in zip(asked, completions, strict=True):
        completion = until_complete(drawn, task, finder=finder)
        text = reader.text(completion.said)
        form = form_of(text, task, tags=reader.tags) if completion.ended else None
        if form is not None:
            found[task.key] = form
    if not found:
        raise ModelError(
            f"None of {len(asked)} completions of the subject, of at most {max_tokens} tokens, had "
            "both an answer and an end, so that its form is not known: raise max_tokens in "
            "[quality], or set before_answer to what stands before an answer"
        )
    order, seen = random.Random(seed), [*found.values()]
    return {task.key: found.get(task.key) or order.choice(seen) for task in tasks}


def form_words(forms: Mapping[str, Form]) -> str:
    """Say in one line how a subject puts its answers."""
    own = [*forms.values()]
    fenced = sum("```" in each.before for each in own) / len(own)
    spoken = sum(bool(_OPENS.sub("", each.before).strip()) for each in own) / len(own)
    followed = sum(not _CLOSES.fullmatch(each.after) for each in own) / len(own)
    return (
        f"Form of the subject's answers, in which exploits are written: {fenced:.0%} in a fence, "
        f"{spoken:.0%} with text before, {followed:.0%} with text after"
    )


def _in_turn(tasks: Sequence[Task]) -> list[Task]:
    """Order tasks so that exploit types take turns."""
    turns: dict[str, int] = {}
    placed: list[tuple[int, Task]] = []
    for task in tasks:
        turn = turns.get(task.exploit_type, 0)
        turns[task.exploit_type] = turn + 1
        placed.append((turn, task))
    return [task for _, task in sorted(placed, key=lambda each: each[0])]
