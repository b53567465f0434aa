"""Exactly solvable models and training curves: for tests, for docs, and to fit defaults on."""
