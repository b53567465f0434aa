"""The engine in this process: transformers, on a processor or a GPU."""
