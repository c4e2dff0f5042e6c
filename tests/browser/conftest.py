"""The console served for a real browser, in a town where everything has happened at least once."""

import io
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from passlib.context import CryptContext  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from broadcaster import clock
from broadcaster.domain.alert import Status
from broadcaster.runtime import Runtime, build
from broadcaster.services import (
    asking,
    broadcasting,
    duty,
    handing_over,
    inbound,
    lending,
    not_reached,
    playbooks,
    writing,
)
from broadcaster.services.asking import Card
from broadcaster.settings import load
from broadcaster.store import accounts
from broadcaster.store.accounts import Account
from broadcaster.store.tokens import new_id
from broadcaster.web import imports
from broadcaster.web.app import create_app
from channels.sandbox.twilio_rules import FAKE_ACCOUNT_SID, FAKE_AUTH_TOKEN, FAKE_SENDER
from tests.engine.city import QUICK, holding, settle
from tests.publishing.conftest import browser_type_launch_args as launch_args
from tests.web.cast import PASSWORD, ROLES, Clock, House
from tests.web.stories import approved, submitted, written

__all__ = ["launch_args"]

_CHEAP = CryptContext(schemes=["argon2"], argon2__rounds=1, argon2__memory_cost=8, argon2__parallelism=1)


@pytest.fixture(scope="session")
def browser_type_launch_args(launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's Chromium. It may reach this machine by its name too: passkeys are for names, not for numbers."""
    rules = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"
    return {**launch_args, "args": [rules if "resolver-rules" in each else each for each in launch_args["args"]]}


@dataclass(frozen=True, slots=True)
class Town:
    """Where the console is, and the names in its addresses of what has happened."""

    url: str
    rt: Runtime
    house: House
    ids: dict[str, str]


@pytest.fixture(scope="session")
def town(sqlite_template: Path) -> Iterator[Town]:
    """One for all tests that only look."""
    with served(sqlite_template) as found:
        yield found


@contextmanager
def served(sqlite_template: Path) -> Iterator[Town]:
    """A town in a folder of its own, on a copy of this empty database, until the end."""
    folder = Path(tempfile.mkdtemp(prefix="bc-town-"))
    shutil.copy(sqlite_template, folder / "broadcaster.db")
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://localhost:{listener.getsockname()[1]}"
    rt = build(load(_environment(folder, url)), QUICK)
    people = _people(rt)
    app = create_app(rt)
    app.extensions["security"].pwd_context = _CHEAP
    house = House(app, people, Clock(clock.utc_now()))
    ids = _happenings(house, rt)
    server = make_server("127.0.0.1", 0, app, threaded=True, fd=listener.fileno())
    listener.close()  # the server has its own copy
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Town(url, rt, house, ids)
    server.shutdown()
    server.server_close()
    thread.join()
    rt.close()
    rt.db.engine.dispose()
    shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, url: str) -> dict[str, str]:
    return {
        "BROADCASTER_VAR_DIR": str(folder),
        "BROADCASTER_REDIS_URL": f"unix://{folder}/none.sock",
        "BROADCASTER_SECRET_KEY": "a-key-for-tests-that-is-long-enough-0123456789",
        "BROADCASTER_PUBLIC_URL": url,
        # Two languages, so that every field has two.
        "BROADCASTER_PROFILE": "profiles/kongsvinger.yaml",
        "BROADCASTER_SECOND_STEP": "offered",
        "BROADCASTER_TWILIO_API_URL": "http://127.0.0.1:9",
        "BROADCASTER_TWILIO_ACCOUNT_SID": FAKE_ACCOUNT_SID,
        "BROADCASTER_TWILIO_AUTH_TOKEN": FAKE_AUTH_TOKEN,
        "BROADCASTER_TWILIO_FROM": FAKE_SENDER,
    }


def _people(rt: Runtime) -> dict[str, Account]:
    found, now, hashed = {}, clock.utc_now() - timedelta(days=1), str(_CHEAP.hash(PASSWORD))
    with rt.db.write() as tx:
        for name, role in ROLES.items():
            one, two, three = new_id(), new_id(), new_id()
            known = (one, f"{name}@bcc.example", name.title(), role, hashed, True, two, three)
            found[name] = Account(*known, "", None, None, None, None, now)
            accounts.add(tx, found[name])
    return found


def _happenings(house: House, rt: Runtime) -> dict[str, str]:
    """One of everything that a page can show; returns ids by the names that routes give them."""
    settle(rt, 30)
    settle(rt, 5, exercise=True, first=500)
    able = {"channels": ("website", "sms"), "languages": ("en",)}
    with house.app.app_context():
        draft = written(house, rt, holding(fields={}, **able))
        hard = {"fields": {**holding().fields, "seen": "Inundation at Oxley Creek since this morning"}}
        doubtful = written(house, rt, holding(**able, **hard))
        pending = submitted(house, rt, holding(**able, **hard))
        going = approved(house, rt, holding(incident="creek", **able))
        broadcasting.materialise(rt, going)
        stopped = approved(house, rt, holding(incident="creek", **able))
        broadcasting.stop(rt, stopped, house.people["ada"].actor, "Wrong creek", house.clock())
        drill = approved(
            house, rt, holding(incident="drill", status=Status.EXERCISE, channels=("website",), languages=("en",))
        )
    for number, text in enumerate(("We are trapped on the roof", "Is the bridge open?", "hjelp, vannet stiger")):
        phone = f"+6140000000{number}"
        inbound.receive(rt.db, rt.profile, house.clock(), provider_id=f"SM{number}", phone=phone, text=text)
    run = playbooks.run(rt, "boil-water", BOIL, house.people["ada"].actor, Status.EXERCISE, house.clock())
    csv = io.BytesIO(b"phone,language,zones\n+61401000001,en,rocklea\n0400,en,rocklea\n")
    token = imports.begin(rt, csv, "city.csv", "merge", house.people["ben"].actor, house.clock)
    ada, at = house.people["ada"].actor, house.clock()
    request = asking.make(rt, Card("creek", ("rocklea",), {"nb": "Gå nå.", "en": "Leave now."}, going), ada, at)
    asking.asked(rt, request, "Kim, operations centre", ada, at)
    handing_over.tell(rt, "creek", "The hospital", "Expect forty people", ada, at)
    handover = handing_over.sign(rt, ["The bridge worries me"], ada, at)
    page = writing.Page(house.people["root"].id, new_id(), "holding", "Exercise", None, "tab")
    typed = [("status", "Exercise"), ("f.seen.nb", "Moelva stiger raskt"), ("expires", "noonish")]
    writing.keep(rt, page, typed, house.clock())
    ben = house.people["ben"].id
    with rt.db.write() as tx:
        accounts.change(tx, ben, {"phone": "+61400111002", "phone_verified_at": at})
    duty.add(rt, duty.Entry(ben, "Duty officer", at, at + timedelta(hours=12)), ada, at)
    cy = lending.Terms(
        house.people["cy"].id, "neighbour", "Ipswich", ("holding",), ("rocklea",), at + timedelta(hours=6)
    )
    lending.propose(rt, cy, ada, at)
    return {
        "writing": page.writing_id,
        "request": request,
        "crew_list": not_reached.make(rt, going, "rocklea", 12, "Crew 4", house.people["ben"].actor, at),
        "handover": handover,
        "draft": draft,
        "doubtful": doubtful,
        "pending": pending,
        "going": going,
        "stopped": stopped,
        "drill": drill,
        "run": run.id,
        "import": token,
    }


BOIL = {
    "cause": "pressure-lost",
    "zones": ["rocklea"],
    "decided_by": "health",
    "decided_at": "-10m",
    "log_number": 17,
    "schools_told": False,
}


@pytest.fixture
def visitor(browser: Browser, town: Town) -> Iterator[Callable[..., Page]]:
    """visitor(name, width=1280, scheme="light", language="en", scripts=True): a page in which `name` has logged in."""
    open_contexts: list[BrowserContext] = []

    def come(
        name: str = "", width: int = 1280, scheme: str = "light", language: str = "en", scripts: bool = True
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="nb-NO" if language == "nb" else "en-AU",
            java_script_enabled=scripts,
        )
        open_contexts.append(context)
        page = context.new_page()
        page.goto(f"{town.url}/login")
        if name:
            page.fill("#email", f"{name}@bcc.example")
            page.fill("#password", PASSWORD)
            page.click("main button[type=submit]")
            page.wait_for_url(f"{town.url}/")
        return page

    yield come
    for context in open_contexts:
        context.close()
