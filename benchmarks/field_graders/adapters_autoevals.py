"""Scorers of autoevals."""

from autoevals import ExactMatch, Levenshtein


def exact_match(answer: str, truth: str) -> float:
    return ExactMatch()(answer, truth).score


def levenshtein(answer: str, truth: str) -> float:
    return Levenshtein()(answer, truth).score
