from collections.abc import Mapping, Sequence

from pyarrow import Schema, Table
from pyarrow.compute import Expression
from pyarrow.fs import FileSystem

class Fragment:
    @property
    def physical_schema(self) -> Schema: ...
    def to_table(
        self,
        schema: Schema,
        columns: list[str] | Mapping[str, Expression] | None = None,
        filter: Expression | None = None,
    ) -> Table: ...

class ParquetFileFormat:
    def make_fragment(self, file: str, filesystem: FileSystem) -> Fragment: ...

class Dataset:
    def to_table(self, columns: list[str] | Mapping[str, Expression] | None = None) -> Table: ...

def dataset(
    source: Table | Sequence[str],
    schema: Schema | None = None,
    format: str | None = None,
    filesystem: FileSystem | None = None,
) -> Dataset: ...
