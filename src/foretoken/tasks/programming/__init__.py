"""The family `programming`: problems of graded difficulty over eight topics."""

from functools import lru_cache

from foretoken.tasks.catalogue import family
from foretoken.tasks.code import CodeTask
from foretoken.tasks.problems import Problem
from foretoken.tasks.programming.date_spans import dates as date_spans
from foretoken.tasks.programming.dates import dates
from foretoken.tasks.programming.declare import Declared
from foretoken.tasks.programming.dictionaries import dictionaries
from foretoken.tasks.programming.dictionary_systems import dictionaries as dictionary_systems
from foretoken.tasks.programming.dynamic import dynamic
from foretoken.tasks.programming.dynamic_tables import dynamic as dynamic_tables
from foretoken.tasks.programming.formats import parsing as formats
from foretoken.tasks.programming.grammars import parsing as grammars
from foretoken.tasks.programming.graph_paths import graphs as graph_paths
from foretoken.tasks.programming.graph_puzzles import graphs as graph_puzzles
from foretoken.tasks.programming.graphs import graphs
from foretoken.tasks.programming.list_search import lists as list_search
from foretoken.tasks.programming.lists import lists
from foretoken.tasks.programming.number_theory import numbers as number_theory
from foretoken.tasks.programming.numbers import numbers
from foretoken.tasks.programming.parsing import parsing
from foretoken.tasks.programming.string_search import strings as string_search
from foretoken.tasks.programming.strings import strings

__all__ = ["declared_problems", "programming_problems", "programming_tasks"]

_TOPICS = (
    numbers,
    number_theory,
    strings,
    string_search,
    lists,
    list_search,
    dictionaries,
    dictionary_systems,
    graphs,
    graph_paths,
    graph_puzzles,
    dates,
    date_spans,
    parsing,
    formats,
    grammars,
    dynamic,
    dynamic_tables,
)


def declared_problems() -> tuple[Declared, ...]:
    """Every declaration, by topic."""
    return tuple(declared for topic in _TOPICS for declared in topic.declared)


@lru_cache(maxsize=1)
def programming_problems() -> tuple[Problem, ...]:
    """Every problem with its cases, the same ones in every process."""
    return tuple(declared.problem() for declared in declared_problems())


def programming_tasks() -> list[CodeTask]:
    """The family as tasks: each problem with four flaws, all types and styles equally often."""
    return list(family(programming_problems()))
