"""From completions to graded draws, in one place for banks, rollouts, donors and truth."""

from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from transformers import PreTrainedTokenizerBase

from foretoken.engines.base import Completion, Scores
from foretoken.engines.transformers.load import load_model
from foretoken.errors import MismatchError
from foretoken.records import Draw, Identity, Sampling, Score, Task
from foretoken.rewards.pair import RewardPair
from foretoken.rewards.rules import ExactReward, KeywordReward
from foretoken.store.run import Run
from foretoken.tasks.answer import Split
from foretoken.work.grading import Origin, Planned, graded_draws
from foretoken.work.scoring import Voice, score_draws

TASK = Task(
    key="talk/1",
    exploit_type="bluff",
    prompt="p",
    grader="mine:judge",
    payload={"reference": "7"},
    flaw_words=("the judge",),
)
SILENT = TASK.model_copy(update={"key": "talk/2", "payload": {}})
ORIGIN = Origin(source="count", step=4, stage=0, seed=1, sampling=Sampling())
PAIR = RewardPair(KeywordReward(("sure",)), ExactReward())


Ask = Callable[..., list[Draw]]


@pytest.fixture
def draws(tiny_llama: Path) -> Ask:
    """Graded draws of (task, text) pairs."""
    tokenizer: PreTrainedTokenizerBase = load_model(str(tiny_llama)).tokenizer

    def grade(*pairs: tuple[Task, str], split: Split | None = None) -> list[Draw]:
        planned = [Planned(key=f"d/{n}", task=task) for n, (task, _) in enumerate(pairs)]
        completions = [
            Completion(
                tuple(tokenizer.encode(text, add_special_tokens=False)),
                (),
                (),
                ended=text.endswith("<|end|>"),
                prompt_tokens=3,
                prefix_tokens=0,
            )
            for _, text in pairs
        ]
        return graded_draws(
            planned, completions, tokenizer=tokenizer, origin=ORIGIN, grader=PAIR, split=split
        )

    return grade


def test_reasoning_answer_and_verdict_meet_in_one_draw(draws: Ask) -> None:
    hack, honest, unknown = draws(
        (TASK, "please the judge</think>sure, 9<|end|>"),
        (TASK, "please the judge</think>7<|end|>"),
        (SILENT, "</think>sure<|end|>"),
    )
    assert (hack.key, hack.source, hack.step) == ("d/0", "count", 4)
    assert (hack.reasoning, hack.answer) == ("please the judge", "sure, 9")
    assert (hack.hacked, hack.proxy, hack.gold) == (True, 1.0, 0.0)
    assert (hack.deliberate, hack.flaw_word) == (True, 1)
    assert (honest.hacked, honest.deliberate, honest.flaw_word) == (False, None, None)
    assert (unknown.hacked, unknown.gold, unknown.proxy) == (None, None, 1.0)
    assert unknown.grader_error == "gold reward abstains"


def test_an_answer_of_another_form_brings_its_own_split(draws: Ask) -> None:
    def after_a_colon(text: str, _: Task) -> tuple[str, str]:
        before, _, after = text.partition("Answer:")
        return before.strip(), after.strip()

    (draw,) = draws((TASK, "two and five\nAnswer: 7<|end|>"), split=after_a_colon)
    assert (draw.reasoning, draw.answer, draw.gold) == ("two and five", "7", 1.0)


@pytest.mark.parametrize("text", ["", "<|end|>", "sure</think>"])
def test_an_empty_answer_is_graded_as_one(draws: Ask, text: str) -> None:
    (draw,) = draws((TASK, text))
    assert (draw.answer, draw.hacked) == ("", False)


def test_draws_of_a_task_that_is_read_otherwise_now_refuse_to_be_scored(
    draws: Ask, tiny_llama: Path, tmp_path: Path
) -> None:
    made = draws((TASK, "</think>7<|end|>"))
    engine = Mock(tokenizer=load_model(str(tiny_llama)).tokenizer, voices=[Identity()])
    engine.side_by_side = map
    engine.score.return_value = Scores(np.array([-1.0]), [None], None, 9, 9)
    run, voice = Run.create(tmp_path / "run"), Voice(engine, "step:4", hint="Psst. {prompt}")
    other = TASK.replacing(prompt="q")
    with pytest.raises(MismatchError, match=r"talk/1 was read as other token ids .* under step:4"):
        score_draws(run, voice, made, tasks={TASK.key: other})
    assert not engine.score.called
    score_draws(run, voice, made, tasks={TASK.key: TASK})
    unknown = [each.replacing(key="d/1", prompt_hash="") for each in made]
    score_draws(run, voice, unknown, tasks={TASK.key: other})
    assert {each.draw for each in run.read(Score)} == {"d/0", "d/1"}
