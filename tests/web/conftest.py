"""An installation on SQLite with its web, without a queue: the console must do without one (SECURITY R7)."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from jinja2 import FileSystemBytecodeCache
from passlib.context import CryptContext  # type: ignore[import-untyped]

from broadcaster import clock
from broadcaster.runtime import Runtime, build
from broadcaster.settings import load
from broadcaster.store import accounts
from broadcaster.store.accounts import Account
from broadcaster.store.tokens import new_id
from broadcaster.web.app import create_app
from channels.sandbox.twilio_rules import FAKE_ACCOUNT_SID, FAKE_AUTH_TOKEN, FAKE_SENDER
from tests.engine.city import QUICK, settle
from tests.web.cast import HOST, PASSWORD, ROLES, Clock, House

SECRET = "a-key-for-tests-that-is-long-enough-0123456789"


#: Argon2id as in real life, but cheap: log-in is tried hundreds of times here. One test logs in with the real cost.
CHEAP = CryptContext(schemes=["argon2"], argon2__rounds=1, argon2__memory_cost=8, argon2__parallelism=1)


@pytest.fixture(scope="session")
def hashed() -> str:
    """Everybody's password, hashed once."""
    return str(CHEAP.hash(PASSWORD))


@pytest.fixture
def environment(folder: Path, sqlite_template: Path) -> dict[str, str]:
    """Settings of the installation; a test adds its own before it asks for `rt`."""
    shutil.copy(sqlite_template, folder / "broadcaster.db")
    return {
        "BROADCASTER_VAR_DIR": str(folder),
        "BROADCASTER_REDIS_URL": f"unix://{folder}/none.sock",
        "BROADCASTER_SECRET_KEY": SECRET,
        "BROADCASTER_PUBLIC_URL": HOST,
        "BROADCASTER_STATUS_URL": "https://bcc.example",
        "BROADCASTER_TWILIO_ACCOUNT_SID": FAKE_ACCOUNT_SID,
        "BROADCASTER_TWILIO_AUTH_TOKEN": FAKE_AUTH_TOKEN,
        "BROADCASTER_TWILIO_FROM": FAKE_SENDER,
        # Nobody listens there: no test of these pages may speak to anybody.
        "BROADCASTER_TWILIO_API_URL": "http://127.0.0.1:9",
        "BROADCASTER_FACEBOOK_API_URL": "http://127.0.0.1:9",
        "BROADCASTER_SINCH_API_URL": "http://127.0.0.1:9",
        "BROADCASTER_X_API_URL": "http://127.0.0.1:9",
        # Most tests are about other things than the second step; those that are about it take this away.
        "BROADCASTER_SECOND_STEP": "offered",
        "BROADCASTER_FACEBOOK_PAGE_ID": "1234",
        "BROADCASTER_FACEBOOK_PAGE_TOKEN": "page-token",
        "BROADCASTER_FACEBOOK_APP_SECRET": "app-secret",
    }


@pytest.fixture
def rt(environment: dict[str, str]) -> Iterator[Runtime]:
    made = build(load(environment), QUICK)
    yield made
    made.close()
    made.db.engine.dispose()


@pytest.fixture
def people(rt: Runtime, hashed: str) -> dict[str, Account]:
    """One person of each role, by name."""
    found = {}
    now = clock.utc_now() - timedelta(days=1)
    with rt.db.write() as tx:
        for name, role in ROLES.items():
            unique = [new_id() for _ in range(3)]
            found[name] = Account(
                *(unique[0], f"{name}@bcc.example", name.title(), role, hashed, True, unique[1], unique[2]),
                *("", None, None, None, None, now),
            )
            accounts.add(tx, found[name])
    return found


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates compiled once for all apps of this test process."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def house(rt: Runtime, people: dict[str, Account], compiled: FileSystemBytecodeCache) -> House:
    """The whole web of the installation."""
    moment = Clock(clock.utc_now())
    app = create_app(rt, clock=moment)
    app.jinja_env.bytecode_cache = compiled
    app.testing = True
    app.extensions["security"].pwd_context = CHEAP
    return House(app, people, moment)


@pytest.fixture
def town(house: House, rt: Runtime) -> House:
    """The same, with zones and 40 residents in Rocklea."""
    settle(rt, 40)
    return house
