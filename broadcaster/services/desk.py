"""The desk on one page, as it is handed over: what is open, promised, waiting, unanswered, and how the channels stand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

import channels
from broadcaster.domain.alert import plain
from broadcaster.domain.lifecycle import AlertState as A
from broadcaster.runtime import Runtime
from broadcaster.services import carrying
from broadcaster.store import accounts, handovers, inbound, incidents, national_requests, ownership, tallies, zones
from broadcaster.store import alerts as alert_store
from broadcaster.store.alerts import AlertRow

#: More than a desk ever has open; the page says so when there are more.
MOST = 200
_OUT = (A.APPROVED, A.BROADCASTING, A.ACTIVE, A.STOPPED)
_PROMISING = (A.APPROVED, A.BROADCASTING, A.ACTIVE)


def page(rt: Runtime, connection: Connection, now: datetime) -> Mapping[str, Any]:
    """Everything that somebody who takes over must know, as it can be kept: times as ISO 8601, people by id and name.

    `alerts`, `waiting`, `drafts`, `promises` (soonest first), `instructions`, `incidents`, `texts`, `channels`, `told`, `requests`,
    and `ownerless`, which should be empty.
    """
    rows = alert_store.listing(connection, states=ownership.OPEN, limit=MOST)
    names, people = accounts.names(connection), ownership.on_duty(connection)
    open_ones = incidents.listing(connection, open_only=True)

    def line(row: AlertRow) -> dict[str, Any]:
        return _line(row, names, people)

    promised = [row for row in rows if row.next_update_at and row.state in _PROMISING]
    found = {
        "at": now,
        "alerts": [line(row) for row in rows if row.state in _OUT],
        "waiting": [line(row) for row in rows if row.state is A.PENDING_APPROVAL],
        "drafts": [line(row) for row in rows if row.state in (A.DRAFT, A.RETURNED)],
        "promises": [line(row) for row in sorted(promised, key=lambda each: each.next_update_at or now)],
        "incidents": [
            {
                "name": each.name,
                "title": each.title,
                "live": each.live,
                "owner": each.owner,
                "owner_name": names.get(each.owner, ""),
                "lost": each.owner not in people,
            }
            for each in open_ones
        ],
        "instructions": [told for each in open_ones for told in _told(rt, connection, each)],
        "texts": dict(zip(("danger", "open"), inbound.open_numbers(connection), strict=True)),
        "channels": _channels(rt, connection),
        "told": [
            {**each._mapping, "told_by_name": names.get(each.told_by, each.told_by)}
            for each in handovers.told(connection)
        ],
        "requests": [_request(each) for each in national_requests.of_open_incidents(connection)],
        "ownerless": ownership.ownerless(connection),
        "more": len(rows) == MOST,
    }
    kept = plain(found)
    assert isinstance(kept, dict)
    return kept


def _line(row: AlertRow, names: Mapping[str, str], people: frozenset[str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "identifier": row.identifier,
        "kind": row.kind,
        "msg_type": row.msg_type,
        "incident": row.incident,
        "incident_title": row.incident_title,
        "live": row.live,
        "state": row.state,
        "expires_at": row.expires_at,
        "next_update_at": row.next_update_at,
        "submitted_at": row.submitted_at,
        "updated_at": row.updated_at,
        "owner": row.owner,
        "owner_name": names.get(row.owner, ""),
        "lost": row.owner not in people,
    }


def _told(rt: Runtime, connection: Connection, incident: Any) -> Sequence[dict[str, Any]]:
    """What people are told in an incident until it is lifted, a line for each instruction with its places."""
    rows = incidents.open_instructions(connection, incident.id)
    known = zones.some(connection, sorted({row.zone for row in rows}))
    together: dict[tuple[str, datetime | None], dict[str, Any]] = {}
    for row in rows:
        line = together.setdefault(
            (row.key, row.expires_at),
            {
                "incident": incident.name,
                "incident_title": incident.title,
                "live": incident.live,
                "words": row.words.get("command", row.words),
                "level": row.level,
                "since": row.opened_at,
                "expires_at": row.expires_at,
                "places": [],
            },
        )
        line["places"].append(dict(known[row.zone].names) if row.zone in known else {rt.profile.fallback: row.zone})
        line["since"] = min(line["since"], row.opened_at)
    return list(together.values())


def _channels(rt: Runtime, connection: Connection) -> Sequence[dict[str, str]]:
    """Each channel and how it stands: set up and answering ("ok"), not set up, silent, or with batches that nobody works on."""
    found = carrying.standing(rt, live=True)
    dead = tallies.channels_in_trouble(connection)

    def state(name: str) -> str:
        if rt.missing(name):
            return "lacking"
        if name in dead:
            return "dead"
        asked = [each for each in found if each.channel == name]
        return "silent" if asked and not carrying.carried(found, name) else "ok"

    return [{"channel": name, "state": state(name)} for name in channels.CHANNELS]


def _request(each: national_requests.Request) -> dict[str, Any]:
    return {
        "id": each.id,
        "incident": each.incident,
        "incident_title": each.incident_title,
        "live": each.live,
        "step": each.step,
        "made_at": each.made_at,
        "asked_at": each.asked_at,
        "answered_at": each.answered_at,
        "sent_at": each.sent_at,
    }
