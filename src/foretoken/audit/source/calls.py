"""What calls of Python and of its libraries give, as far as rules must know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from foretoken.audit.source.held import NOTHING, Held, Kind, Role, bounded, roles_of
from foretoken.audit.source.patterns import may_say
from foretoken.graders.shapes import ANSWERS, EITHER, PROMPTS, TRUTHS

TESTS = frozenset(
    {"tests", "test", "test_cases", "test_code", "test_list", "unit_tests", "hidden_tests"}
    | {"expected_output", "expected_outputs", "asserts", "checks", "public_tests"}
)
"""Names under which people keep what a program has to fulfil."""
SAID = (ANSWERS - set(EITHER) - {"result"}) | {"completions", "solution_str", "queries"}
KNOWN = (
    TRUTHS
    | TESTS
    | {"labels", "references", "targets", "ground_truths", "truths", "golds", "answers"}
)
RECORDS = frozenset(
    {"kwargs", "extra_info", "info", "state", "doc", "row", "sample", "example", "metadata"}
    | {"item", "columns", "reward_model", "job", "inputs", "entry"}
)
"""Names of arguments that hold columns."""
MATCHING = frozenset(
    {"search", "match", "fullmatch", "findall", "finditer", "split", "sub", "subn"}
)
FLAGS = {"MULTILINE": "m", "M": "m", "DOTALL": "s", "S": "s", "VERBOSE": "x", "X": "x"}
_TEXT = frozenset(
    {"strip", "lstrip", "rstrip", "lower", "upper", "casefold", "title", "capitalize", "encode"}
    | {"decode", "removeprefix", "removesuffix", "zfill", "expandtabs", "translate", "swapcase"}
    | {"center", "ljust", "rjust", "read", "read_text", "getvalue", "group", "expand"}
)
_SPLIT = frozenset({"split", "rsplit", "splitlines", "partition", "rpartition", "groups"})
_CLAIM = frozenset(
    {"startswith", "endswith", "isdigit", "isalpha", "isalnum", "isdecimal", "isnumeric"}
    | {"isspace", "islower", "isupper", "isinstance", "issubclass", "bool", "any", "all", "hasattr"}
    | {"callable", "exists", "is_file", "is_dir", "issubset", "issuperset", "isdisjoint"}
    | {"math.isclose", "math.isfinite", "math.isnan", "math.isinf", "numpy.isclose", "type"}
    | {"numpy.allclose", "cmath.isclose", "torch.isclose", "torch.allclose", "count", "find"}
    | {"index", "rfind", "rindex", "len", "hash", "id", "span", "start", "end", "ord"}
)
"""What tells nothing more than that something holds, or how often or where."""
_NUMBER = frozenset(
    {"int", "float", "complex", "abs", "round", "sum", "min", "max", "pow", "divmod"}
    | {"decimal.Decimal", "fractions.Fraction", "math.floor", "math.ceil", "math.trunc"}
    | {"numpy.float64", "numpy.float32", "numpy.abs", "math.fabs", "math.log", "math.exp"}
    | {"math.sqrt", "numpy.log", "numpy.exp", "numpy.round"}
)
FLOATS = frozenset({"float", "decimal.Decimal", "numpy.float64", "numpy.float32"})
_WHOLE = frozenset({"int", "round", "math.floor", "math.ceil", "math.trunc"})
_SEVERAL = frozenset(
    {"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "collections.Counter"}
    | {"collections.deque", "filter", "dict.fromkeys"}
)
_RANDOM = ("random.", "numpy.random.", "torch.rand", "secrets.")
_NOT_DRAWN = ("seed", "Random", "RandomState", "default_rng", "Generator", "SeedSequence")
_WRITTEN = frozenset({"str", "repr", "json.dumps", "ascii", "format", "ast.unparse", "ast.dump"})
_PARSES = frozenset(
    {"json.loads", "ast.literal_eval", "yaml.safe_load", "json.load", "orjson.loads"}
)
_ASKED = frozenset({"generate", "create", "invoke", "ainvoke", "chat", "acompletion", "post"})
"""Methods by which models and servers are asked: what they say is not the answer."""
PROCESSES = frozenset({"run", "call", "check_call", "check_output", "Popen", "getoutput"})


@dataclass(frozen=True)
class CalledWith:
    """A call of what is no function of the grader."""

    name: str
    """Of the library's function, or `.method` of what nobody knows."""
    on: Held | None
    """What a method is called on."""
    args: Sequence[Held]
    keywords: Mapping[str, Held] = field(default_factory=dict[str, Held])

    @property
    def last(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(".")[2]

    @property
    def every(self) -> list[Held]:
        """All that it is given."""
        on = [] if self.on is None else [self.on]
        return [*on, *self.args, *self.keywords.values()]


def role_of(name: str) -> Role | None:
    """What an argument or a column of this name holds; None: neither answer nor truth."""
    if name in SAID:
        return Role.ANSWER
    return Role.TRUTH if name in KNOWN or name in EITHER else None


def arguments(names: Sequence[str]) -> dict[str, frozenset[Role]]:
    """What each argument of a grader holds, by name, as `graders.shapes` calls it."""
    named = [n for n in names if n not in ("self", "cls")]
    found = {n: role_of(n) for n in named if n not in EITHER}
    found |= {n: Role.ANSWER for n in named if n in ANSWERS - set(EITHER)}
    for name in EITHER:
        if name in named:
            told = Role.ANSWER in found.values()
            found[name] = Role.TRUTH if told else Role.ANSWER
    if Role.ANSWER not in found.values() and not RECORDS & set(named):
        order = (None, Role.ANSWER, Role.TRUTH)
        order = order[-len(named) :] if len(named) == 2 else order
        order = (Role.ANSWER,) if len(named) == 1 else order
        free = [n for n in named if n not in PROMPTS]
        found |= dict(zip(free, order, strict=False))
    return {n: NOTHING if role is None else frozenset({role}) for n, role in found.items()}


def given(call: CalledWith) -> Held:
    """What a call gives."""
    for tried in (_of_pattern, _of_ran, _of_text, _of_value, _of_library):
        found = tried(call)
        if found is not None:
            return found
    return Held(roles_of(call.every), Kind.OTHER, made_by=call.name)


def _of_pattern(call: CalledWith) -> Held | None:
    if not call.name.startswith(("re.", "regex.")):
        return None
    if call.last == "compile" and call.args:
        return Held(call.args[0].roles, Kind.PATTERN, constant=_with_flags(call, call.args[0]))
    if call.last == "escape" and call.args:
        return Held(call.args[0].roles, Kind.TEXT)
    if call.last not in MATCHING:
        return None
    pattern, rest = (call.on, call.args) if call.on else (_at(call, 0), call.args[1:])
    subject = rest[-1:] if call.last in ("sub", "subn") and len(rest) > 1 else rest[:1]
    subject = rest[1:2] if call.last in ("sub", "subn") else subject
    subject = subject or [each for key, each in call.keywords.items() if key == "string"]
    roles = roles_of(subject)
    said = pattern.constant if call.on else _with_flags(call, pattern)
    if call.last in ("search", "match", "fullmatch"):
        return Held(roles, Kind.MATCH, matched=said, made_by=call.name)
    if call.last in ("sub", "subn"):
        return Held(roles, Kind.TEXT, made_by=call.name)
    of = Kind.MATCH if call.last == "finditer" else Kind.TEXT
    return Held(roles, Kind.SEVERAL, of, matched=said, made_by=call.name)


def _with_flags(call: CalledWith, pattern: Held) -> str | None:
    """A pattern with the flags of its call written into it; None: it is not known."""
    if not isinstance(pattern.constant, str):
        return None
    said = "|".join(each.made_by for each in (*call.args[1:], *call.keywords.values()))
    letters = {each for flag in said.split("|") if (each := FLAGS.get(flag.rpartition(".")[2]))}
    inline = "".join(sorted(letters))
    return f"(?{inline}){pattern.constant}" if inline else pattern.constant


def _at(call: CalledWith, number: int) -> Held:
    return call.args[number] if number < len(call.args) else Held()


def _of_ran(call: CalledWith) -> Held | None:
    """What code of an answer gives, where that code runs in the grader's process."""
    on = call.on
    if on is not None and on.has(Role.RAN):
        return Held(on.roles, Kind.OTHER, made_by=call.name)
    return None


def _of_text(call: CalledWith) -> Held | None:
    on, last = call.on, call.last
    if on is None:
        return None
    if last in _SPLIT:
        matched = on.matched if last == "groups" else None
        return Held(on.roles, Kind.SEVERAL, Kind.TEXT, matched=matched, made_by=f".{last}")
    if last in _TEXT:
        return Held(on.roles, Kind.TEXT, matched=on.matched, made_by=f".{last}")
    if last == "replace":
        return Held(on.roles | roles_of(call.args[1:]), Kind.TEXT, made_by=".replace")
    if last in ("join", "format"):
        return Held(roles_of(call.every), Kind.TEXT, made_by=f".{last}")
    if last in ("get", "pop") and on.kind is Kind.RECORD and call.args:
        return column(on, call.args[0])
    return None


def column(record: Held, key: Held) -> Held:
    """What a record holds under a key."""
    if not isinstance(key.constant, str):
        return record.element()
    role = role_of(key.constant)
    if role is None:
        nested = Kind.RECORD if key.constant in RECORDS or key.constant == "output" else Kind.GIVEN
        return Held(record.roles, nested)
    return Held(frozenset({role}), Kind.GIVEN)


def _of_value(call: CalledWith) -> Held | None:
    name, roles = call.name, roles_of(call.every)
    if name in _CLAIM or (call.on is not None and call.last in _CLAIM):
        return Held(kind=Kind.CLAIM, made_by=name)
    if name in _NUMBER:
        roles -= {Role.RAN}
        if name in _WHOLE:
            roles -= {Role.FLOAT}
        elif name in FLOATS and call.args and _says_nan(call.args[0]):
            roles |= {Role.FLOAT}
        return Held(roles, Kind.NUMBER, made_by=name)
    if name in _WRITTEN:
        return Held(roles - {Role.RAN, Role.FLOAT}, Kind.TEXT, made_by=name)
    if name in ("zip", "enumerate"):
        each = [arg.element() for arg in call.args]
        each = [Held(kind=Kind.NUMBER), *each[:1]] if name == "enumerate" else each
        return Held(roles, Kind.SEVERAL, made_by=name, parts=bounded(each))
    if name in _SEVERAL:
        of = call.args[0].element() if call.args else Held()
        return Held(roles, Kind.SEVERAL, of.kind, matched=of.matched, made_by=name, parts=of.parts)
    return None


def _says_nan(text: Held) -> bool:
    """Whether a text may be one that `float` reads as no finite number."""
    if not text.has(Role.ANSWER) or text.kind not in (Kind.TEXT, Kind.GIVEN, Kind.OTHER):
        return False
    return text.matched is None or may_say(text.matched, "nif")


def _of_library(call: CalledWith) -> Held | None:
    name, roles = call.name, roles_of(call.every)
    if name.startswith("subprocess.") and call.last in PROCESSES:
        ran = roles & {Role.ANSWER, Role.FILE}
        made = frozenset({Role.ANSWER, Role.PROCESS}) if ran else NOTHING
        kind = Kind.TEXT if call.last in ("check_output", "getoutput") else Kind.OTHER
        return Held(made, kind, made_by=name)
    if name.endswith(("import_module", "runpy.run_path", "module_from_spec", "__import__")):
        ran = frozenset({Role.RAN, Role.ANSWER}) if Role.FILE in roles else NOTHING
        return Held(roles | ran, Kind.OTHER, made_by=name)
    if name in _PARSES:
        return Held(roles - {Role.RAN}, Kind.OTHER, made_by=name)
    if name.endswith(("open", "Path", "path.join", "NamedTemporaryFile", "joinpath")):
        return Held(roles & {Role.FILE}, Kind.OTHER, made_by=name)
    if call.last in _ASKED:
        return Held(kind=Kind.OTHER, made_by=name)
    if name == "shlex.quote":
        return replace(_at(call, 0), made_by=name, kind=Kind.TEXT)
    return _of_chance(call)


def _of_chance(call: CalledWith) -> Held | None:
    """What a generator gives that nobody seeded."""
    name, chance = call.name, frozenset({Role.CHANCE})
    drawn = name.startswith(_RANDOM) and not any(each in name for each in _NOT_DRAWN)
    if drawn and call.on is None:
        return Held(roles_of(call.every) | chance, Kind.OTHER, made_by=name)
    unseeded = name.endswith(("random.Random", "random.default_rng"))
    if unseeded and not call.args and not call.keywords:
        return Held(chance, Kind.OTHER, made_by=name)
    return None
