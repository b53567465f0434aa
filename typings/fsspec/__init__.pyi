"""What foretoken uses of fsspec, which is not annotated."""
