"""Graders of others, in the shapes that people have, each asked in a process of its own."""
