"""What has happened before a test begins: alerts written, submitted, approved, by the people of the house."""

from dataclasses import replace

from broadcaster.domain.alert import Draft
from broadcaster.domain.errors import Conflict
from broadcaster.runtime import Runtime
from broadcaster.services import approval, drafting
from broadcaster.store import alerts as alert_store
from broadcaster.store.alerts import AlertRow
from tests.web.cast import House


def written(house: House, rt: Runtime, draft: Draft, by: str = "ada") -> str:
    """A draft that `by` keeps."""
    return drafting.create(rt, draft, house.people[by].actor, house.clock())


def submitted(house: House, rt: Runtime, draft: Draft, by: str = "ada") -> str:
    """Written and submitted by one person. Channels that the house has not set up are left out."""
    able = tuple(name for name in draft.channels if name in rt.channel_names(draft.status.live))
    alert_id = written(house, rt, replace(draft, channels=able), by)
    drafting.submit(rt, alert_id, house.people[by].actor, house.clock())
    return alert_id


def approved(house: House, rt: Runtime, draft: Draft) -> str:
    """Submitted by Ada, approved by Ben; nothing has been handed over yet, because nobody works here."""
    alert_id = submitted(house, rt, draft)
    digest = row(rt, alert_id).content_hash
    assert digest is not None
    try:
        approval.approve(rt, alert_id, house.people["ben"].actor, digest, house.clock())
    except Conflict as error:  # pragma: no cover - would mean that the story does not fit the town
        raise AssertionError(str(error)) from error
    return alert_id


def row(rt: Runtime, alert_id: str) -> AlertRow:
    """The alert as it stands."""
    with rt.db.read() as connection:
        return alert_store.get(connection, alert_id)
