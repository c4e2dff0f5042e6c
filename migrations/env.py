"""How Alembic runs here: always on a connection that the caller holds, in the caller's one transaction."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import inspect
from sqlalchemy.sql.elements import False_

from broadcaster.store.schema import Moment, metadata


def _rendered(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """A revision must stay what it was, so it names no type of ours; and it is for both databases, so false is no 0."""
    if kind == "server_default" and isinstance(getattr(item, "arg", None), False_):
        return "sa.false()"
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Moment) else False


connection = context.config.attributes["connection"]
# SQLite cannot alter a table, so it is made anew; the first revision has nothing to alter.
batch = connection.dialect.name == "sqlite" and inspect(connection).has_table("alembic_version")
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=batch,
    render_item=_rendered,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
