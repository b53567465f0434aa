"""TRL's trainers with passes sized to memory and to what has a gradient."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.sft_trainer import SFTTrainer

from foretoken.engines.transformers.traits import allows_padding, attends_fully
from foretoken.train.passes import in_parts, shared_passes, within_budget
from foretoken.train.policy import Policy, model_of
from foretoken.train.prompts import LearntPrompts, prompts_of

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
    A prompt is read once for all of its completions, unless the model does not attend fully. These
    are sorted by length, so that little padding is read, and pass through the model in parts that
    fit. Logits are made for completion tokens only. The entropy metric and a loss of a router's
    balance are not computed.
    """

    pass_tokens: int = 0
    """Most tokens of a part, padding and the prompts that it goes on from included."""
    micro_batches: int | None = None
    """How many parts a step has instead."""
    _prompts: LearntPrompts | None = None
    """What the present part goes on from."""

    def training_step(
        self, model: Any, inputs: Any, num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Sample and grade one step's rollouts, and learn from them; return the step's loss."""
        model.train()
        made = self._generate_and_score_completions(inputs)
        return self.learn(model, made, num_items_in_batch)

    def learn(
        self, model: Any, made: dict[str, Any], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Make the passes of graded rollouts; add their gradient and return their loss."""
        rows = learning_rows(made["advantages"], drop_zero=self.beta == 0.0)
        losses: list[torch.Tensor] = []
        for parts in self._passes(made, rows, parts=self.micro_batches):
            with self._reading(model, parts) as prompts:
                losses += [
                    super(LeanGRPOTrainer, self).training_step(model, part, num_items_in_batch)
                    for part in parts
                ]
                if prompts is not None:
                    prompts.pass_back()
        return torch.stack(losses).sum()

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        return generation_batch

    def _passes(
        self, batch: dict[str, Any], rows: torch.Tensor, *, parts: int | None
    ) -> list[list[dict[str, Any]]]:
        share = attends_fully(self._base)
        return passes_of(batch, rows, most=self.pass_tokens, parts=parts, share=share)

    @property
    def _base(self) -> PreTrainedModel:
        return model_of(cast(Policy, self.model))

    @contextmanager
    def _reading(
        self, model: Any, parts: Sequence[dict[str, Any]]
    ) -> Generator[LearntPrompts | None]:
        """Read the prompts of these parts, where the model can go on from them."""
        if attends_fully(self._base):
            fields = [[part[name] for name in PROMPT_FIELDS] for part in parts]
            different = dict.fromkeys(prompt for each in fields for prompt in prompts_of(*each))
            with self.accelerator.autocast():
                self._prompts = LearntPrompts(model, list(different))
        try:
            yield self._prompts
        finally:
            self._prompts = None

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        *_: Any,
        **__: Any,
    ) -> tuple[torch.Tensor, torch.Tensor, None]:
        if torch.is_grad_enabled():
            log_p = self._log_p(model, input_ids, attention_mask, logits_to_keep)
            return log_p, torch.zeros_like(log_p), None
        # All rollouts of a step, under the base model.
        rows = torch.arange(len(input_ids), device=input_ids.device)
        batch = {
            "prompt_ids": input_ids[:, :-logits_to_keep],
            "prompt_mask": attention_mask[:, :-logits_to_keep],
            "completion_ids": input_ids[:, -logits_to_keep:],
            "completion_mask": attention_mask[:, -logits_to_keep:],
            "row": rows,
        }
        log_p = torch.zeros(batch["completion_ids"].shape, device=input_ids.device)
        for parts in self._passes(batch, rows, parts=None):
            with self._reading(model, parts):
                for part in parts:
                    ids, mask = (
                        torch.cat([part[f"prompt_{kind}"], part[f"completion_{kind}"]], dim=1)
                        for kind in ("ids", "mask")
                    )
                    width = part["completion_ids"].shape[1]
                    log_p[part["row"], :width] = self._log_p(model, ids, mask, width)
        return log_p, torch.zeros_like(log_p), None

    def _log_p(
        self, model: Any, ids: torch.Tensor, mask: torch.Tensor, completion_width: int
    ) -> torch.Tensor:
        """Log-probability of each completion token."""
        targets = ids[:, -completion_width:]
        with self.accelerator.autocast():
            if self._prompts is None:
                read = (
                    _completion_logits
                    if allows_padding(self._base)
                    else _completion_logits_unpadded
                )
                return _picked(read(model, ids, mask, completion_width), targets)
            prompts = prompts_of(ids[:, :-completion_width], mask[:, :-completion_width])
            rows = self._prompts.rows_of(prompts)
            log_p = [_picked(self._prompts.next_logits[rows][:, None], targets[:, :1])]
            if completion_width > 1:
                log_p.append(_picked(self._prompts.go_on(rows, targets[:, :-1]), targets[:, 1:]))
        return torch.cat(log_p, dim=1)

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write none: what a model is, its run directory says."""


def _picked(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Log-probability of each of these tokens."""
    log_p = -cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none")
    return log_p.view(targets.shape)


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


def learning_rows(advantages: torch.Tensor, *, drop_zero: bool) -> torch.Tensor:
    """Rows that have a gradient; one at least."""
    rows = torch.arange(len(advantages), device=advantages.device)
    if not drop_zero:
        return rows
    learning = rows[advantages != 0]
    return learning if len(learning) else rows[:1]


def passes_of(
    batch: dict[str, Any], rows: torch.Tensor, *, most: int, parts: int | None, share: bool
) -> list[list[dict[str, Any]]]:
    """Split rows of a generation batch into passes of similar length.

    Args:
        batch: Tensors with one row per completion, prompts padded on the left and completions on
            the right; single numbers are handed to each part.
        rows: Which of them.
        most: Tokens of a pass, padding included.
        parts: How many passes there are instead, at most; None: as `most` says.
        share: Whether a prompt is read once for several passes.

    Returns:
        The passes, those together whose prompts are.
    """
    masks = [cast(torch.Tensor, batch[name]) for name in ("prompt_mask", "completion_mask")]
    lengths = torch.stack([mask.sum(1) for mask in masks], dim=1)
    known = lengths[rows]
    groups: Sequence[Sequence[torch.Tensor]]
    if share:
        prompts = prompts_of(batch["prompt_ids"][rows], masks[0][rows])
        number_of = {prompt: number for number, prompt in enumerate(dict.fromkeys(prompts))}
        numbers = torch.tensor([number_of[each] for each in prompts], device=rows.device)
        groups = shared_passes(numbers, known, most=most, parts=parts)
    elif parts is None:
        groups = [within_budget(known, most)]
    else:
        groups = [in_parts(known.sum(1), parts)]
    return [[_part(batch, rows[group], lengths) for group in each] for each in groups]


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
