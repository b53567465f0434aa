"""Search a grader for cheats that nobody has listed, within a budget of calls.

Honest and wrong answers, parts of the prompt, signs, markup and numbers are put together, changed
and crossed. A candidate that the grader pays and the gold does not is a cheat: it is made as short
as it can be, named by what it needs, and tried on questions that the search did not see.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from foretoken.audit.base import AnswerForm, Attack, AuditQuestion, Domain
from foretoken.audit.firing import Ask, Reading, job_of
from foretoken.audit.search.archive import SLOW_S, Archive, SearchTrial
from foretoken.audit.search.climb import climbed
from foretoken.audit.search.gold import Gold
from foretoken.audit.search.pieces import SEED, scene_of
from foretoken.audit.search.recipes import (
    Move,
    Recipe,
    changed,
    drawn_recipe,
    holds,
    named,
    written,
)
from foretoken.audit.search.shorten import shortened
from foretoken.audit.search.sweep import beside, sweep
from foretoken.estimate.bounds import clopper_pearson_lower, clopper_pearson_upper

NEEDED = 3
"""Questions on which a recipe has to cheat."""
TRIED = 5
"""Questions on which it may be tried for that."""
CONFIRMED = 0.2
"""Share of the questions that the search did not see, from which on a cheat is reported."""
FRESH = 0.35
"""Share of candidates that have no parent."""
UNSURE = 0.25
"""Share of candidates that are asked about although the gold does not refuse them: parents."""
KNOWN = 0.1
"""Share of candidates that are asked about although a cheat that was found explains them."""
MOST_FOUND = 16
FEW_VALUES = 3
"""Of plain answers, above which a grader's values are continuous."""
IDLE = 400
"""Candidates in a row that cost no call, after which the search is over."""


@dataclass(frozen=True)
class FoundCheat:
    """A way to be paid for what deserves nothing."""

    name: str
    """What it needs."""
    recipe: Recipe
    form: AnswerForm
    question: str
    """Of the example."""
    text: str
    got: float
    paid: int
    """Questions, of those that the search did not see, for which it is paid."""
    of: int
    """Those among them to which it can be applied, and deserves nothing."""
    interval: tuple[float, float]
    """Exact, of the share that is paid, at 95 %."""
    call: int
    """Of the search, at which it was seen first."""


@dataclass(frozen=True)
class SearchResult:
    """What a search found."""

    found: tuple[FoundCheat, ...]
    calls: int
    course: tuple[tuple[int, float], ...]
    """Calls at which the best value of an undeserving candidate rose, with that value; 0 is what a
    wrong answer gets, 1 what a right one gets."""
    errors: tuple[tuple[str, int], ...]
    """What the grader said in place of a value, and how often; the commonest first."""


def search(
    domain: Domain,
    ask: Ask,
    *,
    readings: Sequence[Reading],
    gold: Gold,
    budget: int,
    seed: int,
    seeds: Sequence[Attack] = (),
    most: int = MOST_FOUND,
) -> SearchResult:
    """Search a grader; the same seed and the same answers give the same result.

    Args:
        domain: Its questions; the second half of them is kept for what is found.
        ask: The grader.
        readings: Forms that it reads; see `firing.read_forms`.
        gold: Says what deserves to be paid.
        budget: Most calls.
        seed: Of all that is drawn.
        seeds: Known attacks to begin with; none: the search stands on its own.
        most: Cheats with which it ends.
    """
    rng = random.Random(seed)
    hunt = _Hunt(domain, ask, readings, gold, budget=budget, rng=rng, seeds=seeds, most=most)
    hunt.run()
    errors = sorted(hunt.errors.items(), key=lambda each: (-each[1], each[0]))
    found = tuple(sorted(hunt.found, key=lambda each: each.call))
    return SearchResult(found, hunt.calls, tuple(hunt.course), tuple(errors))


@dataclass
class _Hunt:
    domain: Domain
    ask: Ask
    readings: Sequence[Reading]
    gold: Gold
    budget: int
    rng: random.Random
    seeds: Sequence[Attack]
    most: int
    calls: int = 0
    found: list[FoundCheat] = field(default_factory=list[FoundCheat])
    course: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    errors: dict[str, int] = field(default_factory=dict[str, int])
    _archive: Archive = field(default_factory=Archive)
    _known: dict[tuple[str, str], SearchTrial] = field(
        default_factory=dict[tuple[str, str], SearchTrial]
    )
    _texts: set[frozenset[str]] = field(default_factory=set[frozenset[str]])
    _left_alone: list[Recipe] = field(default_factory=list[Recipe])

    def __post_init__(self) -> None:
        half = max(min(NEEDED, len(self.domain.questions)), len(self.domain.questions) // 2)
        self._seen = self.domain.questions[:half]
        self._unseen = self.domain.questions[half:]

    def run(self) -> None:
        """Try what is simple, then what comes of it, until the budget is spent."""
        known = [((Move(SEED, place),), 0) for place in range(len(self.seeds))]
        for recipe, form in (*known, *sweep(self.rng, forms=len(self.readings))):
            self._tried(recipe, form=form, sure=False)
        for parent in self._archive.honest():
            for recipe in beside(parent.recipe):
                self._tried(recipe, form=parent.form, sure=True)
        if self._is_continuous():
            self._climb()
        idle = 0
        while self.calls < self.budget and len(self.found) < self.most and idle < IDLE:
            before = self.calls
            recipe, form = self._drawn()
            self._tried(recipe, form=form, sure=self.rng.random() >= UNSURE)
            idle = 0 if self.calls > before else idle + 1

    def _is_continuous(self) -> bool:
        """Whether the grader has a value of its own for many of the answers."""
        plain = [each for own in self.readings for each in own.own.values()]
        return len({value for each in plain for value in (each.right, each.wrong)}) > FEW_VALUES

    def _climb(self) -> None:
        """Look for words that it likes, on one question after the other, with half the budget."""
        end = self.calls + (self.budget - self.calls) // 2
        best: Recipe = ()
        for number in range(2 * len(self._seen)):
            question = self._seen[number % len(self._seen)]
            if self.calls >= end or len(self.found) >= self.most:
                return

            def value(recipe: Recipe, question: AuditQuestion = question) -> float | None:
                trial = self._trial(recipe, 0, question, sure=True)
                return None if trial is None else trial.near

            start = (best, (Move("wrong_answer"),))[number % 2]
            call = self.calls
            found = climbed(*(value, self.rng), start=start, goal=1.0, may=lambda: self.calls < end)
            best = found[:-1]
            for least in (1.0, 0.0):
                if not self._is_explained(found) and self._cheats(found, 0, least=least):
                    self._keep(found, 0, call=call, least=least)
                    break

    def _drawn(self) -> tuple[Recipe, int]:
        """A candidate's recipe and form."""
        form = self.rng.randrange(len(self.readings)) if self.rng.random() < 0.3 else 0
        parent = None if self.rng.random() < FRESH else self._archive.parent(self.rng)
        if parent is None:
            return drawn_recipe(self.rng), form
        mate = self._archive.parent(self.rng)
        recipe = changed(parent.recipe, self.rng, mate=() if mate is None else mate.recipe)
        return recipe, parent.form if self.rng.random() < 0.8 else form

    def _tried(self, recipe: Recipe, *, form: int, sure: bool) -> None:
        """Try a recipe on one question, and see to it where it cheats.

        Args:
            recipe: Of the candidate.
            form: Place of the form among the readings.
            sure: Whether it is left out where the gold does not refuse it.
        """
        if self.calls >= self.budget or len(self.found) >= self.most:
            return
        if any(holds(each, recipe) for each in self._left_alone):
            return
        explained = self._is_explained(recipe)
        if explained and self.rng.random() >= KNOWN:
            return
        question = self._seen[self.rng.randrange(len(self._seen))]
        trial = self._trial(recipe, form, question, sure=sure)
        if trial is None:
            return
        self._archive.add(trial)
        if trial.cheats and not explained:
            call = self.calls
            if self._cheats(recipe, form):
                self._keep(recipe, form, call=call)

    def _is_explained(self, recipe: Recipe) -> bool:
        return any(holds(each.recipe, recipe) if each.recipe else not recipe for each in self.found)

    def _trial(
        self, recipe: Recipe, form: int, question: AuditQuestion, *, sure: bool
    ) -> SearchTrial | None:
        """Try a recipe on a question; None: it cannot be, or is not to be."""
        reading = self.readings[form]
        text = written(recipe, scene_of(question, reading.form, self.domain, seeds=self.seeds))
        if text is None or self.calls >= self.budget:
            return None
        deserved = self.gold(question, text)
        if sure and deserved is not False:
            return None
        key = (question.key, text)
        if key not in self._known:
            self._known[key] = self._asked(recipe, form, question, text=text, deserved=deserved)
        return self._known[key]

    def _asked(
        self,
        recipe: Recipe,
        form: int,
        question: AuditQuestion,
        *,
        text: str,
        deserved: bool | None,
    ) -> SearchTrial:
        self.calls += 1
        reading = self.readings[form]
        said = self.ask(job_of(question, text))
        if said.died:
            self._left_alone.append(recipe)
        manner = "slow" if (said.seconds or 0.0) > SLOW_S else ""
        if said.error is not None:
            manner = said.error.partition(":")[0]
            self.errors[manner] = self.errors.get(manner, 0) + 1
        plain = reading.own.get(question.key, reading.median)
        gap = plain.right - plain.wrong
        value = plain.wrong if said.value is None else said.value
        near = (value - plain.wrong) / gap if gap > 0 else 0.0
        if deserved is False and near > max((best for _, best in self.course), default=-1.0):
            self.course.append((self.calls, near))
        return SearchTrial(
            recipe=recipe,
            form=form,
            question=question.key,
            text=text,
            shape=text.replace(question.right, "\0"),
            value=said.value,
            near=near,
            paid=reading.is_paid(said, question.key),
            deserved=deserved,
            manner=manner,
        )

    def _cheats(self, recipe: Recipe, form: int, *, least: float = 0.0) -> bool:
        """Whether a recipe cheats on as many questions as are needed.

        Args:
            recipe: Of the candidates.
            form: Place of the form among the readings.
            least: Value that it has to have: 1 is what a right answer gets.
        """
        cheats = failed = 0
        for question in self._seen:
            trial = self._trial(recipe, form, question, sure=True)
            if trial is not None and trial.paid and trial.near >= least:
                cheats += 1
            elif trial is not None or cheats + failed == 0:
                failed += 1
            if cheats >= min(NEEDED, len(self._seen)):
                return True
            if failed > TRIED - NEEDED:
                return False
        return False

    def _keep(self, recipe: Recipe, form: int, *, call: int, least: float = 0.0) -> None:
        """Make a cheat short, confirm it, and keep it where it is new."""
        end = self.budget - len(self._unseen)
        short = shortened(
            recipe,
            lambda tried: self.calls < end and self._cheats(tried, form, least=least),
        )
        trials = list(self._trials(short, form, self._unseen or self._seen))
        paid = sum(each.paid for each in trials)
        texts = frozenset(each.text for each in trials)
        known = self._is_explained(short) or texts in self._texts
        if known or not paid or paid < CONFIRMED * len(trials):
            return
        self._texts.add(texts)
        seen = [each for each in self._trials(short, form, self._seen) if each.paid]
        example = min(seen, key=lambda each: (len(each.text), each.question))
        cheat = FoundCheat(
            name=named(short),
            recipe=short,
            form=self.readings[form].form,
            question=example.question,
            text=example.text,
            got=example.value or 0.0,
            paid=paid,
            of=len(trials),
            interval=(
                clopper_pearson_lower(paid, len(trials)),
                clopper_pearson_upper(paid, len(trials)),
            ),
            call=call,
        )
        self.found = [each for each in self.found if not short or not holds(short, each.recipe)]
        self.found.append(cheat)

    def _trials(
        self, recipe: Recipe, form: int, questions: Sequence[AuditQuestion]
    ) -> Iterator[SearchTrial]:
        for question in questions:
            trial = self._trial(recipe, form, question, sure=True)
            if trial is not None:
                yield trial
