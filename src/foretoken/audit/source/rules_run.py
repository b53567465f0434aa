"""Rules on graders that run what a model wrote, or ask other programs."""

import ast
from collections.abc import Iterator

from foretoken.audit.source import patterns
from foretoken.audit.source.base import Severity, SourceRule
from foretoken.audit.source.calls import PROCESSES
from foretoken.audit.source.checks import matched_as_a_whole
from foretoken.audit.source.followed import Followed
from foretoken.audit.source.held import Kind, Role
from foretoken.audit.source.rewards import payings

_UNPICKLE = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve")
_EVALUATE = ("eval", "sympy.sympify", "sympy.S", "pandas.eval", "numexpr.evaluate")
_SYMPY = ("parse_expr", "sympify")
_LETTERS = "abcxyz_"
"""Some without which an expression can call nothing."""
_WAITS = ("requests.get", "requests.post", "requests.request", "urllib.request.urlopen")
_ENDS = ("subprocess.Popen.wait", "subprocess.Popen.communicate")
_LIMITS = ("timeout", "prlimit", "bwrap", "firejail", "nsjail", "docker")
_STOPS = ("signal.alarm", "signal.setitimer", "asyncio.wait_for", "asyncio.timeout")


def _answers(followed: Followed, call: ast.Call) -> bool:
    return any(followed.of(each).has(Role.ANSWER) for each in call.args[:1])


def _apart(followed: Followed, node: ast.AST) -> bool:
    """Whether a node runs in another process than the grader's."""
    around = followed.function_of(node)
    return around not in followed.inside and not isinstance(around, ast.Module)


def runs_the_answer_in_its_own_process(followed: Followed) -> Iterator[ast.AST]:
    """It executes the answer in the process that grades it, where it can read and change all."""
    for call, name in followed.names.items():
        if _apart(followed, call):
            continue
        if name == "exec" and _answers(followed, call):
            yield call
        if name.endswith(("import_module", "run_path", "exec_module", "__import__")):
            held = [followed.of(each) for each in call.args]
            written = any(each.has(Role.FILE) or each.has(Role.RAN) for each in held)
            if written or any(_is_written(followed, call, each.constant) for each in held):
                yield call


def _is_written(followed: Followed, call: ast.Call, module: object) -> bool:
    """Whether an answer is written to a module of this name in the same function."""
    around = followed.function_of(call)
    texts = [followed.of(each).constant for each in followed.within(around, ast.Constant)]
    named = any(isinstance(t, str) and t.endswith(f"{module}.py") for t in texts)
    answers = (each for each in followed.written if Role.ANSWER in each.holds)
    return bool(module) and named and any(followed.function_of(w.call) is around for w in answers)


def evaluates_the_answer(followed: Followed) -> Iterator[ast.AST]:
    """It evaluates the answer as an expression of Python: it can compute, leave or hang."""
    for call, name in followed.names.items():
        sympy = name.startswith("sympy.") and name.rpartition(".")[2] in _SYMPY
        if (name not in _EVALUATE and not sympy) or not call.args or _apart(followed, call):
            continue
        held = followed.of(call.args[0])
        digits = held.matched is not None and not patterns.may_say(held.matched, _LETTERS)
        answer = held.has(Role.ANSWER) and held.kind is not Kind.NUMBER and not digits
        if answer and not matched_as_a_whole(followed, call, _LETTERS):
            yield call


def _started(followed: Followed) -> list[ast.Call]:
    """Calls that run a program of the answer in another process."""
    found: list[ast.Call] = []
    for call, name in followed.names.items():
        library, _, last = name.rpartition(".")
        named = (k.value for k in call.keywords if k.arg in ("args", "input"))
        system = name in ("os.system", "os.popen")
        starts = system or (library == "subprocess" and last in PROCESSES)
        held = [followed.of(each) for each in (*call.args, *named)]
        if starts and any(each.roles & {Role.ANSWER, Role.FILE} for each in held):
            found.append(call)
    return found


def only_the_exit_status_decides(followed: Followed) -> Iterator[ast.AST]:
    """It pays where the answer's process ends with status 0, and the answer can end it so."""
    started = _started(followed)
    if not started or _reads_output(followed):
        return
    for each in payings(followed):
        for node in ast.walk(each.node):
            if isinstance(node, ast.Attribute) and node.attr == "returncode":
                yield each.node
                break
            if isinstance(node, ast.Call) and node in started and _gives_status(followed, node):
                yield each.node
                break
    for call in started:
        name = followed.names[call].rpartition(".")[2]
        checks = any(k.arg == "check" and followed.of(k.value).constant for k in call.keywords)
        if name == "check_call" or checks:
            yield call


def _gives_status(followed: Followed, call: ast.Call) -> bool:
    return followed.names[call] in ("os.system", "subprocess.call")


def _reads_output(followed: Followed) -> bool:
    """Whether what a program prints or writes is looked at where that decides."""
    outputs = ("stdout", "output", "communicate", "check_output", "read_text", "loads", "load")
    read = (node for node in followed.every(ast.Attribute) if node.attr in outputs)
    return any(not _is_logged(followed, node) for node in read)


def _is_logged(followed: Followed, node: ast.AST) -> bool:
    """Whether it is only printed or logged."""
    for above in followed.above(node):
        if isinstance(above, ast.Call) and above in followed.names:
            last = followed.names[above].rpartition(".")[2]
            if last in ("print", "debug", "info", "warning", "error", "exception"):
                return True
        if isinstance(above, ast.stmt):
            return False
    return False


def a_fixed_word_in_the_output_decides(followed: Followed) -> Iterator[ast.AST]:
    """It pays where the answer's process printed a word that the answer can print itself."""
    for each in payings(followed):
        for node in ast.walk(each.node):
            if not isinstance(node, ast.Compare) or len(node.ops) != 1:
                continue
            sides = [followed.of(node.left), followed.of(node.comparators[0])]
            if isinstance(node.ops[0], ast.In | ast.Eq):
                word = next((s.constant for s in sides if isinstance(s.constant, str)), "")
                out = [s for s in sides if s.has(Role.PROCESS) and s.kind is Kind.TEXT]
                if out and any(c.isalpha() for c in word) and not out[0].has(Role.TRUTH):
                    yield node


def unpickles_what_the_answer_left(followed: Followed) -> Iterator[ast.AST]:
    """It unpickles bytes that the answer can write: unpickling runs whatever they say."""
    for call, name in followed.names.items():
        library, _, last = name.rpartition(".")
        unpickles = library in _UNPICKLE and last in ("load", "loads", "open", "Unpickler")
        yaml = name in ("yaml.load", "yaml.unsafe_load") and not _names_safe(call)
        torch = name == "torch.load" and any(
            k.arg == "weights_only" and followed.of(k.value).constant is False
            for k in call.keywords
        )
        if unpickles or yaml or torch:
            held = [followed.of(each) for each in call.args[:1]]
            if any(each.roles & {Role.ANSWER, Role.FILE, Role.PROCESS} for each in held):
                yield call


def _names_safe(call: ast.Call) -> bool:
    said = [*call.args[1:], *(k.value for k in call.keywords)]
    return any("Safe" in ast.unparse(each) for each in said)


def waits_without_end(followed: Followed) -> Iterator[ast.AST]:
    """It waits for a program or a server without a time limit: one that hangs stops training."""
    if any(name in _STOPS or "timeout" in name.lower() for name in followed.names.values()):
        return
    started = _started(followed)
    popen = any(followed.names[call].endswith("Popen") for call in started)
    for call, name in followed.names.items():
        waits = name in _WAITS or (call in started and not name.endswith("Popen"))
        waits = waits or (popen and name in _ENDS and (name.endswith("e") or not call.args))
        limited = any(k.arg in ("timeout", None) for k in call.keywords) or len(call.args) > 2
        if waits and not limited and not _has_limit(followed, call):
            yield call


def _has_limit(followed: Followed, call: ast.Call) -> bool:
    """Whether the command itself begins with a limit, or the process is begun with one."""
    words = (each.value for each in ast.walk(call) if isinstance(each, ast.Constant))
    first = next((each for each in words if isinstance(each, str)), "").split(" ")[0]
    prepared = any(k.arg == "preexec_fn" for k in call.keywords)
    limits = any(name.endswith("setrlimit") for name in followed.names.values())
    return first in _LIMITS or (prepared and limits)


def a_shell_reads_the_answer(followed: Followed) -> Iterator[ast.AST]:
    """It hands the answer to a shell, which runs what stands behind a semicolon."""
    for call, name in followed.names.items():
        shell = any(k.arg == "shell" and followed.of(k.value).constant for k in call.keywords)
        system = name in ("os.system", "os.popen", "subprocess.getoutput")
        if (system or (name.startswith("subprocess.") and shell)) and call.args:
            beside = followed.within(followed.function_of(call), ast.Call)
            quoted = any("shlex" in followed.names.get(each, "") for each in beside)
            if followed.of(call.args[0]).has(Role.ANSWER) and not quoted:
                yield call


def answers_in_one_place_for_all(followed: Followed) -> Iterator[ast.AST]:
    """It writes answers to one fixed file: graders that run together mix them up."""
    if not _started(followed) and not _imports(followed):
        return
    for each in followed.written:
        if Role.ANSWER in each.holds and _is_fixed(followed, each.to):
            yield each.call


def _imports(followed: Followed) -> bool:
    return any(
        n.endswith(("run_path", "exec_module", "import_module")) for n in followed.names.values()
    )


def _is_fixed(followed: Followed, to: ast.expr) -> bool:
    """Whether a path is a constant."""
    names = [each for each in ast.walk(to) if isinstance(each, ast.Name | ast.Constant)]
    texts = [each for each in names if isinstance(followed.of(each).constant, str)]
    for each in names:
        if isinstance(each, ast.Name):
            opened = _opened_by(followed, each)
            if opened is not None:
                return opened.args[:1] != [] and isinstance(
                    followed.of(opened.args[0]).constant, str
                )
    libraries = all(
        isinstance(followed.of(each).constant, str) or followed.of(each).made_by in _PATHS
        for each in names
    )
    return bool(texts) and libraries


_PATHS = ("open", "pathlib.Path", "os", "os.path", "pathlib")


def _opened_by(followed: Followed, name: ast.Name) -> ast.Call | None:
    """The call of `open` that gave a name its file."""
    for each in ast.walk(followed.function_of(name)):
        match each:
            case ast.withitem(context_expr=ast.Call() as call, optional_vars=ast.Name(id=to)):
                if to == name.id and followed.names.get(call) == "open":
                    return call
            case _:
                continue
    return None


def tests_where_the_answer_can_read_them(followed: Followed) -> Iterator[ast.AST]:
    """It writes tests to where the answer runs, and the answer can read what they expect."""
    if not _started(followed):
        return
    for each in followed.written:
        if each.holds == frozenset({Role.ANSWER, Role.TRUTH}):
            yield each.call
        elif each.holds == frozenset({Role.TRUTH}):
            base = _base(followed, each.to)
            beside = [o for o in followed.written if Role.ANSWER in o.holds and o is not each]
            if base and any(_base(followed, other.to) == base for other in beside):
                yield each.call


def _base(followed: Followed, to: ast.expr) -> str:
    """The name of the folder that a path is made of."""
    for each in ast.walk(to):
        if isinstance(each, ast.Name):
            opened = _opened_by(followed, each)
            if opened is not None:
                return _base(followed, opened.args[0]) if opened.args else ""
            assigned = _assigned(followed, each)
            if assigned is not None:
                return _base(followed, assigned) or each.id
            if followed.of(each).made_by not in _PATHS:
                return each.id
    return ""


def _assigned(followed: Followed, name: ast.Name) -> ast.expr | None:
    """The path with a name in it that a name was given."""
    for each in ast.walk(followed.function_of(name)):
        if isinstance(each, ast.Assign) and any(
            isinstance(to, ast.Name) and to.id == name.id for to in each.targets
        ):
            inner = [n for n in ast.walk(each.value) if isinstance(n, ast.Name)]
            if any(n.id != name.id and followed.of(n).made_by not in _PATHS for n in inner):
                joins = isinstance(each.value, ast.BinOp) or "join" in ast.unparse(each.value)
                return each.value if joins else None
    return None


def compares_by_the_answers_own_equality(followed: Followed) -> Iterator[ast.AST]:
    """It compares an object that the answer built: that object says itself what it equals."""
    for node in followed.every(ast.Compare):
        if not isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In):
            continue
        held = [followed.of(each) for each in (node.left, *node.comparators)]
        if any(each.has(Role.RAN) for each in held) and not _typed(followed, node):
            yield node


def _typed(followed: Followed, node: ast.Compare) -> bool:
    """Whether the exact type of what is compared was looked at."""
    around = followed.function_of(node)
    for each in followed.within(around, ast.Compare):
        calls = [followed.names.get(c, "") for c in ast.walk(each) if isinstance(c, ast.Call)]
        if "type" in calls:
            return True
    return False


_APART = "run it in a sandbox of its own, with limits, and read its output as text"
_NONCE = "compare outputs for inputs that the answer cannot foresee; trust no status and no word"
_CODE = "rollouts of reinforcement learning on code"

RUNNING = (
    SourceRule(
        runs_the_answer_in_its_own_process,
        *(Severity.ERROR, _APART, _CODE),
        ("process_exit", "process_exit_in_the_call", "inspect_module_abuse", "result_manipulation"),
    ),
    SourceRule(
        evaluates_the_answer,
        *(Severity.ERROR, "parse numbers; never evaluate an answer", _CODE),
        ("code_that_computes_it", "tower_of_powers", "zero_division"),
    ),
    SourceRule(
        only_the_exit_status_decides,
        *(Severity.ERROR, _NONCE, _CODE),
        ("process_exit", "process_exit_at_once", "process_exit_in_the_call", "comment_alone"),
    ),
    SourceRule(
        a_fixed_word_in_the_output_decides,
        *(Severity.ERROR, _NONCE, _CODE),
        ("pass_marker", "pass_marker_at_the_end", "summary_of_a_test_runner"),
    ),
    SourceRule(
        unpickles_what_the_answer_left,
        Severity.ERROR,
        "read JSON with a limit of bytes",
        "the documentation of pickle",
    ),
    SourceRule(
        waits_without_end,
        Severity.WARNING,
        "give it a time limit, and count what exceeds it as wrong",
        "training that stood still for hours",
        ("sleeps_past_the_limit", "tower_of_powers", "endless_recursion"),
    ),
    SourceRule(
        a_shell_reads_the_answer,
        Severity.ERROR,
        "give a list of arguments, without a shell",
        "the documentation of subprocess",
    ),
    SourceRule(
        answers_in_one_place_for_all,
        *(Severity.WARNING, "write each answer to a new temporary folder", _CODE),
        ("result_files",),
    ),
    SourceRule(
        tests_where_the_answer_can_read_them,
        *(Severity.WARNING, "keep tests out of the answer's process and folder", _CODE),
        ("tests_beside_the_program", "filesystem_exposure", "tests_in_the_frames"),
    ),
    SourceRule(
        compares_by_the_answers_own_equality,
        Severity.ERROR,
        "turn results into JSON in the answer's process, and compare what is read from that",
        _CODE,
        ("result_manipulation", "equal_to_everything_of_the_right_type", "mock_any"),
    ),
)
