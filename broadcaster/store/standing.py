"""How the installation stands: who sweeps, what waits, which pages are behind, how old the backup is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from broadcaster.domain.lifecycle import BatchState
from broadcaster.store.schema import alerts, batches, db_now, deliveries, installation, leaders, publications


@dataclass(frozen=True, slots=True)
class Publication:
    """One public folder: the change that is wanted and the one that is written."""

    root: str
    wanted: int
    written: int
    written_at: datetime | None
    problem: str

    @property
    def behind(self) -> bool:
        return self.written < self.wanted


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch as an operator sees it."""

    id: int
    alert_id: str
    identifier: str
    channel: str
    lane: str
    state: BatchState
    worker: str
    lease_until: datetime
    reason: str
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The whole. Times are the database's; `leader_until` None: no sweeper has ever run."""

    now: datetime
    leader: str
    leader_until: datetime | None
    publications: tuple[Publication, ...]
    backup_at: datetime | None
    restored_at: datetime | None
    #: Lane → state → number of batches that are not done.
    batches: Mapping[str, Mapping[str, int]]
    #: Seconds for which the oldest batch that could be worked on has waited; 0 when none does.
    oldest_wait: float

    @property
    def swept(self) -> bool:
        """True while somebody holds the sweeper's lease."""
        return self.leader_until is not None and self.leader_until > self.now


def standing(connection: Connection) -> Standing:
    """Read everything in one consistent look."""
    now = connection.scalar(select(db_now()))
    assert now is not None
    leader = connection.execute(select(leaders.c.owner, leaders.c.until).order_by(leaders.c.until.desc())).first()
    home = connection.execute(select(installation.c.backup_at, installation.c.restored_at)).first()
    found = [Publication(**row._mapping) for row in connection.execute(select(publications))]
    waiting = select(func.min(batches.c.created_at)).where(
        batches.c.state == BatchState.PENDING, batches.c.lease_until <= db_now()
    )
    oldest = connection.scalar(waiting)
    return Standing(
        now=now,
        leader=leader.owner if leader else "",
        leader_until=leader.until if leader else None,
        publications=tuple(found),
        backup_at=home.backup_at if home else None,
        restored_at=home.restored_at if home else None,
        batches=_batches(connection),
        oldest_wait=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
    )


def _batches(connection: Connection) -> Mapping[str, Mapping[str, int]]:
    query = (
        select(batches.c.lane, batches.c.state, func.count())
        .where(batches.c.state != BatchState.DONE)
        .group_by(batches.c.lane, batches.c.state)
    )
    found: dict[str, dict[str, int]] = {}
    for lane, state, number in connection.execute(query):
        found.setdefault(lane, {})[state] = number
    return found


def batches_in(connection: Connection, states: Sequence[BatchState], limit: int = 100) -> Sequence[BatchRow]:
    """Batches in these states, oldest first."""
    names = [each for each in BatchRow.__dataclass_fields__ if each != "identifier"]
    query = (
        select(*(batches.c[name] for name in names), alerts.c.identifier)
        .join(alerts, alerts.c.id == batches.c.alert_id)
        .where(batches.c.state.in_(sorted(states)))
        .order_by(batches.c.created_at, batches.c.id)
        .limit(limit)
    )
    return [BatchRow(**dict(row._mapping) | {"state": BatchState(row.state)}) for row in connection.execute(query)]


def delivery_totals(connection: Connection) -> Mapping[tuple[str, str, bool], int]:
    """(channel, state, live) → deliveries, over all alerts."""
    live = alerts.c.status == "Actual"
    query = (
        select(deliveries.c.channel, deliveries.c.state, live, func.count())
        .join(alerts, alerts.c.id == deliveries.c.alert_id)
        .group_by(deliveries.c.channel, deliveries.c.state, live)
    )
    return {(channel, state, bool(is_live)): number for channel, state, is_live, number in connection.execute(query)}


def alert_totals(connection: Connection) -> Mapping[tuple[str, bool], int]:
    """(state, live) → alerts."""
    live = alerts.c.status == "Actual"
    query = select(alerts.c.state, live, func.count()).group_by(alerts.c.state, live)
    return {(state, bool(is_live)): number for state, is_live, number in connection.execute(query)}
