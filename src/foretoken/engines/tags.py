"""Which tags a model writes around its reasoning: set, or found from its tokenizer."""

from collections.abc import Sequence
from typing import Any, Protocol

from foretoken.errors import SetupError
from foretoken.records import ReasoningTags

THINK = ReasoningTags(opens="<think>", closes="</think>")
KNOWN = (
    THINK,
    ReasoningTags(opens="[THINK]", closes="[/THINK]"),
    ReasoningTags(
        opens="<|channel|>analysis<|message|>",
        closes="<|start|>assistant<|channel|>final<|message|>",
    ),
    ReasoningTags(opens="<|START_THINKING|>", closes="<|END_THINKING|>"),
    ReasoningTags(opens="<seed:think>", closes="</seed:think>"),
    ReasoningTags(opens="<thought>", closes="</thought>"),
)
"""Tags that are looked for, in this order: in the chat template, then in the vocabulary."""
SETTING = "reasoning_tags"
"""Key of `tokenizer_config.json` under which a model's folder names its tags."""

TagsSetting = tuple[str, ...] | None
"""What opens and what closes the reasoning; none of either: no reasoning; None: to be found."""


class TaggedTokenizer(Protocol):
    """What is used of a tokenizer of transformers."""

    chat_template: str | dict[str, str] | None
    init_kwargs: dict[str, Any]

    def convert_tokens_to_ids(self, tokens: str, /) -> int | None:
        """The id of a token; of a text that is none, what stands for the unknown."""
        ...

    def convert_ids_to_tokens(self, ids: int, /) -> str | None:
        """The token of an id."""
        ...


def reasoning_tags(tokenizer: TaggedTokenizer) -> ReasoningTags | None:
    """Return what opens and what closes the reasoning of a completion.

    Args:
        tokenizer: Its setting decides where it has one, else its chat template, else its
            vocabulary: whether one of the known closing tags is a token.

    Returns:
        The tags; None for a model that has none, which answers without reasoning.

    Raises:
        SetupError: The setting is neither two texts nor empty.
    """
    given: Sequence[str] | None = tokenizer.init_kwargs.get(SETTING)
    if given is not None:
        return _as_tags(given)
    template = str(tokenizer.chat_template or "")
    shown = (tags for tags in KNOWN if tags.opens in template and tags.closes in template)
    spoken = (tags for tags in KNOWN if token_id(tokenizer, tags.closes) is not None)
    return next(shown, None) or next(spoken, None)


def set_reasoning_tags(tokenizer: TaggedTokenizer, tags: TagsSetting) -> None:
    """Name the tags of a tokenizer's model; None leaves them to be found.

    Raises:
        SetupError: They are neither two texts nor none.
    """
    if tags is not None:
        _as_tags(tags)
        tokenizer.init_kwargs[SETTING] = list(tags)


def token_id(tokenizer: TaggedTokenizer, text: str) -> int | None:
    """Return the id of the token that is this very text; None where there is none."""
    found = tokenizer.convert_tokens_to_ids(text)
    if found is None or tokenizer.convert_ids_to_tokens(found) != text:
        return None
    return found


def _as_tags(given: Sequence[str]) -> ReasoningTags | None:
    if not given:
        return None
    try:
        opens, closes = given
        return ReasoningTags(opens=opens, closes=closes)
    except ValueError as error:
        raise SetupError(
            f"{SETTING} is {given!r}: give two texts, what opens and what closes the reasoning, or "
            "[] for a model that has none"
        ) from error
