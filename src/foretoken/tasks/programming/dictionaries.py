"""Problems about dictionaries: counting, grouping, joining, looking up."""

import itertools
from collections import Counter
from random import Random

from foretoken.tasks.programming.declare import Topic
from foretoken.tasks.programming.draws import WORDS, integers, letters, words

dictionaries = Topic("dictionaries")


def _stock(rng: Random, *, low: int = 0, high: int = 9, most: int = 5) -> dict[str, int]:
    names = rng.sample(WORDS, rng.randint(2, most))
    return {name: rng.randint(low, high) for name in names}


@dictionaries.problem(
    1,
    examples=[(["b", "a", "b"],), (["red", "blue", "red", "green"],)],
    edges=[([],), (["x"],), (["x"] * 50,), (["A", "a"],)],
    make=lambda rng: (words(rng, least=3),),
    holds=lambda items, answer: answer == dict(Counter(items)),
)
def count_items(items: list[str]) -> dict[str, int]:
    """Return a dictionary that maps each string of the list items to how often it occurs there."""
    counts: dict[str, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return counts


@dictionaries.problem(
    1,
    examples=[({"pen": 3, "ink": 2}, {"pen": 2, "ink": 7}), ({"cup": 5}, {"cup": 3, "jug": 1})],
    edges=[({}, {}), ({}, {"a": 3}), ({"a": 2}, {"a": -3}), ({"a": 0}, {"a": 9})],
    make=lambda rng: ((stock := _stock(rng)), {n: rng.randint(1, 9) for n in [*stock, "kiwi"]}),
    holds=lambda amounts, prices, answer: (
        answer == sum(price * amounts[name] for name, price in prices.items() if name in amounts)
    ),
)
def total_price(amounts: dict[str, int], prices: dict[str, int]) -> int:
    """The dictionary amounts maps names of goods to how many are bought, and prices maps names to
    the price of one. Return what all costs. Every name in amounts is also in prices.
    """
    return sum(count * prices[name] for name, count in amounts.items())


@dictionaries.problem(
    1,
    examples=[({"a": "x", "b": "y"},), ({"one": "1", "two": "2", "three": "3"},)],
    edges=[({},), ({"k": "k2"},), ({"": "empty"},)],
    make=lambda rng: (
        dict(zip(rng.sample(WORDS, 4), rng.sample("pqrstuv", rng.randint(2, 4)), strict=False)),
    ),
    holds=lambda mapping, answer: (
        len(answer) == len(mapping) and all(answer[mapping[key]] == key for key in mapping)
    ),
)
def invert(mapping: dict[str, str]) -> dict[str, str]:
    """All values of the dictionary mapping are different. Return the dictionary that maps each
    value to its key.
    """
    return {value: key for key, value in mapping.items()}


@dictionaries.problem(
    1,
    examples=[({"ann": 31, "bob": 45},), ({"x": 5, "c": 5, "b": 2},)],
    edges=[({},), ({"solo": 0},), ({"b": -1, "a": -1},), ({"p": 7, "q": 8, "r": 8},)],
    make=lambda rng: (_stock(rng, high=4),),
    holds=lambda scores, answer: (
        answer in scores
        and all(
            (score, answer) < (scores[answer], name) or name == answer
            for name, score in scores.items()
        )
        if scores
        else answer == ""
    ),
)
def leader(scores: dict[str, int]) -> str:
    """Return the key of the dictionary scores with the largest value. Of several such keys return
    the alphabetically first; for an empty dictionary return an empty string.
    """
    best = max(scores.values(), default=0)
    return min((name for name, score in scores.items() if score == best), default="")


@dictionaries.problem(
    2,
    examples=[(["apple", "bean", "avocado"],), (["fig", "date", "fennel", "dill"],)],
    edges=[([],), (["x"],), (["same", "same"],), (["b", "a", "bb"],)],
    make=lambda rng: (words(rng, least=4),),
    holds=lambda names, answer: (
        Counter(itertools.chain(*answer.values())) == Counter(names)
        and all(
            group and group == sorted(group) and {name[0] for name in group} == {key}
            for key, group in answer.items()
        )
    ),
)
def by_first_letter(names: list[str]) -> dict[str, list[str]]:
    """No string of the list names is empty. Return a dictionary that maps each first letter that
    occurs to the alphabetically sorted list of the names that start with it, repeats included.
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(name[0], []).append(name)
    return groups


@dictionaries.problem(
    2,
    examples=[({"a": 1, "b": 2}, {"b": 3, "c": 4}), ({"x": 5}, {"x": -5, "y": 1})],
    edges=[({}, {}), ({"a": 1}, {}), ({}, {"b": 2}), ({"z": 1, "y": 2}, {"y": 2})],
    make=lambda rng: (_stock(rng, low=-3, high=3), _stock(rng, low=-3, high=3)),
    holds=lambda first, second, answer: (
        answer
        == {
            key: first.get(key, 0) + second.get(key, 0)
            for key in {*first, *second}
            if first.get(key, 0) != -second.get(key, 0)
        }
    ),
)
def add_up(first: dict[str, int], second: dict[str, int]) -> dict[str, int]:
    """Return a dictionary with all keys of the dictionaries first and second, each with the sum of
    its values in both (a missing key counts as 0). Keys whose sum is 0 are left out.
    """
    sums = dict(first)
    for key, value in second.items():
        sums[key] = sums.get(key, 0) + value
    return {key: value for key, value in sums.items() if value != 0}


@dictionaries.problem(
    2,
    examples=[("to be or not to be", 2), ("a rose is a rose is a rose", 1)],
    edges=[("", 3), ("one", 5), ("b a b a", 2), ("z y x", 3)],
    make=lambda rng: (" ".join(words(rng, least=5, most=12)), rng.randint(1, 3)),
    holds=lambda text, n, answer: (
        answer == sorted(set(text.split()), key=lambda word: (-text.split().count(word), word))[:n]
    ),
)
def most_frequent(text: str, n: int) -> list[str]:
    """Return the n most frequent words of the string text, whose words are separated by spaces, the
    most frequent first. Words that are equally frequent stand in alphabetical order. If there are
    fewer than n different words, return all.
    """
    counts: dict[str, int] = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    return sorted(counts, key=lambda word: (-counts[word], word))[:n]


@dictionaries.problem(
    2,
    examples=[({"a": 1, "b": 2}, {"b": 3, "c": 4}), ({"k": 1, "m": 5}, {"k": 1})],
    edges=[({}, {}), ({"a": 1}, {"a": 1}), ({}, {"n": 0}), ({"b": 0, "a": 0}, {})],
    make=lambda rng: (_stock(rng, high=2), _stock(rng, high=2)),
    holds=lambda old, new, answer: (
        sorted(itertools.chain(*answer))
        == sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        and all(key in new and key not in old for key in answer[0])
        and all(key in old and key not in new for key in answer[1])
        and all(part == sorted(part) for part in answer)
        and len(answer) == 3
    ),
)
def changes(old: dict[str, int], new: dict[str, int]) -> list[list[str]]:
    """Compare the dictionaries old and new. Return a list of three alphabetically sorted lists of
    keys: those that only new has, those that only old has, and those with different values in both.
    """
    return [
        sorted(key for key in new if key not in old),
        sorted(key for key in old if key not in new),
        sorted(key for key in old if key in new and old[key] != new[key]),
    ]


@dictionaries.problem(
    2,
    examples=[([["ann", 3], ["bob", 5], ["ann", 4]],), ([["x", 1], ["x", -1], ["y", 9]],)],
    edges=[([],), ([["solo", 7]],), ([["n", -3], ["n", -8]],), ([["b", 2], ["a", 2]],)],
    make=lambda rng: ([[rng.choice(WORDS[:3]), rng.randint(-9, 20)] for _ in range(6)],),
    holds=lambda records, answer: (
        set(answer) == {name for name, _ in records}
        and all(
            high in (v := [x for n, x in records if n == name])
            and low in v
            and all(low <= x <= high for x in v)
            for name, (low, high) in answer.items()
        )
    ),
)
def ranges(records: list[list[str | int]]) -> dict[str, list[int]]:
    """Each entry of the list records is a pair [name, number]. Return a dictionary that maps each
    name to the pair [smallest, largest] of its numbers.
    """
    found: dict[str, list[int]] = {}
    for name, number in records:
        low, high = found.get(str(name), [int(number), int(number)])
        found[str(name)] = [min(low, int(number)), max(high, int(number))]
    return found


@dictionaries.problem(
    2,
    examples=[({"a": 5, "b": 2, "c": 9}, 4), ({"u": 1, "v": 1}, 0)],
    edges=[({}, 1), ({"k": 3}, 3), ({"z": 8, "y": 9}, 5), ({"n": -2}, -5)],
    make=lambda rng: (_stock(rng), rng.randint(2, 6)),
    holds=lambda stock, limit, answer: (
        answer == [name for _, name in sorted((-v, k) for k, v in stock.items() if v > limit)]
    ),
)
def names_above(stock: dict[str, int], limit: int) -> list[str]:
    """Return the keys of the dictionary stock whose value is above limit, those with the largest
    values first, and in alphabetical order where values are equal.
    """
    kept = [name for name, count in stock.items() if count > limit]
    return sorted(kept, key=lambda name: (-stock[name], name))


@dictionaries.problem(
    3,
    examples=[({"a": {"b": 1, "c": {"d": 2}}, "e": 3},), ({"x": {"y": {"z": 0}}},)],
    edges=[({},), ({"k": 1, "m": {"n": 5}},), ({"a": {}},), ({"p": {"q": {}, "r": -1}},)],
    make=lambda rng: (_tree(rng, 3),),
    holds=lambda tree, answer: (
        all(_follow(tree, path.split(".")) == value for path, value in answer.items())
        and len(answer) == _leaves(tree)
    ),
)
def flatten(tree: dict[str, int | dict]) -> dict[str, int]:
    """The values of the dictionary tree are integers and further dictionaries of the same kind.
    Return a dictionary without nesting that maps each path to an integer to that integer. A path is
    made of the keys from the outside to the inside, with full stops between them. Empty
    dictionaries leave no trace.
    """
    flat: dict[str, int] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            for path, number in flatten(value).items():
                flat[f"{key}.{path}"] = number
        else:
            flat[key] = value
    return flat


def _tree(rng: Random, depth: int) -> dict[str, int | dict]:
    keys = rng.sample("abcde", rng.randint(1, 3))
    return {
        key: _tree(rng, depth - 1) if depth and rng.random() < 0.6 else rng.randint(0, 99)
        for key in keys
    }


def _follow(tree: dict, path: list[str]) -> int | dict:
    for key in path:
        tree = tree[key]
    return tree


def _leaves(tree: int | dict) -> int:
    return sum(_leaves(value) for value in tree.values()) if isinstance(tree, dict) else 1


@dictionaries.problem(
    3,
    examples=[({"a": "b", "b": "c", "x": "y"}, "a"), ({"one": "two", "two": "one"}, "two")],
    edges=[({}, "k"), ({"k": "k"}, "k"), ({"a": "b"}, "b"), ({"a": "b", "b": "c", "c": "b"}, "a")],
    make=lambda rng: (
        {a: rng.choice("abcdefgh") for a in rng.sample("abcdefgh", 6)},
        rng.choice("abcdefgh"),
    ),
    holds=lambda links, start, answer: (
        answer[0] == start
        and all(links[a] == b for a, b in itertools.pairwise(answer))
        and len(set(answer)) == len(answer)
        and links.get(answer[-1], start) in answer
    ),
)
def follow_links(links: dict[str, str], start: str) -> list[str]:
    """Begin with the string start. As long as the dictionary links has the present string as a key,
    go on to its value, but stop before any string would come a second time. Return the list of the
    strings in the order in which they came, start included.
    """
    path = [start]
    while path[-1] in links and links[path[-1]] not in path:
        path.append(links[path[-1]])
    return path


@dictionaries.problem(
    3,
    examples=[
        ("hello {name}, {greeting}!", {"name": "Ida", "greeting": "welcome"}),
        ("{a}{b}{a}", {"a": "x", "b": "-"}),
    ],
    edges=[("", {}), ("plain", {"plain": "no"}), ("{k}", {}), ("{a}", {"a": "{b}", "b": "c"})],
    make=lambda rng: (
        " ".join(rng.choice(["{a}", "{b}", "{c}", "so", "a"]) for _ in range(5)),
        {"a": letters(rng, least=1), "b": "bee"},
    ),
    holds=lambda template, values, answer: (
        answer
        == "".join(
            values.get(part, "{" + part + "}") if odd else part
            for odd, part in zip(
                itertools.cycle([False, True]), template.replace("}", "{").split("{"), strict=False
            )
        )
    ),
)
def fill_in(template: str, values: dict[str, str]) -> str:
    """In the string template, a name in curly brackets stands for the value that the dictionary
    values has for this name; names that it does not have stay as they are, brackets included.
    Values are not filled in again. Brackets are never nested, and each has its partner. Return the
    filled in text.
    """
    filled, rest = "", template
    while "{" in rest:
        before, _, rest = rest.partition("{")
        name, _, rest = rest.partition("}")
        filled += before + values.get(name, "{" + name + "}")
    return filled + rest


@dictionaries.problem(
    3,
    examples=[
        ([{"id": 1, "name": "pen"}, {"id": 2, "name": "ink"}], [{"id": 2, "price": 5}]),
        ([{"id": 4, "name": "cup"}], [{"id": 4, "price": 1}, {"id": 4, "price": 2}]),
    ],
    edges=[
        ([], []),
        ([{"id": 1, "name": "x"}], []),
        ([], [{"id": 1, "price": 3}]),
        ([{"id": 0, "name": "a"}, {"id": 0, "name": "b"}], [{"id": 0, "price": 9}]),
    ],
    make=lambda rng: (
        [
            {"id": i, "name": rng.choice(WORDS)}
            for i in integers(rng, least=3, most=5, low=0, high=4)
        ],
        [
            {"id": i, "price": rng.randint(1, 9)}
            for i in integers(rng, least=2, most=4, low=0, high=4)
        ],
    ),
    holds=lambda goods, prices, answer: (
        answer == [{**g, **p} for g in goods for p in prices if g["id"] == p["id"]]
    ),
)
def join_by_id(
    goods: list[dict[str, int | str]], prices: list[dict[str, int | str]]
) -> list[dict[str, int | str]]:
    """The dictionaries of the list goods have the keys id and name, those of the list prices the
    keys id and price. Return the list of the dictionaries with the keys id, name, price for every
    pair of equal ids, in the order of goods, and for one entry of goods in the order of prices.
    """
    by_id: dict[int | str, list[int | str]] = {}
    for entry in prices:
        by_id.setdefault(entry["id"], []).append(entry["price"])
    return [
        {"id": entry["id"], "name": entry["name"], "price": price}
        for entry in goods
        for price in by_id.get(entry["id"], [])
    ]
