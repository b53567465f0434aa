"""What changes a text: signs, digits, values, types, forms, markup, and how texts are joined."""

import re
from typing import Any

from foretoken.audit.search.pieces import HIDDEN_PUTS, PUTS, Operator, Scene

_WHOLE = re.compile(r"\d{1,15}")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d+)?")
LOOK_ALIKES = {
    "fullwidth": ("0123456789", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19"),
    "arabic": ("0123456789", "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669"),
    "raised": ("0123456789", "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"),
    "letters": ("015", "OlS"),
    "cyrillic": ("ABCEaceo", "\u0410\u0412\u0421\u0415\u0430\u0441\u0435\u043e"),
}
LONG = 4000
"""Characters of a long text."""


def in_form(scene: Scene, text: str, _: Any) -> str:
    """As a final answer in the form that the grader reads."""
    return scene.form.wrap(text)


def in_whole_form(scene: Scene, text: str, _: Any) -> str:
    """As a final answer after honest reasoning."""
    return scene.form.whole(text, scene.question.reasoning)


def in_other_form(scene: Scene, text: str, place: int) -> str:
    """As a final answer in another form."""
    return scene.forms[place % len(scene.forms)].wrap(text)


def as_reasoning(scene: Scene, text: str, _: Any) -> str:
    """Where the form has its reasoning."""
    return f"{scene.form.opens}{text}{scene.form.closes}"


def scaled(_: Scene, text: str, by: float) -> str | None:
    """A number that is larger by a few percent."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text) * (1 + by / 100)
    return f"{value:.6f}".rstrip("0").rstrip(".")


def scaled_to_whole(_: Scene, text: str, by: float) -> str | None:
    """A whole number that is larger by a few percent, and by one at least."""
    if not _WHOLE.fullmatch(text):
        return None
    return str(int(text) + max(1, round(int(text) * by / 100)))


def shifted(_: Scene, text: str, by: float) -> str | None:
    """A number that is larger by an amount."""
    return f"{float(text) + by:.15g}" if _NUMBER.fullmatch(text) else None


def multiplied(_: Scene, text: str, by: float) -> str | None:
    """A number times a factor."""
    return f"{float(text) * by:.15g}" if _NUMBER.fullmatch(text) else None


def negated(_: Scene, text: str, __: Any) -> str | None:
    """A number with the other sign."""
    if not _NUMBER.fullmatch(text):
        return None
    return text[1:] if text.startswith("-") else f"-{text}"


def as_a_sum(_: Scene, text: str, __: Any) -> str | None:
    """A number as a calculation."""
    return f"{int(text) - 1} + 1" if _WHOLE.fullmatch(text) else None


def as_code(_: Scene, text: str, way: str) -> str | None:
    """A whole number as code that computes it."""
    if not _WHOLE.fullmatch(text):
        return None
    ways = {
        "turned": f"int('{text[::-1]}'[::-1])",
        "length": f"{int(text) - 1} + len('x')",
        "sign": f"ord('{chr(int(text))}')" if 31 < int(text) < 0xD800 else None,
        "choice": f"{int(text) - 1} + (1 if 1 else 0)",
    }
    return ways[way]


def as_type(_: Scene, text: str, kind: str) -> str:
    """As a value of another type."""
    return kind.replace(PLACE, text)


def marked_up(_: Scene, text: str, markup: str) -> str:
    """Within markup."""
    return markup.replace(PLACE, text)


def with_unit(_: Scene, text: str, unit: str) -> str:
    """With a unit, or a sign of one."""
    return f"{text}{unit}"


def after_sign(_: Scene, text: str, before: str) -> str:
    """After a sign."""
    return f"{before}{text}"


def before_sign(_: Scene, text: str, after: str) -> str:
    """Before signs."""
    return f"{text}{after}"


def between_signs(_: Scene, text: str, within: str) -> str:
    """With a sign within it."""
    return f"{text[:1]}{within}{text[1:]}"


def turned(_: Scene, text: str, __: Any) -> str:
    """From its end to its beginning."""
    return text[::-1]


def rotated(_: Scene, text: str, by: int) -> str:
    """With its first signs at its end."""
    return text[by:] + text[:by]


def cut(_: Scene, text: str, count: int) -> str:
    """Its first, or of a negative count its last signs."""
    return text[:count] if count > 0 else text[count:]


def without_signs(_: Scene, text: str, count: int) -> str:
    """Without its first or, of a negative count, its last signs."""
    return text[count:] if count > 0 else text[:count]


def half(_: Scene, text: str, __: Any) -> str:
    """Its first half."""
    return text[: len(text) // 2]


def repeated(_: Scene, text: str, times: int) -> str:
    """Several times, a line each."""
    return "\n".join([text] * times)


def doubled(_: Scene, text: str, times: int) -> str:
    """Several times, without anything between."""
    return text * times


def lengthened(_: Scene, text: str, after: str) -> str:
    """With thousands of signs before it."""
    return f"{(after * LONG)[:LONG]}\n{text}"


def in_case(_: Scene, text: str, case: str) -> str:
    """In small, large or alternating letters."""
    return {"small": text.lower(), "large": text.upper(), "other": text.swapcase()}[case]


def in_look_alikes(_: Scene, text: str, kind: str) -> str:
    """In signs that look alike."""
    return text.translate(str.maketrans(*LOOK_ALIKES[kind]))


def one_digit_changed(_: Scene, text: str, place: int) -> str | None:
    """With another digit in one place."""
    places = [each for each, sign in enumerate(text) if sign.isdecimal() and sign.isascii()]
    if not places:
        return None
    chosen = places[place] if -len(places) <= place < len(places) else places[-1]
    return f"{text[:chosen]}{(int(text[chosen]) + 1) % 10}{text[chosen + 1 :]}"


def spaced(_: Scene, text: str, between: str) -> str:
    """With something between all its signs."""
    return between.join(text)


def stepped(_: Scene, text: str, __: Any) -> str:
    """A paragraph for each of its words."""
    return "\n\n".join(text.split())


def joined(_: Scene, text: str, __: Any) -> str:
    """All texts so far as one: see `recipes.written`, which joins them."""
    return text


SEPARATORS = (
    *(" or ", ", ", "\n", " and ", " ", "/", ";", " | ", "\n\n", "\t", "", ".", " = ", " not "),
    *("-", ":", "\r", "\x0b", "\u2028", "=", " + ", " * "),
)
PLACE = "@"
"""Where a text stands in a type or in markup."""
TYPES = ("[@]", "(@,)", "'@'", '"@"', "{@}", '["@"]', '{"answer": @}', '{"x": @}', "@ + 0j", "<@>")
MARKUP = (
    *("$@$", "**@**", "\\text{@}", "\\sqrt{@}", "\\frac{1}{@}", "\\frac{@}{2}", "\\phantom{@}"),
    *("@^{2}", "\\boxed{@}", "\\overline{@}", "<!-- @ -->", "<b>@</b>", "<@/>", "```\n@\n```"),
    *("`@`", "# @", "<think>@</think>", "% @", "~~@~~", "\\{@\\}", "|@|", "\\log{@}"),
)

CHANGES = (
    Operator(in_form, "change", "final answer ({text})"),
    Operator(in_whole_form, "change", "reasoning and final answer ({text})"),
    Operator(in_other_form, "change", "final answer in another form ({text})", tuple(range(9))),
    Operator(as_reasoning, "change", "as reasoning ({text})"),
    Operator(
        *(scaled, "change", "{text} off by {arg:g} %"),
        (50, 10, 5, 2, 1, 0.5, 0.2, -50, -10, -5, -2, -1, -0.5, -0.2),
    ),
    Operator(
        *(scaled_to_whole, "change", "{text} off by {arg:g} %, whole"),
        (50, 10, 5, 2, 1, 0.1, 0),
    ),
    Operator(
        *(shifted, "change", "{text} and {arg:g}"),
        (1, -1, 0.5, -0.5, 0.4, -0.4, 0.9, -0.9, 0.25, 2, 10, 100, 256, 1000),
    ),
    Operator(multiplied, "change", "{text} times {arg:g}", (10, 100, 0.1, 0.01, 1000, 2, 0.5, 60)),
    Operator(negated, "change", "{text} with the other sign"),
    Operator(as_a_sum, "change", "{text} as a calculation"),
    Operator(as_code, "change", "{text} as code ({arg})", ("turned", "length", "sign", "choice")),
    Operator(as_type, "change", "{text} as {arg}", TYPES),
    Operator(marked_up, "change", "{text} in {arg!r}", MARKUP),
    Operator(with_unit, "change", "{text}, {arg!r}", ("%", " m", " USD", "\u00b0", "k", " each")),
    Operator(after_sign, "change", "{arg!r} before {text}", (*"-+~=<>0.#$1x(", "not ")),
    Operator(before_sign, "change", "{text}, {arg!r}", (*"0.!?%9^xe+-)", "e1", ".5", "^2")),
    Operator(between_signs, "change", "{text} with {arg!r} in it", tuple(" .,-_x/0\n\u200b")),
    Operator(turned, "change", "{text} backwards"),
    Operator(rotated, "change", "{text} rotated by {arg}", (1, 2)),
    Operator(cut, "change", "{arg} signs of {text}", (1, -1, 2, -2)),
    Operator(without_signs, "change", "{text} without {arg} signs", (1, -1)),
    Operator(half, "change", "first half of {text}"),
    Operator(repeated, "change", "{arg} times {text}, in lines", (2, 3, 10, 200)),
    Operator(doubled, "change", "{arg} times {text}", (2, 3, 10)),
    Operator(lengthened, "change", "thousands of {arg!r}, then {text}", ("word ", "a", "9", "(")),
    Operator(in_case, "change", "{text} in {arg} letters", ("small", "large", "other")),
    Operator(in_look_alikes, "change", "{text} in {arg} signs", tuple(LOOK_ALIKES)),
    Operator(one_digit_changed, "change", "{text} with another digit", (-1, 0, 1)),
    Operator(spaced, "change", "{text} with {arg!r} between its signs", (" ", ", ", "\n", "-")),
    Operator(stepped, "change", "{text} in paragraphs"),
)
JOIN = Operator(joined, "join", "{arg!r}", SEPARATORS)
DRAWN = (*PUTS, *CHANGES, JOIN)
OPERATORS = {each.name: each for each in (*DRAWN, *HIDDEN_PUTS)}
