"""TRL's GRPO trainer with passes sized to what has a gradient."""

from typing import Any, cast

import torch
from peft import PeftModel
from torch.nn.functional import cross_entropy
from trl.trainer.grpo_trainer import GRPOTrainer

from foretoken.engines.transformers.traits import allows_padding

Batch = dict[str, torch.Tensor]
PROMPT_FIELDS = ("prompt_ids", "prompt_mask")


class LeanGRPOTrainer(GRPOTrainer):
    """GRPO whose gradient is TRL's, without the passes that add nothing to it.

    Without a divergence term a completion of zero advantage has zero gradient: it is left out.
    The others are sorted by length, so that little padding is read, and logits are made for
    completion tokens only. The entropy metric and a loss of a router's balance are not computed.
    """

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        parts = self.args.steps_per_generation or 1
        if self._step % parts == 0:
            made = self._generate_and_score_completions(generation_batch)
            self._buffered_inputs = micro_batches(made, parts=parts, drop_zero=self.beta == 0.0)
        return self._buffered_inputs[self._step % parts]

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        *_: Any,
        **__: Any,
    ) -> tuple[torch.Tensor, torch.Tensor, None]:
        base = cast(PeftModel, self.model).get_base_model()
        read = _completion_logits if allows_padding(base) else _completion_logits_unpadded
        with self.accelerator.autocast():
            logits = read(model, input_ids, attention_mask, logits_to_keep)
        targets = input_ids[:, -logits_to_keep:]
        log_p = -cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none")
        log_p = log_p.view(targets.shape)
        return log_p, torch.zeros_like(log_p), None

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write none: what a model is, its run directory says."""


def _completion_logits(
    model: Any, ids_dk: torch.Tensor, mask_dk: torch.Tensor, completion_tokens: int
) -> torch.Tensor:
    """Return the logits of the completion tokens, whose prompts are padded on the left."""
    return model(
        input_ids=ids_dk,
        attention_mask=mask_dk,
        position_ids=(mask_dk.cumsum(1) - 1).clamp(min=0),
        logits_to_keep=completion_tokens + 1,
        use_cache=False,
    ).logits[:, :-1]


def _completion_logits_unpadded(
    model: Any, ids_dk: torch.Tensor, mask_dk: torch.Tensor, completion_tokens: int
) -> torch.Tensor:
    """Return the same of a model that takes padding for text: all of it stands behind the text."""
    order_dk = (mask_dk == 0).long().argsort(dim=1, stable=True)
    start_d = mask_dk[:, :-completion_tokens].sum(1)
    logits = model(input_ids=ids_dk.gather(1, order_dk), use_cache=False).logits
    places_dk = start_d[:, None] - 1 + torch.arange(completion_tokens, device=ids_dk.device)
    return logits.gather(1, places_dk[:, :, None].expand(-1, -1, logits.shape[-1]))


def micro_batches(batch: dict[str, Any], *, parts: int, drop_zero: bool) -> list[dict[str, Any]]:
    """Split a generation batch into parts of similar length.

    Args:
        batch: Tensors with one row per completion, prompts padded on the left and completions on
            the right; single numbers are handed to each part.
        parts: How many; each has at least one row.
        drop_zero: Whether rows of zero advantage may be left out.
    """
    advantages = cast(torch.Tensor, batch["advantages"])
    prompt_tokens = cast(torch.Tensor, batch["prompt_mask"]).sum(1)
    completion_tokens = cast(torch.Tensor, batch["completion_mask"]).sum(1)
    rows = torch.arange(len(advantages), device=advantages.device)
    if drop_zero:
        with_gradient = int((advantages != 0).sum())
        by_gradient = (advantages == 0).long().argsort(stable=True)
        rows = by_gradient[: max(with_gradient, parts)].sort().values
    order = rows[(prompt_tokens + completion_tokens)[rows].argsort(stable=True)]
    return [
        _part(
            batch,
            chosen,
            prompt_width=int(prompt_tokens[chosen].max()),
            completion_width=max(1, int(completion_tokens[chosen].max())),
        )
        for chosen in order.tensor_split(parts)
    ]


def _part(
    batch: dict[str, Any], rows: torch.Tensor, *, prompt_width: int, completion_width: int
) -> dict[str, Any]:
    part: dict[str, Any] = {}
    for name, value in batch.items():
        if not isinstance(value, torch.Tensor) or value.ndim == 0:
            part[name] = value
        elif name in PROMPT_FIELDS:
            part[name] = value[rows, -prompt_width:]
        elif value.ndim == 2:
            part[name] = value[rows, :completion_width]
        else:
            part[name] = value[rows]
    return part
