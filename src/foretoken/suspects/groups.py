"""Doubted answers that are built alike, as groups, and all paid answers that belong to them.

Each distinct form counts once where groups are made, so that a form that was paid a thousand times
draws no others to itself. What features are worth is how much commoner they are among doubted
answers than among the rest: what an honest solution and a hack have in common weighs nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from foretoken.arrays import AnyArray
from foretoken.suspects.answers import Answer
from foretoken.suspects.structure import features, is_word, readable

ALIKE = 0.4
"""Weighted share of features in common from which on two answers are alike."""
MOST_FORMS = 1_200
"""Distinct doubted forms that are compared with each other: the commonest."""
SAME = 0.6
"""Share of features in common, each counted alike, from which on two texts do the same."""
BLOCK = 500
"""Forms that are compared with the groups at once."""
COMMON = 0.6
"""Share of a group's answers that have what the group is named by."""
NAMED_BY = 2
"""Features in a name."""
MOST_NEEDS = 5
"""Features that are told."""


@dataclass(frozen=True)
class Group:
    """Answers that are built alike."""

    name: str
    """From what most of them need."""
    needs: tuple[str, ...]
    """The same in words, the most telling first."""
    members: tuple[Answer, ...]
    """All paid answers of it, doubted or not, in order of steps."""
    doubted: int
    centre: Answer
    """The answer that is most like the others."""


def find_groups(answers: Sequence[Answer], doubted: Sequence[bool]) -> list[Group]:
    """Put doubted answers into groups, and every paid answer into the group that it is like.

    The steps of answers are not looked at, so that growth can be read off the groups.

    Args:
        answers: All that were paid.
        doubted: Whether each is doubted.

    Returns:
        The largest first. The same answers give the same groups, in whatever order they come.
    """
    forms: defaultdict[frozenset[str], list[int]] = defaultdict(list)
    for place, each in enumerate(answers):
        forms[features(each.text)].append(place)
    doubts = {form: sum(doubted[place] for place in own) for form, own in forms.items()}
    order = sorted(
        (form for form, count in doubts.items() if count),
        key=lambda form: (-doubts[form], sorted(form)),
    )[:MOST_FORMS]
    if not order:
        return []
    space = _Space(_worth(forms, doubts))
    labels = _labels(space.alike(order, order))
    centres = [
        _centre(space, [f for f, own in zip(order, labels, strict=True) if own == label])
        for label in range(int(labels.max()) + 1)
    ]
    every = sorted(forms, key=sorted)
    blocks = [every[start : start + BLOCK] for start in range(0, len(every), BLOCK)]
    alike_fg = np.concatenate([space.alike(block, centres) for block in blocks])
    best_f = alike_fg.argmax(axis=1)
    found: list[Group] = []
    for number, centre in enumerate(centres):
        own = [
            f
            for f, best, a in zip(every, best_f, alike_fg.max(axis=1), strict=True)
            if best == number and a >= ALIKE
        ]
        places = sorted(place for form in own for place in forms[form])
        if any(doubted[place] for place in places):
            found.append(_group(answers, doubted, places, space=space, centre=centre, forms=forms))
    return _distinct(sorted(found, key=lambda each: (-len(each.members), each.name)))


def alike_texts(text: str, other: str) -> bool:
    """Whether two answers are built alike, every feature counted alike."""
    a, b = features(text), features(other)
    return len(a & b) >= SAME * len(a | b)


def _worth(
    forms: dict[frozenset[str], list[int]], doubts: dict[frozenset[str], int]
) -> dict[str, float]:
    """How much commoner each feature is among doubted forms than among the others, in nats.

    A long text has thousands of rare words. So words have to stand in several doubted forms, and to
    be commoner there than one of all words might be by chance.
    """
    suspect, other = defaultdict[str, float](float), defaultdict[str, float](float)
    suspects = others = 0.0
    several = Counter(feature for form, count in doubts.items() if count for feature in form)
    for form, own in forms.items():
        share = doubts[form] / len(own)
        suspects, others = suspects + share, others + 1 - share
        for feature in form:
            suspect[feature] += share
            other[feature] += 1 - share
    order = [each for each in suspect if several[each] > 1 or not is_word(each)]
    count_f = np.array([suspect[each] for each in order])
    other_f = np.array([other[each] for each in order])
    worth_f = np.log((count_f + 0.5) / (suspects + 1)) - np.log((other_f + 0.5) / (others + 1))
    word_f = np.array([is_word(each) for each in order], dtype=np.bool_)
    chance = suspects / (suspects + others)
    if chance ** (suspects / 2) < 1 / max(word_f.sum(), 1):  # else no word could be told
        seen_f = np.round(count_f + other_f)
        by_chance_f = stats.binom.sf(np.round(count_f) - 1, seen_f, chance) * word_f.sum()
        worth_f[word_f & (by_chance_f > 1)] = 0.0
    worths = zip(order, worth_f.tolist(), strict=True)
    return {feature: worth for feature, worth in worths if worth > 0}


class _Space:
    """Forms as rows of weighted features."""

    def __init__(self, worth: dict[str, float]) -> None:
        self.worth = worth
        self._place = {feature: place for place, feature in enumerate(sorted(self.worth))}
        self._root = np.sqrt([self.worth[feature] for feature in sorted(self.worth)])

    def rows(self, forms: Sequence[frozenset[str]]) -> AnyArray:
        """(forms, features) the root of each feature's worth, 0 where a form lacks it."""
        found = np.zeros((len(forms), len(self._place)), dtype=np.float32)
        for row, form in enumerate(forms):
            for feature in form:
                place = self._place.get(feature)
                if place is not None:
                    found[row, place] = self._root[place]
        return found

    def alike(self, forms: Sequence[frozenset[str]], others: Sequence[frozenset[str]]) -> AnyArray:
        """(forms, others) worth of what two have in common over that of what either has; 1 for a
        form and itself."""
        a, b = self.rows(forms), self.rows(others)
        both = a @ b.T
        either = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - both
        found = np.asarray(both / np.maximum(either, 1e-9), dtype=np.float64)
        place = {form: column for column, form in enumerate(others)}
        for row, form in enumerate(forms):
            if form in place:
                found[row, place[form]] = 1.0
        return found


def _labels(alike_ff: AnyArray) -> AnyArray:
    """Group of each form, by average linkage."""
    if len(alike_ff) == 1:
        return np.zeros(1, dtype=np.int64)
    apart = np.clip(1.0 - (alike_ff + alike_ff.T) / 2, 0.0, 1.0)
    np.fill_diagonal(apart, 0.0)
    tree = linkage(squareform(apart, checks=False), method="average")
    return np.asarray(fcluster(tree, 1.0 - ALIKE, criterion="distance"), dtype=np.int64) - 1


def _centre(space: _Space, forms: Sequence[frozenset[str]]) -> frozenset[str]:
    return forms[int(space.alike(forms, forms).sum(axis=1).argmax())]


def _group(
    answers: Sequence[Answer],
    doubted: Sequence[bool],
    places: Sequence[int],
    *,
    space: _Space,
    centre: frozenset[str],
    forms: dict[frozenset[str], list[int]],
) -> Group:
    counts = Counter(feature for place in places for feature in features(answers[place].text))
    common = [f for f, n in counts.items() if n >= COMMON * len(places) and space.worth.get(f)]
    telling = sorted(common, key=lambda f: (-space.worth[f], f))
    said = list(dict.fromkeys(words for feature in telling if (words := readable(feature))))
    return Group(
        name="_".join(_plain(words) for words in said[:NAMED_BY]) or "alike",
        needs=tuple(said[:MOST_NEEDS]),
        members=tuple(answers[place] for place in places),
        doubted=sum(doubted[place] for place in places),
        centre=answers[min(forms[centre])],
    )


def _plain(words: str) -> str:
    kept = "".join(sign if sign.isalnum() else "_" for sign in words.lower())
    return "_".join(part for part in kept.split("_") if part)


def _distinct(groups: Sequence[Group]) -> list[Group]:
    """The same groups with names that differ."""
    seen = Counter[str]()
    found: list[Group] = []
    for each in groups:
        seen[each.name] += 1
        number = seen[each.name]
        name = each.name if number == 1 else f"{each.name}_{number}"
        found.append(replace(each, name=name))
    return found
