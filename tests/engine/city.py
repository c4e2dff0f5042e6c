"""The cast and the city of the engine's tests: Ada writes, Ben approves, Cy may only look; some hundreds live in two zones."""

import io
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from broadcaster import clock
from broadcaster.domain.alert import Draft, MsgType, Selector
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import FOLDER, Runtime, Timing
from broadcaster.services import (
    approval,
    broadcasting,
    delivering,
    drafting,
    pulling,
    receiving,
    residents,
    sweeping,
    zones,
)
from broadcaster.services.receiving import Receiver
from broadcaster.store import alerts as alert_store
from broadcaster.store import batches, documents, plans, progress, quiet
from broadcaster.store import zones as zone_store
from channels.base import Receipt
from channels.sandbox.facebook_rules import FAKE_APP_SECRET, FAKE_PAGE_ID, FAKE_PAGE_TOKEN
from channels.sandbox.server import Sandbox
from channels.sandbox.twilio_rules import FAKE_ACCOUNT_SID, FAKE_AUTH_TOKEN, FAKE_SENDER
from channels.sandbox.x_auth import FAKE_ACCESS_SECRET, FAKE_ACCESS_TOKEN, FAKE_CONSUMER_KEY, FAKE_CONSUMER_SECRET
from tests.residents.city import SQUARES, collection

ADA = Actor("ada", "Ada", Role.AUTHOR)
BEN = Actor("ben", "Ben", Role.APPROVER)
CY = Actor("cy", "Cy", Role.VIEWER)
ROOT = Actor("root", "Root", Role.ADMIN)

#: The engine's patience in a tenth of the time; a call's own limit stays as it is.
QUICK = Timing(lease=3.0, grace=2.0, slice=1.0, page_wait=1.0, job=10.0, pull_after=1.0, pull_again=1.0, ring_again=0.5)


def accounts(sandbox: Sandbox) -> dict[str, str]:
    """Live credentials that belong to the sandbox."""
    return {
        "BROADCASTER_TWILIO_ACCOUNT_SID": FAKE_ACCOUNT_SID,
        "BROADCASTER_TWILIO_AUTH_TOKEN": FAKE_AUTH_TOKEN,
        "BROADCASTER_TWILIO_FROM": f"{FAKE_SENDER}=5000",
        "BROADCASTER_TWILIO_API_URL": sandbox.urls["twilio"],
        "BROADCASTER_X_CONSUMER_KEY": FAKE_CONSUMER_KEY,
        "BROADCASTER_X_CONSUMER_SECRET": FAKE_CONSUMER_SECRET,
        "BROADCASTER_X_ACCESS_TOKEN": FAKE_ACCESS_TOKEN,
        "BROADCASTER_X_ACCESS_SECRET": FAKE_ACCESS_SECRET,
        "BROADCASTER_X_API_URL": sandbox.urls["x"],
        "BROADCASTER_FACEBOOK_PAGE_ID": FAKE_PAGE_ID,
        "BROADCASTER_FACEBOOK_PAGE_TOKEN": FAKE_PAGE_TOKEN,
        "BROADCASTER_FACEBOOK_APP_SECRET": FAKE_APP_SECRET,
        "BROADCASTER_FACEBOOK_API_URL": sandbox.urls["facebook"],
    }


def phone(number: int) -> str:
    """An Australian mobile number that is not anybody's in these tests."""
    return f"+6140{number:07d}"


def settle(rt: Runtime, count: int, zone: str = "rocklea", exercise: bool = False, first: int = 0) -> list[str]:
    """Import zones and `count` residents of a zone; returns their phones."""
    now = clock.utc_now()
    with rt.db.read() as connection:
        known = zone_store.count(connection)
    if not known:
        zones.import_zones(rt.db, rt.profile, collection(SQUARES), actor=ROOT, now=now)
    numbers = [phone(first + each) for each in range(count)]
    lines = ["phone,language,basis,zones,exercise"]
    lines += [f"{each},en,register,{zone},{'yes' if exercise else 'no'}" for each in numbers]
    stream = io.BytesIO("\n".join(lines).encode())
    report = residents.import_residents(rt.db, rt.profile, stream, "merge", actor=ROOT, now=now)
    assert report.refused_lines == 0, report
    return numbers


def holding(**changes: Any) -> Draft:
    """A first message to Rocklea on all four channels."""
    text = (FOLDER / "templates/alerts/holding/example.en.yaml").read_text(encoding="utf-8")
    draft = documents.read_alert_file(text, UTC, clock.utc_now())
    whole = replace(draft, area=Selector(zones=("rocklea",)), channels=("website", "sms", "x", "facebook"))
    return replace(whole, **changes)


def submitted(rt: Runtime, draft: Draft) -> str:
    """Written and submitted by Ada."""
    now = clock.utc_now()
    alert_id = drafting.create(rt, draft, ADA, now)
    drafting.submit(rt, alert_id, ADA, now)
    return alert_id


def sent(rt: Runtime, draft: Draft) -> str:
    """Written by Ada, approved by Ben; the bell has rung, and nobody has answered yet."""
    alert_id = submitted(rt, draft)
    approve(rt, alert_id)
    return alert_id


def approve(rt: Runtime, alert_id: str) -> None:
    with rt.db.read() as connection:
        digest = alert_store.get(connection, alert_id).content_hash
    assert digest
    approval.approve(rt, alert_id, BEN, digest, clock.utc_now())


def update_of(rt: Runtime, alert_id: str, **changes: Any) -> Draft:
    """The same alert again as an Update."""
    fields = dict(holding().fields) | {"what_changed": {"en": "The creek is still rising"}}
    return holding(msg_type=MsgType.UPDATE, references=(alert_id,), fields=fields, **changes)


def round_of_work(rt: Runtime) -> None:
    """One sweep, and what the workers would do about everything that is due."""
    sweeping.sweep(rt, clock.utc_now())
    with rt.db.read() as connection:
        unmade, due = plans.unmade(connection), batches.due(connection, -60.0)
        waiting = quiet.waiting(connection, 50)
    for alert_id in unmade:
        broadcasting.materialise(rt, alert_id)
    for row in due:
        delivering.deliver(rt, row.id)
    for row in waiting:
        pulling.pull(rt, row.id)


def tell(rt: Runtime, *said: Receipt) -> None:
    """These receipts as if the live account's secret had signed them: through the stream, where there is one, and applied."""
    for each in said:
        receiving.accept(rt, each, {True})
    receiver = Receiver(rt)
    while receiver.once():
        pass
    receiver.close()


def work_until(rt: Runtime, condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Rounds of work until `condition` holds; a test that waits for longer than `seconds` has failed."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        round_of_work(rt)
        time.sleep(0.05)


def finish(rt: Runtime, alert_id: str, seconds: float = 60.0) -> None:
    """Work until every delivery of an alert is final."""
    work_until(rt, lambda: complete(rt, alert_id), seconds)


def counts(rt: Runtime, alert_id: str) -> dict[str, dict[str, int]]:
    with rt.db.read() as connection:
        return progress.by_channel(connection, alert_id)


def state(rt: Runtime, alert_id: str) -> str:
    with rt.db.read() as connection:
        return alert_store.get(connection, alert_id).state


def complete(rt: Runtime, alert_id: str) -> bool:
    with rt.db.read() as connection:
        return alert_store.get(connection, alert_id).completed_at is not None


def provider_log(sandbox: Sandbox, provider: str) -> list[dict[str, Any]]:
    """Everything that a provider has taken."""
    found: list[dict[str, Any]] = requests.get(f"{sandbox.urls[provider]}/_sent", timeout=5).json()
    return found


def texts_per_phone(sandbox: Sandbox) -> Mapping[str, int]:
    return Counter(str(each["to"]) for each in provider_log(sandbox, "twilio"))


def in_an_hour() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)
