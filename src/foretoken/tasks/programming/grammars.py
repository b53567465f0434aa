"""Harder problems about parsing: expressions, small languages, nested formats."""

import re
from itertools import product
from random import Random

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import letters

parsing = Topic("parsing")


def _expression(rng: Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.2:
        return str(rng.randint(0, 20))
    left, right = (_expression(rng, depth - 1) for _ in range(2))
    text = f"{left} {rng.choice('+-*')} {right}"
    return f"({text})" if rng.random() < 0.4 else text


@parsing.problem(
    4,
    examples=[("2 + 3 * (4 - 1)",), ("10 - 4 - 3",)],
    edges=[("7",), ("((5))",), ("0*9",), ("1-(2-(3-4))",), ("1+1" + "+1" * 60,)],
    make=lambda rng: (_expression(rng, 3),),
    holds=lambda text, answer: answer == _by_rewriting(text.replace(" ", "")),
)
def calculate(text: str) -> int:
    """The string text is an expression of non-negative integers, +, -, * and round brackets,
    possibly with spaces. Return its value: brackets first, then * before + and -, and equal ones
    from left to right.
    """
    import re

    tokens = [*re.findall(r"\d+|[-+*()]", text), ")"]

    def total() -> int:
        value, sign = 0, 1
        while True:
            value += sign * factors()
            part = tokens.pop(0)
            if part == ")":
                return value
            sign = 1 if part == "+" else -1

    def factors() -> int:
        value = atom()
        while tokens[0] == "*":
            tokens.pop(0)
            value *= atom()
        return value

    def atom() -> int:
        part = tokens.pop(0)
        return total() if part == "(" else int(part)

    return total()


def _by_rewriting(text: str) -> int:
    """Replace the innermost bracket, then products, then sums, by their values; ~ is minus."""
    while "(" in text:
        text = re.sub(r"\(([^()]*)\)", lambda m: _flat(m[1]), text, count=1)
    return int(_flat(text).replace("~", "-"))


def _flat(text: str) -> str:
    for signs in ("[*]", "[-+]"):
        pattern = rf"(~?\d+)({signs})(~?\d+)"
        while match := re.search(pattern, text):
            a, b = (int(one.replace("~", "-")) for one in (match[1], match[3]))
            value = a * b if match[2] == "*" else a + b if match[2] == "+" else a - b
            text = text[: match.start()] + str(value).replace("-", "~") + text[match.end() :]
    return text


@parsing.problem(
    3,
    examples=[("3 4 + 2 *",), ("5 1 2 + 4 * + 2 -",)],
    edges=[("7",), ("-3 4 *",), ("2 3 4 * *",), ("1 2 - 3 -",)],
    make=lambda rng: (_postfix(rng, 3),),
    holds=lambda text, answer: answer == _fold_postfix(text.split())[0],
)
def calculate_postfix(text: str) -> int:
    """The string text is an expression in postfix form: integers and the signs +, - and *,
    separated by single spaces. A sign stands after its two operands, so that 3 4 - is 3 minus 4.
    Return the value.
    """
    stack: list[int] = []
    for part in text.split():
        if part in ("+", "-", "*"):
            right, left = stack.pop(), stack.pop()
            stack.append({"+": left + right, "-": left - right, "*": left * right}[part])
        else:
            stack.append(int(part))
    return stack[0]


def _postfix(rng: Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.15:
        return str(rng.randint(-9, 20))
    return f"{_postfix(rng, depth - 1)} {_postfix(rng, depth - 1)} {rng.choice('+-*')}"


def _fold_postfix(tokens: list[str]) -> tuple[int, list[str]]:
    """The value of the last operand of the tokens, and the tokens before it."""
    *rest, last = tokens
    if last not in ("+", "-", "*"):
        return int(last), rest
    right, rest = _fold_postfix(rest)
    left, rest = _fold_postfix(rest)
    return (left + right if last == "+" else left - right if last == "-" else left * right), rest


@parsing.problem(
    4,
    examples=[("H2O",), ("Ca(OH)2",)],
    edges=[("He",), ("Fe",), ("C60",), ("Mg(Al(OH)4)2",), ("(NH4)2SO4",), ("OHO",)],
    make=lambda rng: (_formula(rng, 2),),
    holds=lambda formula, answer: answer == _atoms(formula) and all(answer.values()),
)
def count_atoms(formula: str) -> dict[str, int]:
    """The string formula is a chemical formula. The name of an element is a capital letter,
    possibly with a small letter after it; a number after an element or after a part in round
    brackets says how often it is there (once if there is no number). Brackets may be nested. Return
    a dictionary that maps each element to the number of its atoms.
    """
    import re

    stack: list[dict[str, int]] = [{}]
    for name, bracket, digits in re.findall(r"(?:([A-Z][a-z]?)|([()]))(\d*)", formula):
        times = int(digits or 1)
        if name:
            stack[-1][name] = stack[-1].get(name, 0) + times
        elif bracket == "(":
            stack.append({})
        else:
            for inner, count in stack.pop().items():
                stack[-1][inner] = stack[-1].get(inner, 0) + count * times
    return stack[0]


def _formula(rng: Random, depth: int) -> str:
    parts = ""
    for _ in range(rng.randint(1, 3)):
        bracketed = depth and rng.random() < 0.4
        parts += (
            f"({_formula(rng, depth - 1)})"
            if bracketed
            else rng.choice(["H", "C", "O", "Na", "Cl"])
        )
        parts += rng.choice(["", "2", "3", "12"])
    return parts


def _atoms(formula: str) -> dict[str, int]:
    """Write every bracket out, then count."""
    while "(" in formula:
        formula = re.sub(
            r"\(([^()]*)\)(\d*)",
            lambda m: m[1] + "," + (m[1] + ",") * (int(m[2] or 1) - 1),
            formula,
            count=1,
        )
    counts: dict[str, int] = {}
    for name, digits in re.findall(r"([A-Z][a-z]?)(\d*)", formula):
        counts[name] = counts.get(name, 0) + int(digits or 1)
    return counts


@parsing.problem(
    4,
    examples=[("a and not b", ["a"]), ("a and b or c", ["b"])],
    edges=[
        ("x", ["x"]),
        ("not x", ["x"]),
        ("not not x", ["x"]),
        ("not ( a or b ) and c", ["c"]),
        ("a or b and c", ["a"]),
        ("( a or b ) and c", ["a"]),
    ],
    make=lambda rng: (_condition(rng, 2), rng.sample("abc", rng.randint(0, 3))),
    holds=lambda text, true, answer: answer is _truth(text, true),
)
def evaluate_condition(text: str, true: list[str]) -> bool:
    """The string text is a condition of names, and, or, not and round brackets, all separated by
    single spaces. A name is true if it is in the list true. not binds more closely than and, and
    and more closely than or. Return whether the condition is true.
    """
    tokens = [*text.split(), ")"]

    def either() -> bool:
        value = both()
        while tokens.pop(0) == "or":
            other = both()
            value = value or other
        return value

    def both() -> bool:
        value = single()
        while tokens[0] == "and":
            tokens.pop(0)
            other = single()
            value = value and other
        return value

    def single() -> bool:
        part = tokens.pop(0)
        if part == "not":
            return not single()
        return either() if part == "(" else part in true

    return either()


def _condition(rng: Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(["", "", "not "]) + rng.choice("abc")
    text = f"{_condition(rng, depth - 1)} {rng.choice(['and', 'or'])} {_condition(rng, depth - 1)}"
    return rng.choice(["", "not "]) + f"( {text} )" if rng.random() < 0.5 else text


def _truth(text: str, true: list[str]) -> bool:
    """Replace names by 1 and 0, then the closest parts by their values."""
    signs = [
        t if t in ("and", "or", "not", "(", ")") else str(int(t in true)) for t in text.split()
    ]
    line = " ".join(signs)
    rules = [(r"\( ([01]) \)", r"\1"), ("not 0", "1"), ("not 1", "0")]
    rules += [(f"(?<!not ){a} and {b}", str(int(a + b == "11"))) for a, b in product("01", "01")]
    rules += [
        (rf"(?<!and )(?<!not )\b{a} or {b}\b(?! and)", str(int("1" in a + b)))
        for a, b in product("01", "01")
    ]
    while len(line) > 1:
        for pattern, value in rules:
            shorter = re.sub(pattern, value, line, count=1)
            if shorter != line:
                line = shorter
                break
    return line == "1"


@parsing.problem(
    5,
    examples=[("set x 3\nadd x 4\nmul x x",), ("set n 3\nset s 0\nadd s n\nadd n -1\njump n -2",)],
    edges=[
        ("",),
        ("add y 2",),
        ("set a 5\njump b 2\nadd a 1",),
        ("jump z 5",),
        ("set a 1\njump a 2\nset a 9",),
    ],
    make=lambda rng: (_listing(rng),),
    holds=lambda program, answer: answer == _machine(program.split("\n") if program else [], 0, {}),
)
def run_program(program: str) -> dict[str, int]:
    """Execute the string program, one command per line, and return a dictionary of all variables
    that were set, added to or multiplied. An operand is an integer or a variable; variables that
    have no value yet are 0. set v o puts the operand o into the variable v; add v o adds o to v;
    mul v o multiplies v by o; jump v k goes on k lines further (backwards if the integer k is
    negative) if v is above 0, else with the next line. The program ends when there is no such line.
    """
    lines = [line.split() for line in program.split("\n") if line]
    values: dict[str, int] = {}
    at = 0
    while 0 <= at < len(lines):
        command, name, operand = lines[at]
        number = operand.lstrip("-").isdigit()
        value = int(operand) if number else values.get(operand, 0)
        here = values.get(name, 0)
        if command == "jump":
            at += value if here > 0 else 1
            continue
        values[name] = {"set": value, "add": here + value, "mul": here * value}[command]
        at += 1
    return values


def _listing(rng: Random) -> str:
    lines = [f"set {v} {rng.randint(1, 6)}" for v in "ab"]
    body = [
        f"{rng.choice(['add', 'mul'])} {rng.choice('cd')} {rng.choice(['2', 'a', 'b', 'c', '-3'])}"
        for _ in range(rng.randint(1, 3))
    ]
    loop = [*body, "add a -1", f"jump a -{len(body) + 1}"]
    return "\n".join([*lines, "set c 1", *loop, *rng.sample(body, 1)])


def _machine(lines: list[str], at: int, values: dict[str, int]) -> dict[str, int]:
    for _ in range(1000):
        match = (
            re.fullmatch(r"(\w+) (\w) (?:(-?\d+)|(\w))", lines[at])
            if 0 <= at < len(lines)
            else None
        )
        if match is None:
            break
        by = values.get(match[4], 0) if match[4] else int(match[3])
        old = values.get(match[2], 0)
        if match[1] == "jump":
            at += by if old > 0 else 1
        else:
            at += 1
            values[match[2]] = (
                by if match[1] == "set" else old + by if match[1] == "add" else old * by
            )
    return values


@parsing.problem(
    5,
    examples=[("ab*c", "abbbc"), ("x+y?", "yxx")],
    edges=[("", ""), ("a*", ""), ("a+", ""), (".*z", "xyz"), ("a?a?a?aaa", "aaa"), ("b", "")],
    make=lambda rng: (
        "".join(
            rng.choice("ab.") + rng.choice(["", "", "*", "+", "?"])
            for _ in range(rng.randint(2, 4))
        ),
        letters(rng, alphabet="ab", most=5),
    ),
    holds=lambda pattern, text, answer: answer is (re.fullmatch(pattern, text) is not None),
)
def pattern_matches(pattern: str, text: str) -> bool:
    """Return whether the string pattern matches the whole string text. In the pattern, a full stop
    stands for any one character and every letter for itself; a *, + or ? after one of these says
    that it comes any number of times, at least once, or at most once. Solve it without a ready-made
    engine.
    """
    places = {0}
    at = 0
    while at < len(pattern):
        sign, mode = pattern[at], pattern[at + 1 : at + 2]
        mode = mode if mode in ("*", "+", "?") else ""
        at += 1 + len(mode)
        fits = [sign in (char, ".") for char in text]
        once = {place + 1 for place in places if place < len(text) and fits[place]}
        reached = set(once)
        if mode in ("*", "+"):
            for place in range(len(text)):
                if place in reached and fits[place]:
                    reached.add(place + 1)
        places = reached | places if mode in ("*", "?") else reached
    return len(text) in places
