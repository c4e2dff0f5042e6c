"""Exercises on accounts of their own: nothing live is ever called, one can be played again, and a real event ends them all."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from broadcaster import clock
from broadcaster.domain.alert import Status
from broadcaster.domain.errors import Conflict, NotAllowed
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime, build
from broadcaster.services import drafting, exercises, real_event
from broadcaster.settings import Settings, load
from broadcaster.store import alerts as alert_store
from broadcaster.store import incidents
from channels.sandbox.server import Sandbox
from tests.engine.city import (
    ADA,
    BEN,
    QUICK,
    accounts,
    finish,
    holding,
    provider_log,
    round_of_work,
    sent,
    settle,
    state,
    submitted,
    work_until,
)


@pytest.fixture
def live_calls() -> Iterator[tuple[str, list[str]]]:
    """A server in the place of every live provider, and what it was asked: its address and a list."""
    asked: list[str] = []

    class Stub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_error(500)

        do_POST = do_DELETE = do_GET  # noqa: N815 - the server's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def drill(settings: Settings, sandbox: Sandbox, live_calls: tuple[str, list[str]]) -> Iterator[Runtime]:
    """An installation whose live accounts are the stub's, and whose exercise accounts are the sandbox's."""
    address, _ = live_calls
    own = {name.replace("BROADCASTER_", "BROADCASTER_EXERCISE_", 1): value for name, value in accounts(sandbox).items()}
    live = {name: address if name.endswith("_API_URL") else _other(value) for name, value in accounts(sandbox).items()}
    common = {
        "BROADCASTER_PROFILE": str(settings.profile),
        "BROADCASTER_VAR_DIR": str(settings.var_dir),
        "BROADCASTER_DATABASE_URL": settings.database,
        "BROADCASTER_REDIS_URL": settings.redis,
        "BROADCASTER_SECRET_KEY": "a-key-for-tests-that-is-long-enough-0123456789",
        "BROADCASTER_PUBLIC_URL": "https://console.bcc.example",
        "BROADCASTER_STATUS_URL": "https://bcc.example",
    }
    rt = build(load({**common, **live, **own}), QUICK)
    yield rt
    rt.close()
    rt.db.engine.dispose()


def _other(value: str) -> str:
    """The same in shape, and another account."""
    return value.translate(str.maketrans("0123456789", "1234567890")) if any(map(str.isdigit, value)) else f"{value}1"


def practise(rt: Runtime, **changes: object) -> str:
    """An exercise alert that has been sent."""
    return sent(rt, holding(status=Status.EXERCISE, incident="drill", **changes))


def test_an_exercise_from_its_first_word_to_the_real_event_calls_nothing_live(
    drill: Runtime, sandbox: Sandbox, live_calls: tuple[str, list[str]]
) -> None:
    """The whole way, retries, a stop, a replay and the button included, on both databases: a few seconds."""
    part = settle(drill, 4, exercise=True)
    settle(drill, 3, first=500)
    first = practise(drill)
    finish(drill, first)
    draft = drafting.create(drill, holding(status=Status.EXERCISE, incident="drill"), ADA, clock.utc_now())
    waiting = submitted(drill, holding(status=Status.EXERCISE, incident="drill"))
    again = exercises.replay(drill, "drill", ADA, clock.utc_now())
    before = len(provider_log(sandbox, "twilio"))
    assert {str(each["to"]) for each in provider_log(sandbox, "twilio")} == set(part)

    key = Actor("key:1", "A key", Role.ADMIN, person=False)
    with pytest.raises(NotAllowed):
        real_event.declare(drill, "flood", "Flood", key, clock.utc_now())
    done = real_event.declare(drill, "flood", "Flood", BEN, clock.utc_now())
    assert set(done.exercises) == {"drill", again}
    assert done.told == len(part)
    work_until(drill, lambda: len(provider_log(sandbox, "twilio")) == before + len(part))
    told = provider_log(sandbox, "twilio")[before:]
    assert {str(each["to"]) for each in told} == set(part)
    assert all("EXERCISE ENDED. A real event has begun." in str(each["text"]) for each in told)
    assert [state(drill, each) for each in (first, draft, waiting)] == ["cancelled", "discarded", "withdrawn"]
    with drill.db.read() as connection:
        live = incidents.named(connection, done.incident)
        assert (live.live, live.owner, live.closed_at) == (True, BEN.id, None)
        assert alert_store.listing(connection, incident=done.incident) == []
        assert [each.name for each in incidents.listing(connection, open_only=True)] == [done.incident]
    with pytest.raises(Conflict, match="closed"):
        practise(drill)
    round_of_work(drill)
    assert live_calls[1] == []


def test_an_exercise_is_played_again_as_drafts_in_their_order_and_with_their_times(
    drill: Runtime,
) -> None:
    settle(drill, 2, exercise=True)
    begun = clock.utc_now()
    first = practise(drill, channels=("website",))
    exercises.end(drill, "drill", BEN, begun)
    name = exercises.replay(drill, "drill", ADA, begun)
    assert name == "drill-2"
    with drill.db.read() as connection:
        (new,) = alert_store.listing(connection, incident=name)
        old = alert_store.get(connection, first)
        title = incidents.named(connection, name).title
    assert (new.state, new.status, new.kind, new.approved_by) == ("draft", "Exercise", old.kind, None)
    assert new.expires_at is not None
    assert old.expires_at is not None
    assert new.draft["fields"].keys() == old.draft["fields"].keys()
    assert abs((new.expires_at - begun) - (old.expires_at - (old.submitted_at or begun))).total_seconds() < 60
    assert title == "Drill"
    sent(drill, holding(channels=("website",)))
    with pytest.raises(Conflict, match="no exercise"):
        exercises.end(drill, holding().incident, BEN, begun)
