"""The supervisor's reader meets random and mutated bytes: it reads or refuses, soon."""

import gc
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretoken.sandbox.base import CallEnd, Ending, Execution, Job, Limits, Returned
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.transcript import BadTranscriptError, Transcript, read_transcript
from foretoken.sandbox.wire import encode
from foretoken.tasks.compare import same, same_text

CALLS = 3
SEEDS = (
    b'["ready"]\n["value",5]\n["value",{"t":[1,"a",{"d":[["k",{"f":"nan"}]]}]}]\n["oversize"]\n["end"]\n',
    b'["ready"]\n["notes",["# a","b"]]\n["raised","E",true]\n["attribute",true]\n["end"]\n',
    b'["ready"]\n["failed","SyntaxError",false]\n["end"]\n',
    b'["ready"]\n["value",1]\n["probed",["late"],{"t":[[1]]}]\n["flags",["noise"]]\n["claims",[[1,2]]]\n',
    b'["value",{"c":["1.0","-0.0"]}]\n["value",{"i":"0xff"}]\n["value",{"b":"ff"}]\n["end"]\n',
)
TOKENS = (
    *(b"[", b"]", b"{", b"}", b'"', b",", b":", b"\n", b"\\", b"\\u", b"\\ud800", b"null", b"true"),
    *(
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"-0",
        b"9" * 5000,
        b"\xff",
        b"\xed\xa0\x80",
        b"\x00",
        b"\xef",
    ),
    *(b'"value"', b'"end"', b'"ready"', b'"probed"', b'"claims"', b'"flags"', b'"notes"', b'{"t":'),
    *(
        b'["end"]\n',
        b'["value",5]\n',
        b"[" * 300,
        b'{"t":[' * 90,
        b"\xef\xbb\xbf",
        b"\r",
        b" " * 50,
    ),
)


def expect(raw: bytes) -> Transcript | None:
    """What the supervisor makes of the bytes, with everything that it does to the answers."""
    try:
        transcript = read_transcript(raw, calls=CALLS)
    except BadTranscriptError:
        return None
    assert len(transcript.calls) <= CALLS
    for end in transcript.calls:
        check(end)
    return transcript


def check(end: CallEnd) -> None:
    if isinstance(end, Returned):
        for expected in (5, "5", [1, "a"], (1, "a", {"k": float("nan")}), {1}, 1 << 90, b"\xff"):
            assert same(expected, end.tree) in (True, False)
            assert same_text(expected, end.tree) in (True, False)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    raw = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        place, other = (draw(st.integers(0, len(raw))) for _ in range(2))
        match draw(st.sampled_from(("insert", "delete", "flip", "copy", "token", "token"))):
            case "insert":
                raw[place:place] = draw(st.binary(max_size=4))
            case "delete":
                del raw[min(place, other) : max(place, other)]
            case "flip" if place < len(raw):
                raw[place] ^= 1 << draw(st.integers(0, 7))
            case "copy":
                raw[place:place] = raw[other : other + 20]
            case _:
                raw[place:place] = draw(st.sampled_from(TOKENS))
    return bytes(raw)


def test_the_seeds_of_the_fuzzing_are_read() -> None:
    assert [expect(raw) is not None for raw in SEEDS[:1]] == [True]
    assert expect(b"".join(SEEDS)) is None


@settings(max_examples=150, deadline=None)
@given(mutated())
def test_a_mutated_transcript_is_read_or_refused(raw: bytes) -> None:
    expect(raw)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400) | st.lists(st.sampled_from(TOKENS)).map(b"".join))
def test_random_bytes_and_tokens_are_read_or_refused(raw: bytes) -> None:
    expect(raw)
    expect(b'["ready"]\n["value",' + raw + b"]\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(st.sampled_from([*"tszdbuifcox", ""]), inside, max_size=2)
    ),
    max_leaves=10,
)
WORDS = [
    "ready",
    "value",
    "raised",
    "failed",
    "oversize",
    "notes",
    "attribute",
    "probed",
    "flags",
    "claims",
    "end",
    "x",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WORDS), st.lists(JSON, max_size=3)), max_size=6))
def test_lines_of_any_word_with_any_body_are_read_or_refused(
    lines: list[tuple[str, list[Any]]],
) -> None:
    expect(b"".join(json.dumps([word, *body]).encode() + b"\n" for word, body in lines))


@pytest.mark.slow
def test_twenty_thousand_mutations_are_read_or_refused() -> None:
    rng = random.Random(20)
    accepted = 0
    for _ in range(20_000):
        raw = bytearray(rng.choice(SEEDS))
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(raw) + 1)
            new = rng.choice((rng.choice(TOKENS), rng.randbytes(rng.randint(1, 3)), b""))
            raw[place : place + rng.randint(0, 3)] = new
        accepted += expect(bytes(raw)) is not None
    assert 0 < accepted < 20_000


MIB = 1 << 20


def large(size: int) -> dict[str, bytes]:
    """Bytes of about a size, or a few times it, each of a kind that costs some readers dearly."""
    return {
        "a million lines": b"\n" * size,
        "a hundred thousand empty notes": b'["notes",[]]\n' * (size // 13),
        "a hundred thousand ends": b'["end"]\n' * (size // 8),
        "a hundred thousand answers": b'["value",1]\n' * (size // 12),
        "a number of a million digits": b'["value",' + b"9" * size + b"]\n",
        "a fraction of a million digits": b'["value",0.' + b"9" * size + b"]\n",
        "a million digits before the point": b'["value",' + b"9" * size + b".5]\n",
        "an exponent of a million digits": b'["value",1e' + b"9" * size + b"]\n",
        "many long numbers": b'["value",[' + b",".join([b"9" * 3999] * (size // 4033)) + b"]]\n",
        "a million brackets": b"[" * size + b"\n",
        "a million closed brackets": b'["value",'
        + b"[" * (size // 2)
        + b"]" * (size // 2)
        + b"]\n",
        "a million braces": b'["value",' + b'{"t":' * (size // 5) + b"\n",
        "many empty lists": b'["value",[' + b"[]," * (size // 3) + b"1]]\n",
        "many objects": b'["value",[' + b'{"t":[]},' * (size // 9) + b"1]]\n",
        "many keys": b'["value",{' + b'"t":1,' * (size // 6) + b'"t":1}]\n',
        "one endless string": b'["value","' + b"x" * size,
        "a string of escapes": b'["value","' + b"\\\\" * (size // 2) + b'"]\n',
        "a string of quotes": b'["value","' + b'\\"' * (size // 2) + b"\n",
        "a string of surrogates": b'["value","' + b"\\ud800" * (size // 6) + b'"]\n',
        "an endless string of quotes": b"[" * 300 + b'"' + b'\\"' * (size // 2 - 200) + b"\n",
        "brackets in a string": b'["value","' + b"[" * size + b'"]\n',
        "unclosed strings": b'"[\n' * (size // 3),
        "no text at all": b"\xff" * size + b"\n",
        "half characters": b'["value","' + b"\xed\xa0" * (size // 2) + b'"]\n',
        "nothing": b"\x00" * size,
        "blanks": b" " * size + b"\n",
    }


BIG, QUARTER = large(MIB), large(MIB // 4)


@pytest.fixture(params=["limits of Python", "limits lifted by the host program"])
def interpreter(request: pytest.FixtureRequest) -> Iterator[None]:
    digits, depth = sys.get_int_max_str_digits(), sys.getrecursionlimit()
    if "lifted" in request.param:
        sys.set_int_max_str_digits(0)
        sys.setrecursionlimit(10**8)
    yield
    sys.set_int_max_str_digits(digits)
    sys.setrecursionlimit(depth)


@pytest.mark.usefixtures("interpreter")
@pytest.mark.parametrize("kind", BIG)
def test_a_megabyte_of_anything_is_read_or_refused_in_linear_time(kind: str) -> None:
    assert cost_s(BIG[kind]) < 1.0 + 8 * cost_s(QUARTER[kind])  # squared, it were sixteen times


def cost_s(raw: bytes) -> float:
    """Processor time, without that of collecting what other tests left behind."""
    gc.freeze()
    started = time.process_time()
    expect(b'["ready"]\n' + raw)
    taken = time.process_time() - started
    gc.unfreeze()
    return taken


@pytest.mark.parametrize("name", ["\ud800", "\x1b[2J", "a\nb", "\0", "x" * 10**5, "\u202e"])
def test_the_name_of_an_error_can_be_shown_and_stored(name: str) -> None:
    raw = json.dumps(["raised", name, False]).encode() + b"\n"
    (end,) = read_transcript(raw, calls=1).calls
    assert end.error_class.isprintable()  # type: ignore[union-attr]
    assert len(end.error_class.encode()) < 3000  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def quick() -> Iterator[Callable[[list[bytes]], list[Execution]]]:
    """Submissions that write these bytes to their result pipe and end."""
    with SandboxPool(workers=2, limits=Limits(cpu_s=0.6, answer_bytes=1 << 18)) as pool:
        before = pool.process_ids

        def write(texts: list[bytes]) -> list[Execution]:
            code = "import os\ndef f(x):\n    os.write(4, bytes.fromhex({!r}))\n    os._exit(0)"
            sound = Job(code="def f(x): return x + 1", function="f", calls=(encode((1,)),))
            hostile = [
                Job(code=code.format(text.hex()), function="f", calls=(encode((1,)),) * CALLS)
                for text in texts
            ]
            jobs = [job for one in hostile for job in (one, sound)]
            executions = pool.run(jobs)
            assert {one.calls for one in executions[1::2]} == {(Returned(tree=2),)}
            assert pool.process_ids == before
            return executions[::2]

        yield write


def test_random_bytes_from_a_real_submission_are_a_verdict(
    quick: Callable[[list[bytes]], list[Execution]],
) -> None:
    rng = random.Random(7)
    texts = [rng.randbytes(rng.randint(1, 4000)) for _ in range(40)]
    texts += [rng.choice(TOKENS) + rng.choice(SEEDS)[rng.randrange(60) :] for _ in range(60)]
    endings = [execution.ending for execution in quick(texts)]
    assert set(endings) <= {Ending.PROTOCOL_ERROR, Ending.EXIT, Ending.COMPLETED}
    assert endings.count(Ending.PROTOCOL_ERROR) > 40


def test_the_fuzzing_is_not_blind_to_a_whole_transcript(
    quick: Callable[[list[bytes]], list[Execution]],
) -> None:
    (execution,) = quick([SEEDS[0].removeprefix(b'["ready"]\n')])
    assert execution.ending is Ending.COMPLETED
    assert execution.calls[0] == Returned(tree=5)
