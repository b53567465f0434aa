"""What foretoken uses of datasets, whose own annotations are partial."""

from typing import Any

class Dataset:
    @staticmethod
    def from_list(mapping: list[dict[str, Any]]) -> Dataset: ...
