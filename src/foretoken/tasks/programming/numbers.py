"""Problems about numbers: digits, divisors, remainders, fractions."""

import math
import re
from fractions import Fraction
from random import Random

from foretoken.tasks.programming.declare import Topic

numbers = Topic("numbers")


@numbers.problem(
    1,
    examples=[(493,), (70,)],
    edges=[(0,), (-15,), (10**20 + 7,)],
    make=lambda rng: (rng.randint(-(10**6), 10**9),),
    holds=lambda n, answer: answer == sum(map(int, str(abs(n)))),
)
def digit_sum(n: int) -> int:
    """Return the sum of the decimal digits of the integer n. The sign of n does not matter."""
    total, rest = 0, abs(n)
    while rest:
        rest, digit = divmod(rest, 10)
        total += digit
    return total


@numbers.problem(
    1,
    examples=[(1, 20, 3), (-10, 10, 4)],
    edges=[(5, 5, 5), (6, 5, 1), (0, 0, 7), (1, 10**12, 7)],
    make=lambda rng: (rng.randint(-50, 20), rng.randint(10, 90), rng.randint(1, 9)),
    holds=lambda low, high, k, answer: (
        answer == len([n for n in range(low, high + 1) if n % k == 0])
        if high < 10**6
        else answer == high // k
    ),
)
def count_multiples(low: int, high: int, k: int) -> int:
    """Return how many integers from low to high, both included, are divisible by k (k is at least
    1). Where low is above high there are none.
    """
    return max(0, high // k - (low - 1) // k)


@numbers.problem(
    1,
    examples=[(1234,), (-560,)],
    edges=[(0,), (7,), (-100,), (10**15 + 2,)],
    make=lambda rng: (rng.randint(-(10**6), 10**6),),
    holds=lambda n, answer: (
        answer * n >= 0 and str(abs(answer)) == str(abs(n))[::-1].lstrip("0") if n else answer == 0
    ),
)
def reverse_digits(n: int) -> int:
    """Return the integer n with its decimal digits in reverse order. The sign stays, and zeros that
    come to the front are dropped.
    """
    turned = int(str(abs(n))[::-1])
    return -turned if n < 0 else turned


@numbers.problem(
    1,
    examples=[([12, 18, 30],), ([7, 21],)],
    edges=[([],), ([0],), ([-8],), ([0, 0, 15],), ([-12, 16],)],
    make=lambda rng: ([rng.randint(1, 9) * 6 * rng.randint(1, 5) for _ in range(3)],),
    holds=lambda xs, answer: answer == math.gcd(*xs),
)
def common_measure(xs: list[int]) -> int:
    """Return the greatest common divisor of all integers of the list xs, which is never negative.
    For an empty list, and for one of zeros only, it is 0.
    """
    measure = 0
    for x in xs:
        a, b = measure, abs(x)
        while b:
            a, b = b, a % b
        measure = a
    return measure


@numbers.problem(
    2,
    examples=[(6,), (11,)],
    edges=[(1,), (2,), (27,), (97,)],
    make=lambda rng: (rng.randint(3, 400),),
    holds=lambda n, answer: _collatz(n, answer) == 1 and 1 not in _collatz_before(n, answer),
)
def collatz_steps(n: int) -> int:
    """Start from the positive integer n. In each step halve an even number, and replace an odd
    number m by 3 * m + 1. Return after how many steps 1 is first reached (0 if n is 1).
    """
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def _collatz(n: int, steps: int) -> int:
    for _ in range(steps):
        n = 3 * n + 1 if n % 2 else n // 2
    return n


def _collatz_before(n: int, steps: int) -> list[int]:
    return [_collatz(n, before) for before in range(steps)]


@numbers.problem(
    2,
    examples=[(60,), (77,)],
    edges=[(1,), (2,), (1024,), (9973,), (999983 * 2,)],
    make=lambda rng: (rng.randint(2, 5000),),
    holds=lambda n, answer: (
        math.prod(answer) == n
        and answer == sorted(answer)
        and all(p > 1 and all(p % d for d in range(2, math.isqrt(p) + 1)) for p in answer)
    ),
)
def prime_factors(n: int) -> list[int]:
    """Return the prime factors of the positive integer n as an ascending list, each as often as it
    divides n. For 1 the list is empty.
    """
    factors: list[int] = []
    divisor = 2
    while divisor * divisor <= n:
        while n % divisor == 0:
            factors.append(divisor)
            n //= divisor
        divisor += 1
    return [*factors, n] if n > 1 else factors


@numbers.problem(
    2,
    examples=[(255, 16), (-10, 2)],
    edges=[(0, 7), (1, 36), (35, 36), (-(10**18), 36)],
    make=lambda rng: (rng.randint(-9999, 99999), rng.randint(2, 36)),
    holds=lambda n, base, answer: (
        int(answer, base) == n
        and answer == answer.lower()
        and (answer == "0" or not answer.lstrip("-").startswith("0"))
    ),
)
def to_base(n: int, base: int) -> str:
    """Return the integer n written in a base from 2 to 36, with the digits 0 to 9 and then the
    small letters a to z. A negative number has a leading minus sign; there are no leading zeros.
    """
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    rest, written = abs(n), ""
    while rest:
        rest, digit = divmod(rest, base)
        written = digits[digit] + written
    return ("-" if n < 0 else "") + (written or "0")


@numbers.problem(
    2,
    examples=[(39,), (7,)],
    edges=[(0,), (10,), (277777788888899,), (10**30,)],
    make=lambda rng: (rng.choice([rng.randint(0, 99), rng.randint(10**3, 10**7)]),),
    holds=lambda n, answer: answer == (0 if n < 10 else 1 + _rounds(n)),
)
def product_rounds(n: int) -> int:
    """Replace the non-negative integer n by the product of its decimal digits, again and again,
    until one digit is left. Return how many times that was done.
    """
    rounds = 0
    while n >= 10:
        product = 1
        while n:
            n, digit = divmod(n, 10)
            product *= digit
        n = product
        rounds += 1
    return rounds


def _rounds(n: int) -> int:
    product = math.prod(int(digit) for digit in str(n))
    return 0 if product < 10 else 1 + _rounds(product)


@numbers.problem(
    2,
    examples=[(0b1110110,), (0b101,)],
    edges=[(0,), (1,), (2**40 - 1,), (2**70,)],
    make=lambda rng: (rng.getrandbits(rng.randint(3, 24)),),
    holds=lambda n, answer: (
        "1" * answer in f"{n:b}" and "1" * (answer + 1) not in f"{n:b}" and answer >= 0
    ),
)
def longest_one_run(n: int) -> int:
    """Return the length of the longest run of consecutive ones in the binary representation of the
    non-negative integer n.
    """
    best = run = 0
    while n:
        run = run + 1 if n % 2 else 0
        best = max(best, run)
        n //= 2
    return best


@numbers.problem(
    2,
    examples=[(10, 30), (90, 100)],
    edges=[(0, 1), (2, 2), (14, 16), (20, 10), (-9, 5)],
    make=lambda rng: (rng.randint(0, 300), rng.randint(100, 400)),
    holds=lambda low, high, answer: (
        answer
        == [p for p in range(max(2, low), high + 1) if not any(p % d == 0 for d in range(2, p))]
    ),
)
def primes_between(low: int, high: int) -> list[int]:
    """Return the ascending list of the primes p with low <= p <= high."""
    kept: list[int] = []
    for number in range(max(2, low), high + 1):
        divisor = 2
        while divisor * divisor <= number and number % divisor:
            divisor += 1
        if divisor * divisor > number:
            kept.append(number)
    return kept


@numbers.problem(
    2,
    examples=[(12,), (49,)],
    edges=[(1,), (2,), (9973,), (720720,)],
    make=lambda rng: (rng.randint(2, 3000),),
    holds=lambda n, answer: (
        answer == len({m for d in range(1, math.isqrt(n) + 1) if n % d == 0 for m in (d, n // d)})
    ),
)
def count_divisors(n: int) -> int:
    """Return how many positive integers divide the positive integer n, 1 and n included."""
    count, divisor = 1, 2
    while divisor * divisor <= n:
        exponent = 0
        while n % divisor == 0:
            n //= divisor
            exponent += 1
        count *= exponent + 1
        divisor += 1
    return count * 2 if n > 1 else count


@numbers.problem(
    3,
    examples=[(25,), (130,)],
    edges=[(0,), (4,), (5,), (10**18,)],
    make=lambda rng: (rng.randint(5, 600),),
    holds=lambda n, answer: (
        math.factorial(n) % 10**answer == 0 and math.factorial(n) % 10 ** (answer + 1) != 0
        if n < 1000
        else answer == sum(n // 5**k for k in range(1, 60))
    ),
)
def factorial_zeros(n: int) -> int:
    """Return how many zeros the decimal representation of n! (n factorial) ends with. n is not
    negative and can be very large.
    """
    zeros = 0
    while n:
        n //= 5
        zeros += n
    return zeros


@numbers.problem(
    3,
    examples=[(3, 7), (4, 8)],
    edges=[(1, 2), (0, 5), (-3, 11), (10**9 + 6, 10**9 + 7)],
    make=lambda rng: (rng.randint(1, 60), rng.randint(2, 60)),
    holds=lambda a, m, answer: (
        (0 < answer < m and a * answer % m == 1) if math.gcd(a, m) == 1 else answer == -1
    ),
)
def modular_inverse(a: int, m: int) -> int:
    """Return the x from 1 to m - 1 for which a * x leaves the remainder 1 when divided by m (m is
    at least 2). Where there is no such x, return -1.
    """
    old, new, left, right = a % m, m, 1, 0
    while new:
        quotient = old // new
        old, new = new, old - quotient * new
        left, right = right, left - quotient * right
    return left % m if old == 1 else -1


@numbers.problem(
    3,
    examples=[(36,), (35,)],
    edges=[(1,), (2,), (1024,), (10**6 + 3,)],
    make=lambda rng: (rng.randint(3, 900),),
    holds=lambda n, answer: (
        answer == sum(1 for k in range(1, n + 1) if math.gcd(k, n) == 1)
        if n < 2000
        else answer == n - 1
    ),
)
def totient(n: int) -> int:
    """Return how many of the integers from 1 to n have no common divisor with n other than 1. n is
    positive.
    """
    result, rest, divisor = n, n, 2
    while divisor * divisor <= rest:
        if rest % divisor == 0:
            result -= result // divisor
            while rest % divisor == 0:
                rest //= divisor
        divisor += 1
    return result - result // rest if rest > 1 else result


def _fractions(rng: Random) -> tuple[list[list[int]]]:
    return ([[rng.randint(-9, 9), rng.randint(1, 12)] for _ in range(rng.randint(2, 5))],)


@numbers.problem(
    3,
    examples=[([[1, 2], [1, 3]],), ([[3, 4], [-5, 6], [2, 1]],)],
    edges=[([],), ([[2, 4]],), ([[1, 3], [-1, 3]],), ([[1, 2]] * 4,)],
    make=_fractions,
    holds=lambda fractions, answer: (
        sum((Fraction(*pair) for pair in fractions), Fraction(0)) == Fraction(*answer)
        and answer[1] > 0
        and math.gcd(*answer) == 1
    ),
)
def add_fractions(fractions: list[list[int]]) -> list[int]:
    """Each entry of the list fractions is a pair [numerator, denominator] with a positive
    denominator. Return their sum as such a pair in lowest terms, with a positive denominator. The
    sum of no fractions is [0, 1].
    """
    from math import gcd

    top, bottom = 0, 1
    for numerator, denominator in fractions:
        top, bottom = top * denominator + numerator * bottom, bottom * denominator
    shared = gcd(top, bottom)
    return [top // shared, bottom // shared]


@numbers.problem(
    3,
    examples=[(1994,), (48,)],
    edges=[(1,), (4,), (3999,), (3888,)],
    make=lambda rng: (rng.randint(1, 3999),),
    holds=lambda n, answer: _roman_value(answer) == n and bool(re.fullmatch(_NUMERAL, answer)),
)
def to_roman(n: int) -> str:
    """Return the integer n, which lies between 1 and 3999, as a Roman numeral in capital letters,
    with the usual subtractive forms (IV, IX, XL, XC, CD, CM).
    """
    values = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
    signs = ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I")
    written = ""
    for value, sign in zip(values, signs, strict=True):
        count, n = divmod(n, value)
        written += sign * count
    return written


_NUMERAL = "M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})"


def _roman_value(numeral: str) -> int:
    values = [dict(zip("IVXLCDM", (1, 5, 10, 50, 100, 500, 1000), strict=True))[c] for c in numeral]
    return sum(-v if v < w else v for v, w in zip(values, [*values[1:], 0], strict=True))
