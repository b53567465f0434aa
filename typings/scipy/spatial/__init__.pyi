"""What foretoken uses of it."""
