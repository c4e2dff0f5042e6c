"""Queries about runs of playbooks and their steps, answering with frozen rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from broadcaster.domain.bounds import Bounds
from broadcaster.domain.errors import NotFound
from broadcaster.domain.playbook import RUN, RUN_STEP, RunState, StepState
from broadcaster.domain.rules import Actor, Role
from broadcaster.store import playbook_versions
from broadcaster.store.batches import milliseconds
from broadcaster.store.playbook_versions import Version
from broadcaster.store.schema import alerts, db_now, playbook_runs, playbook_steps


@dataclass(frozen=True, slots=True)
class RunStep:
    """What became of one step of a run."""

    position: int
    name: str
    state: StepState
    alert_id: str | None
    due_at: datetime | None
    reason: str
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands. `grounds` empty: its alerts wait for a second person."""

    id: str
    name: str
    version_id: int
    status: str
    incident: str
    parameters: Mapping[str, Any]
    filled: Mapping[str, Any]
    idempotency_key: str
    fingerprint: str
    actor: Actor
    grounds: str
    state: RunState
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None
    steps: tuple[RunStep, ...] = ()

    @property
    def live(self) -> bool:
        return self.status == "Actual"


def version_of(connection: Connection, run: Run) -> Version:
    """The version that a run was started with, which it keeps to its end."""
    found = playbook_versions.by_id(connection, run.version_id)
    assert found is not None
    return found


def start(tx: Connection, values: Mapping[str, Any], actor: Actor, steps: Sequence[str], now: datetime) -> None:
    """A new run with its steps. IntegrityError when the playbook was run with this idempotency key before."""
    (state,) = RUN.initial
    bounds = {"channels": sorted(actor.bounds.channels), "zones": sorted(actor.bounds.zones)}
    who = {"id": actor.id, "name": actor.name, "role": actor.role, "person": actor.person, **bounds}
    times = {"created_at": now, "due_at": now}
    tx.execute(playbook_runs.insert().values(**values, actor=who, state=state, **times))
    (first,) = RUN_STEP.initial
    rows = [
        {"run_id": values["id"], "position": position, "name": name, "state": first, "moved_at": now}
        for position, name in enumerate(steps)
    ]
    tx.execute(playbook_steps.insert(), rows)


def run(connection: Connection, run_id: str) -> Run:
    """The run; NotFound."""
    found = connection.execute(select(playbook_runs).where(playbook_runs.c.id == run_id)).one_or_none()
    if found is None:
        raise NotFound("there is no such run")
    return _run(connection, found)


def run_by_key(connection: Connection, name: str, key: str) -> Run | None:
    """The run of a playbook that was started with this idempotency key."""
    where = playbook_runs.c.name == name, playbook_runs.c.idempotency_key == key
    found = connection.execute(select(playbook_runs).where(*where)).one_or_none()
    return None if found is None else _run(connection, found)


def runs(
    connection: Connection, *, name: str = "", live: bool | None = None, after: str = "", limit: int = 50
) -> Sequence[Run]:
    """Newest first; `after` is the id of the last one already seen."""
    query = select(playbook_runs).order_by(playbook_runs.c.created_at.desc(), playbook_runs.c.id.desc()).limit(limit)
    if name:
        query = query.where(playbook_runs.c.name == name)
    if live is not None:
        query = query.where(playbook_runs.c.status == "Actual" if live else playbook_runs.c.status != "Actual")
    if after:
        last = run(connection, after)
        same = (playbook_runs.c.created_at == last.created_at) & (playbook_runs.c.id < last.id)
        query = query.where((playbook_runs.c.created_at < last.created_at) | same)
    return [_run(connection, found) for found in connection.execute(query).all()]


def _run(connection: Connection, found: Row[Any]) -> Run:
    steps = connection.execute(
        select(playbook_steps).where(playbook_steps.c.run_id == found.id).order_by(playbook_steps.c.position)
    )
    who = found.actor
    return Run(
        id=found.id,
        name=found.name,
        version_id=found.version_id,
        status=found.status,
        incident=found.incident,
        parameters=found.parameters,
        filled=found.filled,
        idempotency_key=found.idempotency_key,
        fingerprint=found.fingerprint,
        actor=Actor(
            who["id"],
            who["name"],
            Role(who["role"]) if who["role"] else None,
            who["person"],
            bounds=Bounds.of(who.get("channels"), who.get("zones")),
        ),
        grounds=found.grounds,
        state=RunState(found.state),
        created_at=found.created_at,
        due_at=found.due_at,
        finished_at=found.finished_at,
        steps=tuple(
            RunStep(
                each.position,
                each.name,
                StepState(each.state),
                each.alert_id,
                each.due_at,
                each.reason,
                each.moved_at,
            )
            for each in steps
        ),
    )


def due(connection: Connection, limit: int = 100) -> Sequence[str]:
    """Runs that should be moved on now and that nobody holds, the longest due first."""
    return connection.scalars(
        select(playbook_runs.c.id)
        .where(
            playbook_runs.c.state.in_(sorted(RUN.sources("go_on"))),
            playbook_runs.c.due_at <= db_now(),
            playbook_runs.c.lease_until <= db_now(),
        )
        .order_by(playbook_runs.c.due_at)
        .limit(limit)
    ).all()


def lease(tx: Connection, run_id: str, worker: str, seconds: float) -> bool:
    """Hold a run for `seconds` of the database's clock; False when somebody else does, or it is over."""
    return (
        tx.execute(
            update(playbook_runs)
            .where(
                playbook_runs.c.id == run_id,
                playbook_runs.c.state.in_(sorted(RUN.sources("go_on"))),
                playbook_runs.c.lease_until <= db_now(),
            )
            .values(state=RUN.target("go_on"), worker=worker, lease_until=db_now() + milliseconds(seconds))
        ).rowcount
        == 1
    )


def renew(tx: Connection, run_id: str, worker: str, seconds: float) -> bool:
    """Go on holding a run; False when it was lost meanwhile."""
    mine = playbook_runs.c.id == run_id, playbook_runs.c.worker == worker, playbook_runs.c.lease_until > db_now()
    held = update(playbook_runs).where(*mine).values(lease_until=db_now() + milliseconds(seconds))
    return tx.execute(held).rowcount == 1


def release(tx: Connection, run_id: str, event: str, now: datetime, due_at: datetime | None = None) -> None:
    """Let go of a run: it waits until `due_at`, has finished, or has failed."""
    values: dict[str, Any] = {"state": RUN.target(event), "lease_until": 0, "worker": ""}
    values |= {"due_at": due_at} if due_at else {"finished_at": now}
    where = playbook_runs.c.id == run_id, playbook_runs.c.state.in_(sorted(RUN.sources(event)))
    tx.execute(update(playbook_runs).where(*where).values(**values))


def move_step(tx: Connection, run_id: str, position: int, event: str, now: datetime, **values: Any) -> bool:
    """Move a step by `event`; False when it was moved before."""
    return (
        tx.execute(
            update(playbook_steps)
            .where(
                playbook_steps.c.run_id == run_id,
                playbook_steps.c.position == position,
                playbook_steps.c.state.in_(sorted(RUN_STEP.sources(event))),
            )
            .values(state=RUN_STEP.target(event), moved_at=now, **values)
        ).rowcount
        == 1
    )


def count_from(tx: Connection, run_id: str, position: int, due_at: datetime) -> None:
    """Set when a step is due, once."""
    mine = playbook_steps.c.run_id == run_id, playbook_steps.c.position == position
    tx.execute(update(playbook_steps).where(*mine, playbook_steps.c.due_at.is_(None)).values(due_at=due_at))


def alert_of_origin(connection: Connection, origin: str) -> str | None:
    """The oldest alert that was written from `origin`: what a process that died had made without telling."""
    query = select(alerts.c.id).where(alerts.c.origin == origin).order_by(alerts.c.created_at, alerts.c.id).limit(1)
    return connection.scalar(query)
