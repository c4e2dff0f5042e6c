"""The window of requests in flight: wide, shared, held up by nobody, and left in order; and what surely was not sent."""

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from channels.base import Misconfigured, Outcome, Parcel, Refused, Unavailable, Uncertain
from channels.sandbox.server import Sandbox
from tests.channels.many import in_bulk, parcels, texts
from tests.channels.recorder import Request, accept, nobody_accepts, recording


def test_the_window_is_wide(sandbox: Sandbox) -> None:
    sandbox.control("twilio").fault("POST /2010", "latency", count=None, delay_s=0.2)
    with texts(sandbox.twilio_url, window=256) as channel:
        outcomes = in_bulk(channel, *parcels(1000))
    assert {outcome.error for outcome in outcomes} == {None}
    stats = sandbox.control("twilio").stats()
    assert 200 <= stats["in_flight_peak"] <= 256
    assert stats["recorded"] == 1000


def test_processes_that_use_one_account_share_what_it_takes_at_a_time(sandbox: Sandbox) -> None:
    sandbox.control("twilio").fault("POST /2010", "latency", count=None, delay_s=0.05)
    with texts(sandbox.twilio_url, window=40) as channel:
        channel.share(4)
        outcomes = in_bulk(channel, *parcels(60))
    assert {outcome.error for outcome in outcomes} == {None}
    assert sandbox.control("twilio").stats()["in_flight_peak"] == 10


def test_one_hanging_request_holds_up_no_other(sandbox: Sandbox) -> None:
    many = parcels(200)
    sandbox.control("twilio").fault(f"To={many[0].to.replace('+', '%2B')}", "hang")
    with texts(sandbox.twilio_url, timeout=3, window=8) as channel:
        landing = channel.send(iter(many))
        started = time.monotonic()
        first = [next(landing) for _ in range(199)]
        assert time.monotonic() - started < 3
        (last,) = landing
    assert {outcome.error for outcome in first} == {None}
    assert (last.parcel, type(last.error)) == (many[0], Uncertain)


def test_no_more_than_the_window_is_pulled_ahead_and_what_is_pulled_starts_before_the_next() -> None:
    pulled: list[Parcel] = []
    landed: list[Outcome] = []

    def source() -> Iterator[Parcel | None]:
        for parcel in parcels(60):
            assert len(pulled) - len(landed) < 4
            pulled.append(parcel)
            yield parcel
            deadline = time.monotonic() + 5
            # Once connected, a request is on its way before the next is asked for.
            while len(landed) >= 4 and len(provider.requests) < len(pulled) and time.monotonic() < deadline:
                time.sleep(0.001)
            assert len(landed) < 4 or len(provider.requests) == len(pulled)

    with recording() as provider, texts(provider.url, window=4) as channel:
        outcomes = channel.send(source())
        assert pulled == []
        landed.extend(outcomes)
    assert len(landed) == 60
    assert provider.opened <= 4


def test_not_yet_lets_what_is_in_flight_land_and_asks_again() -> None:
    landed: list[str] = []
    asked = 0

    def source() -> Iterator[Parcel | None]:
        nonlocal asked
        for count, parcel in enumerate(parcels(3)):
            deadline = time.monotonic() + 5
            while len(landed) < count:
                assert time.monotonic() < deadline, "nothing lands while the caller says not yet"
                asked += 1
                yield None
            yield parcel
        for _ in range(3):  # nothing in flight, nothing to send, and not at an end
            yield None

    async def serve(request: Request, back: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        await accept(request, back)

    with recording(serve) as provider, texts(provider.url) as channel:
        landed.extend(outcome.parcel.id for outcome in channel.send(source()))
    assert landed == ["d0", "d1", "d2"]
    assert asked <= 30  # a moment between, not a spin


def test_a_caller_that_leaves_early_leaves_nothing_behind() -> None:
    async def serve(request: Request, back: asyncio.StreamWriter) -> None:
        if request.field("To") != quick.to:
            await provider.wait_for_gate()
        await accept(request, back)

    quick, *slow = parcels(6)
    with recording(serve) as provider, texts(provider.url, window=6) as channel:
        landing = channel.send(iter([*slow, quick]))
        assert next(landing).parcel == quick
        landing.close()  # type: ignore[attr-defined]
        provider.gate.set()
        # The same handles serve the next call, and no answer of the last one is taken for one of this.
        outcomes = in_bulk(channel, *parcels(6, text="Again."))
        assert {outcome.parcel.text for outcome in outcomes} == {"Again."}
        assert {outcome.error for outcome in outcomes} == {None}
        channel.close()
        deadline = time.monotonic() + 5
        while provider.open_now and time.monotonic() < deadline:
            time.sleep(0.005)
        assert provider.open_now == 0


def test_when_the_callers_own_gate_breaks_what_is_in_flight_still_lands() -> None:
    def source() -> Iterator[Parcel]:
        yield from parcels(5)
        raise LookupError("the database is gone")

    landed: list[Outcome] = []
    with recording() as provider, texts(provider.url) as channel:
        with pytest.raises(LookupError):
            landed.extend(channel.send(source()))
        outcomes = channel.send(source())
        assert [next(outcomes).error for _ in range(5)] == [None] * 5
        with pytest.raises(LookupError):
            next(outcomes)
    assert len(provider.requests) == 10


def test_two_sends_at_once_do_not_mix() -> None:
    with recording() as provider, texts(provider.url, window=2) as channel:
        one, two = channel.send(iter(parcels(20, text="One"))), channel.send(iter(parcels(20, text="Two")))
        texts_seen = [(a.parcel.text, b.parcel.text) for a, b in zip(one, two, strict=True)]
    assert texts_seen == [("One", "Two")] * 20
    assert len(provider.requests) == 40


def test_what_cannot_be_sent_at_all_harms_only_itself() -> None:
    good, expired, broken = parcels(3)
    expired, broken = replace(expired, valid_for=0), replace(broken, text="\ud800")
    with recording() as provider, texts(provider.url) as channel:
        outcomes = {outcome.parcel: outcome.error for outcome in in_bulk(channel, expired, broken, good)}
    assert outcomes[good] is None
    assert isinstance(outcomes[expired], Refused)
    assert isinstance(outcomes[broken], Misconfigured)
    assert len(provider.requests) == 1


# -- not sent --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "kind", "code"),
    [
        ("http://provider.onion", Unavailable, "no_connection"),  # a name that libcurl never asks anyone for (RFC 7686)
        ("http://127.0.0.1:1", Unavailable, "no_connection"),
        ("http://127.0.0.1:99999", Misconfigured, "bad_address"),
    ],
)
def test_without_a_connection_nothing_was_sent(url: str, kind: type, code: str) -> None:
    with texts(url, timeout=2) as channel:
        for outcome in in_bulk(channel, *parcels(3)):
            assert outcome.error
            assert (type(outcome.error), outcome.error.code) == (kind, code)


def test_a_connection_that_nobody_accepts_is_not_sent() -> None:
    with nobody_accepts() as url, texts(url, timeout=0.4) as channel:
        (outcome,) = in_bulk(channel, *parcels(1))
    assert isinstance(outcome.error, Unavailable)
    assert outcome.error.code == "connect_timeout"


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with recording() as provider, texts(provider.url) as channel:
        assert in_bulk(channel, *parcels(1))[0].error is None
    assert len(provider.requests) == 1


def test_a_thread_of_its_own_may_send_too() -> None:
    found: list[Outcome] = []
    with recording() as provider:

        def run() -> None:
            with texts(provider.url) as channel:
                found.extend(in_bulk(channel, *parcels(50)))

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [outcome.error for outcome in found] == [None] * 100
