"""Problems about text: counting, reshaping, comparing, searching."""

import itertools
import re
from collections import Counter

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import letters, words

strings = Topic("strings")


@strings.problem(
    1,
    examples=[("a quiet evening",), ("RHYTHM and blues",)],
    edges=[("",), ("xyz",), ("AEIOUaeiou",)],
    make=lambda rng: (" ".join(words(rng, least=1)).swapcase(),),
    holds=lambda text, answer: answer == len(re.findall("[aeiou]", text, re.IGNORECASE)),
)
def count_vowels(text: str) -> int:
    """Return how many characters of the string text are vowels: a, e, i, o, u, small or capital."""
    return sum(1 for char in text if char in "aeiouAEIOU")


@strings.problem(
    1,
    examples=[("one two three",), ("be kind",)],
    edges=[("",), ("alone",), ("  wide   gap ",)],
    make=lambda rng: (" ".join(words(rng, least=2)),),
    holds=lambda text, answer: answer.split() == text.split()[::-1] and "  " not in answer,
)
def reverse_words(text: str) -> str:
    """Return the words of the string text in reverse order, joined by single spaces. Words are
    separated by one or more spaces; spaces at either end do not count.
    """
    return " ".join(reversed(text.split()))


@strings.problem(
    1,
    examples=[("graph theory",), ("north of the river",)],
    edges=[("",), ("x",), ("a b c d",)],
    make=lambda rng: (" ".join(words(rng, least=1)),),
    holds=lambda text, answer: answer == "".join(re.findall(r"\b[a-z]", text)).upper(),
)
def initials(text: str) -> str:
    """Return the first letters of all words of the string text, as capitals and with nothing
    between them. The text has small letters and single spaces only.
    """
    return "".join(word[0].upper() for word in text.split())


@strings.problem(
    1,
    examples=[("level",), ("lever",)],
    edges=[("",), ("q",), ("Never odd or even",), ("ab",), ("No!",)],
    make=lambda rng: (letters(rng, alphabet="aB", most=5),),
    holds=lambda text, answer: (
        answer is all(a == b for a, b in zip(_plain(text), reversed(_plain(text)), strict=True))
    ),
)
def reads_same_backwards(text: str) -> bool:
    """Return whether the string text reads the same forwards and backwards when only its letters
    count and capitals equal small letters. A text without letters does.
    """
    kept = [char.lower() for char in text if char.isalpha()]
    return kept == kept[::-1]


def _plain(text: str) -> list[str]:
    return re.findall("[a-z]", text.lower())


@strings.problem(
    2,
    examples=[("aaabccd",), ("zzzz",)],
    edges=[("",), ("a",), ("abab",), ("b" * 120,)],
    make=lambda rng: (letters(rng, alphabet="ab", least=3),),
    holds=lambda text, answer: (
        "".join(char * count for char, count in answer) == text
        and all(count > 0 for _, count in answer)
        and all(a[0] != b[0] for a, b in itertools.pairwise(answer))
        and all(isinstance(run, list) for run in answer)
    ),
)
def run_lengths(text: str) -> list[list[str | int]]:
    """Return the runs of equal neighbouring characters of the string text, from left to right, each
    as a list [character, length].
    """
    runs: list[list[str | int]] = []
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or text[at] != text[start]:
            runs.append([text[start], at - start])
            start = at
    return runs


@strings.problem(
    2,
    examples=[("attack at dawn", 3), ("Zebra!", 1)],
    edges=[("", 5), ("xyz", -3), ("Hello, World", 52 + 13), ("42", 7)],
    make=lambda rng: (" ".join(words(rng, least=1, most=4)).title(), rng.randint(1, 25)),
    holds=lambda text, shift, answer: (
        len(answer) == len(text)
        and all(
            b == a
            if not a.isalpha()
            else (ord(b) - ord(a) - shift) % 26 == 0 and b.isalpha() and a.isupper() is b.isupper()
            for a, b in zip(text, answer, strict=True)
        )
    ),
)
def shift_letters(text: str, shift: int) -> str:
    """Replace each letter a to z of the string text by the one that stands shift places later in
    the alphabet, going on at a after z; shift may be negative. Capitals stay capitals, and all
    other characters stay as they are. Return the new string.
    """
    shifted = ""
    for char in text:
        if char.isalpha():
            first = ord("A") if char.isupper() else ord("a")
            shifted += chr((ord(char) - first + shift) % 26 + first)
        else:
            shifted += char
    return shifted


@strings.problem(
    2,
    examples=[("listen", "silent"), ("apple", "paper")],
    edges=[("", ""), ("a", ""), ("aab", "abb"), ("Dusty", "study"), ("abc", "cab")],
    make=lambda rng: (
        letters(rng, alphabet="ab", least=2, most=4),
        letters(rng, alphabet="ab", least=2, most=4),
    ),
    holds=lambda first, second, answer: answer is (Counter(first) == Counter(second)),
)
def same_letters(first: str, second: str) -> bool:
    """Return whether the strings first and second consist of the same characters, each equally
    often, in whatever order. Capitals differ from small letters.
    """
    return sorted(first) == sorted(second)


@strings.problem(
    2,
    examples=[(["flower", "flow", "flight"],), (["stream", "strong"],)],
    edges=[([],), (["same"],), (["", "x"],), (["dog", "cat"],), (["aa", "aa", "aaa"],)],
    make=lambda rng: (
        ["ab" * rng.randint(0, 2) + letters(rng, alphabet="ab", most=3) for _ in range(3)],
    ),
    holds=lambda texts, answer: (
        all(text.startswith(answer) for text in texts)
        and (not texts or len({text[: len(answer) + 1] for text in texts}) > 1 or answer in texts)
        and (bool(texts) or answer == "")
    ),
)
def shared_start(texts: list[str]) -> str:
    """Return the longest string that all strings of the list texts start with. For an empty list it
    is the empty string.
    """
    if not texts:
        return ""
    first, last = min(texts), max(texts)
    length = 0
    while length < min(len(first), len(last)) and first[length] == last[length]:
        length += 1
    return first[:length]


@strings.problem(
    2,
    examples=[("swiss",), ("noon moon",)],
    edges=[("",), ("x",), ("aabb",), ("aabbc",)],
    make=lambda rng: (letters(rng, alphabet="abcde", least=3, most=9),),
    holds=lambda text, answer: (
        (text.count(text[answer]) == 1 and all(text.count(c) > 1 for c in text[:answer]))
        if answer >= 0
        else answer == -1 and all(text.count(c) > 1 for c in text)
    ),
)
def first_unrepeated(text: str) -> int:
    """Return the index of the first character of the string text that occurs in it only once, or -1
    if there is none.
    """
    for index, char in enumerate(text):
        if text.count(char) == 1:
            return index
    return -1


@strings.problem(
    2,
    examples=[("parse_http_header",), ("total_sum",)],
    edges=[("",), ("x",), ("_private_name",), ("a__b",), ("___",)],
    make=lambda rng: ("_".join(words(rng, least=2, most=4)),),
    holds=lambda name, answer: (
        answer.lower() == name.replace("_", "")
        and sum(c.isupper() for c in answer) == max(0, len([p for p in name.split("_") if p]) - 1)
        and re.sub("([A-Z])", r"_\1", answer).lower() == "_".join(p for p in name.split("_") if p)
    ),
)
def camel_case(name: str) -> str:
    """Turn the string name (small letters and underscores) into camel case and return it: drop the
    underscores, and start each word but the first with a capital. Several underscores together
    count as one, and those at either end are only dropped.
    """
    parts = [part for part in name.split("_") if part]
    return "".join(parts[:1] + [part.capitalize() for part in parts[1:]])


@strings.problem(
    3,
    examples=[("the quick brown fox jumps", 10), ("to be or not to be", 6)],
    edges=[("", 4), ("word", 4), ("a b c", 1), ("longer than the width", 3)],
    make=lambda rng: (" ".join(words(rng, least=3)), rng.randint(6, 16)),
    holds=lambda text, width, answer: (
        " ".join(answer).split() == text.split()
        and all(len(line) <= width or " " not in line for line in answer)
        and all(len(a) + 1 + len(b.split()[0]) > width for a, b in itertools.pairwise(answer))
    ),
)
def wrap_words(text: str, width: int) -> list[str]:
    """Break the string text, whose words are separated by single spaces, into lines: put as many
    words on each line as fit into width characters, with single spaces between them. A word that is
    longer than width stands on a line of its own. Return the list of the lines.
    """
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


@strings.problem(
    3,
    examples=[("abcabcbb",), ("abcdab",)],
    edges=[("",), ("a",), ("zzzz",), ("abcdefghij" * 20,)],
    make=lambda rng: (letters(rng, alphabet="abcdef", least=4, most=16),),
    holds=lambda text, answer: (
        answer
        == max(
            (
                j - i
                for i in range(len(text))
                for j in range(i + 1, min(len(text), i + 11) + 1)
                if len(set(text[i:j])) == j - i
            ),
            default=0,
        )
    ),
)
def longest_without_repeat(text: str) -> int:
    """Return the length of the longest piece of consecutive characters of the string text in which
    no character occurs twice.
    """
    last: dict[str, int] = {}
    best = start = 0
    for at, char in enumerate(text):
        start = max(start, last.get(char, -1) + 1)
        last[char] = at
        best = max(best, at + 1 - start)
    return best


@strings.problem(
    3,
    examples=[("babadx",), ("forgeeksskeegfor",)],
    edges=[("",), ("z",), ("ab",), ("aaaa",), ("abcba" * 8,)],
    make=lambda rng: (letters(rng, alphabet="abc", least=4, most=14),),
    holds=lambda text, answer: answer == max(_mirrored(text), key=len, default=""),
)
def longest_mirrored(text: str) -> str:
    """Return the longest piece of consecutive characters of the string text that reads the same
    forwards and backwards. Of several equally long ones return the one that starts first.
    """
    best = ""
    for center in range(2 * len(text)):
        left, right = center // 2 - 1 + center % 2, center // 2 + 1
        while left >= 0 and right < len(text) and text[left] == text[right]:
            left, right = left - 1, right + 1
        if right - left - 1 > len(best):
            best = text[left + 1 : right]
    return best


def _mirrored(text: str) -> list[str]:
    pieces = [text[i:j] for i in range(len(text)) for j in range(i + 1, len(text) + 1)]
    return [piece for piece in pieces if piece == piece[::-1]]


@strings.problem(
    3,
    examples=[("abcabcab",), ("ababa",)],
    edges=[("",), ("q",), ("ab",), ("aaaaa",), ("ab" * 60,)],
    make=lambda rng: (letters(rng, alphabet="ab", least=1, most=3) * rng.randint(1, 4),),
    holds=lambda text, answer: (
        answer
        == next(
            (
                p
                for p in range(1, len(text))
                if all(text[i] == text[i + p] for i in range(len(text) - p))
            ),
            len(text),
        )
    ),
)
def smallest_period(text: str) -> int:
    """Return the smallest p >= 1 such that each character of the string text equals the one that
    stands p places later, wherever there is one. For an empty text return 0.
    """
    border = [0] * len(text)
    for at in range(1, len(text)):
        length = border[at - 1]
        while length and text[at] != text[length]:
            length = border[length - 1]
        border[at] = length + 1 if text[at] == text[length] else 0
    return len(text) - border[-1] if text else 0


@strings.problem(
    3,
    examples=[("cab",), ("banana",)],
    edges=[("",), ("x",), ("zzz",), ("edcba",)],
    make=lambda rng: ("".join(sorted(letters(rng, least=3, most=5), reverse=rng.random() < 0.3)),),
    holds=lambda text, answer: (
        answer == sorted(set(map("".join, itertools.permutations(text)))).index(text)
    ),
)
def arrangement_rank(text: str) -> int:
    """Sort all different arrangements of the characters of the string text alphabetically. Return
    how many of them come before text itself.
    """
    from math import factorial

    rank = 0
    for at, char in enumerate(text):
        rest = text[at:]
        for smaller in sorted(set(rest)):
            if smaller >= char:
                break
            left = rest.replace(smaller, "", 1)
            count = factorial(len(left))
            for other in set(left):
                count //= factorial(left.count(other))
            rank += count
    return rank
