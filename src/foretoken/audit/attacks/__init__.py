"""Answers that no grader should pay, and answers that each should, one module a domain."""
