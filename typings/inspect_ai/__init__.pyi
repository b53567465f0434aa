"""What foretoken uses of inspect_ai, which is not installed beside it."""
