"""Harder problems about parsing: records, paths, nested formats."""

import json
import re
from random import Random

from foretoken.records import Json
from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import WORDS, letters

parsing = Topic("parsing")


@parsing.problem(
    3,
    examples=[('a,"b,c",d',), ('1,"say ""hi""",',)],
    edges=[("",), ('""',), (",",), ('"x"',), ('" y ", z',), ('"",""',)],
    make=lambda rng: (",".join(_field(rng) for _ in range(rng.randint(2, 4))),),
    holds=lambda line, answer: answer == _fields(line),
)
def split_record(line: str) -> list[str]:
    """Split the string line at its commas and return the list of the fields. A field that begins
    with a double quote ends at the next single double quote; commas within it belong to the field,
    the outer quotes do not, and two double quotes within it stand for one. The line is well-formed.
    An empty line is one empty field.
    """
    fields, at = [""], 0
    quoted = False
    while at < len(line):
        char = line[at]
        if char == '"' and quoted and line[at + 1 : at + 2] == '"':
            fields[-1] += char
            at += 1
        elif char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            fields.append("")
        else:
            fields[-1] += char
        at += 1
    return fields


def _field(rng: Random) -> str:
    text = letters(rng, alphabet='ab,"', most=4)
    plain = rng.random() < 0.4
    return text.replace(",", "").replace('"', "") if plain else '"' + text.replace('"', '""') + '"'


def _fields(line: str) -> list[str]:
    found = [one[0] for one in re.findall(r'((?:"(?:[^"]|"")*")|[^,]*)(,|$)', line + ",")][:-1]
    return [one[1:-1].replace('""', '"') if one.startswith('"') else one for one in found]


@parsing.problem(
    3,
    examples=[("[1, [2, 3], []]",), ("[[-5], 40]",)],
    edges=[("[]",), ("[[[]]]",), ("[0]",), ("[ 1 , [ 2 ] ]",), ("[" * 30 + "7" + "]" * 30,)],
    make=lambda rng: (json.dumps(_nest(rng, 3)),),
    holds=lambda text, answer: answer == json.loads(text),
)
def read_nested(text: str) -> list[int | list]:
    """The string text is a list in square brackets, whose entries are integers and lists of the
    same kind, with commas between them and possibly spaces anywhere but inside a number. Return it
    as a list.
    """
    import re

    stack: list[list[int | list]] = [[]]
    for part in re.findall(r"-?\d+|\[|\]", text):
        if part == "[":
            inner: list[int | list] = []
            stack[-1].append(inner)
            stack.append(inner)
        elif part == "]":
            stack.pop()
        else:
            stack[-1].append(int(part))
    (outer,) = stack[0]
    return outer if isinstance(outer, list) else []


def _nest(rng: Random, depth: int) -> list[int | list]:
    return [
        _nest(rng, depth - 1) if depth and rng.random() < 0.4 else rng.randint(-9, 99)
        for _ in range(rng.randint(0 if depth < 3 else 1, 3))
    ]


@parsing.problem(
    3,
    examples=[
        ("info: start\nerror: disk full\ninfo: stop", "error"),
        ("warn: a\nwarn: b\nnote: c", "warn"),
    ],
    edges=[("", "x"), ("x:", "x"), ("error happened", "error"), ("a: b: c", "a"), ("A: b", "a")],
    make=lambda rng: (
        "\n".join(f"{rng.choice(['info', 'warn'])}: {rng.choice(WORDS)}" for _ in range(5)),
        rng.choice(["info", "warn"]),
    ),
    holds=lambda log, level, answer: (
        answer == [m.strip() for m in re.findall(rf"^{level}:(.*)$", log, re.MULTILINE)]
    ),
)
def log_messages(log: str, level: str) -> list[str]:
    """The lines of the string log have the form level: message. Return the messages, without spaces
    at their ends, of all lines whose level is exactly the given one, in their order. The level ends
    at the first colon of a line; lines without a colon are left out.
    """
    found: list[str] = []
    for line in log.split("\n"):
        name, colon, message = line.partition(":")
        if colon and name == level:
            found.append(message.strip())
    return found


@parsing.problem(
    3,
    examples=[("/home/ida/../bob/./notes",), ("a//b/c/..",)],
    edges=[("/",), ("",), ("../x",), ("/..",), ("a/..",), ("./.",), ("/a/b/../../..",)],
    make=lambda rng: (
        rng.choice(["", "/"])
        + "/".join(rng.choice(["a", "b", "..", ".", "c"]) for _ in range(rng.randint(3, 6))),
    ),
    holds=lambda path, answer: answer == _cleaned(path),
)
def clean_path(path: str) -> str:
    """Simplify the string path, whose parts are separated by slashes: several slashes count as one,
    a part . is dropped, and a part .. is dropped together with the part before it. A path that
    begins with a slash stays so, and there .. at the top is just dropped; in other paths, .. that
    has nothing to drop stays. Return what is left, without a slash at the end; but the top itself
    is / and an empty result is a single full stop.
    """
    kept: list[str] = []
    top = path.startswith("/")
    for part in path.split("/"):
        if part == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif (part == ".." and not top) or part not in ("", ".", ".."):
            kept.append(part)
    return ("/" if top else "") + "/".join(kept) or "."


def _cleaned(path: str) -> str:
    """Rewrite the text until nothing changes."""
    text, before = path + "/", ""
    while text != before:
        before = text
        text = re.sub(r"/+", "/", text)
        text = re.sub(r"(^|/)(\./)+", r"\1", text)
        text = re.sub(r"(^|/)(?!\.\./)[^/]+/\.\./", r"\1", text, count=1)
        text = re.sub(r"^/(\.\./)+", "/", text)
    if not path.startswith("/"):
        text = text.lstrip("/") if not path else text
    return (text.rstrip("/") if text != "/" or not path else "/") or "."


@parsing.problem(
    4,
    examples=[("name Ida\nwork\n  town Oslo\n  pay 5",), ("a\n  b\n    c 1\nd 2",)],
    edges=[("k v",), ("k",), ("x\n  y\n    z\n      w end",), ("p\n  q 1\nr\n  s 2",)],
    make=lambda rng: ("\n".join(_outline(rng, 0)),),
    holds=lambda text, answer: "\n".join(_indented(answer, 0)) == text,
)
def read_outline(text: str) -> dict[str, str | dict]:
    """Each line of the string text is a name, or a name, a space and a value without spaces. A line
    that is indented by two more spaces than a line without value before it belongs into that line.
    Return the text as a dictionary that maps names to values, and a name without value to the
    dictionary of what belongs into it (empty if nothing does). Names in one dictionary are
    different.
    """
    outer: dict[str, str | dict] = {}
    levels: list[dict[str, str | dict]] = [outer]
    for line in text.split("\n"):
        name, space, value = line.strip().partition(" ")
        depth = (len(line) - len(line.lstrip())) // 2
        inner: dict[str, str | dict] = {}
        levels[depth][name] = value if space else inner
        levels = [*levels[: depth + 1], inner]
    return outer


def _outline(rng: Random, depth: int) -> list[str]:
    lines: list[str] = []
    for name in rng.sample("abcdef", rng.randint(1, 3)):
        if depth < 3 and rng.random() < 0.5:
            lines += ["  " * depth + name, *_outline(rng, depth + 1)]
        else:
            lines.append("  " * depth + f"{name} {rng.randint(0, 99)}")
    return lines


def _indented(tree: dict[str, str | dict], depth: int) -> list[str]:
    lines: list[str] = []
    for key, value in tree.items():
        name = key.replace(" ", "?")
        if isinstance(value, dict):
            lines += ["  " * depth + name, *_indented(value, depth + 1)]
        else:
            lines.append("  " * depth + f"{name} {'?'.join(value.split())}")
    return lines


@parsing.problem(
    5,
    examples=[('{"a": [1, true], "b": "x"}',), ('[null, -4, "q"]',)],
    edges=[("{}",), ('""',), ("[[], {}]",), ('"a\\"b\\\\c"',), (' { "k" : [ ] } ',), ("12",)],
    make=lambda rng: (json.dumps(_value(rng, 2)),),
    holds=lambda text, answer: answer == _weight(json.loads(text)),
)
def count_values(text: str) -> dict[str, int]:
    """The string text is a valid JSON document without fractions and exponents. Return a dictionary
    that maps each of the words object, array, string, number, true, false and null that applies to
    how many values of this kind the document has, at any depth, the whole included. The keys of
    objects are no values. Solve it without a ready-made JSON reader.
    """
    import re

    tokens: list[str] = re.findall(r'"(?:[^"\\]|\\.)*"|-?\d+|true|false|null|[][{}:,]', text)
    counts: dict[str, int] = {}
    for at, part in enumerate(tokens):
        if part in ("]", "}", ":", ",") or tokens[at + 1 : at + 2] == [":"]:
            continue
        kind = {"{": "object", "[": "array", '"': "string"}.get(part[0], part)
        if part[0] in "-0123456789":
            kind = "number"
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def _value(rng: Random, depth: int) -> Json:
    if depth and rng.random() < 0.8:
        inner = [_value(rng, depth - 1) for _ in range(rng.randint(1, 3))]
        return inner if rng.random() < 0.5 else dict(zip("abc", inner, strict=False))
    return rng.choice(
        [None, True, False, rng.randint(-9, 99), letters(rng, alphabet='a"\\:[', most=4)]
    )


def _weight(value: Json) -> dict[str, int]:
    kinds = {dict: "object", list: "array", str: "string", int: "number"}
    inner: list[Json] = []
    if isinstance(value, dict | list):
        inner = list(value.values() if isinstance(value, dict) else value)
    counts = {kinds.get(type(value)) or json.dumps(value): 1}
    for part in inner:
        for kind, count in _weight(part).items():
            counts[kind] = counts.get(kind, 0) + count
    return counts
