"""What foretoken uses of datasets, whose own annotations are partial."""

from typing import Any

class Dataset:
    @classmethod
    def from_list(cls, mapping: list[dict[str, Any]]) -> Dataset: ...
