"""Harder problems about dictionaries: stores, recipes, votes, hierarchies."""

import itertools
from functools import cache
from random import Random

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import WORDS, words

dictionaries = Topic("dictionaries")


@dictionaries.problem(
    3,
    examples=[(["eat", "tea", "tan", "ate", "nat"],), (["abc", "cba", "xyz"],)],
    edges=[([],), (["", ""],), (["a"],), (["ab", "ba", "ab"],)],
    make=lambda rng: (
        ["".join(rng.sample(w, 3)) for w in rng.choices(["abc", "abd", "xyz"], k=6)],
    ),
    holds=lambda texts, answer: (
        sorted(itertools.chain(*answer)) == sorted(texts)
        and all(group == sorted(group) for group in answer)
        and all(len({tuple(sorted(t)) for t in group}) == 1 for group in answer)
        and answer == sorted(answer)
        and len({tuple(sorted(group[0])) for group in answer}) == len(answer)
    ),
)
def letter_families(texts: list[str]) -> list[list[str]]:
    """Put those strings of the list texts together that consist of the same letters, each equally
    often. Return the list of the groups, repeats included. Each group is sorted alphabetically, and
    groups are sorted by their first string.
    """
    groups: dict[str, list[str]] = {}
    for text in sorted(texts):
        groups.setdefault("".join(sorted(text)), []).append(text)
    return sorted(groups.values())


def _requests(rng: Random) -> tuple[int, list[str]]:
    return rng.randint(1, 3), rng.choices(WORDS[:5], k=rng.randint(4, 10))


@dictionaries.problem(
    4,
    examples=[(2, ["a", "b", "a", "c", "b"]), (3, ["x", "y", "x", "y"])],
    edges=[(1, []), (1, ["k", "k", "k"]), (1, ["k", "m", "k"]), (100, ["p", "q", "r"])],
    make=_requests,
    holds=lambda size, requests, answer: (
        answer
        == sum(
            name not in list(dict.fromkeys(requests[:at][::-1]))[:size]
            for at, name in enumerate(requests)
        )
    ),
)
def cache_misses(size: int, requests: list[str]) -> int:
    """A store holds at most size names (at least 1) and is empty at first. The names of the list
    requests are asked for in turn. A name that is not in the store is a miss and is put into it; if
    the store is full, the name whose last request is longest ago is thrown out for it. Return the
    number of misses.
    """
    store: dict[str, None] = {}
    misses = 0
    for name in requests:
        if name in store:
            del store[name]
        else:
            misses += 1
            if len(store) == size:
                del store[next(iter(store))]
        store[name] = None
    return misses


@dictionaries.problem(
    4,
    examples=[
        ({"cake": {"dough": 2, "egg": 1}, "dough": {"flour": 3}}, "cake"),
        ({"soup": {"water": 4, "leek": 2}}, "soup"),
    ],
    edges=[
        ({}, "salt"),
        ({"a": {"b": 2}, "b": {"c": 2}, "c": {"d": 2}}, "a"),
        ({"x": {"y": 1, "z": 1}, "y": {"w": 5}, "z": {"w": 7}}, "x"),
    ],
    make=lambda rng: (_recipes(rng), "a"),
    holds=lambda recipes, wanted, answer: answer == _shopping(recipes, wanted),
)
def raw_materials(recipes: dict[str, dict[str, int]], wanted: str) -> dict[str, int]:
    """The dictionary recipes maps a product to what one piece of it is made from: a dictionary of
    names and counts, which may be products themselves. What has no recipe is a raw material; no
    product needs itself. Return a dictionary of the raw materials that one piece of wanted needs in
    all, with their counts. (If wanted has no recipe, it is one piece of itself.)
    """
    needed: dict[str, int] = {}
    waiting = [(wanted, 1)]
    while waiting:
        name, count = waiting.pop()
        if name in recipes:
            waiting.extend((part, count * each) for part, each in recipes[name].items())
        else:
            needed[name] = needed.get(name, 0) + count
    return needed


def _recipes(rng: Random) -> dict[str, dict[str, int]]:
    names = "abcdefg"
    return {
        names[at]: {part: rng.randint(1, 4) for part in rng.sample(names[at + 1 :], 2)}
        for at in range(rng.randint(1, 5))
    }


def _shopping(recipes: dict[str, dict[str, int]], wanted: str) -> dict[str, int]:
    @cache
    def share(name: str, raw: str) -> int:
        if name not in recipes:
            return int(name == raw)
        return sum(count * share(part, raw) for part, count in recipes[name].items())

    names = {wanted, *(part for parts in recipes.values() for part in parts)}
    return {raw: share(wanted, raw) for raw in names if share(wanted, raw)}


@dictionaries.problem(
    4,
    examples=[
        ([["a", "b", "c"], ["a", "c", "b"], ["b", "a", "c"]],),
        ([["x", "y", "z"], ["y", "x", "z"], ["z", "y", "x"], ["x", "z", "y"], ["y", "z", "x"]],),
    ],
    edges=[([],), ([["solo"]],), ([["a", "b"], ["b", "a"]],), ([["c", "b", "a"]] * 4,)],
    make=lambda rng: ([rng.sample("pqrs", 4) for _ in range(rng.randint(3, 8))],),
    holds=lambda ballots, answer: (
        answer == _elected(ballots, sorted({n for b in ballots for n in b}))
    ),
)
def instant_runoff(ballots: list[list[str]]) -> str:
    """Each ballot of the list ballots names all candidates, the most wanted first. A candidate who
    is first on more than half of the ballots wins. As long as nobody is, strike from all ballots
    the candidate who is first on the fewest (of several such, the alphabetically last), and look
    again. Return the winner, or an empty string if there is no ballot.
    """
    standing = {name for ballot in ballots for name in ballot}
    while standing:
        votes = dict.fromkeys(sorted(standing), 0)
        for ballot in ballots:
            votes[next(name for name in ballot if name in standing)] += 1
        for name, count in votes.items():
            if 2 * count > len(ballots):
                return name
        fewest = min(votes.values())
        standing.remove(max(name for name, count in votes.items() if count == fewest))
    return ""


def _elected(ballots: list[list[str]], standing: list[str]) -> str:
    firsts = [min(standing, key=ballot.index) for ballot in ballots]
    for name in standing:
        if firsts.count(name) > len(ballots) / 2:
            return name
    if not standing:
        return ""
    loser = min(reversed(standing), key=firsts.count)
    return _elected(ballots, [name for name in standing if name != loser])


@dictionaries.problem(
    4,
    examples=[
        ([["set", "a", 1], ["begin"], ["set", "a", 2], ["undo"], ["set", "b", 5]],),
        ([["set", "x", 4], ["begin"], ["set", "y", 3], ["keep"]],),
    ],
    edges=[
        ([],),
        ([["set", "k", 1], ["set", "k", 2]],),
        ([["begin"], ["set", "k", 1], ["undo"]],),
        ([["begin"], ["set", "p", 1], ["begin"], ["set", "p", 2], ["keep"], ["undo"]],),
    ],
    make=lambda rng: (_commands(rng),),
    holds=lambda commands, answer: answer == _replay(commands),
)
def run_transactions(commands: list[list[str | int]]) -> dict[str, int]:
    """Execute the list commands on a dictionary that is empty at first, and return what it holds at
    the end. ["set", name, number] sets a value. ["begin"] opens a transaction, also within one.
    ["undo"] ends the innermost open transaction and takes back all that was set since it began;
    ["keep"] ends it and takes nothing back. Transactions still open at the end are kept.
    """
    values: dict[str, int] = {}
    saved: list[dict[str, int]] = []
    for command in commands:
        if command[0] == "set":
            values[str(command[1])] = int(command[2])
        elif command[0] == "begin":
            saved.append(dict(values))
        else:
            before = saved.pop()
            values = before if command[0] == "undo" else values
    return values


def _commands(rng: Random) -> list[list[str | int]]:
    commands: list[list[str | int]] = []
    depth = 0
    for _ in range(rng.randint(5, 12)):
        kind = rng.choice(["set", "set", "begin", "undo", "keep"])
        if kind in ("undo", "keep") and depth == 0:
            kind = "set"
        depth += {"begin": 1, "undo": -1, "keep": -1}.get(kind, 0)
        commands.append(["set", rng.choice("abc"), rng.randint(1, 99)] if kind == "set" else [kind])
    return commands


def _replay(commands: list[list[str | int]]) -> dict[str, int]:
    """Strike what is taken back from the list of commands, then read the last settings."""
    kept: list[list[str | int]] = []
    for command in commands:
        if command[0] in ("undo", "keep"):
            start = max(at for at, one in enumerate(kept) if one == ["begin"])
            kept = kept[:start] + (kept[start + 1 :] if command[0] == "keep" else [])
        else:
            kept.append(command)
    return {str(one[1]): int(one[2]) for one in kept if one[0] == "set"}


@dictionaries.problem(
    5,
    examples=[({"bob": "ann", "eve": "ann", "joe": "bob"}, "ann"), ({"b": "a", "c": "b"}, "b")],
    edges=[({}, "x"), ({"b": "a"}, "b"), ({chr(98 + i): chr(97 + i) for i in range(20)}, "a")],
    make=lambda rng: (
        {WORDS[at]: WORDS[rng.randint(0, at - 1)] for at in range(1, rng.randint(4, 10))},
        rng.choice(WORDS[:3]),
    ),
    holds=lambda boss_of, person, answer: (
        answer == [len(layer) for layer in _layers(boss_of, person)]
    ),
)
def reports_by_level(boss_of: dict[str, str], person: str) -> list[int]:
    """The dictionary boss_of maps each person of a firm, but for its head, to the person's direct
    superior. Return a list: how many people have the given person as their direct superior, how
    many are two levels below, and so on to the lowest level that has anybody. If nobody is below,
    the list is empty.
    """
    below: dict[str, list[str]] = {}
    for name, boss in boss_of.items():
        below.setdefault(boss, []).append(name)
    counts: list[int] = []
    level = below.get(person, [])
    while level:
        counts.append(len(level))
        level = [name for boss in level for name in below.get(boss, [])]
    return counts


def _layers(boss_of: dict[str, str], person: str) -> list[list[str]]:
    heights: dict[int, list[str]] = {}
    for name in boss_of:
        at, height = name, 0
        while at != person and at in boss_of:
            at, height = boss_of[at], height + 1
        if at == person and height:
            heights.setdefault(height, []).append(name)
    return [heights[height] for height in sorted(heights)]


@dictionaries.problem(
    5,
    examples=[
        ({"ann": ["tea", "milk"], "bob": ["tea"], "cid": ["milk", "rum"]},),
        ({"x": ["p"], "y": ["p"], "z": ["q"]},),
    ],
    edges=[
        ({},),
        ({"a": []},),
        ({"a": ["p", "q"], "b": ["p", "q"], "c": ["p", "q"]},),
        ({"a": ["p"], "b": ["p", "q"], "c": ["q", "r"], "d": ["r"]},),
    ],
    make=lambda rng: (
        {name: rng.sample("pqrst", rng.randint(1, 2)) for name in WORDS[: rng.randint(3, 5)]},
    ),
    holds=lambda wishes, answer: answer == _most_served(list(wishes.values())),
)
def most_served(wishes: dict[str, list[str]]) -> int:
    """The dictionary wishes maps each guest to the list of the dishes that the guest would take.
    There is one portion of each dish, and each guest gets at most one dish. Return the largest
    number of guests who can get a dish that they would take.
    """
    taken_by: dict[str, str] = {}

    def serve(guest: str, tried: set[str]) -> bool:
        for dish in wishes[guest]:
            if dish not in tried:
                tried.add(dish)
                if dish not in taken_by or serve(taken_by[dish], tried):
                    taken_by[dish] = guest
                    return True
        return False

    return sum(1 for guest in wishes if serve(guest, set()))


def _most_served(wishes: list[list[str]]) -> int:
    choices = itertools.product(*([*dishes, ""] for dishes in wishes))
    return max(
        len(taken) for one in choices if len(taken := [d for d in one if d]) == len({*taken})
    )


@dictionaries.problem(
    5,
    examples=[(["the cat", "the dog ran", "a dog"], "the dog"), (["red pen", "pen"], "pen")],
    edges=[([], "a"), (["x"], ""), (["x y", "y x"], "x y"), (["a b", "b c"], "a c")],
    make=lambda rng: (
        [" ".join(words(rng, least=3, most=8)) for _ in range(4)],
        " ".join(rng.sample(WORDS[:6], rng.randint(1, 2))),
    ),
    holds=lambda texts, query, answer: (
        answer
        == sorted(
            (i for i, t in enumerate(texts) if query.split() and {*query.split()} <= {*t.split()}),
            key=lambda i: (-sum(w in query.split() for w in texts[i].split()), i),
        )
    ),
)
def search_texts(texts: list[str], query: str) -> list[int]:
    """Words are separated by spaces. Return the indices of those strings of the list texts that
    contain every word of the string query as a whole word. Those with the most such words (repeats
    counted) come first, and with equally many, those with the smaller index. A query without words
    finds nothing.
    """
    index: dict[str, dict[int, int]] = {}
    for number, text in enumerate(texts):
        for word in text.split():
            places = index.setdefault(word, {})
            places[number] = places.get(number, 0) + 1
    wanted = sorted(set(query.split()))
    if not wanted:
        return []
    score = dict(index.get(wanted[0], {}))
    for word in wanted[1:]:
        places = index.get(word, {})
        score = {
            number: count + places[number] for number, count in score.items() if number in places
        }
    return sorted(score, key=lambda number: (-score[number], number))
