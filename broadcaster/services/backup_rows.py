"""Copies all rows of a database to lines of JSON and back, the same whichever database they come from or go to.

A table is a line `{"table": name, "columns": [name…]}`, followed by one line `[value…]` per row. Moments are milliseconds,
bytes are base64.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table, bindparam, func, select, update

from broadcaster.store.schema import metadata

#: Rows read or written at once.
AT_ONCE = 1000
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


def lines(connection: Connection) -> Iterator[bytes]:
    """Every row of every table, tables in an order in which they can be filled again. Wants one snapshot for all."""
    for table in metadata.sorted_tables:
        yield _line({"table": table.name, "columns": [column.name for column in table.columns]})
        query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=AT_ONCE)
        for row in connection.execute(query):
            yield _line([_plain(value) for value in row])


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MILLISECOND
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def fill(tx: Connection, source: Iterable[bytes]) -> None:
    """Put the rows of `lines` in the place of all rows of the tables that `tx` sees, whatever revision those are of."""
    tables = MetaData()
    tables.reflect(tx)
    for table in reversed(tables.sorted_tables):
        if table.name != "alembic_version":
            tx.execute(table.delete())
    later = [_insert(tx, tables.tables[name], columns, rows) for name, columns, rows in _slices(source)]
    for table, column, pairs in (each for slices in later for each in slices if each[2]):
        (key,) = table.primary_key.columns
        tx.execute(update(table).where(key == bindparam("of")).values({column: bindparam("to")}), pairs)
    if tx.dialect.name == "postgresql":
        for table in tables.tables.values():
            _go_on_counting(tx, table)


def _slices(source: Iterable[bytes]) -> Iterator[tuple[str, list[str], list[list[Any]]]]:
    """Yield (table, columns, up to AT_ONCE rows)."""
    name, columns, rows = "", list[str](), list[list[Any]]()
    for raw in source:
        line = json.loads(raw)
        if isinstance(line, dict) or len(rows) == AT_ONCE:
            if rows:
                yield name, columns, rows
            rows = []
        if isinstance(line, dict):
            name, columns = line["table"], line["columns"]
        else:
            rows.append(line)
    if rows:
        yield name, columns, rows


def _insert(
    tx: Connection, table: Table, columns: list[str], rows: list[list[Any]]
) -> list[tuple[Table, str, list[dict[str, Any]]]]:
    """Insert rows without what refers to their own table; returns that, to be set when all rows are there."""
    values = [{name: _rich(table.c[name], value) for name, value in zip(columns, row, strict=True)} for row in rows]
    own = [each.parent.name for each in table.foreign_keys if each.column.table is table]
    later = []
    for column in own:
        (key,) = table.primary_key.columns
        later.append((table, column, [{"of": row[key.name], "to": row[column]} for row in values if row[column]]))
        for row in values:
            row[column] = None
    tx.execute(table.insert(), values)
    return later


def _rich(column: Column[Any], value: Any) -> Any:
    return base64.b64decode(value) if isinstance(column.type, LargeBinary) and isinstance(value, str) else value


def _go_on_counting(tx: Connection, table: Table) -> None:
    """PostgreSQL gives out numbers by itself, not from what is in the table."""
    for column in table.primary_key.columns:
        sequence = tx.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
        if sequence:
            highest = tx.scalar(select(func.max(column)))
            tx.execute(select(func.setval(sequence, highest or 1, highest is not None)))
