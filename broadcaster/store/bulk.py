"""Many rows into one table at once, at the speed of each database: executemany on SQLite, COPY on PostgreSQL."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Boolean, Connection, Table


def insert_rows(tx: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows`, whose values stand in the order of `columns`; types convert as in any other statement."""
    if not rows:
        return
    # Both drivers know what a bool is.
    types = [(index, table.c[name].type) for index, name in enumerate(columns)]
    others = [(index, each.dialect_impl(tx.dialect)) for index, each in types if not isinstance(each, Boolean)]
    convert = [(index, to) for index, each in others if (to := each.bind_processor(tx.dialect))]
    if convert:
        values: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for index, to in convert:
            values[index] = map(to, values[index])
        rows = list(zip(*values, strict=True))
    quoted = ", ".join(columns)
    if tx.dialect.name == "postgresql":
        cursor: Any = tx.connection.cursor()
        with cursor, cursor.copy(f"COPY {table.name} ({quoted}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" for _ in columns)
        statement = f"INSERT INTO {table.name} ({quoted}) VALUES ({marks})"  # noqa: S608 - names of our own tables
        tx.exec_driver_sql(statement, list(rows))
