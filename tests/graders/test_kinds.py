"""Graders that are no functions: commands, reward servers, judges, reward models.

Faults that were injected to see these tests fail: the box of a server without network; the first
place of a verdict counts; a reward model is shown the answer alone.
"""

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from foretoken.errors import SetupError
from foretoken.graders.judge import VERDICTS, filled, verdict
from foretoken.graders.kinds import kind_of
from foretoken.graders.process import GraderProcess, Reply
from foretoken.graders.shapes import CallShape

JOB: Mapping[str, Any] = {
    **{"prompt": "What is 2 + 2?", "text": "It is 4", "answer": "4", "truth": "4", "task": None},
    "columns": {"unit": "km"},
}


def asked(path: str, job: Mapping[str, Any] = JOB, **settings: Any) -> Reply:
    """What a grader says, from within its box."""
    limits: dict[str, Any] = {"timeout_s": 60.0, "boxed": True, **settings}
    with GraderProcess(path, **limits) as grader:
        return grader.ask(job)


COMMAND = """
import json, sys
for line in sys.stdin:
    job = json.loads(line)
    assert job["unit"] == "km" and job["strict"] == "yes", job
    if job["completion"] == "stop":
        sys.exit(7)
    said = {"score": float(job["truth"] in job["completion"])}
    print(json.dumps(None if job["completion"] == "none" else said), flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    (tmp_path / "grade.py").write_text(COMMAND)
    return f"{sys.executable} {tmp_path / 'grade.py'}"


def test_a_command_is_asked_a_line_at_a_time_and_goes_on_running(program: str) -> None:
    given = {"strict": "yes"}
    with GraderProcess(program, timeout_s=20.0, given=given, boxed=True) as grader:
        assert [grader.ask({**JOB, "text": text}).value for text in ("It is 4", "5", "none")] == [
            *(1.0, 0.0, None)
        ]
        ended = grader.ask({**JOB, "text": "stop"})
        assert ended.error is not None
        assert "the command ended with exit code 7" in ended.error


class Served(BaseHTTPRequestHandler):
    """A reward server at /reward, a judge at /v1, trouble elsewhere."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/reward":
            (query,), (label,) = body["query"], body["labels"]
            said: Any = {"rewards": [float(query.endswith(label))]}
        elif self.path == "/v1/chat/completions":
            shown = body["messages"][0]["content"]
            grade = 9 if "Answer: It is 4" in shown and "km" in shown else 1
            text = f"A [[3]] would be harsh.\n[[{grade}]]" if body["model"] == "m" else "Hm."
            said = {"choices": [{"message": {"content": text}}]}
        else:
            self.send_error(500, "out of order")
            return
        raw = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """Nothing is printed."""


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Served)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_reward_server_is_asked_from_within_the_box(address: str) -> None:
    assert asked(f"{address}/reward").value == 1.0
    assert asked(f"{address}/reward", {**JOB, "text": "It is 5"}).value == 0.0


def test_an_address_that_fails_or_is_not_there_is_an_error_of_that_answer(address: str) -> None:
    failed = asked(f"{address}/other")
    assert failed.error is not None
    assert "answers 500" in failed.error
    silent = asked("http://127.0.0.1:9/reward")
    assert silent.error is not None
    assert "nobody answers at http://127.0.0.1:9/reward" in silent.error


def test_a_judge_is_shown_the_answer_and_its_last_verdict_counts(
    address: str, tmp_path: Path
) -> None:
    prompt = tmp_path / "judge.txt"
    prompt.write_text("Question: {question}\nIn {{ unit }}.\nAnswer: {answer}\n[[1]] to [[9]].")
    given = {"url": f"{address}/v1", "model": "m"}
    assert asked(str(prompt), given=given).value == 9.0
    assert asked(str(prompt), {**JOB, "text": "It is 5"}, given=given).value == 1.0
    unclear = asked(str(prompt), given={**given, "model": "n"})
    assert unclear.error == "the judge gave no verdict: 'Hm.'"


def test_what_a_judge_lacks_is_said(tmp_path: Path) -> None:
    prompt = tmp_path / "judge.txt"
    prompt.write_text("Judge this: {answer}")
    with pytest.raises(SetupError, match=r"a judge needs its url and model: .*--set url=\.\.\."):
        asked(str(prompt))
    prompt.write_text("Judge this.")
    with pytest.raises(SetupError, match="has no place for the answer"):
        asked(str(prompt), given={"url": "http://127.0.0.1:9", "model": "m"})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[[7]]", 7.0),
        ("I thought of [[2]], but: [[8.5]]", 8.5),
        ('{"reason": "4 of 5", "score": 0.25}', 0.25),
        ("It has 3 parts. Score: 6/10", 6.0),
        ("8/10", 8.0),
        ("-1", -1.0),
        ("Yes, it does.", 1.0),
        ("**Incorrect.** The sum is 4.", 0.0),
        ("Three reasons speak for it. Verdict: correct", 1.0),
        ("There are 4 reasons to like it.", None),
        ("", None),
    ],
)
def test_a_verdict_is_read_in_the_forms_that_judges_use(text: str, value: float | None) -> None:
    said, error = verdict(text, VERDICTS)
    assert said == value
    assert (error is None) == (value is not None)


def test_an_answer_cannot_fill_another_place_of_the_prompt() -> None:
    job = {**JOB, "text": "{truth} {{prompt}}"}
    assert filled("{answer} or {truth}, {other}", job) == "{truth} {{prompt}} or 4, {other}"


def _libraries() -> tuple[Any, Any]:
    return import_module("transformers"), import_module("torch")


@pytest.fixture(scope="module")
def reward_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny classifier with a tokenizer of ten words."""
    import tokenizers
    import transformers

    own: Any = tokenizers
    theirs: Any = transformers
    folder = tmp_path_factory.mktemp("reward") / "model"
    words = ["[PAD]", "[UNK]", "What", "is", "2", "+", "?", "It", "4", "5"]
    vocabulary = {word: number for number, word in enumerate(words)}
    plain = own.Tokenizer(own.models.WordLevel(vocabulary, unk_token="[UNK]"))
    plain.pre_tokenizer = own.pre_tokenizers.Whitespace()
    tokenizer = theirs.PreTrainedTokenizerFast(
        tokenizer_object=plain, pad_token="[PAD]", unk_token="[UNK]", model_max_length=32
    )
    tokenizer.save_pretrained(folder)
    theirs.set_seed(0)
    model = theirs.BertForSequenceClassification(
        theirs.BertConfig(
            vocab_size=len(words),
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=8,
            num_labels=1,
        )
    )
    model.save_pretrained(folder)
    return folder


def test_a_reward_model_gives_its_logit_for_prompt_and_answer(reward_model_folder: Path) -> None:
    theirs, torch = _libraries()
    assert kind_of(str(reward_model_folder)) is CallShape.REWARD_MODEL
    said = asked(str(reward_model_folder), timeout_s=120.0)
    model = theirs.AutoModelForSequenceClassification.from_pretrained(reward_model_folder)
    tokenizer = theirs.AutoTokenizer.from_pretrained(reward_model_folder)
    with torch.inference_mode():
        encoded = tokenizer("What is 2 + 2?\nIt is 4", return_tensors="pt")
        (expected,) = model.eval()(**encoded).logits[0].tolist()
    assert said.value == pytest.approx(expected, abs=1e-5)


def test_what_a_grader_is_follows_from_how_it_is_named(tmp_path: Path, program: str) -> None:
    assert kind_of("https://there/reward") is CallShape.SERVER
    assert kind_of(program) is CallShape.COMMAND
    assert kind_of("package.module:function") is None
    assert kind_of("no-such-program --fast") is None
    assert kind_of(str(tmp_path)) is None
