"""What foretoken uses of arviz-stats, which is not annotated."""
