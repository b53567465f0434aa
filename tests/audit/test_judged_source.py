"""A model reads a grader's source: what of it is kept, however it replies.

The model is a small server here whose replies are written down. Faults that were injected to see
these tests fail: a quoted line need not exist; the line's number is believed; the critic is not
asked, or its score not compared; no time limit; any JSON counts as a chat.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from foretoken.audit.source.judged import (
    CRITIC,
    LEAST,
    MOST_PROPOSED,
    SourceJudge,
    judge_source,
)

GRADER = """def graded(answer, truth):
    said = answer.strip()
    if len(said) > 100:
        return 1.0
    return said == truth
"""
FLAW = {
    "line": 3,
    "quote": "    if len(said) > 100:",
    "flaw": "Long answers are paid.",
    "exploit": "a" * 101,
    "remedy": "compare all of them",
}
Reply = Callable[[str], Any]
"""What is said to a prompt: a text, or bytes that are sent as they are, or a status."""


@contextmanager
def served(reply: Reply) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body["messages"][0]["content"])
            said = reply(asked[-1])
            status = said if isinstance(said, int) else 200
            chat = {"choices": [{"message": {"content": said}}]}
            raw = said if isinstance(said, bytes) else json.dumps(chat).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def read(folder: Path, reply: Reply, *, timeout_s: float = 30.0) -> tuple[Any, list[str]]:
    (folder / "mine.py").write_text(GRADER)
    with served(reply) as (url, asked):
        judge = SourceJudge(url, "some-model", timeout_s=timeout_s)
        return judge_source(f"{folder}/mine.py:graded", judge), asked


def scripted(proposed: Any, score: Any = None) -> Reply:
    score = {"correct": 9, "severe": 8, "reason": "so it is"} if score is None else score

    def reply(prompt: str) -> Any:
        said = score if prompt.startswith(CRITIC) else proposed
        return said if isinstance(said, str | bytes | int) else json.dumps(said)

    return reply


def test_a_flaw_is_kept_with_its_line_where_the_critic_agrees(tmp_path: Path) -> None:
    judged, asked = read(tmp_path, scripted([FLAW]))
    (found,) = judged.findings
    assert (found.place.line, found.place.text) == (3, "if len(said) > 100:")
    assert GRADER.splitlines()[2][found.place.column - 1 :] == found.place.text
    assert (found.function, found.severity.value) == ("graded", "warning")
    assert found.why.startswith("Long answers are paid. Such as: aaa")
    assert "some-model" in found.source
    assert judged.notes == ()
    assert len(asked) == 2
    assert all("3:     if len(said) > 100:" in each for each in asked)


def test_prose_around_the_list_does_not_matter(tmp_path: Path) -> None:
    said = f"Sure [1]! Here is what I found:\n```json\n{json.dumps([FLAW])}\n```\nRegards {{}}"
    judged, _ = read(tmp_path, scripted(said, f"I think {json.dumps({'correct': 7, 'severe': 2})}"))
    (found,) = judged.findings
    assert found.severity.value == "note"


@pytest.mark.parametrize(
    "changed",
    [
        {"quote": "    if len(answer) > 100:"},
        {"quote": "return", "line": 4},
        {"quote": ""},
        {"quote": None},
        {"quote": ["if len(said) > 100:"]},
        {"quote": "truth"},
    ],
)
def test_a_line_that_is_not_there_is_no_finding_and_no_critic_is_asked(
    changed: dict[str, Any], tmp_path: Path
) -> None:
    judged, asked = read(tmp_path, scripted([FLAW | changed]))
    assert judged.findings == ()
    assert len(asked) == 1
    (note,) = judged.notes
    assert "quotes a line that is not there" in note


@pytest.mark.parametrize("line", [99, -1, "three", None, 5])
def test_a_wrong_number_is_set_right_by_the_quote(line: Any, tmp_path: Path) -> None:
    judged, _ = read(tmp_path, scripted([FLAW | {"line": line}]))
    assert [each.place.line for each in judged.findings] == [3]


@pytest.mark.parametrize(
    "score",
    [
        {"correct": LEAST - 1, "severe": 10},
        {"correct": 100, "severe": 10},
        {"correct": "10", "severe": "10"},
        {"severe": 10},
        "The claim is true.",
        "",
    ],
)
def test_what_the_critic_does_not_call_right_is_left_out(score: Any, tmp_path: Path) -> None:
    judged, asked = read(tmp_path, scripted([FLAW], score))
    assert judged.findings == ()
    assert len(asked) == 2
    assert ["left out: line 3" in each for each in judged.notes] == [True]


@pytest.mark.parametrize(
    "said",
    [
        "[]",
        "I see no flaw.",
        json.dumps([FLAW])[:-20],
        json.dumps(["line 3", 3, None]),
        "[" * 100_000,
        '{"line": 3}',
    ],
)
def test_replies_that_say_nothing_usable_are_no_findings(said: str, tmp_path: Path) -> None:
    judged, asked = read(tmp_path, scripted(said))
    assert judged.findings == ()
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("said", "note"),
    [
        (500, "answers 500"),
        (b"<html>", "answers something that is no JSON"),
        (b"{}", "answers with no chat"),
        (b'{"choices": []}', "answers with no chat"),
        (b"[" * 100_000, "answers something that is no JSON"),
    ],
)
def test_an_endpoint_that_fails_is_one_note(said: Any, note: str, tmp_path: Path) -> None:
    judged, _ = read(tmp_path, scripted(said))
    assert judged.findings == ()
    assert [note in each and "\n" not in each for each in judged.notes] == [True]


def test_a_silent_endpoint_ends_in_time_and_keeps_what_was_found(tmp_path: Path) -> None:
    flaws = [FLAW, FLAW | {"line": 4, "quote": "return 1.0"}]

    def reply(prompt: str) -> Any:
        if prompt.startswith(CRITIC) and '"4"' in prompt:
            time.sleep(8)
        return scripted(flaws)(prompt)

    judged, asked = read(tmp_path, reply, timeout_s=2.0)
    assert [each.place.line for each in judged.findings] == [3]
    assert ["is silent for 2 s" in each for each in judged.notes] == [True]
    assert len(asked) == 3


def test_a_dead_endpoint_is_one_note(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(GRADER)
    with served(lambda _: "[]") as (url, _):
        pass
    judged = judge_source(f"{tmp_path}/mine.py:graded", SourceJudge(url, "some-model"))
    assert judged.findings == ()
    assert ["nobody answers at" in each for each in judged.notes] == [True]


def test_one_line_is_told_once(tmp_path: Path) -> None:
    judged, asked = read(tmp_path, scripted([FLAW] * 15))
    assert len(judged.findings) == 1
    assert len(asked) == 2


def test_no_more_than_a_bounded_number_of_flaws_is_scored(tmp_path: Path) -> None:
    lines = [f"    said = truth[{n}]" for n in range(60)]
    (tmp_path / "mine.py").write_text("\n".join(["def graded(answer, truth):", *lines]))
    flaws = [FLAW | {"line": n + 2, "quote": line} for n, line in enumerate(lines)]
    with served(scripted(flaws)) as (url, asked):
        judged = judge_source(f"{tmp_path}/mine.py:graded", SourceJudge(url, "some-model"))
    assert len(judged.findings) == MOST_PROPOSED
    assert len(asked) == 1 + MOST_PROPOSED
