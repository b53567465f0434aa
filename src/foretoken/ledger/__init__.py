"""What graders gave: their failures by step, and what a second grader gives beside them."""
