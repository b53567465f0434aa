"""Rates from graded draws: estimators, bounds, tails and the joint bootstrap."""
