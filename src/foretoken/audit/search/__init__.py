"""A search for cheats that nobody has listed: what a grader pays, and what deserves nothing."""
