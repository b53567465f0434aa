"""What foretoken uses of scikit-learn, which is not annotated."""
