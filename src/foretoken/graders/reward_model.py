"""Graders that are a sequence classifier."""

from typing import Any

from foretoken.graders.shapes import Answering, Given, Job


def reward_model(path: str, _: dict[str, Any]) -> Answering:
    """Return what answers jobs by a reward model: its one logit, or the second of two less the
    first.

    Args:
        path: Folder of a model that transformers reads, with its tokenizer.

    Raises:
        ImportError: transformers is not installed.
        ValueError: It has more than two logits.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise ImportError("a reward model needs `pip install foretoken[train]`") from error
    makers: Any = transformers
    model = makers.AutoModelForSequenceClassification.from_pretrained(path).eval()
    tokenizer = makers.AutoTokenizer.from_pretrained(path)
    if model.config.num_labels > 2:
        raise ValueError(f"{path} has {model.config.num_labels} logits, of which none is a reward")

    @torch.inference_mode()
    def answer(job: Job) -> Given:
        if getattr(tokenizer, "chat_template", None):
            turns = [("user", job["prompt"]), ("assistant", job["text"])]
            text: str = tokenizer.apply_chat_template(
                [{"role": role, "content": said} for role, said in turns], tokenize=False
            )
        else:
            text = f"{job['prompt']}\n{job['text']}"
        encoded = tokenizer(text, return_tensors="pt", truncation=True)
        logits = model(**encoded).logits[0].float()
        value = logits[0] if len(logits) == 1 else logits[1] - logits[0]
        return float(value), None

    return answer
