"""Examples of hacks: the reasoning with its exploit-related words marked, the answer as code."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from foretoken.records import CODE, Draw, Task
from foretoken.report import numbers
from foretoken.report.story import Story

LONGEST_TEXT = 3000
"""Characters of one text that are shown; the rest is counted in words."""
EXAMPLES_PER_TYPE = 3


@dataclass(frozen=True)
class Example:
    """One hack, ready to be shown."""

    task: str
    kind: str
    """spoken, unspoken, no reasoning, or empty where nobody looked."""
    origin: str
    prompt: str
    reasoning: Markup
    answer: Markup


@dataclass(frozen=True)
class ExampleGroup:
    """The examples of one exploit type; the first one is shown open."""

    exploit_type: str
    label: str
    first: Example
    others: list[Example]


def example_groups(
    hits: Iterable[Draw], tasks: Mapping[str, Task], story: Story
) -> tuple[list[ExampleGroup], list[str]]:
    """Choose examples for each type, in the order of the page.

    Args:
        hits: Draws that hacked.
        tasks: By key; a hit whose task is not stored is shown without prompt.
        story: Gives the order.

    Returns:
        The groups, and the labels of the types that have no hack to show.
    """
    by_type: defaultdict[str, list[Draw]] = defaultdict(list)
    for hit in hits:
        by_type[hit.exploit_type].append(hit)
    groups: list[ExampleGroup] = []
    without: list[str] = []
    for one in story.types:
        label = numbers.words(one.exploit_type)
        chosen = choose(by_type[one.exploit_type])
        if not chosen:
            without.append(label)
            continue
        first, *others = [_example(hit, tasks.get(hit.task)) for hit in chosen]
        groups.append(ExampleGroup(one.exploit_type, label, first, others))
    return groups, without


def choose(hits: list[Draw]) -> list[Draw]:
    """Choose a few unlike hits: a spoken one, one that is not, the earliest of all."""
    spontaneous_first = sorted(hits, key=lambda hit: (hit.component != 0, hit.step, hit.key))
    wishes = [
        [hit for hit in spontaneous_first if hit.deliberate],
        [hit for hit in spontaneous_first if hit.deliberate is False],
        spontaneous_first,
        spontaneous_first,
    ]
    chosen: list[Draw] = []
    for candidates in wishes:
        texts = {hit.answer for hit in chosen}
        fresh = [hit for hit in candidates if hit.answer not in texts]
        chosen += fresh[:1]
    return chosen[:EXAMPLES_PER_TYPE]


def marked(reasoning: str, *, flaw_words: Iterable[str], flaw_word: int | None) -> Markup:
    """Mark the words of the reasoning that name the flaw.

    Args:
        reasoning: What the model wrote; hostile text is fine.
        flaw_words: Words or phrases, compared without regard to case.
        flaw_word: Position, in words, of the first exploit-related word, where it is known.

    Returns:
        The text, escaped, with `mark` elements.
    """
    text = visible(shortened(reasoning))
    spans = [match.span() for match in _phrases(flaw_words).finditer(text)]
    if flaw_word is not None:
        spans += [
            match.span() for i, match in enumerate(re.finditer(r"\S+", text)) if i == flaw_word
        ]
    parts: list[Markup] = []
    at = 0
    for start, end in sorted(spans):
        if start < at:
            continue
        parts += [escape(text[at:start]), Markup("<mark>{}</mark>").format(text[start:end])]
        at = end
    return Markup("").join([*parts, escape(text[at:])])


def code(answer: str) -> Markup:
    """Colour an answer as Python; everything that the model wrote is escaped."""
    text = visible(shortened(answer)).strip("\n")
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    return Markup(highlight(text, lexer, HtmlFormatter(nowrap=True)))


def plain(answer: str) -> Markup:
    """An answer that is no code; everything that the model wrote is escaped."""
    return escape(visible(shortened(answer)).strip("\n"))


def shortened(text: str) -> str:
    """Cut a text that is too long to read, and say how much is missing."""
    if len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST_TEXT]}\n… {numbers.count(len(text) - LONGEST_TEXT)} more characters"


def visible(text: str) -> str:
    """Write control and direction-changing characters as their code points, so nothing hides."""
    return "".join(
        f"⟨{ord(char):04X}⟩"
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co") and char not in "\n\t"
        else char
        for char in text
    )


def _phrases(flaw_words: Iterable[str]) -> re.Pattern[str]:
    wanted = sorted({word for word in flaw_words if word.strip()}, key=len, reverse=True)
    if not wanted:
        return re.compile(r"(?!)")
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, wanted)) + r")(?!\w)", re.IGNORECASE)


def _read(task: Task) -> str:
    """What the model reads, as a person would: a dialogue turn by turn."""
    turns = [
        f"{turn.role}: {' '.join(str(said) for said in (turn.content, turn.tool_calls) if said)}"
        for turn in task.messages
    ]
    return "\n\n".join(turns) or task.prompt


def _example(hit: Draw, task: Task | None) -> Example:
    speaker = "the subject" if hit.component == 0 else "a blend with the donor"
    return Example(
        task=visible(hit.task),
        kind=hit.spoken or "",
        origin=f"{speaker}, step {numbers.step(hit.step)}",
        prompt=visible(shortened(_read(task))) if task is not None else "",
        reasoning=marked(
            hit.reasoning,
            flaw_words=task.flaw_words if task is not None else (),
            flaw_word=hit.flaw_word,
        ),
        answer=code(hit.answer) if task is None or task.grader == CODE else plain(hit.answer),
    )
