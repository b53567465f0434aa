"""What submissions try in order to be believed, or to confuse who reads their answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foretoken.sandbox.base import Ending, Execution, Job, Oversize, Returned
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.wire import encode
from foretoken.tasks.compare import same, same_text

Answer = Callable[..., Any]
Run = Callable[..., Execution]


def returned(execution: Execution) -> Any:
    assert execution.ending is Ending.COMPLETED, execution
    (end,) = execution.calls
    assert isinstance(end, Returned), end
    return end.tree


FOREIGN = {
    "an object that equals everything": "class A:\n def __eq__(self, o): return True\nv = A()",
    "mock.ANY": "from unittest.mock import ANY\nv = ANY",
    "a subclass of int": "class A(int):\n def __eq__(self, o): return True\nv = A(13)",
    "a subclass of str": "class A(str):\n def __eq__(self, o): return True\nv = A('13')",
    "a subclass of list": "class A(list): pass\nv = A([13])",
    "a liar about its class": "class A:\n __class__ = int\nv = A()",
    "a type with a lying name": "v = type('int', (), {})()",
    "a hashable liar": "class A:\n def __hash__(self): return hash(13)\nv = A()",
}


@pytest.mark.parametrize("code", FOREIGN.values(), ids=FOREIGN.keys())
def test_an_object_of_a_foreign_type_equals_nothing(run: Run, code: str) -> None:
    tree = returned(run(code + "\ndef f(x): return v"))
    for expected in (13, "13", [13], True, None, "v"):
        assert not same(expected, tree)
    nested = returned(run(code + "\ndef f(x): return [1, v]"))
    assert not same([1, 13], nested)


def test_a_submission_cannot_run_code_in_our_process(run: Run, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    code = f"""
        class A:
            def __reduce__(self): return (open, ({str(marker)!r}, "w"))
            def __str__(self): raise SystemError
            def __repr__(self): raise SystemError
        def f(x): return [A()]
    """
    tree = returned(run(code))
    assert tree == [{"o": ["A", "?"]}]
    assert not same([1], tree)
    assert not same_text([1], tree)
    assert not marker.exists()


def test_a_metaclass_cannot_lie_about_a_name_or_break_the_report(run: Run) -> None:
    code = """
        class M(type):
            @property
            def __name__(cls): raise SystemError
        class E(Exception, metaclass=M): pass
        def f(x): raise E
    """
    (end,) = run(code).calls
    assert end.error_class == "E"  # type: ignore[union-attr]


def test_megabytes_on_standard_output_change_nothing(run: Run) -> None:
    code = """
        import os, sys
        def f(x):
            print("x" * (4 << 20), flush=True)
            sys.__stderr__.write("y" * (1 << 20))
            os.write(1, b'["value", 13]\\n' * 1000)
            return 5
    """
    assert returned(run(code)) == 5


@pytest.mark.parametrize(
    "patch",
    [
        "import json\njson.dumps = lambda *a, **k: '[\"value\", 13]'\njson.loads = None",
        "import builtins\nbuiltins.type = lambda v: int\nbuiltins.isinstance = lambda a, b: True",
        "import os\nos.write = lambda *a: 1",
        "import builtins\nbuiltins.str = lambda v: '13'",
    ],
)
def test_patched_builtins_do_not_change_what_was_returned(run: Run, patch: str) -> None:
    execution = run(patch + "\ndef f(x): return 5")
    assert execution.ending is not Ending.INFRA_ERROR
    if execution.ending is Ending.COMPLETED and execution.failed is None:
        assert execution.calls in ((Returned(tree=5),), ())


FORGED = {
    "more answers than calls": "b'[\"value\",13]\\n' * 5",
    "text after the end": 'b\'["value",13]\\n["end"]\\nmore\\n\'',
    "an end without answers": "b'[\"end\"]\\n'",
    "trailing bytes": 'b\'["value",13]\\n["end"]\\nxx\'',
    "duplicate keys": 'b\'["value",{"t":[1],"t":[2]}]\\n["end"]\\n\'',
    "an unknown line": 'b\'["verdict","pass"]\\n\'',
    "a bare object": "b'{\"passed\":true}\\n'",
    "NaN": "b'[\"value\",NaN]\\n'",
    "a hundred thousand brackets": "b'[' * 100000 + b'\\n'",
    "an endless number": "b'[\"value\",' + b'9' * 9000 + b']\\n'",
    "bytes that are no text": "b'\\xff\\xfe\\x00\\n'",
}


@pytest.mark.parametrize("text", FORGED.values(), ids=FORGED.keys())
def test_malformed_text_on_every_descriptor_is_a_protocol_error(run: Run, text: str) -> None:
    code = f"""
        import os
        def f(x):
            for number in range(64):
                try:
                    os.write(number, {text})
                except OSError:
                    pass
            os._exit(0)
    """
    execution = run(code)
    assert execution.ending is Ending.PROTOCOL_ERROR
    assert execution.calls == ()


def test_a_forged_answer_is_only_a_claim_of_outputs(run: Run) -> None:
    code = """
        import os
        def f(x):
            os.write(4, b'["value", 13]\\\\n["end"]\\\\n'.replace(b"\\\\\\\\n", b"\\\\n"))
            os._exit(0)
    """.replace("\\\\", "\\")
    execution = run(code)
    assert execution.ending in (Ending.COMPLETED, Ending.PROTOCOL_ERROR)


def test_a_million_results_end_as_output_limit(run: Run) -> None:
    code = """
        import os
        def f(x):
            while True:
                os.write(4, b'["notes", []]\\n' * 1000)
    """
    assert run(code).ending is Ending.OUTPUT_LIMIT


def test_too_much_output_followed_by_a_clean_exit_is_no_exit(run: Run) -> None:
    code = "import os\ndef f(x):\n    os.write(4, b'y' * (1 << 20))\n    os._exit(0)"
    execution = run(code)
    assert execution.ending is Ending.OUTPUT_LIMIT
    assert execution.exit_status is None


def test_late_writes_at_exit_and_from_threads_are_not_believed(run: Run) -> None:
    code = """
        import atexit, os, threading
        atexit.register(lambda: os.write(4, b'["value", 13]\\n'))
        threading.Thread(target=lambda: threading.Event().wait(5) or os.write(4, b"z")).start()
        def f(x): return 5
    """
    assert returned(run(code)) == 5


@pytest.mark.parametrize(
    "value",
    ["[0] * 10**6", "'x' * 10**7", "1 << 10**6", "{i: i for i in range(10**5)}"],
)
def test_huge_return_values_do_not_cross(run: Run, value: str) -> None:
    execution = run(f"def f(x): return {value}")
    assert execution.ending is Ending.OUTPUT_LIMIT or execution.calls == (Oversize(),)


@pytest.mark.parametrize(
    "build",
    ["[v]", "(v, v)", "{0: v}", "[v, v, v]"],
)
def test_deep_and_multiplying_return_values_do_not_cross(run: Run, build: str) -> None:
    code = f"def f(x):\n    v = 0\n    for _ in range(500):\n        v = {build}\n    return v"
    execution = run(code)
    assert execution.calls == (Oversize(),)


def test_a_value_that_holds_itself_does_not_cross(run: Run) -> None:
    assert run("def f(x):\n    v = []\n    v.append(v)\n    return v").calls == (Oversize(),)


def test_nul_bytes_and_lone_surrogates_in_the_source_are_verdicts(pool: SandboxPool) -> None:
    calls = (encode((1,)),)
    sources = ["def f(x): return 1\0", "def f(x): return '\ud800'", "\udcff = 1"]
    executions = pool.run([Job(code=code, function="f", calls=calls) for code in sources])
    for execution in executions:
        assert execution.ending is Ending.COMPLETED
        assert execution.failed is not None


def test_strange_values_cross_whole(answer: Answer) -> None:
    code = """
        def f(x):
            nan = float("nan")
            return ["\\ud800", "\\0", nan != nan, -float("inf"), 1 << 70, {(1, 2): {3}}, b"\\xff"]
    """
    assert answer(code) == ["\ud800", "\0", True, -float("inf"), 1 << 70, {(1, 2): {3}}, b"\xff"]
