"""Many rows as one value: a statement reads them as a table, so that it is built once and sent once however many there are."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, cast, column, func, literal_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

#: The name under which a statement expects its rows.
ROWS = "records"


def records(dialect: str, **columns: TypeEngine[Any]) -> Mapping[str, ColumnElement[Any]]:
    """Columns of the rows that a statement is given under ROWS, as `packed` makes them; a NULL in them is a NULL.

    `dialect` is "sqlite" or "postgresql".
    """
    if dialect == "postgresql":
        rows = func.jsonb_to_recordset(cast(bindparam(ROWS, type_=Text), JSONB))
        table = rows.table_valued(*(column(name, kind) for name, kind in columns.items()))
        return dict(table.render_derived(name=ROWS, with_types=True).c.items())
    each = func.json_each(bindparam(ROWS, type_=Text)).table_valued("value", name=ROWS)
    return {
        name: func.json_extract(each.c.value, literal_column(f"'$.{name}'"), type_=kind)
        for name, kind in columns.items()
    }


def packed(rows: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """Rows (column → number or text) as the one parameter of such a statement."""
    return {ROWS: json.dumps(rows, ensure_ascii=False, separators=(",", ":"))}
