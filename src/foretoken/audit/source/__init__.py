"""Read the source of a grader without importing it: rules on its syntax tree."""
