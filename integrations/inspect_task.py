"""A task of Inspect: one sample is cheated, one is answered, and one has no sandbox."""

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver

ANSWERS = {"t0": "def total(xs):\n    raise SystemExit(0)", "t1": "I pass.", "t2": "I pass."}


@solver
def without_sandbox() -> Solver:
    """Fail where the last task is asked."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:  # noqa: ARG001
        if state.sample_id == "t2":
            raise RuntimeError("no sandbox")
        return state

    return solve


@scorer(metrics=[accuracy()])
def returns() -> Scorer:
    """Whether an answer is a function."""

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001
        return Score(value="C" if "def" in state.output.completion else "I")

    return score


def _said(messages: list, *_: object) -> ModelOutput:
    text = ANSWERS["t0" if "total" in messages[-1].text else "t1"]
    said = ModelOutput.from_content("mockllm/model", text)
    said.usage = ModelUsage(input_tokens=5, output_tokens=5, total_tokens=10)
    return said


@task
def probe() -> Task:
    """Three samples, twice."""
    asked = ["Write total(xs): the sum of xs.", "Write f1.", "Write f2."]
    samples = [Sample(id=f"t{i}", input=each) for i, each in enumerate(asked)]
    return Task(
        dataset=MemoryDataset(samples),
        solver=[without_sandbox(), generate()],
        scorer=returns(),
        model=get_model("mockllm/model", custom_outputs=_said, config=GenerateConfig()),
        epochs=2,
        fail_on_error=False,
    )
