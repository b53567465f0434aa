"""THE place where a prompt becomes token ids, and sampled ids become text."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

OPEN_REASONING = "\n<think>"
"""Appended to a prompt where the tokenizer has no chat template."""
NO_REASONING = "\n<think></think>"
"""The same for a prompt whose reasoning is left out."""


def render_prompt(
    tokenizer: PreTrainedTokenizerBase, prompt: str, *, reasoning: bool = True
) -> list[int]:
    """Return the token ids that a model reads before it writes a completion.

    Args:
        tokenizer: With a chat template, the prompt is one user message and the template decides
            how reasoning is switched on or off (`enable_thinking`). Without one, the text of the
            prompt is followed by an open (or an empty) pair of think tags.
        prompt: The user message.
        reasoning: Whether the model is asked to reason before it answers.
    """
    if tokenizer.chat_template is None:
        text = prompt + (OPEN_REASONING if reasoning else NO_REASONING)
        return list(tokenizer.encode(text))
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}],
        add_generation_prompt=True,
        enable_thinking=reasoning,
        tokenize=False,
    )
    return list(tokenizer.encode(str(text), add_special_tokens=False))


def completion_text(tokenizer: PreTrainedTokenizerBase, tokens: Sequence[int]) -> str:
    """Return the text of sampled ids, tags and special tokens included, nothing tidied."""
    text = tokenizer.decode(
        list(tokens), skip_special_tokens=False, clean_up_tokenization_spaces=False
    )
    return str(text)
