"""Problems about dates and times of day: calendars, durations, clocks."""

import calendar
from datetime import date, datetime, timedelta

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import clock, day, span

dates = Topic("dates")

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dates.problem(
    1,
    examples=[(2024,), (2023,)],
    edges=[(1900,), (2000,), (2100,), (1,), (4,)],
    make=lambda rng: (rng.choice([4 * rng.randint(1, 600), rng.randint(1, 2400)]),),
    holds=lambda year, answer: answer is calendar.isleap(year),
)
def is_leap_year(year: int) -> bool:
    """Return whether the given year of the Gregorian calendar is a leap year: it is divisible by 4,
    and not by 100 unless by 400.
    """
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@dates.problem(
    1,
    examples=[("2024-03-15", "2024-04-01"), ("2023-12-25", "2023-12-20")],
    edges=[
        ("2024-02-28", "2024-03-01"),
        ("2020-01-01", "2020-01-01"),
        ("1900-01-01", "2100-01-01"),
    ],
    make=lambda rng: (day(rng), day(rng)),
    holds=lambda first, second, answer: (
        date.fromisoformat(first) + timedelta(days=answer) == date.fromisoformat(second)
    ),
)
def days_between(first: str, second: str) -> int:
    """The strings first and second are days in the form YYYY-MM-DD. Return the number of days from
    the first to the second, negative if the second is earlier.
    """
    from datetime import date

    return (date.fromisoformat(second) - date.fromisoformat(first)).days


@dates.problem(
    1,
    examples=[("2024-07-04",), ("1999-12-31",)],
    edges=[("2000-02-29",), ("1900-03-01",), ("2100-01-01",)],
    make=lambda rng: (day(rng),),
    holds=lambda day_text, answer: answer == _WEEKDAYS[date.fromisoformat(day_text).weekday()],
)
def weekday_name(day: str) -> str:
    """Return the English name of the weekday, such as Monday, of a day in the form YYYY-MM-DD."""
    year, month, number = (int(part) for part in day.split("-"))
    if month < 3:
        year, month = year - 1, month + 12
    shift = (13 * (month + 1)) // 5 + year + year // 4 - year // 100 + year // 400
    names = ("Saturday", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    return names[(number + shift) % 7]


@dates.problem(
    1,
    examples=[(3725,), (86399,)],
    edges=[(0,), (59,), (60,), (3600,), (360000,)],
    make=lambda rng: (rng.randint(0, 100000),),
    holds=lambda seconds, answer: (
        sum(int(p) * u for p, u in zip(answer.split(":"), (3600, 60, 1), strict=True)) == seconds
        and all(len(p) == 2 and int(p) < 60 for p in answer.split(":")[1:])
        and len(answer.split(":")[0]) == max(2, len(str(seconds // 3600)))
    ),
)
def clock_text(seconds: int) -> str:
    """Return the duration of the given number of seconds, which is not negative, in the form
    HH:MM:SS. Each part has at least two digits, and hours may have more.
    """
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}"


@dates.problem(
    1,
    examples=[(2024, 2), (2023, 11)],
    edges=[(2023, 2), (1900, 2), (2000, 2), (2024, 12), (2024, 1)],
    make=lambda rng: (rng.randint(1890, 2110), rng.choice([2, 2, 4, 6, 9, 11, 8])),
    holds=lambda year, month, answer: answer == calendar.monthrange(year, month)[1],
)
def days_in_month(year: int, month: int) -> int:
    """Return the number of days of the given month (1 to 12) in the given year of the Gregorian
    calendar.
    """
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@dates.problem(
    2,
    examples=[("2024-01-31", 30), ("2023-03-01", -1)],
    edges=[("2024-02-28", 1), ("2000-01-01", 36525), ("2023-12-31", 1), ("2024-03-01", -366)],
    make=lambda rng: (day(rng), rng.randint(-900, 900)),
    holds=lambda start, days, answer: (
        (date.fromisoformat(answer) - date.fromisoformat(start)).days == days and len(answer) == 10
    ),
)
def shift_day(start: str, days: int) -> str:
    """The string start is a day in the form YYYY-MM-DD. Return, in the same form, the day that
    comes the given number of days later, or earlier if days is negative.
    """
    from datetime import date, timedelta

    return (date.fromisoformat(start) + timedelta(days=days)).isoformat()


@dates.problem(
    2,
    examples=[("09:30", "17:15"), ("22:00", "06:30")],
    edges=[("00:00", "23:59"), ("12:00", "12:00"), ("23:59", "00:00"), ("00:01", "00:00")],
    make=lambda rng: (clock(rng), clock(rng)),
    holds=lambda start, end, answer: (
        (datetime.fromisoformat(f"2001-01-01T{start}") + timedelta(minutes=answer)).strftime(
            "%H:%M"
        )
        == end
        and 0 <= answer < 1440
    ),
)
def minutes_until(start: str, end: str) -> int:
    """The strings start and end are times of day in the form HH:MM, on a clock with 24 hours.
    Return after how many minutes end comes for the first time when it is start now; 0 if they are
    equal.
    """
    hour, minute = start.split(":")
    other_hour, other_minute = end.split(":")
    return ((int(other_hour) - int(hour)) * 60 + int(other_minute) - int(minute)) % 1440


@dates.problem(
    2,
    examples=[("1:05 PM",), ("11:30 AM",)],
    edges=[("12:00 AM",), ("12:00 PM",), ("12:59 AM",), ("1:00 AM",)],
    make=lambda rng: (f"{rng.randint(1, 12)}:{rng.randint(0, 59):02d} {rng.choice(['AM', 'PM'])}",),
    holds=lambda time, answer: (
        (hour := int(answer[:2])) % 12 == int(time.split(":")[0]) % 12
        and (time[-2:] == "PM") is (12 <= hour < 24)
        and answer[2:] == ":" + time.split()[0].split(":")[1]
        and len(answer) == 5
    ),
)
def to_24_hours(time: str) -> str:
    """The string time is a time of day such as 1:05 PM or 11:30 AM. Return it in the form HH:MM on
    a clock with 24 hours. 12:00 AM is midnight, and 12:00 PM is noon.
    """
    clock, half = time.split()
    hour, minute = clock.split(":")
    return f"{int(hour) % 12 + (12 if half == 'PM' else 0):02d}:{minute}"


@dates.problem(
    2,
    examples=[("2024-03-01",), ("2023-12-25",)],
    edges=[("2024-01-01",), ("2024-12-31",), ("2023-12-31",), ("1900-03-01",)],
    make=lambda rng: (day(rng),),
    holds=lambda text, answer: (
        date(int(text[:4]), 1, 1) + timedelta(days=answer - 1) == date.fromisoformat(text)
    ),
)
def day_of_year(day: str) -> int:
    """Return which day of its year a day in the form YYYY-MM-DD is; January 1 is day 1."""
    year, month, number = (int(part) for part in day.split("-"))
    lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        lengths[1] = 29
    return sum(lengths[: month - 1]) + number


@dates.problem(
    2,
    examples=[("1990-06-15", "2024-06-14"), ("2000-01-10", "2010-01-10")],
    edges=[
        ("2000-02-29", "2001-02-28"),
        ("2000-02-29", "2001-03-01"),
        ("2020-05-05", "2020-05-05"),
        ("1900-12-31", "2000-01-01"),
    ],
    make=lambda rng: span(rng, most=20000),
    holds=lambda born, today, answer: (
        answer
        == max(
            k
            for k in range(150)
            if k == 0 or (int(born[:4]) + k, born[5:]) <= (int(today[:4]), today[5:])
        )
    ),
)
def age(born: str, today: str) -> int:
    """The strings born and today are days in the form YYYY-MM-DD, and born is not later. Return how
    many years old somebody born on the first day is on the second. Who was born on February 29
    becomes older on March 1 in other years.
    """
    years = int(today[:4]) - int(born[:4])
    return years - (today[5:] < born[5:])


@dates.problem(
    2,
    examples=[("2024-05-31",), ("2023-07-04",)],
    edges=[("2024-01-01",), ("2024-12-31",), ("2021-10-01",), ("2022-06-30",)],
    make=lambda rng: (day(rng),),
    holds=lambda text, answer: (
        (end := date.fromisoformat(answer)) >= (today := date.fromisoformat(text))
        and (end + timedelta(days=1)).day == 1
        and end.month % 3 == 0
        and (end - today).days < 92
    ),
)
def quarter_end(day: str) -> str:
    """The year is divided into four quarters of three months. Return the last day of the quarter in
    which a day in the form YYYY-MM-DD lies, in the same form.
    """
    month = (int(day[5:7]) + 2) // 3 * 3
    return f"{day[:4]}-{month:02d}-{31 if month in (3, 12) else 30}"


@dates.problem(
    3,
    examples=[("2024-01-31", 1), ("2023-05-15", 10)],
    edges=[
        ("2023-01-31", 1),
        ("2024-03-31", -1),
        ("2024-12-31", 2),
        ("2020-02-29", 12),
        ("2001-01-01", -1),
    ],
    make=lambda rng: (day(rng), rng.randint(-30, 30)),
    holds=lambda start, months, answer: (
        (moved := date.fromisoformat(answer)).year * 12 + moved.month
        == int(start[:4]) * 12 + int(start[5:7]) + months
        and (
            moved.day == int(start[8:])
            or (moved.day < int(start[8:]) and (moved + timedelta(days=1)).day == 1)
        )
    ),
)
def add_months(start: str, months: int) -> str:
    """The string start is a day in the form YYYY-MM-DD. Return, in the same form, the day with the
    same number in the month that lies the given number of months later (earlier if months is
    negative). If that month is too short, return its last day.
    """
    from calendar import monthrange

    year, month = divmod(int(start[:4]) * 12 + int(start[5:7]) - 1 + months, 12)
    day = min(int(start[8:]), monthrange(year, month + 1)[1])
    return f"{year:04d}-{month + 1:02d}-{day:02d}"


@dates.problem(
    3,
    examples=[("2024-03-04", "2024-03-15"), ("2024-03-09", "2024-03-11")],
    edges=[
        ("2024-03-09", "2024-03-10"),
        ("2024-03-08", "2024-03-08"),
        ("2000-01-01", "2020-01-01"),
    ],
    make=lambda rng: span(rng, most=60),
    holds=lambda first, last, answer: (
        answer
        == sum(
            date.fromordinal(n).isoweekday() < 6
            for n in range(
                date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal() + 1
            )
        )
    ),
)
def working_days(first: str, last: str) -> int:
    """The strings first and last are days in the form YYYY-MM-DD, and last is not earlier. Return
    how many of the days from first to last, both included, are neither a Saturday nor a Sunday.
    """
    from datetime import date

    start = date.fromisoformat(first)
    weeks, rest = divmod((date.fromisoformat(last) - start).days + 1, 7)
    return 5 * weeks + sum(1 for offset in range(rest) if (start.weekday() + offset) % 7 < 5)


@dates.problem(
    3,
    examples=[(2024, 11, "Thursday", 4), (2023, 5, "Monday", 2)],
    edges=[(2024, 2, "Thursday", 5), (2023, 2, "Tuesday", 5), (2026, 2, "Sunday", 1)],
    make=lambda rng: (
        rng.randint(1950, 2050),
        rng.randint(1, 12),
        rng.choice(_WEEKDAYS),
        rng.randint(1, 5),
    ),
    holds=lambda year, month, weekday, n, answer: (
        answer
        == (
            [
                d
                for d in range(1, calendar.monthrange(year, month)[1] + 1)
                if _WEEKDAYS[date(year, month, d).weekday()] == weekday
            ]
            + [0]
        )[n - 1]
    ),
)
def nth_weekday(year: int, month: int, weekday: str, n: int) -> int:
    """Return on which day of the given month (1 to 12) of the given year the n-th (1 to 5) of the
    days falls whose weekday is the given one, such as Monday. If the month has fewer of them,
    return 0.
    """
    from calendar import monthrange

    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    first, length = monthrange(year, month)
    day = (names.index(weekday) - first) % 7 + 1 + 7 * (n - 1)
    return day if day <= length else 0
