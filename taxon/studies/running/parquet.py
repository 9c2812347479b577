"""A table as Parquet, by the extra `taxon-rl[parquet]`."""

from __future__ import annotations

import io
from typing import Any

from taxon.runtime.errors import UserError
from taxon.studies.running.table import Table


def parquet(table: Table) -> bytes:
    """The table with typed columns, null where nothing is there. Raises UserError where pyarrow is not installed."""
    try:
        import pyarrow
        from pyarrow import parquet as written
    except ImportError:
        help = "pip install 'taxon-rl[parquet]'"
        raise UserError("--parquet needs pyarrow, which is not installed", help) from None
    kinds: dict[type, Any] = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in table.columns.items()])
    columns = zip(*table.rows, strict=True) if table.rows else ((),) * len(table.columns)
    arrays = [pyarrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    content = io.BytesIO()
    written.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), content)
    return content.getvalue()
