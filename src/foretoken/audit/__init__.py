"""Fire answers at a grader of which one knows whether they deserve to be paid."""
