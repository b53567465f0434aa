"""What foretoken uses of MLflow, which is optional."""
