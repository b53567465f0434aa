"""Harder problems about text: distances, patterns, compressed and woven texts."""

import itertools
import re
from random import Random

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import letters

strings = Topic("strings")


@strings.problem(
    2,
    examples=[("karolin", "kathrin"), ("night", "nights")],
    edges=[("", ""), ("", "abc"), ("same", "same"), ("ab", "ba")],
    make=lambda rng: (letters(rng, alphabet="abc", least=3), letters(rng, alphabet="abc", least=3)),
    holds=lambda first, second, answer: (
        answer == sum(a != b for a, b in itertools.zip_longest(first, second))
    ),
)
def count_differences(first: str, second: str) -> int:
    """Lay the strings first and second over each other from their starts. Return at how many places
    they differ; where one is longer, each of its additional places counts.
    """
    shared = min(len(first), len(second))
    differing = sum(1 for at in range(shared) if first[at] != second[at])
    return differing + max(len(first), len(second)) - shared


@strings.problem(
    3,
    examples=[("abcde", "ace"), ("abcde", "aec")],
    edges=[("", ""), ("abc", ""), ("", "a"), ("aab", "abb"), ("aXbXc", "abc")],
    make=lambda rng: (
        letters(rng, alphabet="abc", least=4),
        letters(rng, alphabet="abc", least=2, most=4),
    ),
    holds=lambda text, part, answer: answer is bool(re.search(".*".join(part), text)),
)
def contains_in_order(text: str, part: str) -> bool:
    """Return whether all characters of the string part occur in the string text in the same order,
    with any other characters between them.
    """
    at = 0
    for char in text:
        if at < len(part) and char == part[at]:
            at += 1
    return at == len(part)


@strings.problem(
    3,
    examples=[("abababa", "aba"), ("mississippi", "issi")],
    edges=[("", "a"), ("aaaa", "aa"), ("abc", "abcd"), ("abc", "d")],
    make=lambda rng: (
        letters(rng, alphabet="ab", least=6, most=16),
        letters(rng, alphabet="ab", least=1, most=3),
    ),
    holds=lambda text, pattern, answer: (
        answer == [m.start() for m in re.finditer(f"(?={re.escape(pattern)})", text)]
    ),
)
def find_all(text: str, pattern: str) -> list[int]:
    """Return the ascending list of all indices at which the string pattern, which is not empty,
    starts in the string text. Occurrences may overlap.
    """
    length = len(pattern)
    return [at for at in range(len(text) - length + 1) if text[at : at + length] == pattern]


@strings.problem(
    3,
    examples=[("PAYPALISHIRING", 3), ("ABCDEF", 2)],
    edges=[("", 3), ("AB", 1), ("ABC", 5), ("ABCDEFGHIJ", 4)],
    make=lambda rng: (letters(rng, alphabet="ABCDEFGH", least=5, most=15), rng.randint(2, 5)),
    holds=lambda text, rows, answer: (
        answer
        == "".join(text[i] for i in sorted(range(len(text)), key=lambda i: (_row(i, rows), i)))
    ),
)
def zigzag(text: str, rows: int) -> str:
    """Write the string text in a zigzag over a number of rows: the first character in the top row,
    each next one a row lower, down to the bottom row, then upwards again to the top, and so on.
    Return what can be read row by row, from top to bottom. rows is at least 1.
    """
    lines = [""] * rows
    row, step = 0, 1
    for char in text:
        lines[row] += char
        if rows > 1:
            if row + step not in range(rows):
                step = -step
            row += step
    return "".join(lines)


def _row(index: int, rows: int) -> int:
    period = max(1, 2 * rows - 2)
    return min(index % period, period - index % period) if rows > 1 else 0


@strings.problem(
    4,
    examples=[("kitten", "sitting"), ("flaw", "lawn")],
    edges=[("", ""), ("", "abc"), ("same", "same"), ("ab" * 10, "ba" * 10)],
    make=lambda rng: (
        letters(rng, alphabet="abc", least=2, most=6),
        letters(rng, alphabet="abc", least=2, most=6),
    ),
    holds=lambda first, second, answer: answer == _edits(first, second, {}),
)
def edit_distance(first: str, second: str) -> int:
    """Return the smallest number of steps that turn the string first into the string second. One
    step inserts a character, deletes one, or replaces one by another.
    """
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        before, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def _edits(first: str, second: str, known: dict[tuple[str, str], int]) -> int:
    if not first or not second:
        return len(first) + len(second)
    if (first, second) not in known:
        known[first, second] = min(
            _edits(first[1:], second, known) + 1,
            _edits(first, second[1:], known) + 1,
            _edits(first[1:], second[1:], known) + (first[0] != second[0]),
        )
    return known[first, second]


def _wildcards(rng: Random) -> tuple[str, str]:
    return letters(rng, alphabet="ab", most=7), letters(rng, alphabet="ab?**", least=2, most=5)


@strings.problem(
    4,
    examples=[("report.txt", "*.txt"), ("data12", "data?")],
    edges=[("", ""), ("", "*"), ("abc", "a?c"), ("", "?"), ("a" * 30 + "b", "*a*a*a*a*c")],
    make=_wildcards,
    holds=lambda text, pattern, answer: (
        answer
        is bool(re.fullmatch(re.escape(pattern).replace(r"\?", ".").replace(r"\*", ".*"), text))
    ),
)
def wildcard_matches(text: str, pattern: str) -> bool:
    """Return whether the string pattern matches all of the string text. In the pattern a question
    mark stands for exactly one character and a star for any number of characters, none included;
    every other character stands for itself.
    """
    reach = [True] + [False] * len(text)
    for sign in pattern:
        if sign == "*":
            for at in range(1, len(reach)):
                reach[at] = reach[at] or reach[at - 1]
        else:
            reach = [False] + [reach[at] and sign in ("?", char) for at, char in enumerate(text)]
    return reach[-1]


def _nested(rng: Random, depth: int = 2) -> str:
    parts: list[str] = []
    for _ in range(rng.randint(1, 3)):
        if depth and rng.random() < 0.5:
            parts.append(f"{rng.randint(1, 12 if depth == 2 else 3)}[{_nested(rng, depth - 1)}]")
        else:
            parts.append(letters(rng, alphabet="xyz", least=1, most=2))
    return "".join(parts)


@strings.problem(
    4,
    examples=[("3[a]2[bc]",), ("2[x3[y]]z",)],
    edges=[("",), ("abc",), ("10[a]",), ("0[abc]d",), ("2[2[2[2[k]]]]",)],
    make=lambda rng: (f"{rng.randint(2, 4)}[{_nested(rng)}]",),
    holds=lambda text, answer: answer == _unpacked(text),
)
def expand(text: str) -> str:
    """In the string text, a number followed by a part in square brackets stands for that part
    repeated so many times: 3[ab] is ababab. Brackets may be nested; everything else is letters that
    stand for themselves. Return the text written out.
    """
    stack: list[tuple[str, int]] = []
    written, count = "", 0
    for char in text:
        if char.isdigit():
            count = count * 10 + int(char)
        elif char == "[":
            stack.append((written, count))
            written, count = "", 0
        elif char == "]":
            before, times = stack.pop()
            written = before + written * times
        else:
            written += char
    return written


def _unpacked(text: str) -> str:
    while "[" in text:
        text = re.sub(r"(\d+)\[([a-z]*)\]", lambda m: m[2] * int(m[1]), text)
    return text


@strings.problem(
    5,
    examples=[("ADOBECODEBANC", "ABC"), ("xyazb", "yz")],
    edges=[("", "a"), ("a", "aa"), ("abc", "d"), ("bba", "ab"), ("ab" * 30 + "c", "cab")],
    make=lambda rng: (
        letters(rng, alphabet="abc", least=5),
        letters(rng, alphabet="abc", least=1, most=3),
    ),
    holds=lambda text, needed, answer: (
        answer
        == min(
            (
                text[i:j]
                for i in range(len(text))
                for j in range(i + 1, len(text) + 1)
                if all(text[i:j].count(c) >= needed.count(c) for c in needed)
            ),
            key=len,
            default="",
        )
    ),
)
def smallest_window(text: str, needed: str) -> str:
    """Return the shortest piece of consecutive characters of the string text that contains every
    character of the string needed, at least as often as needed does. Of several equally short ones
    return the one that starts first; where there is none, return an empty string. needed is not
    empty.
    """
    from collections import Counter

    missing, lacking = Counter(needed), len(needed)
    best, start = "", 0
    for end, char in enumerate(text, start=1):
        lacking -= missing[char] > 0
        missing[char] -= 1
        while lacking == 0:
            if not best or end - start < len(best):
                best = text[start:end]
            missing[text[start]] += 1
            lacking += missing[text[start]] > 0
            start += 1
    return best


@strings.problem(
    5,
    examples=[("banana",), ("mississippi",)],
    edges=[("",), ("a",), ("abcd",), ("aaaa",), ("ab" * 20,)],
    make=lambda rng: (letters(rng, alphabet="abc", least=4, most=14),),
    holds=lambda text, answer: (
        answer
        == min(
            (p for p in _pieces(text) if len(re.findall(f"(?={p})", text)) > 1),
            key=lambda p: (-len(p), p),
            default="",
        )
    ),
)
def longest_repeated(text: str) -> str:
    """Return the longest string that starts at two different places or more in the string text; the
    occurrences may overlap. Of several equally long ones return the alphabetically first. Where no
    character repeats, return an empty string.
    """
    from itertools import pairwise

    best = ""
    suffixes = sorted(text[at:] for at in range(len(text)))
    for first, second in pairwise(suffixes):
        length = 0
        while length < min(len(first), len(second)) and first[length] == second[length]:
            length += 1
        if length > len(best):
            best = first[:length]
    return best


def _pieces(text: str) -> set[str]:
    return {text[i:j] for i in range(len(text)) for j in range(i + 1, len(text) + 1)}
