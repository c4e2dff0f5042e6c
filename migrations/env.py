"""How Alembic runs here: always on a connection that the caller holds, in the caller's one transaction."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.sql.elements import False_

from broadcaster.store.schema import Moment, metadata


def _rendered(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """A revision must stay what it was, so it names no type of ours; and it is for both databases, so false is no 0."""
    if kind == "server_default" and isinstance(getattr(item, "arg", None), False_):
        return "sa.false()"
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Moment) else False


def _another_default(
    _: MigrationContext, column: Any, ours: Any, there: str | None, given: Any, wanted: str | None
) -> bool | None:
    """SQLite gives ('') back where '' was asked for, which is no change; None leaves the question to Alembic."""
    return False if there is not None and there.strip("()'\"") == (wanted or "").strip("()'\"") else None


connection = context.config.attributes["connection"]
# SQLite cannot alter a table, so it is made anew; the first revision has nothing to alter.
batch = connection.dialect.name == "sqlite" and inspect(connection).has_table("alembic_version")
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=batch,
    render_item=_rendered,
    compare_type=True,
    compare_server_default=_another_default,
)
with context.begin_transaction():
    context.run_migrations()
