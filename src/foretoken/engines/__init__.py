"""Engines: what samples from models and scores texts under them."""
