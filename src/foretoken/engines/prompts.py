"""THE place where a prompt becomes token ids, and sampled ids become text."""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import jinja2
from jinja2 import meta

from foretoken.engines.tags import TaggedTokenizer, reasoning_tags, token_id
from foretoken.errors import ModelError
from foretoken.records import Json, Task

PROMPT = "{prompt}"
"""Where a hint holds what it replaces."""


Content = str | tuple[dict[str, Json], ...] | None
"""Of a message: text, the parts that a chat template takes, or nothing beside calls of tools."""


class _Added(Protocol):
    special: bool


class Tokenizer(TaggedTokenizer, Protocol):
    """What is used of a tokenizer of transformers, whose own annotations are partial."""

    @property
    def bos_token(self) -> str | None:
        """What it puts before a text, if anything."""
        ...

    @property
    def all_special_ids(self) -> list[int]:
        """Ids of the special tokens that it has a name for."""
        ...

    @property
    def added_tokens_decoder(self) -> Mapping[int, _Added]:
        """Tokens beside the vocabulary, by id."""
        ...

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
        tokenize: bool,
        **others: Any,
    ) -> object:
        """Messages as the text that the model reads."""
        ...

    def get_chat_template(self, /, *, tools: list[dict[str, Any]] | None) -> str:
        """The template that renders messages, with these tools."""
        ...


def render_prompt(tokenizer: Tokenizer, prompt: str | Task, *, reasoning: bool = True) -> list[int]:
    """Return the token ids that a model reads before it writes a completion.

    Token ids and raw text are read as they are. Anything else is rendered by the chat template,
    which decides how reasoning is switched on or off if it knows `enable_thinking`; where there is
    no template, a prompt is followed by the tag that opens reasoning, if the model has tags.

    Args:
        tokenizer: Of the model.
        prompt: The user message, or a task.
        reasoning: Whether the model is asked to reason before it answers; if not, reasoning that
            the prompt opens is closed at once, or the channel of the answer is opened.

    Raises:
        ModelError: The chat template cannot render the task, or there is none and it needs one; or
            the model has no token of such an id.
    """
    task = prompt if isinstance(prompt, Task) else Task(key="", exploit_type="", prompt=prompt)
    if task.prompt_ids:
        return _given_ids(tokenizer, task, reasoning=reasoning)
    if task.raw:
        text = _closed(tokenizer, task.prompt, reasoning=reasoning)
        said_already = bool(tokenizer.bos_token) and text.startswith(str(tokenizer.bos_token))
        return list(tokenizer.encode(text, add_special_tokens=not said_already))
    if tokenizer.chat_template is None:
        _refuse_without_template(task)
        tags = reasoning_tags(tokenizer)
        opened = f"{task.prompt}\n{tags.opens}" if tags else task.prompt
        return list(tokenizer.encode(_closed(tokenizer, opened, reasoning=reasoning)))
    text = _closed(tokenizer, _rendered(tokenizer, task, reasoning=reasoning), reasoning=reasoning)
    if not reasoning:
        text += _rest_of_answer_opening(tokenizer, text)
    return list(tokenizer.encode(text, add_special_tokens=False))


def prompt_hash(tokenizer: Tokenizer, task: Task) -> str:
    """Return the hash of the token ids that a task is rendered to, and of what ends an answer."""
    read = str(render_prompt(tokenizer, task)) + (str(task.stop) if task.stop else "")
    return hashlib.sha256(read.encode()).hexdigest()[:16]


def _given_ids(tokenizer: Tokenizer, task: Task, *, reasoning: bool) -> list[int]:
    ids = list(task.prompt_ids)
    beyond = [each for each in ids if not 0 <= each < len(tokenizer)]
    if beyond:
        raise ModelError(
            f"task {task.key} has the token id {beyond[0]}, and the tokenizer knows ids from 0 to "
            f"{len(tokenizer) - 1}: give the ids of this model's own tokenizer"
        )
    text = completion_text(tokenizer, ids)
    closing = _closed(tokenizer, text, reasoning=reasoning)[len(text) :]
    return [*ids, *(tokenizer.encode(closing, add_special_tokens=False) if closing else ())]


def _closed(tokenizer: Tokenizer, text: str, *, reasoning: bool) -> str:
    """Close the reasoning that a prompt leaves open, where there is to be none."""
    tags = None if reasoning else reasoning_tags(tokenizer)
    left_open = tags is not None and text.rstrip().endswith(tags.opens)
    return text + tags.closes if tags and left_open else text


def _rest_of_answer_opening(tokenizer: Tokenizer, text: str) -> str:
    """What opens the answer, where a template begins it: a channel after `<|start|>assistant`."""
    tags = reasoning_tags(tokenizer)
    closes = tags.closes if tags else ""
    begun = (at for at in range(len(closes) - 1, 0, -1) if text.endswith(closes[:at]))
    return closes[at:] if (at := next(begun, 0)) else ""


def _refuse_without_template(task: Task) -> None:
    needs = {
        "is a dialogue": bool(task.messages),
        "has tools": bool(task.tools),
        "has chat_template_kwargs": bool(task.chat_template_kwargs),
    }
    first = next((what for what, wanted in needs.items() if wanted), None)
    if first:
        raise ModelError(
            f"task {task.key} {first}, and the tokenizer has no chat template to render it: use a "
            "chat model, or give the task a prompt alone"
        )


def _rendered(tokenizer: Tokenizer, task: Task, *, reasoning: bool) -> str:
    """A task as its chat template renders it, with what the template knows of."""
    asked = [{"role": "user", "content": task.prompt}]
    messages = [each.as_read() for each in task.messages] or asked
    tools = [*task.tools] or None
    given = dict(task.chat_template_kwargs)
    try:
        known = template_variables(tokenizer.get_chat_template(tools=tools))
        unknown = [name for name in given if name not in known or name in _RENDERERS_OWN]
        if unknown or (tools and "tools" not in known):
            raise ModelError(
                f"task {task.key} gives the chat template {', '.join(unknown) or 'tools'}, which "
                "it does not take: leave that out, or use a model whose template does"
            )
        if "enable_thinking" in known:
            given["enable_thinking"] = reasoning and given.get("enable_thinking", True)
        text = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=False, tools=tools, **given
        )
    except (jinja2.TemplateError, ValueError, TypeError) as error:
        what = f"task {task.key}" if task.key else "a prompt"
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"the chat template cannot render {what} ({reason}): change the task, or the template"
        ) from error
    return str(text)


_RENDERERS_OWN = frozenset({"messages", "tools", "add_generation_prompt"})
_GENERATION = re.compile(r"\{%-?\s*(end)?generation\s*-?%\}")
"""A tag that transformers adds to the language of templates."""


@lru_cache(maxsize=16)
def template_variables(template: str) -> frozenset[str]:
    """Return the names of all that a chat template reads from outside."""
    environment = jinja2.Environment(extensions=["jinja2.ext.loopcontrols"], autoescape=False)
    return frozenset(
        meta.find_undeclared_variables(environment.parse(_GENERATION.sub("", template)))
    )


def turn_end(tokenizer: Tokenizer, ends: Collection[int]) -> int | None:
    """Return the one of some end tokens that the chat template writes after an assistant's turn."""
    if tokenizer.chat_template is None:
        return None
    turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": _ANSWER}]
    try:
        text = tokenizer.apply_chat_template(turns, add_generation_prompt=False, tokenize=False)
    except (jinja2.TemplateError, ValueError, TypeError):
        return None
    _, found, after = str(text).rpartition(_ANSWER)
    ids = tokenizer.encode(after, add_special_tokens=False) if found else []
    return next((each for each in ids if each in ends), None)


_ANSWER = "foretoken"


def with_hint(task: Task, hint: str) -> Task:
    """Return a task as the subject reads it where a hint speaks.

    Args:
        task: A hint replaces its prompt, or the last thing that a person says in its dialogue.
        hint: Text in which `{prompt}` stands for what is replaced; empty: the task as it is.

    Raises:
        ModelError: The task is given as token ids, in which nothing can be replaced.
    """
    if not hint:
        return task
    if task.prompt_ids:
        raise ModelError(
            f"task {task.key} is given as token ids, which a hint cannot be put around: leave out "
            "the hint, or give the task as text"
        )
    said = [each.role for each in task.messages]
    last = max((at for at, role in enumerate(said) if role == "user"), default=len(said) - 1)
    messages = [
        each.replacing(content=_hinted(each.content, hint)) if at == last else each
        for at, each in enumerate(task.messages)
    ]
    return task.replacing(prompt=hint.replace(PROMPT, task.prompt), messages=tuple(messages))


def _hinted(content: Content, hint: str) -> Content:
    """Put a text, or the last text among several parts, into a hint."""
    if content is None:
        return None
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


class CompletionReader:
    """Reads sampled ids as text: what the tokenizer calls special is left out, by id.

    What closes the reasoning is kept, so that a text can be split. So are the characters of a
    special token that are said as ordinary tokens.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.tags = reasoning_tags(tokenizer)
        added = {each for each, token in tokenizer.added_tokens_decoder.items() if token.special}
        self._left_out: set[int] = {*tokenizer.all_special_ids, *added}
        if self.tags:
            self._left_out -= {*tokenizer.encode(self.tags.closes, add_special_tokens=False)}
            opening = token_id(tokenizer, self.tags.opens)
            self._left_out |= set() if opening is None else {opening}

    def text(self, said: Sequence[int]) -> str:
        """Text of a completion's ids, without its end token."""
        return completion_text(
            self.tokenizer, [each for each in said if each not in self._left_out]
        )


class AnswerFinder:
    """Finds where the answer of a completion starts, in token ids: after the end of reasoning.

    The text of the last few tokens decides. So the tag may be one token, several, or part of a
    longer one, and the finding at a token depends on nothing that is said after it. A model that
    has no tags answers from its first token on.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        tags = reasoning_tags(tokenizer)
        self.closes = tags.closes if tags else ""
        """What ends the reasoning; empty: there is none."""
        self._may_end: dict[int, bool] = {}
        """Whether a token holds the tag's last character, for tokens met so far."""

    def ends_reasoning(self, tokens: Sequence[int]) -> bool:
        """Whether the end of reasoning stands in the last tokens, completed by the very last."""
        last = tokens[-1]
        if last not in self._may_end:
            text = completion_text(self.tokenizer, [last])
            self._may_end[last] = self.closes[-1] in text
        if not self._may_end[last]:
            return False
        return self.closes in completion_text(self.tokenizer, tokens[-len(self.closes) :])

    def answer_start(self, tokens: Sequence[int]) -> int | None:
        """Return how many tokens precede the answer; None where the reasoning never ends."""
        if not self.closes:
            return 0
        ends = (k for k in range(1, len(tokens) + 1) if self.ends_reasoning(tokens[:k]))
        return next(ends, None)

    def complete_at(self, tokens: Sequence[int], stop: Sequence[str]) -> int | None:
        """Return how many tokens complete the answer; None where they never do.

        That depends on nothing that is said after them.

        Args:
            tokens: Of a completion, without its end token.
            stop: The answer is complete with the token in which one of these first stands in it.
        """
        start = self.answer_start(tokens) if stop else None
        if start is None:
            return None

        def complete(count: int) -> bool:
            text = completion_text(self.tokenizer, tokens[start:count])
            return any(each in text for each in stop)

        counts = range(start, len(tokens) + 1)
        found = start + bisect_left(counts, True, key=complete)
        return found if found <= len(tokens) else None
