"""Many rows into one table at once, at the speed of each database: executemany on SQLite, COPY on PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table


def insert_rows(tx: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows`, whose values stand in the order of `columns`; types convert as in any other statement."""
    if not rows:
        return
    types = [table.c[name].type.dialect_impl(tx.dialect) for name in columns]
    convert = [(index, to) for index, each in enumerate(types) if (to := each.bind_processor(tx.dialect))]
    if convert:
        converted = [list(row) for row in rows]
        for each in converted:
            for index, to in convert:
                each[index] = to(each[index])
        rows = converted
    quoted = ", ".join(columns)
    if tx.dialect.name == "postgresql":
        cursor: Any = tx.connection.cursor()
        with cursor, cursor.copy(f"COPY {table.name} ({quoted}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" for _ in columns)
        statement = f"INSERT INTO {table.name} ({quoted}) VALUES ({marks})"  # noqa: S608 - names of our own tables
        tx.exec_driver_sql(statement, [tuple(row) for row in rows] if convert else list(rows))
