"""Rewards: a value for an answer, or an abstention; and the pair whose disagreement is a hack."""
