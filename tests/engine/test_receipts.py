"""Receipts at volume: posted over HTTP with real signatures, repeated, shuffled and lost, while everything on their way is killed."""

import http.client
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, update
from twilio.request_validator import RequestValidator
from werkzeug.serving import WSGIRequestHandler, make_server

from broadcaster.processes.valkey import Embedded
from broadcaster.runtime import Runtime, build
from broadcaster.services import pulling, receiving
from broadcaster.services.receiving import Receiver
from broadcaster.settings import Settings
from broadcaster.store import alerts as alert_store
from broadcaster.store import pulls, quiet, receipt_stream, receipts
from broadcaster.store.receipt_stream import Told
from broadcaster.store.receipts import Word
from broadcaster.store.schema import deliveries
from broadcaster.web.app import create_app
from channels.base import Progress, Receipt
from channels.sandbox.control import Control
from channels.sandbox.server import Sandbox
from channels.sandbox.twilio_rules import FAKE_AUTH_TOKEN
from tests.engine.city import QUICK, counts, finish, holding, provider_log, sent, settle, work_until
from tests.engine.parts import Parts

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

HOST = "https://console.bcc.example"
Until = Callable[..., None]


class Quietly(WSGIRequestHandler):
    """Without a line for each request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...


class Callbacks:
    """The web of one installation for callbacks alone, on real HTTP."""

    def __init__(self, rt: Runtime) -> None:
        app = create_app(rt, only="webhooks")
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quietly)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def post(self, posts: Sequence[tuple[str, dict[str, str]]]) -> None:
        """Post these (path with query, form) as Twilio does, one after the other on one connection."""
        twilio = RequestValidator(FAKE_AUTH_TOKEN)
        line = http.client.HTTPConnection("127.0.0.1", self._server.server_port, timeout=20)
        for path, form in posts:
            headers = {
                "X-Twilio-Signature": twilio.compute_signature(f"{HOST}{path}", form),
                "Content-Type": "application/x-www-form-urlencoded",
            }
            line.request("POST", path, urlencode(form), headers)
            answer = line.getresponse()
            answer.read()
            assert answer.status == 204
        line.close()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def own_valkey(folder: Path) -> Iterator[Embedded]:
    """A stream that may be killed."""
    with Embedded(folder) as server:
        yield server


@pytest.fixture
def rt(settings: Settings, own_valkey: Embedded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    # What a killed receiver leaves is taken over at once.
    monkeypatch.setattr(receipt_stream, "LEFT", 0.1)
    monkeypatch.setattr(receipt_stream, "LOOK", 0.1)
    monkeypatch.setattr("broadcaster.store.line.REST", 0.1)
    redis_url = type(settings.redis_url)(own_valkey.url)
    made = build(settings.model_copy(update={"redis_url": redis_url}), replace(QUICK, pull_after=600.0))
    yield made
    made.close()


@pytest.fixture
def callbacks(rt: Runtime) -> Iterator[Callbacks]:
    served = Callbacks(rt)
    yield served
    served.close()


def taken_texts(rt: Runtime, sandbox: Sandbox, number: int) -> tuple[str, dict[int, str]]:
    """An alert whose texts Twilio has: its id, and delivery → SID."""
    settle(rt, number)
    alert_id = sent(rt, holding(channels=("website", "sms")))
    taken = {"accepted", "delivered"}
    work_until(rt, lambda: sum(counts(rt, alert_id).get("sms", {}).get(each, 0) for each in taken) == number)
    with rt.db.write() as tx:
        # On a busy machine one may have been looked up, and found delivered: nothing has been heard of it yet.
        tx.execute(update(deliveries).where(deliveries.c.channel == "sms").values(state="accepted", final_at=None))
    with rt.db.read() as connection:
        rows = alert_store.delivery_rows(connection, alert_id, channel="sms", limit=number)
    return alert_id, {row.id: row.provider_id for row in rows}


def time_has_passed(rt: Runtime) -> None:
    """Every text without a word is to be asked about now."""
    with rt.db.write() as tx:
        tx.execute(update(deliveries).values(not_before=0))


def drain(rt: Runtime, until: Until) -> None:
    receiver = Receiver(rt)
    until(lambda: not receiver.once() and rt.receipt_stream.waiting() == 0, 30, "an empty stream")
    receiver.close()


def test_a_thousand_receipts_thrice_and_shuffled_come_right_whoever_is_killed(
    rt: Runtime,
    callbacks: Callbacks,
    own_valkey: Embedded,
    sandbox: Sandbox,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over 5 s: 500 texts, 2,700 requests, and a process that has to start. A tenth of the receipts never comes."""
    # The failures are made up here, so a whole list of the provider's would deny them.
    monkeypatch.setattr(pulling, "MANY", 1000)
    dice = random.Random(2011)
    alert_id, texts = taken_texts(rt, sandbox, 500)
    lost_for_good = set(dice.sample(sorted(texts), 50))
    posts = []
    for place, (number, sid) in enumerate(texts.items()):
        last = {"MessageStatus": "delivered"} if place % 5 else {"MessageStatus": "undelivered", "ErrorCode": "30005"}
        said = [{"MessageStatus": "sent"}, last] if number not in lost_for_good else []
        posts += [(f"/webhooks/twilio/status?d={rt.seal(number)}", {"MessageSid": sid} | each) for each in said] * 3
    dice.shuffle(posts)
    expected_failed = sum(not place % 5 for place, number in enumerate(texts) if number not in lost_for_good)

    first, second, third = posts[:900], posts[900:1800], posts[1800:]
    callbacks.post(first)
    with Parts(rt.settings) as parts:
        assert parts.died(parts.start("receiver", "after receipts are applied, before the stream knows"))
    assert rt.receipt_stream.waiting() == 900, "nothing is taken out before it is finished with"
    some = counts(rt, alert_id)["sms"]
    assert some.get("delivered"), "it was applied before the kill"
    own_valkey.kill()
    callbacks.post(second[:50])
    assert counts(rt, alert_id)["sms"] != some, "without a stream each is applied by itself"
    own_valkey.start()
    callbacks.post(second[50:])
    callbacks.post(third)
    drain(rt, until)
    assert counts(rt, alert_id)["sms"] == {
        "delivered": 450 - expected_failed,
        "failed": expected_failed,
        "accepted": 50,
    }
    time_has_passed(rt)
    finish(rt, alert_id)
    assert counts(rt, alert_id)["sms"] == {"delivered": 500 - expected_failed, "failed": expected_failed}
    assert len(provider_log(sandbox, "twilio")) == 500


def test_many_missing_words_are_read_from_the_providers_list_and_whoever_comes_next_goes_on(
    rt: Runtime, sandbox: Sandbox, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two texts that the list does not know are looked up by themselves, and do not bring it back."""
    monkeypatch.setattr("channels.sms.PAGE", 30)
    alert_id, texts = taken_texts(rt, sandbox, 100)
    rt.timing = replace(rt.timing, job=0.0, pull_again=60.0)
    time_has_passed(rt)
    twilio = Control(sandbox.urls["twilio"])
    with rt.db.write() as tx:
        unknown = update(deliveries).where(deliveries.c.id.in_(list(texts)[:2]))
        tx.execute(unknown.values(provider_id="SM" + "0" * 32))
        batch_id = tx.scalar(select(deliveries.c.batch_id).where(deliveries.c.id.in_(texts)).limit(1))
    assert batch_id is not None
    until(lambda: all(each["status"] == "delivered" for each in provider_log(sandbox, "twilio")))

    asked = twilio.stats()["requests"]
    seen = [0]
    for _ in range(4):
        pulling.pull(rt, batch_id)
        seen.append(counts(rt, alert_id)["sms"].get("delivered", 0))
    assert seen[-1] == 98
    assert all(before < after <= before + 30 for before, after in pairwise(seen)), (
        "each job reads a page, as it has no time"
    )
    assert twilio.stats()["requests"] - asked == 4, "one request for each page"
    pulling.pull(rt, batch_id)
    assert twilio.stats()["requests"] - asked == 6, "one for each that is not in the list"
    with rt.db.read() as connection:
        assert not quiet.rows(connection, batch_id, 10)


def test_a_reader_of_a_list_that_was_paused_for_too_long_writes_nothing(rt: Runtime, sandbox: Sandbox) -> None:
    alert_id, _ = taken_texts(rt, sandbox, 2)
    time_has_passed(rt)
    with rt.db.write() as tx:
        slow = pulls.take(tx, alert_id, "sms", "twilio", 0.0)
        assert slow
        assert pulls.keep(tx, slow, "the second page", 0.0)
    with rt.db.write() as tx:
        next_one = pulls.take(tx, alert_id, "sms", "twilio", 60.0)
        assert next_one
        assert next_one.cursor == "the second page"
        assert not pulls.keep(tx, slow, "the third page", 60.0)
        assert pulls.take(tx, alert_id, "sms", "twilio", 60.0) is None
    with rt.db.read() as connection:
        assert not quiet.waiting(connection, 10), "it is being read"
    with rt.db.write() as tx:
        assert pulls.finish(tx, next_one, -1.0)
        again = pulls.take(tx, alert_id, "sms", "twilio", 60.0)
        assert again
        assert again.cursor == ""


def test_receipts_about_rows_that_are_being_written_wait_and_odd_ones_harm_nobody(
    rt: Runtime, sandbox: Sandbox, until: Until
) -> None:
    alert_id, texts = taken_texts(rt, sandbox, 3)
    (one, its), (two, others), (three, thirds) = texts.items()
    for name, token in ((its, rt.seal(one)), (others, rt.seal(two)), ("SM\0", rt.seal(three)), (thirds, "old.token")):
        receiving.accept(rt, Receipt(name, Progress.DELIVERED, parcel_id=token), {True})
    receiving.accept(rt, Receipt(others, Progress.FAILED, parcel_id=rt.seal(one)), {False})
    rt.receipt_stream._redis.xadd(receipt_stream.STREAM, {"r": "not ours"})
    receiver = Receiver(rt)
    if rt.db.sqlite:
        receiver.once()
    else:
        with rt.db.write() as tx:
            receipts.apply(tx, [Word(Receipt(its, Progress.SENT), one)])
            receiver.once()
            assert counts(rt, alert_id)["sms"] == {"accepted": 2, "delivered": 1}
    receiver.once()
    assert counts(rt, alert_id)["sms"] == {"accepted": 1, "delivered": 2}, "an old token says nothing"
    assert rt.receipt_stream.waiting() == 0
    receiver.close()
    time_has_passed(rt)
    finish(rt, alert_id)


def test_what_stands_in_the_stream_names_no_phone() -> None:
    said = Receipt("SM1", Progress.FAILED, "7.token", "30003", "no answer from +61 400 000 007", transient=True)
    told = Told(said, frozenset({True}), "twilio")
    assert "400" not in told.packed()
    again = Told.unpacked(told.packed().encode())
    assert (again.receipt.provider_id, again.receipt.transient, again.modes) == ("SM1", True, frozenset({True}))
