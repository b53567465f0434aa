"""Answers that training paid and something doubts: signs, groups, growth, shortest forms."""
