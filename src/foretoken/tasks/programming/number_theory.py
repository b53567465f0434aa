"""Harder problems about numbers: congruences, expansions, counting without listing."""

import math
from fractions import Fraction

from foretoken.tasks.programming.declare import Topic

numbers = Topic("numbers")


@numbers.problem(
    3,
    examples=[(45, 16), (7, 3)],
    edges=[(5, 1), (0, 4), (3, 100), (-7, 3), (832040, 514229)],
    make=lambda rng: (rng.randint(1, 400), rng.randint(1, 90)),
    holds=lambda top, bottom, answer: (
        _expand(answer) == Fraction(top, bottom)
        and all(term > 0 for term in answer[1:])
        and (len(answer) == 1 or answer[-1] > 1)
    ),
)
def continued_fraction(top: int, bottom: int) -> list[int]:
    """Return the continued fraction of top / bottom (bottom is positive): the list [a, b, c, ...]
    with top / bottom = a + 1 / (b + 1 / (c + ...)). Every term is the integer part, rounded down,
    of what is left, so that all terms but the first are positive.
    """
    terms: list[int] = []
    while bottom:
        terms.append(top // bottom)
        top, bottom = bottom, top % bottom
    return terms


def _expand(terms: list[int]) -> Fraction:
    value = Fraction(terms[-1])
    for term in reversed(terms[:-1]):
        value = term + 1 / value
    return value


@numbers.problem(
    3,
    examples=[(7, 3), (10, 2)],
    edges=[(1, 5), (5, 1), (2, 2), (41, 100)],
    make=lambda rng: (rng.randint(2, 60), rng.randint(2, 12)),
    holds=lambda n, k, answer: answer == _last_standing(n, k),
)
def last_in_circle(n: int, k: int) -> int:
    """People with the numbers 1 to n stand in a circle. Counting starts at person 1, and every k-th
    person who is still there leaves, until one is left. Return that person's number.
    """
    place = 0
    for size in range(2, n + 1):
        place = (place + k) % size
    return place + 1


def _last_standing(n: int, k: int) -> int:
    circle, at = list(range(1, n + 1)), 0
    while len(circle) > 1:
        at = (at + k - 1) % len(circle)
        del circle[at]
    return circle[0]


@numbers.problem(
    3,
    examples=[(2, 3), (10, 1)],
    edges=[(0, 2), (1, 4), (49, 0), (2, 40), (10**12 + 1, 0)],
    make=lambda rng: (rng.randint(2, 500), rng.randint(0, 6)),
    holds=lambda n, places, answer: answer**2 <= n * 100**places < (answer + 1) ** 2,
)
def scaled_square_root(n: int, places: int) -> int:
    """Return the square root of the non-negative integer n, times 10 to the power places, rounded
    down to an integer. The result must be exact however many places are asked for.
    """
    target = n * 100**places
    low, high = 0, target + 1
    while high - low > 1:
        middle = (low + high) // 2
        if middle * middle <= target:
            low = middle
        else:
            high = middle
    return low


@numbers.problem(
    4,
    examples=[([[2, 3], [3, 5], [2, 7]],), ([[1, 4], [3, 6]],)],
    edges=[([],), ([[5, 9]],), ([[1, 2], [0, 4]],), ([[0, 6], [0, 10], [0, 15]],)],
    make=lambda rng: (
        [[rng.randint(0, 11) % m, m] for m in (rng.randint(2, 12) for _ in range(3))],
    ),
    holds=lambda rules, answer: (
        answer
        == next(
            (
                x
                for x in range(math.lcm(*(m for _, m in rules)))
                if all(x % m == r for r, m in rules)
            ),
            -1,
        )
    ),
)
def smallest_with_remainders(rules: list[list[int]]) -> int:
    """Each entry of rules is a pair [remainder, modulus]. Return the smallest non-negative integer
    that leaves every one of the remainders when divided by its modulus, or -1 if there is no such
    integer. Moduli may share divisors. Without rules the answer is 0.
    """
    from math import gcd, lcm

    value, step = 0, 1
    for remainder, modulus in rules:
        if (remainder - value) % gcd(step, modulus):
            return -1
        while value % modulus != remainder:
            value += step
        step = lcm(step, modulus)
    return value


@numbers.problem(
    4,
    examples=[(10, 7), (100, 1000)],
    edges=[(0, 5), (1, 1), (2, 2), (10**15, 10**9 + 7)],
    make=lambda rng: (rng.randint(3, 300), rng.randint(2, 5000)),
    holds=lambda n, m, answer: answer == _fibonacci(n) % m if n < 1000 else answer == 648325137,
)
def fibonacci_remainder(n: int, m: int) -> int:
    """The Fibonacci numbers start with F(0) = 0 and F(1) = 1, and each further one is the sum of
    the two before it. Return the remainder of F(n) when divided by m (m is at least 1). n can be as
    large as 10**15.
    """
    a, b = 0, 1
    for bit in f"{n:b}":
        a, b = a * (2 * b - a) % m, (a * a + b * b) % m
        if bit == "1":
            a, b = b, (a + b) % m
    return a % m


def _fibonacci(n: int) -> int:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


@numbers.problem(
    4,
    examples=[(13, 1), (250, 7)],
    edges=[(1, 1), (9, 9), (100, 2), (10**15 - 1, 5)],
    make=lambda rng: (rng.randint(10, 2500), rng.randint(1, 9)),
    holds=lambda n, digit, answer: (
        answer == "".join(map(str, range(1, n + 1))).count(str(digit))
        if n < 10**5
        else answer == 15 * 10**14
    ),
)
def count_digit(n: int, digit: int) -> int:
    """Write down all integers from 1 to n. Return how often the given digit (1 to 9) was written. n
    is positive and can be as large as 10**15.
    """
    total, place = 0, 1
    while place <= n:
        high, rest = divmod(n, place * 10)
        here, low = divmod(rest, place)
        total += high * place
        if here > digit:
            total += place
        elif here == digit:
            total += low + 1
        place *= 10
    return total


@numbers.problem(
    4,
    examples=[(4, 13), (6, 7)],
    edges=[(1, 2), (2, 2), (2, 3), (5, 121)],
    make=lambda rng: (rng.randint(2, 30), rng.randint(31, 60)),
    holds=lambda top, bottom, answer: (
        sum((Fraction(1, d) for d in answer), Fraction(0)) == Fraction(top, bottom)
        and all(
            d
            == math.ceil(
                1 / (Fraction(top, bottom) - sum((Fraction(1, e) for e in answer[:i]), Fraction(0)))
            )
            for i, d in enumerate(answer)
        )
    ),
)
def unit_fractions(top: int, bottom: int) -> list[int]:
    """Write the fraction top / bottom, which is above 0 and at most 1, as a sum of fractions with
    numerator 1: take the largest such fraction that is not above what is left, subtract it, and go
    on until nothing is left. Return the list of the denominators in the order of their use.
    """
    denominators: list[int] = []
    while top:
        denominator = -(-bottom // top)
        denominators.append(denominator)
        top, bottom = top * denominator - bottom, bottom * denominator
    return denominators


@numbers.problem(
    5,
    examples=[(3, 13, 17), (5, 8, 23)],
    edges=[(2, 1, 3), (1, 2, 5), (7, 6, 9), (5, 33, 10007)],
    make=lambda rng: (rng.randint(2, 20), rng.randint(1, 30), rng.choice([31, 37, 41, 43, 47])),
    holds=lambda base, target, modulus, answer: (
        answer == next((x for x in range(modulus) if pow(base, x, modulus) == target % modulus), -1)
    ),
)
def discrete_logarithm(base: int, target: int, modulus: int) -> int:
    """Return the smallest x >= 0 for which base to the power x and target leave the same remainder
    when divided by modulus, or -1 if there is no such x. base and modulus have no common divisor,
    and modulus is at least 2 and can be large, so that trying each x in turn is too slow.
    """
    from math import isqrt

    width = isqrt(modulus) + 1
    small: dict[int, int] = {}
    value = 1 % modulus
    for exponent in range(width):
        small.setdefault(value, exponent)
        value = value * base % modulus
    back = pow(pow(base, -1, modulus), width, modulus)
    value = target % modulus
    for giant in range(width + 1):
        if value in small:
            return giant * width + small[value]
        value = value * back % modulus
    return -1


@numbers.problem(
    5,
    examples=[(314159, 100000, 50), (7, 10, 4)],
    edges=[(0, 7, 3), (5, 1, 1), (1, 3, 3), (-22, 70, 6)],
    make=lambda rng: (rng.randint(1, 999), rng.randint(1, 999), rng.randint(1, 30)),
    holds=lambda top, bottom, limit, answer: (
        answer
        == min(
            (
                [n, d]
                for d in range(1, limit + 1)
                for n in (top * d // bottom, top * d // bottom + 1)
            ),
            key=lambda f: (abs(Fraction(*f) - Fraction(top, bottom)), f[1], f[0]),
        )
    ),
)
def nearest_fraction(top: int, bottom: int, limit: int) -> list[int]:
    """Among all fractions with a denominator from 1 to limit, find the one that is nearest to top /
    bottom (bottom is positive), and return it as [numerator, denominator] in lowest terms. Of two
    that are equally near take the one with the smaller denominator, and of two with the same
    denominator the smaller fraction.
    """
    from fractions import Fraction

    wanted = Fraction(top, bottom)
    best = Fraction(top // bottom)
    for denominator in range(1, limit + 1):
        floor = top * denominator // bottom
        for numerator in (floor, floor + 1):
            if abs(Fraction(numerator, denominator) - wanted) < abs(best - wanted):
                best = Fraction(numerator, denominator)
    return [best.numerator, best.denominator]
