"""Estimators against systems whose truth is known."""
