"""Which generation of each public folder is wanted, raised with every public change, and which is written."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from broadcaster.store.schema import db_now, publications

#: The public folders: Actual alerts go to "live", Exercise and Test to "exercise".
ROOTS = ("live", "exercise")


@dataclass(frozen=True, slots=True)
class Publication:
    """How a folder stands. `written_at` is the moment whose view was written; None before the first time."""

    root: str
    wanted: int = 0
    written: int = 0
    written_at: datetime | None = None
    problem: str = ""

    @property
    def behind(self) -> bool:
        return self.written < self.wanted or self.written_at is None


def raise_wanted(tx: Connection, root: str) -> None:
    """Say that something public has changed. Call it in the transaction of the change.

    The number is the database's clock in milliseconds where that is higher than one more: after a restore from an older
    backup it is still higher than any that was written before, and the folder does not stay behind its own past.
    """
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    one_more = publications.c.wanted + 1
    clock = db_now()
    statement = insert(publications).values(root=_known(root), wanted=clock, written=0, problem="")
    raised = case((one_more > clock, one_more), else_=clock)
    tx.execute(statement.on_conflict_do_update(index_elements=["root"], set_={"wanted": raised}))


def publication(connection: Connection, root: str) -> Publication:
    """How the folder stands; all zero before anything was published there."""
    row = connection.execute(select(publications).where(publications.c.root == _known(root))).one_or_none()
    return Publication(**row._mapping) if row else Publication(root)


def record_written(tx: Connection, root: str, generation: int, as_of: datetime, problem: str = "") -> None:
    """Remember that the view of `generation` as of `as_of` is in the folder; never less than is remembered already."""
    _ensure(tx, root)
    older = publications.c.written < generation
    earlier = or_(publications.c.written_at.is_(None), publications.c.written_at <= as_of)
    tx.execute(
        update(publications)
        .where(publications.c.root == root, or_(older, (publications.c.written == generation) & earlier))
        .values(written=generation, written_at=as_of, problem=problem)
    )


def record_problem(tx: Connection, root: str, generation: int, problem: str) -> None:
    """Remember why the folder could not be written, unless somebody has written it in the meantime."""
    _ensure(tx, root)
    tx.execute(
        update(publications)
        .where(publications.c.root == root, publications.c.written <= generation)
        .values(problem=problem)
    )


def _ensure(tx: Connection, root: str) -> None:
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    empty = insert(publications).values(root=_known(root), wanted=0, written=0, problem="")
    tx.execute(empty.on_conflict_do_nothing(index_elements=["root"]))


def _known(root: str) -> str:
    if root not in ROOTS:
        raise ValueError(f"there is no public folder {root!r}")
    return root
