"""Harder problems about dates: calendars of all kinds, bookings, schedules."""

import calendar
from datetime import date, datetime, timedelta
from itertools import combinations
from random import Random

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import clock, day, span

dates = Topic("dates")


@dates.problem(
    3,
    examples=[("2024-12-30",), ("2023-06-15",)],
    edges=[("2021-01-01",), ("2020-12-31",), ("2026-01-01",), ("2023-01-02",)],
    make=lambda rng: (day(rng),),
    holds=lambda text, answer: (
        answer == "{}-W{:02d}".format(*date.fromisoformat(text).isocalendar()[:2])
    ),
)
def week_of_year(day: str) -> str:
    """Weeks begin on Monday. Week 1 of a year is the one that contains the first Thursday of the
    year, and a week belongs to the year in which its Thursday lies. Return the week of a day in the
    form YYYY-MM-DD as text such as 2024-W07, with two digits for the week.
    """
    from datetime import date, timedelta

    this = date.fromisoformat(day)
    thursday = this + timedelta(days=3 - this.weekday())
    week = (thursday - date(thursday.year, 1, 1)).days // 7 + 1
    return f"{thursday.year}-W{week:02d}"


@dates.problem(
    3,
    examples=[("1 d 2 h",), ("90 m",)],
    edges=[("",), ("0 s",), ("1 w 1 w",), ("1 s 1 m",), ("2 w 6 d 23 h 59 m 59 s",)],
    make=lambda rng: (
        " ".join(f"{rng.randint(1, 40)} {unit}" for unit in rng.sample("wdhms", rng.randint(2, 4))),
    ),
    holds=lambda text, answer: (
        timedelta(seconds=answer)
        == sum(
            (
                timedelta(**{_UNITS[u]: int(n)})
                for n, u in zip(text.split()[::2], text.split()[1::2], strict=True)
            ),
            timedelta(),
        )
    ),
)
def duration_seconds(text: str) -> int:
    """The string text is a duration: counts and units in turn, all separated by single spaces. The
    units are w (weeks), d (days), h (hours), m (minutes) and s (seconds), in any order and possibly
    repeated. Return the duration in seconds; the empty text is 0 seconds.
    """
    seconds = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
    parts = text.split()
    return sum(int(parts[at]) * seconds[parts[at + 1]] for at in range(0, len(parts), 2))


_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


@dates.problem(
    3,
    examples=[("2024-03-10T23:30", 120), ("2024-02-29T12:00", -1440)],
    edges=[
        ("2023-12-31T23:59", 1),
        ("2024-01-01T00:00", -1),
        ("2000-06-15T06:00", 0),
        ("2024-02-28T00:30", 1440),
    ],
    make=lambda rng: (f"{day(rng)}T{clock(rng)}", rng.randint(-5000, 5000)),
    holds=lambda moment, minutes, answer: (
        datetime.fromisoformat(answer) - datetime.fromisoformat(moment)
        == timedelta(minutes=minutes)
        and len(answer) == 16
    ),
)
def shift_moment(moment: str, minutes: int) -> str:
    """The string moment is a day and a time in the form YYYY-MM-DDTHH:MM. Return, in the same form,
    the moment that comes the given number of minutes later (earlier if minutes is negative). Summer
    time does not matter.
    """
    from datetime import date, timedelta

    day, _, clock = moment.partition("T")
    total = int(clock[:2]) * 60 + int(clock[3:]) + minutes
    days, rest = divmod(total, 1440)
    moved = date.fromisoformat(day) + timedelta(days=days)
    return f"{moved.isoformat()}T{rest // 60:02d}:{rest % 60:02d}"


@dates.problem(
    4,
    examples=[("2024-02-15", "2024-04-10"), ("2020-01-31", "2023-03-01")],
    edges=[
        ("2024-05-05", "2024-05-05"),
        ("2023-12-31", "2024-01-01"),
        ("2023-01-31", "2023-02-28"),
        ("2000-02-29", "2024-02-29"),
    ],
    make=lambda rng: span(rng, most=3000),
    holds=lambda first, last, answer: (
        len(answer) == 3
        and 0 <= answer[1] < 12
        and 0 <= answer[2] < 31
        and _later(first, 12 * answer[0] + answer[1]) + timedelta(days=answer[2])
        == date.fromisoformat(last)
        and _later(first, 12 * answer[0] + answer[1] + 1) > date.fromisoformat(last)
    ),
)
def calendar_distance(first: str, last: str) -> list[int]:
    """The strings first and last are days in the form YYYY-MM-DD, and last is not earlier. Return
    the list [years, months, days] of the time between them: count as many whole months from first
    as do not go beyond last (12 of them are a year), then the days that are left. A whole month
    leads to the same day of a later month, or to the month's last day if the month is too short.
    """
    from calendar import monthrange
    from datetime import date

    start, end = date.fromisoformat(first), date.fromisoformat(last)

    def later(months: int) -> date:
        year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
        return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))

    months = (end.year - start.year) * 12 + end.month - start.month
    if later(months) > end:
        months -= 1
    return [months // 12, months % 12, (end - later(months)).days]


def _later(text: str, months: int) -> date:
    start = date.fromisoformat(text)
    first = date(
        start.year + (start.month - 1 + months) // 12, (start.month - 1 + months) % 12 + 1, 1
    )
    length = calendar.monthrange(first.year, first.month)[1]
    return first.replace(day=min(start.day, length))


def _bookings(rng: Random) -> tuple[list[list[str]]]:
    return ([sorted((clock(rng), clock(rng))) for _ in range(rng.randint(2, 7))],)


@dates.problem(
    4,
    examples=[
        ([["09:00", "10:30"], ["10:00", "12:00"], ["11:00", "11:30"]],),
        ([["08:00", "09:00"], ["13:00", "14:00"]],),
    ],
    edges=[
        ([],),
        ([["10:00", "10:00"]],),
        ([["09:00", "10:00"], ["10:00", "11:00"]],),
        ([["00:00", "23:59"]] * 4,),
    ],
    make=_bookings,
    holds=lambda bookings, answer: (
        answer
        == max(
            (sum(s <= f"{m // 60:02d}:{m % 60:02d}" < e for s, e in bookings) for m in range(1440)),
            default=0,
        )
    ),
)
def rooms_needed(bookings: list[list[str]]) -> int:
    """Each entry of the list bookings is a pair [start, end] of times of one day in the form HH:MM,
    with start not later than end. A room is taken from the start until just before the end, so that
    another booking can start at that end, and a booking whose start is its end takes no room.
    Return the smallest number of rooms for all bookings.
    """
    changes = [(start, 1) for start, end in bookings if start < end]
    changes += [(end, -1) for start, end in bookings if start < end]
    most = taken = 0
    for _, change in sorted(changes):
        taken += change
        most = max(most, taken)
    return most


@dates.problem(
    4,
    examples=[([["09:00", "10:00"], ["12:00", "13:30"]], 60), ([["00:00", "20:00"]], 240)],
    edges=[
        ([], 1440),
        ([["00:00", "23:59"]], 5),
        ([["10:00", "11:00"], ["10:30", "12:00"]], 600),
        ([["00:00", "12:00"], ["12:00", "23:00"]], 30),
    ],
    make=lambda rng: (*_bookings(rng), rng.choice([30, 60, 120, 300])),
    holds=lambda busy, minutes, answer: (
        answer
        == next(
            (
                f"{m // 60:02d}:{m % 60:02d}"
                for m in range(1440 - minutes + 1)
                if not any(_minute(s) < m + minutes and m < _minute(e) for s, e in busy if s < e)
            ),
            "",
        )
    ),
)
def first_free_time(busy: list[list[str]], minutes: int) -> str:
    """Each entry of the list busy is a pair [start, end] of times of one day in the form HH:MM; one
    is busy from the start until just before the end. Pairs may overlap and are in no order. Return
    the earliest time, from 00:00 on, at which one is free for the given number of minutes (at least
    1), ending at 24:00 at the latest. If there is none, return an empty string.
    """

    def minute(time: str) -> int:
        return int(time[:2]) * 60 + int(time[3:])

    free = 0
    for start, end in sorted(busy):
        if start < end:
            if minute(start) - free >= minutes:
                break
            free = max(free, minute(end))
    return f"{free // 60:02d}:{free % 60:02d}" if free + minutes <= 1440 else ""


def _minute(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


@dates.problem(
    5,
    examples=[(2024,), (2025,)],
    edges=[(1900,), (1954,), (1981,), (2000,), (2285,)],
    make=lambda rng: (rng.randint(1800, 2300),),
    holds=lambda year, answer: answer == _easter(year),
)
def easter_sunday(year: int) -> str:
    """Return the date of Easter Sunday in the given year (1800 to 2300) of the Gregorian calendar,
    in the form YYYY-MM-DD. With all divisions rounded down and % for the remainder: a = year % 19,
    b = year / 100, c = year % 100, d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3, h =
    (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7, m =
    (a + 11 * h + 22 * l) / 451. Then (h + l - 7 * m + 114) / 31 is the month, and the day is one
    more than the remainder of that division.
    """
    a, century, within = year % 19, year // 100, year % 100
    shift = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * a + century - century // 4 - shift + 15) % 30
    sunday = (32 + 2 * (century % 4) + 2 * (within // 4) - moon - within % 4) % 7
    month, day = divmod(moon + sunday - 7 * ((a + 11 * moon + 22 * sunday) // 451) + 114, 31)
    return f"{year}-{month:02d}-{day + 1:02d}"


def _easter(year: int) -> str:
    """The rule of Gauss, in the form of Lichtenberg."""
    k = year // 100
    m = 15 + (3 * k + 3) // 4 - (8 * k + 13) // 25
    s = 2 - (3 * k + 3) // 4
    a = year % 19
    d = (19 * a + m) % 30
    r = (d + a // 11) // 29
    og = 21 + d - r
    sz = 7 - (year + year // 4 + s) % 7
    return (date(year, 3, 1) + timedelta(days=og + 7 - (og - sz) % 7 - 1)).isoformat()


@dates.problem(
    5,
    examples=[
        (
            [
                ["2024-03-01", "2024-03-05", 10],
                ["2024-03-04", "2024-03-08", 7],
                ["2024-03-06", "2024-03-09", 4],
            ],
        ),
        ([["2024-01-01", "2024-01-02", 3], ["2024-01-03", "2024-01-04", 5]],),
    ],
    edges=[
        ([],),
        ([["2024-05-05", "2024-05-05", 8]],),
        ([["2024-01-01", "2024-01-02", 3], ["2024-01-02", "2024-01-03", 5]],),
        (
            [["2024-01-01", "2024-12-31", 20]]
            + [[f"2024-{m:02d}-01", f"2024-{m:02d}-20", 2] for m in range(1, 13)],
        ),
    ],
    make=lambda rng: (
        [[*span(rng, most=9000), rng.randint(1, 20)] for _ in range(rng.randint(3, 6))],
    ),
    holds=lambda offers, answer: (
        answer
        == max(
            sum(o[2] for o in chosen)
            for size in range(len(offers) + 1)
            for chosen in combinations(offers, size)
            if all(a[1] < b[0] or b[1] < a[0] for a, b in combinations(chosen, 2))
        )
        if len(offers) < 9
        else answer == 24
    ),
)
def best_bookings(offers: list[list[str | int]]) -> int:
    """A house can be let to one party at a time. Each entry of the list offers is [first day, last
    day, payment], with days in the form YYYY-MM-DD; the house is taken on both of these days and on
    all between them. Return the largest total payment of offers that can be accepted together.
    """
    from bisect import bisect_left

    ordered = sorted(offers, key=lambda offer: str(offer[1]))
    ends = [str(offer[1]) for offer in ordered]
    best = [0]
    for at, (first, _, payment) in enumerate(ordered):
        before = bisect_left(ends, str(first), 0, at)
        best.append(max(best[-1], best[before] + int(payment)))
    return best[-1]


@dates.problem(
    5,
    examples=[("2024-01-31", "monthly", 3), ("2024-02-26", "weekdays", 5)],
    edges=[
        ("2024-02-29", "yearly", 4),
        ("2024-03-02", "weekdays", 1),
        ("2023-12-31", "monthly", 1),
        ("2024-05-01", "daily", 0),
    ],
    make=lambda rng: (
        day(rng),
        rng.choice(["daily", "weekdays", "monthly", "yearly"]),
        rng.randint(1, 6),
    ),
    holds=lambda start, rule, count, answer: answer == _occurrences(start, rule, count),
)
def repeated_days(start: str, rule: str, count: int) -> list[str]:
    """Return the first count days, in the form YYYY-MM-DD, on or after the day start that fit the
    string rule. daily: every day. weekdays: every day from Monday to Friday. monthly: days with the
    same number in their month as start; months that are too short are left out. yearly: days with
    the same number and month as start; years without this day are left out.
    """
    from datetime import date, timedelta

    first = date.fromisoformat(start)
    found: list[str] = []
    this = first
    while len(found) < count:
        fits = {
            "daily": True,
            "weekdays": this.weekday() < 5,
            "monthly": this.day == first.day,
            "yearly": (this.month, this.day) == (first.month, first.day),
        }
        if fits[rule]:
            found.append(this.isoformat())
        this += timedelta(days=1)
    return found


def _occurrences(start: str, rule: str, count: int) -> list[str]:
    """List far too many days as text, and keep those that fit."""
    first = date.fromisoformat(start).toordinal()
    if rule in ("daily", "weekdays"):
        days = [date.fromordinal(first + n) for n in range(2 * count + 4)]
        kept = [d.isoformat() for d in days if rule == "daily" or d.isoweekday() < 6]
        return kept[:count]
    year, day_number = int(start[:4]), int(start[8:])
    months = range(1, 13) if rule == "monthly" else [int(start[5:7])]
    texts = [
        f"{y:04d}-{m:02d}-{day_number:02d}"
        for y in range(year, year + 10 * count + 1)
        for m in months
        if day_number <= calendar.monthrange(y, m)[1]
    ]
    return [text for text in texts if text >= start][:count]
