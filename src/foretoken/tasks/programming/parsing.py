"""Problems about parsing: lines, fields, numbers, formats."""

import re
from random import Random
from urllib.parse import parse_qsl

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import integers, words

parsing = Topic("parsing")


@parsing.problem(
    1,
    examples=[("3,14,15",), ("7, -2, 40",)],
    edges=[("",), ("5",), ("-1",), (" 8 ,9 , 10 ",)],
    make=lambda rng: (
        rng.choice([",", ", "]).join(map(str, integers(rng, least=2, low=-99, high=99))),
    ),
    holds=lambda text, answer: answer == [int(x) for x in re.findall(r"-?\d+", text)],
)
def read_numbers(text: str) -> list[int]:
    """The string text holds integers with commas between them, and possibly spaces around them.
    Return the list of the integers; for an empty text it is empty.
    """
    return [int(part) for part in text.split(",")] if text.strip() else []


@parsing.problem(
    1,
    examples=[("#ff8000",), ("#102030",)],
    edges=[("#000000",), ("#FFFFFF",), ("#00aA0f",)],
    make=lambda rng: (f"#{rng.getrandbits(24):06x}",),
    holds=lambda colour, answer: (
        "#{:02x}{:02x}{:02x}".format(*answer) == colour.lower() and len(answer) == 3
    ),
)
def read_colour(colour: str) -> list[int]:
    """The string colour is a # and six hexadecimal digits, small or capital: two each for red,
    green and blue. Return these three as a list of integers from 0 to 255.
    """
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


@parsing.problem(
    1,
    examples=[("name=Ida;town=Oslo",), ("a=1;b=2;c=3",)],
    edges=[("",), ("k=",), ("x=1;x=2",), ("formula=a=b",)],
    make=lambda rng: (";".join(f"{n}={rng.randint(0, 99)}" for n in words(rng, least=2, most=5)),),
    holds=lambda text, answer: answer == dict(re.findall(r"([^=;]+)=([^;]*)", text)),
)
def read_settings(text: str) -> dict[str, str]:
    """The string text holds settings of the form name=value with semicolons between them. Return a
    dictionary of the values as text. A name ends at the first =; of several settings with the same
    name the last one counts; an empty text has no settings.
    """
    settings: dict[str, str] = {}
    for part in text.split(";") if text else []:
        name, _, value = part.partition("=")
        settings[name] = value
    return settings


@parsing.problem(
    1,
    examples=[("/home/ida/notes.txt",), ("archive.tar.gz",)],
    edges=[("",), ("/",), ("README",), (".hidden",), ("/a.b/c",), ("dir/.config.json",)],
    make=lambda rng: (
        "/".join(words(rng, least=1, most=3)) + rng.choice([".txt", ".py", ".d/x", ".a.b"]),
    ),
    holds=lambda path, answer: (
        answer == (m[1] if (m := re.search(r"[^/]\.([^./]*)$", path)) else "")
    ),
)
def file_extension(path: str) -> str:
    """Return what follows the last full stop in the last part of the string path, whose parts are
    separated by slashes. If that part has no full stop, or only one at its very start, return an
    empty string.
    """
    name = path.rpartition("/")[2]
    stem, _, extension = name.rpartition(".")
    return extension if stem else ""


@parsing.problem(
    2,
    examples=[("MCMXCIV",), ("XLVIII",)],
    edges=[("I",), ("IV",), ("MMMCMXCIX",), ("DCLXVI",)],
    make=lambda rng: (_roman(rng.randint(1, 3999)),),
    holds=lambda numeral, answer: 0 < answer < 4000 and _roman(answer) == numeral,
)
def from_roman(numeral: str) -> int:
    """Return the value of the string numeral, a valid Roman numeral in capital letters between I
    (1) and MMMCMXCIX (3999).
    """
    values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    total = previous = 0
    for sign in reversed(numeral):
        value = values[sign]
        total += -value if value < previous else value
        previous = max(previous, value)
    return total


def _roman(n: int) -> str:
    places = ("I", "V", "X"), ("X", "L", "C"), ("C", "D", "M"), ("M", "?", "?")
    forms = ("", "0", "00", "000", "01", "1", "10", "100", "1000", "02")
    written = [
        "".join(place[int(sign)] for sign in forms[int(digit)])
        for place, digit in zip(places, reversed(str(n)), strict=False)
    ]
    return "".join(reversed(written))


@parsing.problem(
    2,
    examples=[("192.168.0.1",), ("10.0.0.256",)],
    edges=[
        ("",),
        ("1.2.3",),
        ("01.2.3.4",),
        ("0.0.0.1",),
        ("1.2.3.4.",),
        ("255.255.255.255",),
        ("a.b.c.d",),
    ],
    make=lambda rng: (".".join(str(rng.choice([0, 7, 99, 255, 255, 260])) for _ in range(4)),),
    holds=lambda text, answer: (
        answer is (len(parts := text.split(".")) == 4 and all(p in _BYTES for p in parts))
    ),
)
def is_address(text: str) -> bool:
    """Return whether the string text is four numbers from 0 to 255 with full stops between them.
    The numbers consist of digits 0 to 9 only and have no additional zeros in front.
    """
    parts = text.split(".")
    return len(parts) == 4 and all(
        part.isascii() and part.isdigit() and int(part) < 256 and str(int(part)) == part
        for part in parts
    )


_BYTES = frozenset(map(str, range(256)))


@parsing.problem(
    2,
    examples=[("a=1&b=two",), ("q=red+shoes&page=2&q=blue",)],
    edges=[("",), ("x=",), ("a=%41%42",), ("k=1%2B1",), ("m=50%25&m=%26",)],
    make=lambda rng: (
        "&".join(
            f"{rng.choice('abc')}={rng.choice(['x', 'y+z', '%21', '7'])}"
            for _ in range(rng.randint(2, 5))
        ),
    ),
    holds=lambda query, answer: (
        [(k, v) for k, vs in answer.items() for v in vs]
        == sorted(parse_qsl(query, keep_blank_values=True), key=lambda p: list(answer).index(p[0]))
        and all(answer.values())
    ),
)
def read_query(query: str) -> dict[str, list[str]]:
    """The string query holds pairs name=value with & between them. In values, + stands for a space,
    and % with two hexadecimal digits for the character with that number (at most 7F). Return a
    dictionary that maps each name to the list of its values in their order. An empty query has no
    names.
    """
    import re

    found: dict[str, list[str]] = {}
    for pair in query.split("&") if query else []:
        name, _, value = pair.partition("=")
        value = value.replace("+", " ")
        value = re.sub("%([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), value)
        found.setdefault(name, []).append(value)
    return found


@parsing.problem(
    2,
    examples=[("(a[b]{c})",), ("(a[b)]",)],
    edges=[("",), ("(",), ("}{",), ("no brackets",), ("((([[{}]])))",), (")",)],
    make=lambda rng: (_brackets(rng),),
    holds=lambda text, answer: answer is (_shrunk(re.sub(r"[^][(){}]", "", text)) == ""),
)
def brackets_match(text: str) -> bool:
    """Return whether the brackets ( ), [ ] and { } of the string text match: each opening one is
    closed by one of its kind, and what is opened later is closed earlier. Other characters do not
    matter.
    """
    partner = {")": "(", "]": "[", "}": "{"}
    waiting: list[str] = []
    for char in text:
        if char in "([{":
            waiting.append(char)
        elif char in partner and (not waiting or waiting.pop() != partner[char]):
            return False
    return not waiting


def _brackets(rng: Random) -> str:
    text = ""
    for _ in range(rng.randint(2, 4)):
        pair = rng.choice(["()", "[]", "{}", "x"])
        at = rng.randint(0, len(text))
        text = text[:at] + pair + text[at:]
    return text if rng.random() < 0.5 else text[1:] + text[:1]


def _shrunk(text: str) -> str:
    while (smaller := re.sub(r"\(\)|\[\]|\{\}", "", text)) != text:
        text = smaller
    return text


@parsing.problem(
    2,
    examples=[("1-3,7",), ("5,8-9,2",)],
    edges=[("",), ("4",), ("3-3",), ("9-11,10-12",), ("6,6,6",)],
    make=lambda rng: (
        ",".join(
            f"{a}-{a + rng.randint(0, 4)}" if rng.random() < 0.6 else str(a)
            for a in integers(rng, least=2, most=4, low=1, high=20)
        ),
    ),
    holds=lambda text, answer: (
        answer
        == [
            n
            for n in range(200)
            if any(int(p.split("-")[0]) <= n <= int(p.split("-")[-1]) for p in text.split(",") if p)
        ]
    ),
)
def read_pages(text: str) -> list[int]:
    """The string text lists page numbers (positive integers) and ranges such as 4-6, both ends
    included, with commas between them. Return the ascending list of all pages, each once. An empty
    text has no pages.
    """
    pages: set[int] = set()
    for part in text.split(",") if text else []:
        first, _, last = part.partition("-")
        pages.update(range(int(first), int(last or first) + 1))
    return sorted(pages)


@parsing.problem(
    2,
    examples=[("1.4.2", "1.10"), ("2.0.1", "2.0")],
    edges=[("1", "1.0.0"), ("0.9", "1"), ("1.02", "1.2"), ("10.0", "9.99")],
    make=lambda rng: (
        ".".join(map(str, integers(rng, least=1, most=3, low=0, high=2))),
        ".".join(map(str, integers(rng, least=1, most=3, low=0, high=2))),
    ),
    holds=lambda first, second, answer: (
        answer == ((a := _version(first)) > (b := _version(second))) - (a < b)
    ),
)
def compare_versions(first: str, second: str) -> int:
    """The strings first and second are version numbers: integers with full stops between them.
    Compare the first parts as integers, then the second ones, and so on; missing parts count as 0.
    Return -1 if first is lower, 1 if it is higher, and 0 if they are equal.
    """
    from itertools import zip_longest

    for a, b in zip_longest(first.split("."), second.split("."), fillvalue="0"):
        if int(a) != int(b):
            return -1 if int(a) < int(b) else 1
    return 0


def _version(text: str) -> int:
    """One number per version; no part reaches 1000."""
    parts = [*map(int, text.split(".")), 0, 0, 0][:3]
    return parts[0] * 10**6 + parts[1] * 10**3 + parts[2]
