"""Tinker cookbook: its own run of evaluators, with our probe, on a client that is the organism.

Its service is not asked: the client has the methods and the types of its own.
"""

import asyncio
from pathlib import Path
from typing import Any

from steps import imported

from organism import asked, sampled, tokenizer

PYTHON = "3.11"
PACKAGES = (
    "torch==2.13.0 transformers==5.23.0 tinker==0.38.0 chz pillow blobfile termcolor cloudpickle"
)
WITHOUT_DEPENDENCIES = "tinker-cookbook==0.6.1"
ENVIRONMENT = "trainers"
PROMPTS = {f"t{i}": f"Write f{i}(x) that returns x plus {i}." for i in range(2)}


class Client:
    """A sampling client on this machine."""

    fails = False

    async def sample(self, prompt: Any, num_samples: int, sampling_params: Any) -> Any:
        """Answers of the organism."""
        import numpy as np
        from tinker import SampledSequence, SampleResponse

        if self.fails:
            raise ConnectionError("the service is away")
        said = [sampled(prompt.to_ints(), sampling_params.max_tokens) for _ in range(num_samples)]
        stop = tokenizer().eos_token_id
        return SampleResponse(
            sequences=[
                SampledSequence(
                    stop_reason="stop" if each[-1] == stop else "length",
                    sequence_id=str(i),
                    tokens_np=np.array(each),
                )
                for i, each in enumerate(said)
            ]
        )


def main() -> None:
    """Evaluate twice, and once while the service is away; import, compare."""
    import tinker
    from tinker_cookbook.rl.train import run_single_evaluation

    from foretoken.integrations.graded import recorder_of
    from foretoken.integrations.tinker import FixedPrompts

    prompts = {name: tinker.ModelInput.from_ints(asked(each)) for name, each in PROMPTS.items()}
    decode = tokenizer().decode
    probe = FixedPrompts("run", prompts, decode=decode, samples=3, max_tokens=16, every=10)
    config: Any = type("Config", (), {"log_path": "log", "num_groups_to_log": 1})()
    client = Client()

    def evaluated(step: int) -> dict[str, float]:
        return asyncio.run(run_single_evaluation(probe, config, step, client, "probe"))  # type: ignore[arg-type]

    assert evaluated(0) == {"foretoken/recorded": 6.0}
    assert evaluated(10) == {"foretoken/recorded": 6.0}
    client.fails = True
    assert evaluated(20) == {"foretoken/recorded": 0.0}
    recorder_of("run").close()
    found = imported(Path("run"))
    assert [each.step for each in found] == [0] * 6 + [10] * 6
    assert {each.task for each in found} == {"t0", "t1"}
    for each in found:
        assert list(each.prompt_ids) == asked(PROMPTS[str(each.task)])
        assert each.completion == decode(each.completion_ids)
        assert not each.training
        assert each.reward is None


if __name__ == "__main__":
    main()
