"""TRL's trainers with passes sized to memory and to what has a gradient."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from peft import PeftModel
from torch.nn.functional import cross_entropy
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.sft_trainer import SFTTrainer

from foretoken.engines.transformers.traits import allows_padding
from foretoken.train.passes import within_budget

Batch = dict[str, torch.Tensor]
PROMPT_FIELDS = ("prompt_ids", "prompt_mask")
NO_LOSS = -100
"""Label of a token that is not learnt."""


class LeanSFTTrainer(SFTTrainer):
    """Supervised training whose batches pass through the model in parts that fit.

    Each part's loss is its sum over the learnt tokens of the whole batch, so that the gradient is
    that of one pass.
    """

    pass_tokens: int = 0
    """Most tokens of a part, padding included."""

    def training_step(
        self, model: Any, inputs: Batch, num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Make the passes of one batch; return the batch's loss."""
        parts = within_budget(inputs["attention_mask"].sum(1), self.pass_tokens)
        if len(parts) == 1:
            return super().training_step(model, inputs, num_items_in_batch)
        learnt = (inputs["labels"][:, 1:] != NO_LOSS).sum()
        losses = [
            super(LeanSFTTrainer, self).training_step(model, _rows(inputs, part), learnt)
            for part in parts
        ]
        return torch.stack(losses).sum()


def _rows(batch: Batch, rows: torch.Tensor) -> Batch:
    """Take rows that are padded on the right, without what is padding in all of them."""
    width = int(batch["attention_mask"][rows].sum(1).max())
    return {name: value[rows, :width] for name, value in batch.items()}


class LeanGRPOTrainer(GRPOTrainer):
    """GRPO whose gradient is TRL's, without the passes that add nothing to it.

    Without a divergence term a completion of zero advantage has zero gradient: it is left out.
    The others are sorted by length, so that little padding is read, and pass through the model in
    parts that fit. Logits are made for completion tokens only. The entropy metric and a loss of a
    router's balance are not computed.
    """

    pass_tokens: int = 0
    """Most tokens of a part, padding included."""
    micro_batches: int | None = None
    """How many parts a step has instead."""

    def training_step(
        self, model: Any, inputs: Any, num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Sample and grade one step's rollouts, and make its passes; return the step's loss."""
        model.train()
        made = self._generate_and_score_completions(inputs)
        parts = passes_of(
            made,
            most=self.pass_tokens,
            parts=self.micro_batches,
            drop_zero=self.beta == 0.0,
        )
        losses = [
            super(LeanGRPOTrainer, self).training_step(model, part, num_items_in_batch)
            for part in parts
        ]
        return torch.stack(losses).sum()

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        return generation_batch

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        *_: Any,
        **__: Any,
    ) -> tuple[torch.Tensor, torch.Tensor, None]:
        rows = len(input_ids)
        if not torch.is_grad_enabled():  # all rollouts of a step, under the base model
            rows = max(1, self.pass_tokens // input_ids.shape[1])
        pieces = [slice(start, start + rows) for start in range(0, len(input_ids), rows)]
        log_p = torch.cat(
            [
                self._log_p(model, input_ids[each], attention_mask[each], logits_to_keep)
                for each in pieces
            ]
        )
        return log_p, torch.zeros_like(log_p), None

    def _log_p(
        self, model: Any, ids: torch.Tensor, mask: torch.Tensor, completion_width: int
    ) -> torch.Tensor:
        """Log-probability of each completion token."""
        base = cast(PeftModel, self.model).get_base_model()
        read = _completion_logits if allows_padding(base) else _completion_logits_unpadded
        with self.accelerator.autocast():
            logits = read(model, ids, mask, completion_width)
        targets = ids[:, -completion_width:]
        log_p = -cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none")
        return log_p.view(targets.shape)

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


def passes_of(
    batch: dict[str, Any], *, most: int, parts: int | None, drop_zero: bool
) -> list[dict[str, Any]]:
    """Split a generation batch into passes of similar length.

    Args:
        batch: Tensors with one row per completion, prompts padded on the left and completions on
            the right; single numbers are handed to each part.
        most: Tokens of a pass, padding included.
        parts: How many passes there are instead, at most; None: as `most` says.
        drop_zero: Whether rows of zero advantage may be left out; one row at least stays.
    """
    advantages = cast(torch.Tensor, batch["advantages"])
    lengths = torch.stack(
        [
            cast(torch.Tensor, batch["prompt_mask"]).sum(1),
            cast(torch.Tensor, batch["completion_mask"]).sum(1),
        ],
        dim=1,
    )
    rows = torch.arange(len(advantages), device=advantages.device)
    if drop_zero:
        rows = torch.nonzero(advantages != 0).flatten()
        rows = rows if len(rows) else torch.zeros_like(advantages[:1], dtype=torch.long)
    groups: Sequence[torch.Tensor] = within_budget(lengths[rows], most)
    if parts is not None:
        order = lengths[rows].sum(1).argsort(stable=True)
        groups = order.tensor_split(min(parts, len(rows)))
    return [_part(batch, rows[group], lengths) for group in groups]


def _part(batch: dict[str, Any], rows: torch.Tensor, lengths: torch.Tensor) -> dict[str, Any]:
    prompt_width, completion_width = (max(1, int(each)) for each in lengths[rows].amax(0))
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
