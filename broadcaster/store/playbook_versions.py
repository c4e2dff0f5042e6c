"""Queries about versions of playbooks and the people who approved them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from broadcaster.domain.rules import Actor
from broadcaster.store.schema import playbook_approvals, playbook_versions


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's word for a version."""

    approver: str
    approver_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """A playbook's file and every text that it uses, as they were once."""

    id: int
    name: str
    hash: str
    text: str
    created_at: datetime
    approvals: tuple[Approval, ...] = ()

    @property
    def approved(self) -> bool:
        """True when two different people have approved it (SECURITY R1)."""
        return len({each.approver for each in self.approvals}) >= 2


def find(connection: Connection, name: str, digest: str) -> Version | None:
    """The version of a playbook with this hash, if anybody has approved or run it."""
    return _version(connection, playbook_versions.c.name == name, playbook_versions.c.hash == digest)


def by_id(connection: Connection, version_id: int) -> Version | None:
    """The version of this number."""
    return _version(connection, playbook_versions.c.id == version_id)


def _version(connection: Connection, *where: Any) -> Version | None:
    row = connection.execute(select(playbook_versions).where(*where)).one_or_none()
    if row is None:
        return None
    given = connection.execute(
        select(playbook_approvals)
        .where(playbook_approvals.c.version_id == row.id)
        .order_by(playbook_approvals.c.at, playbook_approvals.c.approver)
    )
    approvals = tuple(Approval(each.approver, each.approver_name, each.at) for each in given)
    return Version(row.id, row.name, row.hash, row.text, row.created_at, approvals)


def keep(tx: Connection, name: str, digest: str, text: str, now: datetime) -> Version:
    """The version of this hash, made when it is new."""
    found = find(tx, name, digest)
    if found is None:
        try:
            with tx.begin_nested():
                values = {"name": name, "hash": digest, "text": text, "created_at": now}
                tx.execute(playbook_versions.insert().values(**values))
        except IntegrityError:
            pass  # somebody else kept it in the same moment
        found = find(tx, name, digest)
    assert found is not None
    return found


def approve(tx: Connection, version_id: int, actor: Actor, now: datetime) -> None:
    """Add a person's approval. IntegrityError when they have given it before."""
    values = {"version_id": version_id, "approver": actor.id, "approver_name": actor.name, "at": now}
    tx.execute(playbook_approvals.insert().values(**values))
