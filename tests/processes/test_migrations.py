"""The revisions make exactly the tables that the code expects, on both databases."""

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from broadcaster.domain.errors import NotReady
from broadcaster.services import migrating
from broadcaster.store.database import Database
from broadcaster.store.schema import metadata
from broadcaster.store.schema.base import belongs


def shape(connection: Connection) -> set[str]:
    """Every table, column and index with all that the database itself says of it."""
    if connection.dialect.name == "sqlite":
        query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'"
        # The order in which a table's constraints are written means nothing.
        return {" ".join(sorted(re.findall(r"[^\s,\"]+", row.sql))) for row in connection.execute(text(query))}
    queries = (
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic%'",
        "SELECT concat_ws(' ', table_name, column_name, udt_name, character_maximum_length, is_nullable,"
        " column_default) FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name NOT LIKE 'alembic%'",
        "SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE 'alembic%'",
    )
    return {str(row[0]) for query in queries for row in connection.execute(text(query))}


def test_the_revisions_make_what_the_code_expects(empty: Database) -> None:
    assert migrating.upgrade(empty) == ("", migrating.head())
    with empty.write() as tx:
        dialect = tx.dialect.name
        mine = {"compare_type": True, "include_object": lambda item, *_: belongs(item, dialect)}
        difference = compare_metadata(MigrationContext.configure(tx, opts=mine), metadata)
        assert not difference, "write a revision: python -m migrations 'what changed'"
        migrated = shape(tx)
        metadata.drop_all(tx)
        metadata.create_all(tx)
        assert migrated == shape(tx)


def test_the_revisions_are_numbered_one_after_the_other() -> None:
    script = ScriptDirectory.from_config(migrating.config())
    assert script.get_current_head() == migrating.head()
    assert [each.revision for each in script.walk_revisions()] == sorted(migrating.known(), reverse=True)


def test_upgrading_twice_changes_nothing(empty: Database) -> None:
    migrating.upgrade(empty)
    assert migrating.upgrade(empty) == (migrating.head(), migrating.head())
    migrating.must_be_current(empty)


def test_a_database_without_tables_is_not_ready(empty: Database) -> None:
    with pytest.raises(NotReady, match="db upgrade"):
        migrating.must_be_current(empty)


def test_a_database_of_a_newer_version_is_left_alone(empty: Database) -> None:
    migrating.upgrade(empty)
    with empty.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NotReady, match="newer version"):
        migrating.upgrade(empty)


def test_a_revision_can_be_taken_back(empty: Database) -> None:
    from alembic import command

    migrating.upgrade(empty)
    with empty.write() as tx:
        command.downgrade(migrating.config(tx), "base")
        assert shape(tx) == set()
