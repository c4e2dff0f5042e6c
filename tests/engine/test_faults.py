"""The fault matrix: whatever a provider, its callbacks or the disk does, final states are right and nobody gets it twice."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from broadcaster import clock
from broadcaster.runtime import Runtime
from broadcaster.services import publishing
from broadcaster.settings import Settings
from broadcaster.store import alerts as alert_store
from broadcaster.store import batches
from broadcaster.store.schema import batches as batch_table
from broadcaster.store.schema import deliveries
from channels.base import Progress, Receipt
from channels.sandbox.control import Control
from channels.sandbox.server import Sandbox
from tests.engine.city import (
    counts,
    finish,
    holding,
    provider_log,
    sent,
    settle,
    tell,
    texts_per_phone,
    work_until,
)
from tests.engine.parts import Parts

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

FAULTS = ("latency", "429", "500", "hang", "drop_before", "drop_after")
POSTING = {"sms": ("twilio", "POST /2010"), "x": ("x", "POST /2/tweets"), "facebook": ("facebook", "/feed")}
Until = Callable[..., None]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("channel", list(POSTING))
def test_a_provider_fault_loses_nothing_and_doubles_nothing(
    channel: str, fault: str, runtime: Runtime, sandbox: Sandbox
) -> None:
    """Over 5 s where an answer is lost: the grace has to pass before anybody looks."""
    phones = settle(runtime, 5)
    provider, request = POSTING[channel]
    delay = {"latency": 0.3, "429": 1.0, "hang": 1.0}.get(fault, 0.0)
    often = 1 if (channel, fault) == ("facebook", "429") else 2
    Control(sandbox.urls[provider]).fault(request, fault, count=often, delay_s=delay)
    alert_id = sent(runtime, holding())
    if (channel, fault) == ("facebook", "429"):
        work_until(runtime, lambda: "rate limit" in reason(runtime, alert_id, "facebook"))
        # The Graph API names no time, so we leave it alone for a minute.
        a_minute_passes(runtime)
    finish(runtime, alert_id, 120)
    assert counts(runtime, alert_id) == {
        "sms": {"delivered": 5},
        "x": {"delivered": 2},
        "facebook": {"delivered": 1},
        "website": {"delivered": 1},
    }
    assert texts_per_phone(sandbox) == dict.fromkeys(phones, 1)
    assert len({each["text"] for each in provider_log(sandbox, "x")}) == len(provider_log(sandbox, "x")) == 2
    assert len(provider_log(sandbox, "facebook")) == 1


def reason(rt: Runtime, alert_id: str, channel: str) -> str:
    """Why the last try on a channel did not work."""
    with rt.db.read() as connection:
        rows = alert_store.delivery_rows(connection, alert_id, channel=channel)
    return " ".join(row.reason for row in rows)


def a_minute_passes(rt: Runtime) -> None:
    """Every wait of the last minute is over."""
    with rt.db.write() as tx:
        tx.execute(update(deliveries).values(not_before=deliveries.c.not_before - 60_000))
        tx.execute(update(batch_table).values(lease_until=batch_table.c.lease_until - 60_000))


def test_a_channel_that_hangs_delays_no_other(
    runtime: Runtime, settings: Settings, sandbox: Sandbox, until: Until
) -> None:
    """Over 5 s: three real workers have to start. X answers nothing at all while the others finish."""
    settle(runtime, 5)
    Control(sandbox.urls["x"]).fault("POST /2/tweets", "hang", count=None, delay_s=30.0)
    with Parts(settings) as parts:
        for role in ("sweeper", "worker", "worker", "worker"):
            parts.start(role)
        first = sent(runtime, holding())
        second = sent(runtime, holding(incident="second"))
        others = {"sms": {"accepted", "delivered"}, "facebook": {"delivered"}, "website": {"delivered"}}

        def finished(alert_id: str) -> bool:
            now = counts(runtime, alert_id)
            return all(set(now.get(channel, {})) <= states and now.get(channel) for channel, states in others.items())

        until(lambda: finished(first) and finished(second), 120, "the other channels")
    assert not set(counts(runtime, second)["x"]) & {"accepted", "delivered"}
    assert provider_log(sandbox, "x") == []


def to_receive(rt: Runtime, alert_id: str) -> list[Receipt]:
    """The receipts that Twilio would send for an alert's texts, as our callback address carries them."""
    with rt.db.read() as connection:
        rows = alert_store.delivery_rows(connection, alert_id, channel="sms", limit=1000)
    found: list[Receipt] = []
    for row in rows:
        token = rt.seal(row.id)
        steps = (Progress.ACCEPTED, Progress.SENT, Progress.DELIVERED)
        found += [Receipt(row.provider_id, progress, parcel_id=token) for progress in steps]
    return found


@pytest.mark.parametrize("fault", ["lost", "repeated", "shuffled"])
def test_callbacks_that_are_lost_repeated_or_shuffled_end_in_the_right_states(
    fault: str, runtime: Runtime, sandbox: Sandbox
) -> None:
    settle(runtime, 20)
    alert_id = sent(runtime, holding())
    work_until(runtime, lambda: len(provider_log(sandbox, "twilio")) == 20)
    words = to_receive(runtime, alert_id)
    dice = random.Random(fault)
    if fault == "repeated":
        words *= 3
    if fault == "shuffled":
        dice.shuffle(words)
    if fault == "lost":
        words = [each for each in words if dice.random() > 0.5]
    tell(runtime, *words)
    finish(runtime, alert_id, 120)
    assert counts(runtime, alert_id)["sms"] == {"delivered": 20}


def test_a_receipt_finds_a_text_whose_answer_was_lost(runtime: Runtime, sandbox: Sandbox) -> None:
    (phone,) = settle(runtime, 1)
    Control(sandbox.urls["twilio"]).fault("POST /2010", "drop_after")
    alert_id = sent(runtime, holding())
    work_until(runtime, lambda: len(provider_log(sandbox, "twilio")) == 1)
    with runtime.db.read() as connection:
        (row,) = alert_store.delivery_rows(connection, alert_id, channel="sms")
    (taken,) = provider_log(sandbox, "twilio")
    token = runtime.seal(row.id)
    tell(runtime, Receipt(taken["id"], Progress.DELIVERED, parcel_id=token))
    assert counts(runtime, alert_id)["sms"] == {"delivered": 1}
    finish(runtime, alert_id, 120)
    assert texts_per_phone(sandbox) == {phone: 1}


def test_a_receipt_with_a_token_of_somebody_else_changes_nothing(runtime: Runtime, sandbox: Sandbox) -> None:
    settle(runtime, 1)
    alert_id = sent(runtime, holding())
    work_until(runtime, lambda: len(provider_log(sandbox, "twilio")) == 1)
    before = counts(runtime, alert_id)
    for token in ("1", "1.forged", "x" * 500):
        tell(runtime, Receipt("SM1", Progress.FAILED, parcel_id=token))
    tell(runtime, Receipt("SM" + "0" * 32, Progress.FAILED))
    assert counts(runtime, alert_id) == before


def test_a_passing_failure_gets_one_second_try_and_late_words_about_the_first_do_not_count(
    runtime: Runtime, sandbox: Sandbox
) -> None:
    settle(runtime, 1)
    alert_id = sent(runtime, holding())
    work_until(runtime, lambda: counts(runtime, alert_id).get("sms") == {"accepted": 1})
    with runtime.db.read() as connection:
        (row,) = alert_store.delivery_rows(connection, alert_id, channel="sms")
    token = runtime.seal(row.id)
    failed = Receipt(row.provider_id, Progress.FAILED, parcel_id=token, code="30003", transient=True)
    tell(runtime, failed)
    assert counts(runtime, alert_id)["sms"] == {"pending": 1}
    tell(runtime, failed)
    assert counts(runtime, alert_id)["sms"] == {"pending": 1}
    with runtime.db.read() as connection:
        (again,) = alert_store.delivery_rows(connection, alert_id, channel="sms")
    assert (again.earlier_id, again.provider_id, again.second_tries) == (row.provider_id, None, 1)


def read_only(root: Path) -> Callable[[], None]:
    """Nothing can be created in the folder, even by root: it is a file."""
    shutil.rmtree(root)
    root.write_text("", encoding="utf-8")

    def mend() -> None:
        root.unlink()
        root.mkdir()

    return mend


def missing(root: Path) -> Callable[[], None]:
    shutil.rmtree(root)
    return root.mkdir


@pytest.mark.parametrize("break_it", [read_only, missing])
def test_a_page_that_cannot_be_written_is_written_once_it_can(
    break_it: Callable[[Path], Callable[[], None]], runtime: Runtime, sandbox: Sandbox, tmp_path: Path
) -> None:
    settle(runtime, 2)
    root = tmp_path / "public"
    root.mkdir()
    runtime.settings = runtime.settings.model_copy(update={"status_dir": root})
    mend = break_it(root)
    alert_id = sent(runtime, holding())
    work_until(runtime, lambda: counts(runtime, alert_id).get("sms") == {"delivered": 2}, 120)
    assert counts(runtime, alert_id)["website"] == {"pending": 1}
    with runtime.db.read() as connection:
        (waiting,) = [number for number, _, name in batches.of_alert(connection, alert_id) if name == "website"]
    assert waiting
    assert publishing.behind(runtime, clock.utc_now())
    mend()
    finish(runtime, alert_id, 120)
    assert counts(runtime, alert_id)["website"] == {"delivered": 1}
    assert (root / "en" / "index.html").is_file()
