"""THE place where a prompt becomes token ids, and sampled ids become text."""

from collections.abc import Sequence
from typing import Any, Protocol

from foretoken.errors import ModelError
from foretoken.records import Json, Task

OPEN_REASONING = "\n<think>"
"""Appended to a prompt where the tokenizer has no chat template."""
NO_REASONING = "\n<think></think>"
"""The same for a prompt whose reasoning is left out."""
PROMPT = "{prompt}"
"""Where a hint holds what it replaces."""
END_OF_REASONING = "</think>"
"""What ends the reasoning of a completion."""


Content = str | tuple[dict[str, Json], ...]
"""Of a message: text, or the parts that a chat template takes."""


class Tokenizer(Protocol):
    """What is used of a tokenizer of transformers, whose own annotations are partial."""

    chat_template: str | dict[str, str] | None

    def __len__(self) -> int:
        """Number of token ids."""
        ...

    def encode(self, text: str, /, *, add_special_tokens: bool = True) -> list[int]:
        """Token ids of a text."""
        ...

    def decode(
        self, ids: list[int], /, *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool
    ) -> str | list[str]:
        """Text of token ids."""
        ...

    def apply_chat_template(
        self,
        messages: list[dict[str, Any]],
        /,
        *,
        add_generation_prompt: bool,
        enable_thinking: bool,
        tokenize: bool,
    ) -> object:
        """Messages as the text that the model reads."""
        ...


def render_prompt(tokenizer: Tokenizer, prompt: str | Task, *, reasoning: bool = True) -> list[int]:
    """Return the token ids that a model reads before it writes a completion.

    Args:
        tokenizer: With a chat template, the prompt is one user message and the template decides
            how reasoning is switched on or off (`enable_thinking`). Without one, the text of the
            prompt is followed by an open (or an empty) pair of think tags.
        prompt: The user message, or a task: its messages where it has some, else its prompt.
        reasoning: Whether the model is asked to reason before it answers.

    Raises:
        ModelError: A task has messages, and the tokenizer no chat template to render them.
    """
    task = prompt if isinstance(prompt, Task) else None
    said = prompt.prompt if isinstance(prompt, Task) else prompt
    messages = [each.model_dump() for each in task.messages] if task else []
    if tokenizer.chat_template is None:
        if task and messages:
            raise ModelError(
                f"task {task.key} is a dialogue, and the tokenizer has no chat template to render "
                "it: use a chat model, or give the task a prompt and no messages"
            )
        text = said + (OPEN_REASONING if reasoning else NO_REASONING)
        return list(tokenizer.encode(text))
    text = tokenizer.apply_chat_template(
        messages or [{"role": "user", "content": said}],
        add_generation_prompt=True,
        enable_thinking=reasoning,
        tokenize=False,
    )
    return list(tokenizer.encode(str(text), add_special_tokens=False))


def with_hint(task: Task, hint: str) -> Task:
    """Return a task as the subject reads it where a hint speaks.

    Args:
        task: A hint replaces its prompt, or the last thing that a person says in its dialogue.
        hint: Text in which `{prompt}` stands for what is replaced; empty: the task as it is.
    """
    if not hint:
        return task
    said = [each.role for each in task.messages]
    last = max((at for at, role in enumerate(said) if role == "user"), default=len(said) - 1)
    messages = [
        each.replacing(content=_hinted(each.content, hint)) if at == last else each
        for at, each in enumerate(task.messages)
    ]
    return task.replacing(prompt=hint.replace(PROMPT, task.prompt), messages=tuple(messages))


def _hinted(content: Content, hint: str) -> Content:
    """Put a text, or the last text among several parts, into a hint."""
    if isinstance(content, str):
        return hint.replace(PROMPT, content)
    texts = [at for at, part in enumerate(content) if isinstance(part.get("text"), str)]
    return tuple(
        {**part, "text": hint.replace(PROMPT, str(part["text"]))} if at in texts[-1:] else part
        for at, part in enumerate(content)
    )


def completion_text(tokenizer: Tokenizer, tokens: Sequence[int]) -> str:
    """Return the text of sampled ids, tags and special tokens included, nothing tidied."""
    text = tokenizer.decode(
        list(tokens), skip_special_tokens=False, clean_up_tokenization_spaces=False
    )
    return str(text)


class AnswerFinder:
    """Finds where the answer of a completion starts, in token ids: after the end of reasoning.

    The text of the last few tokens decides. So the tag may be one token, several, or part of a
    longer one, and the finding at a token depends on nothing that is said after it.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._may_end: dict[int, bool] = {}
        """Whether a token holds the tag's last character, for tokens met so far."""

    def ends_reasoning(self, tokens: Sequence[int]) -> bool:
        """Whether the end of reasoning stands in the last tokens, completed by the very last."""
        last = tokens[-1]
        if last not in self._may_end:
            text = completion_text(self.tokenizer, [last])
            self._may_end[last] = END_OF_REASONING[-1] in text
        if not self._may_end[last]:
            return False
        tail = completion_text(self.tokenizer, tokens[-len(END_OF_REASONING) :])
        return END_OF_REASONING in tail

    def answer_start(self, tokens: Sequence[int]) -> int | None:
        """Return how many tokens precede the answer; None where the reasoning never ends."""
        ends = (k for k in range(1, len(tokens) + 1) if self.ends_reasoning(tokens[:k]))
        return next(ends, None)
