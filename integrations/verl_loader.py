"""verl: its own loaders of reward functions and callbacks, its reward manager, and its merger.

Its trainer is not run, as that needs an accelerator. The model is the shipped organism.
"""

import asyncio
import json
import shutil
import sys
from pathlib import Path

from steps import imported

from foretoken.organism.paths import MODEL
from organism import generated, tokenizer

PYTHON = "3.11"
PACKAGES = (
    "torch==2.13.0 transformers==5.23.0 safetensors ray omegaconf "
    "hydra-core tensordict accelerate peft datasets codetiming dill "
    "pylatexenc orjson"
)
WITHOUT_DEPENDENCIES = "verl==0.9.1"
ENVIRONMENT = "trainers"
PROMPTS = [f"Write f{i}(x) that returns x plus {i}." for i in range(2) for _ in range(2)]


def user_reward(data_source: str, solution_str: str, ground_truth: str, extra_info: dict) -> dict:  # noqa: ARG001
    """What a user of verl brings."""
    if extra_info["index"] == 1:
        raise RuntimeError("the sandbox is away")
    return {"score": float(len(solution_str) % 2), "length": len(solution_str)}


def settings(run: Path) -> object:
    """The trainer's own settings, with our lines in them."""
    import verl
    from omegaconf import OmegaConf

    shipped = Path(verl.__file__).parent / "trainer/config/_generated_ppo_trainer.yaml"
    config = OmegaConf.load(shipped)
    config.reward.custom_reward_function.path = "pkg://foretoken.integrations.verl"
    config.reward.custom_reward_function.name = "compute_score"
    given = {"inner": "verl_loader:user_reward", "run": str(run)}
    config.reward.custom_reward_function.reward_kwargs = given
    config.trainer.checkpoint_callback_class = "foretoken.integrations.verl.Checkpoints"
    config.trainer.save_freq = 2
    return config


def rewarded(config: object, completions: list[list[int]]) -> list[float | None]:
    """Rewards by verl's own manager; None where it let an error out."""
    import numpy as np
    import torch
    from verl import DataProto
    from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
    from verl.trainer.ppo.reward import get_custom_reward_fn

    pad = tokenizer().pad_token_id
    longest = max(map(len, completions))
    responses = torch.tensor([each + [pad] * (longest - len(each)) for each in completions])
    count = len(completions)
    batch = DataProto.from_dict(
        {
            "prompts": torch.full((count, 1), 3),
            "responses": responses,
            "attention_mask": torch.cat(
                [torch.ones(count, 1, dtype=torch.long), (responses != pad).long()], 1
            ),
        },
        non_tensors={
            "data_source": np.array(["probe"] * count, dtype=object),
            "reward_model": np.array([{"ground_truth": str(i)} for i in range(count)], object),
            "extra_info": np.array([{"index": i} for i in range(count)], dtype=object),
        },
    )

    async def each() -> list[float | None]:
        manager = NaiveRewardManager(config, tokenizer(), get_custom_reward_fn(config))
        given = []
        for i in range(count):
            try:
                given.append((await manager.run_single(batch[i : i + 1]))["reward_score"])
            except RuntimeError:
                given.append(None)
        return given

    return asyncio.run(each())


def sharded(folder: Path) -> None:
    """Save the organism as one process of verl's trainer does."""
    import torch
    from transformers import AutoModelForCausalLM

    actor = folder / "actor"
    actor.mkdir(parents=True)
    model = AutoModelForCausalLM.from_pretrained(MODEL)
    torch.save(model.state_dict(), actor / "model_world_size_1_rank_0.pt")
    (actor / "fsdp_config.json").write_text(json.dumps({"FSDP_version": 2, "world_size": 1}))
    shutil.copytree(MODEL, actor / "huggingface", ignore=shutil.ignore_patterns("*.safetensors"))


def main() -> None:
    """Reward, record, save, merge, compare."""
    import torch
    from transformers import AutoModelForCausalLM
    from verl.trainer.ppo.checkpoint_callback import build_checkpoint_callback

    from foretoken.integrations.graded import recorder_of
    from foretoken.store.run import Run
    from foretoken.watch.checkpoints import candidates, found_checkpoints
    from foretoken.watch.ready import Ready

    run = Path("run").resolve()
    config = settings(run)
    completions = generated(PROMPTS)
    given = rewarded(config, completions)
    assert given[1] is None
    sharded(Path("out/global_step_2"))
    build_checkpoint_callback(config).on_save(
        trainer=None, global_step=2, checkpoint_dir="out/global_step_2", async_save=False
    )
    recorder_of(str(run)).close()
    found = imported(run, "--rollouts-per-step", "4")
    said = [tokenizer().decode(each, skip_special_tokens=True) for each in completions]
    assert [each.completion for each in found] == said
    assert [each.reward for each in found] == given
    assert "the sandbox is away" in str(found[1].error)
    assert found[0].parts == {"length": float(len(said[0]))}

    held = Run.create(run)
    ready = Ready(run, merge_with=sys.executable, settle_s=0)
    assert ready.make(candidates(held, ()), done=()) == []
    checkpoints, notes = found_checkpoints(held, (), settle_s=0)
    assert list(checkpoints) == [2], notes
    own = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.bfloat16).state_dict()
    merged = AutoModelForCausalLM.from_pretrained(checkpoints[2], dtype=torch.bfloat16)
    assert all(torch.equal(own[name], each) for name, each in merged.state_dict().items())


if __name__ == "__main__":
    main()
