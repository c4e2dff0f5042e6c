"""The command line in this process, on an installation of its own whose providers are on loopback."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from broadcaster.cli import main
from broadcaster.processes.valkey import Embedded
from broadcaster.runtime import Runtime
from broadcaster.settings import load
from broadcaster.store.database import Database
from channels.sandbox.server import Sandbox
from tests.engine.city import QUICK, accounts
from tests.residents.city import SQUARES, collection

Say = Callable[..., Result]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of the machine gets in, and no handler of a command stays behind."""
    for name in [name for name in os.environ if name.startswith("BROADCASTER_")]:
        monkeypatch.delenv(name)
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    structlog.configure(**config)


@pytest.fixture
def environment(folder: Path, valkey_server: Embedded, sandbox: Sandbox) -> dict[str, str]:
    """What an operator would set: SQLite, an own queue, credentials that belong to the sandbox."""
    return {
        "BROADCASTER_VAR_DIR": str(folder),
        "BROADCASTER_REDIS_URL": valkey_server.url,
        "BROADCASTER_PUBLIC_URL": "https://console.bcc.example",
        "BROADCASTER_STATUS_URL": "https://bcc.example",
        **accounts(sandbox),
    }


@pytest.fixture
def say(environment: dict[str, str]) -> Say:
    """say("alert", "list") runs a command; the result has exit_code, stdout and stderr."""

    def run(*words: object, stdin: str = "", **changes: str) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words], input=stdin, env=environment | changes)

    return run


@pytest.fixture
def ask(say: Say) -> Callable[..., Any]:
    """ask("alert", "list") runs a command with --json, wants it to succeed, and returns the document."""

    def run(*words: object, **options: str) -> Any:
        result = say(*words, "--json", **options)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return run


@pytest.fixture
def city(say: Say, folder: Path) -> Path:
    """Zones, twelve residents of Rocklea, and the cast: Ada writes, Ben approves, Cy may only look."""
    zones, register = folder / "zones.geojson", folder / "register.csv"
    zones.write_bytes(collection(SQUARES))
    lines = [f"+6140000{number:04d},en,register,rocklea,yes" for number in range(12)]
    register.write_text("\n".join(["phone,language,basis,zones,exercise", *lines]))
    for words in (
        ("zones", "import", zones),
        ("residents", "import", register, "--merge"),
        ("user", "add", "ada@city.example", "--role", "author"),
        ("user", "add", "ben@city.example", "--role", "approver"),
        ("user", "add", "cy@city.example", "--role", "viewer"),
    ):
        result = say(*words)
        assert result.exit_code == 0, result.stderr
    return folder


@pytest.fixture
def rt(environment: dict[str, str], city: Path) -> Iterator[Runtime]:
    """The same installation from inside, to do the work of sweeper and workers."""
    from broadcaster.runtime import build

    secret = (city / "secret_key").read_text().strip()
    found = build(load(environment | {"BROADCASTER_SECRET_KEY": secret}), QUICK)
    yield found
    found.close()
    database: Database = found.db
    database.engine.dispose()
