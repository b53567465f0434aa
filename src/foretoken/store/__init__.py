"""Run directories: where things are, how they are written so that a kill loses nothing."""
