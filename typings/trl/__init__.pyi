"""What foretoken uses of trl, whose own annotations are partial."""
