"""What foretoken uses of scipy, whose own annotations are partial."""
