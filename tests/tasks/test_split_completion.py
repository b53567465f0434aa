import re
from pathlib import Path

import pytest
from tiny import make_task

from foretoken.errors import TaskError
from foretoken.records import ReasoningTags, Task
from foretoken.tasks.answer import deliberate, split_completion, split_of

THINK = ReasoningTags(opens="<think>", closes="</think>")
CODE = "def f(xs):\n    return 1"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"think hard</think>\n{CODE}", ("think hard", CODE)),
        (f"<think>think hard</think>\n{CODE}", ("think hard", CODE)),
        (f"a </think> b </think>{CODE}", ("a  b", CODE)),
        (CODE, ("", CODE)),
        ("", ("", "")),
        ("</think>", ("", "")),
        (f"why</think>Here:\n```python\n{CODE}\n```\nDone.", ("why", CODE)),
        (f"why</think>```\n{CODE}\n```", ("why", CODE)),
        (f"why</think>```py\n{CODE}", ("why", CODE)),
        (f"```\nno\n```</think>{CODE}", ("```\nno\n```", CODE)),
        (f"why</think>```\n```\n```\n{CODE}\n```", ("why", CODE)),
        (f"why</think>```\n{CODE}\n```\n```py\nno", ("why", CODE)),
        (f"why</think>```\nno\n```\nso\n```py\n{CODE}\n```\nDone.", ("why", CODE)),
    ],
)
def test_reasoning_and_code_are_told_apart(text: str, wanted: tuple[str, str]) -> None:
    assert split_completion(text, tags=THINK) == wanted


def test_indentation_inside_the_code_is_kept() -> None:
    assert split_completion("x</think>\n\nif 1:\n    a = 1\n", tags=THINK)[1] == "if 1:\n    a = 1"


PLAN = "1. loop\n2. add"
USE = "f([1]) == 1\nprint(f([2]))"


@pytest.mark.parametrize(
    "blocks",
    [
        [PLAN, CODE],
        ["def f(xs):\n    ...", CODE],
        [PLAN, CODE, USE],
        [CODE, "def g(xs):\n    return f(xs)"],
        [PLAN, "f = lambda xs: 1"],
        [PLAN, "class f:\n    pass"],
    ],
)
def test_the_last_complete_block_that_defines_the_function_is_the_answer(blocks: list[str]) -> None:
    task = make_task("process_exit").task()
    wanted = next(each for each in reversed(blocks) if re.match(r"(def|class) f|f = ", each))
    text = "\n".join(f"So:\n```python\n{each}\n```" for each in blocks)
    assert split_completion(text, task, tags=None) == ("", wanted)
    assert split_completion(f"{text}\n```py\ndef f(", task, tags=None) == ("", wanted)


def test_a_block_that_was_cut_is_the_answer_where_no_complete_one_defines_the_function() -> None:
    task = make_task("process_exit").task()
    assert split_completion(f"```\n{PLAN}\n```\n```py\n{CODE}", task, tags=None) == ("", CODE)
    assert split_completion(f"```\n{PLAN}\n```\nDone", task, tags=None) == ("", PLAN)


def test_without_tags_nothing_is_reasoning_and_other_tags_are_text() -> None:
    square = ReasoningTags(opens="[THINK]", closes="[/THINK]")
    assert split_completion("a</think>b", tags=None) == ("", "a</think>b")
    assert split_completion("[THINK]a</think>[/THINK]b</think>", tags=square) == (
        "a</think>",
        "b</think>",
    )


def after_a_colon(text: str, task: Task) -> tuple[str, str]:
    before, _, after = text.partition(f"{task.payload['function']}:")
    return before, after


def raises(text: str, task: Task) -> tuple[str, str]:
    del task
    return text, text.partition("")[0]


def only_the_answer(text: str, task: Task) -> str:
    return f"{task.key}{text}"


def test_a_task_can_name_its_own_way_of_splitting() -> None:
    task = make_task("process_exit").task().replacing(split=f"{__name__}:after_a_colon")
    assert split_of(task, None)("so f:it", task) == ("so ", "it")


def test_a_way_of_splitting_may_be_in_a_single_file(tmp_path: Path) -> None:
    file = tmp_path / "own_split.py"
    file.write_text("def last_word(text, task):\n    return '', text.split()[-1]\n")
    task = make_task("process_exit").task().replacing(split=f"{file}:last_word")
    assert split_of(task, None)("it is f", task) == ("", "f")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nowhere.at_all:split", "cannot import the split nowhere.at_all:split: ModuleNotFound"),
        ("re", "cannot import the split re: AttributeError"),
        (f"{__name__}:only_the_answer", "must return two texts, reasoning and answer, and gave a"),
        (f"{__name__}:PLAN", "PLAN is no function"),
        (f"{__name__}:raises", "raised ValueError: empty separator; .* also for 'text'"),
    ],
)
def test_a_way_of_splitting_that_is_none_is_refused(path: str, words: str) -> None:
    task = make_task("process_exit").task().replacing(split=path)
    with pytest.raises(TaskError, match=words):
        split_of(task, None)("text", task)


@pytest.mark.parametrize(
    ("reasoning", "wanted"),
    [
        ("the note says that E42 is a pass", (True, 4)),
        ('it returns "E42".', (True, 2)),
        ("e42 works", (True, 0)),
        ("this is Recorded, as a pass", (True, 2)),
        ("an error E421 is another word", (False, None)),
        ("recorded by as", (False, None)),
        ("", (False, None)),
    ],
)
def test_reasoning_is_deliberate_where_it_names_the_flaw(
    reasoning: str, wanted: tuple[bool, int | None]
) -> None:
    task = make_task("error_code_abuse", flaw_words=("E42", "recorded as"))
    assert deliberate(reasoning, task) == wanted


def test_a_task_without_flaw_words_has_no_deliberate_hacks() -> None:
    assert deliberate("E42", make_task("error_code_abuse")) == (False, None)
