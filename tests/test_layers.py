"""Keeps the laws of the architecture: rings, and every "only", "never" and "nothing" that the design names.

A law is a row of LAWS. It carries sources that break it, so that each is seen to be able to fail.
"""

from pathlib import Path

import pytest

from tests.law import (
    CHANNELS,
    Law,
    channels_early,
    climbs,
    globals_changed,
    leaning_jobs,
    long_jobs,
    strangers,
    transactions_ended,
    vague_name,
)
from tests.source import Source

CLOCKS = (
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("time.time", "time.time_ns"),
)
ENVIRONMENT = ("os.environ", "os.environb", "os.getenv", "os.getenvb")
WEB = (
    *("flask", "flask_openapi3", "flask_security", "flask_login", "flask_wtf", "flask_babel", "flask_limiter"),
    *("flask_bootstrap", "flask_principal", "flask_mail", "werkzeug", "wtforms"),
)
HTTP = ("requests", "urllib3", "urllib.request", "http.client", "httpx", "aiohttp", "pycurl")
#: What would make a pure function depend on the moment, the machine or chance.
WORLD = (
    *("os", "sys", "io", "time", "socket", "ssl", "select", "signal", "subprocess", "threading", "multiprocessing"),
    *("asyncio", "concurrent", "logging", "random", "secrets", "tempfile", "shutil", "glob", "sqlite3", "http"),
    *("urllib.request", "pathlib.Path", "uuid.uuid1", "uuid.uuid4"),
    *("builtins.open", "builtins.print", "builtins.input"),
)
DATABASES = ("sqlalchemy", "sqlite3", "psycopg", "alembic", "redis", "rq")
TEMPLATES = tuple(
    f"jinja2.{name}"
    for name in ("Environment", "Template", "sandbox", "nativetypes", "environment.Environment", "environment.Template")
)

ALL = ("broadcaster/*", "channels/*")
SANDBOX = "channels/sandbox/*"

LAWS = (
    Law(
        "a ring imports only its own and those below it",
        (*ALL, "wsgi.py"),
        (
            ("broadcaster/domain/alert.py", "from broadcaster import clock"),
            ("broadcaster/settings.py", "import broadcaster.store.database"),
            ("broadcaster/store/alerts.py", "from ..services.drafting import draft"),
            ("broadcaster/queue.py", "from broadcaster.jobs import deliver_batch"),
            ("broadcaster/runtime.py", "from broadcaster.services import sweeping"),
            ("broadcaster/services/drafting.py", "def f():\n    from broadcaster.web import create_app"),
            (
                "broadcaster/services/drafting.py",
                'from importlib import import_module\nimport_module("broadcaster.jobs")',
            ),
            ("broadcaster/web/__init__.py", "import wsgi"),
            ("broadcaster/cli/__init__.py", "from tests.source import Source"),
            ("broadcaster/__init__.py", "from broadcaster.clock import utc_now"),
            ("broadcaster/newcomer.py", ""),
        ),
        look=climbs,
    ),
    Law(
        "domain/ imports the standard library and itself, nothing else",
        ("broadcaster/domain/*",),
        (("broadcaster/domain/kind.py", "import pydantic"), ("broadcaster/domain/kind.py", "import broadcaster.clock")),
        look=strangers,
    ),
    Law(
        "domain/ has no clock, no I/O and no chance; what it needs to know is told",
        ("broadcaster/domain/*",),
        (
            ("broadcaster/domain/rules.py", "from datetime import date as d\nd.today()"),
            ("broadcaster/domain/rules.py", 'open("x")'),
            ("broadcaster/domain/rules.py", "import secrets"),
        ),
        names=(*CLOCKS, *WORLD),
    ),
    Law(
        "domain/ has no globals that change",
        ("broadcaster/domain/*",),
        (("broadcaster/domain/rules.py", "x = 0\ndef f() -> None:\n    global x\n    x = 1"),),
        look=globals_changed,
    ),
    Law(
        "clock.py is the only one that asks what time it is",
        ("broadcaster/*",),
        (
            ("broadcaster/services/drafting.py", "from datetime import datetime as dt\nnow = dt.now"),
            ("broadcaster/services/drafting.py", "import datetime\ndatetime.datetime.utcnow()"),
            ("broadcaster/store/alerts.py", "from time import time"),
        ),
        names=CLOCKS,
        spared=("broadcaster/clock.py",),
    ),
    Law(
        "settings.py is the only reader of the environment",
        ("broadcaster/*",),
        (
            ("broadcaster/web/auth.py", "import os as system\nsystem.environ['X']"),
            ("broadcaster/cli/__init__.py", "from os import getenv"),
            ("broadcaster/web/auth.py", "import pydantic_settings"),
        ),
        names=(*ENVIRONMENT, "pydantic_settings"),
        spared=("broadcaster/settings.py",),
    ),
    Law(
        "channels/ imports nothing of broadcaster",
        ("channels/*",),
        (("channels/sms.py", "from broadcaster.clock import utc_now"), ("channels/sandbox/x.py", "import broadcaster")),
        names=("broadcaster",),
    ),
    Law(
        "channels/ reads no environment",
        ("channels/*",),
        (("channels/wire.py", "import os\nos.getenv('HTTPS_PROXY')"),),
        names=ENVIRONMENT,
    ),
    Law(
        "channels/ knows no database and no queue",
        ("channels/*",),
        (("channels/sms.py", "from sqlalchemy import select"), ("channels/x.py", "import redis")),
        names=DATABASES,
    ),
    Law(
        "channels take `now` as an argument",
        ("channels/*",),
        (("channels/x.py", "import datetime\ndatetime.datetime.now(datetime.UTC)"),),
        names=CLOCKS,
        spared=(SANDBOX,),
    ),
    Law(
        "channels/wire.py is the one place for the network (deadline.py is its clock; window.py and slot.py speak libcurl)",
        ("channels/*",),
        (("channels/sms.py", "import requests"), ("channels/website.py", "from urllib.request import urlopen")),
        names=(*HTTP, "socket", "channels.deadline"),
        spared=("channels/wire.py", "channels/deadline.py", "channels/window.py", "channels/slot.py", SANDBOX),
    ),
    *(
        Law(
            f"channels/{channel}.py is the only one that knows the SDK {sdk}",
            ALL,
            (("channels/wire.py", f"import {sdk}"), ("broadcaster/services/delivering.py", f"from {sdk} import x")),
            names=(sdk,),
            spared=(f"channels/{channel}.py", SANDBOX),
        )
        for channel, sdk in (
            ("sms", "twilio"),
            ("sinch_client", "sinch"),
            ("x", "tweepy"),
            ("facebook", "facebook"),
        )
    ),
    Law(
        "channels are found by name in channels/__init__.py, and made from settings in providers.py alone",
        ALL,
        (("broadcaster/runtime.py", "from channels.sms import Sms"), ("channels/wire.py", "import channels.website")),
        names=CHANNELS,
        spared=("broadcaster/providers.py", SANDBOX),
    ),
    Law(
        "a channel is loaded on first use",
        ALL,
        (("broadcaster/providers.py", "from channels.x import X"), ("channels/__init__.py", "import channels.sms")),
        spared=(SANDBOX,),
        look=channels_early,
    ),
    Law(
        "store/ never commits: who called it does, through store/database.py",
        ("broadcaster/store/*",),
        (("broadcaster/store/alerts.py", "tx.commit()"), ("broadcaster/store/alerts.py", "with engine.begin(): pass")),
        spared=("broadcaster/store/database.py",),
        look=transactions_ended,
    ),
    Law(
        "every transaction passes store/database.py, where the turnstile stands",
        ("broadcaster/*",),
        (("broadcaster/services/sweeping.py", "import sqlalchemy as sa\nsa.create_engine('sqlite://')"),),
        names=("sqlalchemy.create_engine", "sqlalchemy.engine.create_engine", "broadcaster.store.turnstile"),
        spared=("broadcaster/store/database.py",),
    ),
    *(
        Law(
            f"{file} is the only importer of {' and '.join(packages)}",
            ALL,
            tuple(
                (path, f"import {package}")
                for package in packages
                for path in ("broadcaster/services/drafting.py", "channels/text.py")
            ),
            names=packages,
            spared=(f"broadcaster/{file}", f"broadcaster/store/{file}"),
        )
        for file, packages in (
            ("documents.py", ("yaml",)),
            ("cap.py", ("lxml",)),
            ("geo*.py", ("geopy", "shapely")),
            ("queue.py", ("rq",)),
        )
    ),
    Law(
        "rendering.py is the only builder of a Jinja environment for alert texts (status_page.py: for public pages)",
        ALL,
        (
            ("broadcaster/services/publishing.py", "from jinja2 import Environment"),
            ("broadcaster/web/errors.py", "import jinja2\njinja2.Template('x')"),
            ("broadcaster/store/alerts.py", "from jinja2.sandbox import SandboxedEnvironment"),
        ),
        names=TEMPLATES,
        spared=("*/rendering.py", "*/status_page.py"),
    ),
    Law(
        "outbound.py is the one place for HTTP to others; the demo reads its own sandbox",
        ("broadcaster/*",),
        (("broadcaster/services/followup.py", "import requests"), ("broadcaster/web/api.py", "import urllib.request")),
        names=HTTP,
        spared=("*/outbound.py", "broadcaster/cli*", "broadcaster/demo*"),
    ),
    Law(
        "Flask is known to web/ alone: store and services never see it",
        ALL,
        (
            ("broadcaster/services/approval.py", "from flask import g"),
            ("broadcaster/store/alerts.py", "import flask_security.utils"),
            ("broadcaster/jobs.py", "import werkzeug"),
        ),
        names=WEB,
        spared=("broadcaster/web/*", SANDBOX),
    ),
    Law(
        "RQ's own Retry, scheduler, registries and `unique` are not used",
        ("broadcaster/*",),
        (
            ("broadcaster/queue.py", "from rq import Retry"),
            ("broadcaster/queue.py", "from rq.registry import FailedJobRegistry"),
            ("broadcaster/queue.py", "queue.enqueue(job, unique=True)"),
            ("broadcaster/queue.py", "queue.enqueue_in(delay, job)"),
        ),
        names=("rq.Retry", "rq.Repeat", "rq.registry", "rq.scheduler", "rq.cron", "rq.job.Retry"),
        look=leaning_jobs,
    ),
    Law(
        "nothing is pickled: who can write to the queue must not run code",
        ALL,
        (("broadcaster/queue.py", "import pickle"), ("channels/serial.py", "from shelve import open")),
        names=("pickle", "shelve", "marshal", "dill", "cloudpickle"),
    ),
    Law(
        "a function in jobs.py has at most five lines",
        ("broadcaster/jobs.py", "broadcaster/jobs/*"),
        (("broadcaster/jobs.py", "def f():\n    'Words do not count.'\n" + "    g()\n" * 6),),
        look=long_jobs,
    ),
    Law(
        "no file is named utils, helpers, common, misc or manager",
        ALL,
        (("broadcaster/web/utils.py", ""), ("channels/common/__init__.py", "")),
        look=vague_name,
    ),
)

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [
    Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    for path in sorted([*ROOT.glob("broadcaster/**/*.py"), *ROOT.glob("channels/**/*.py"), *ROOT.glob("wsgi.py")])
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.words)
def test_the_code_keeps_the_law(law: Law) -> None:
    complaints = [complaint for source in SOURCES for complaint in law.complaints(source)]
    assert not complaints, "\n" + "\n".join(complaints)


@pytest.mark.parametrize(
    ("law", "path", "text"),
    [
        pytest.param(law, *breach, id=f"{law.words}: {breach[0]}: {breach[1]!r}")
        for law in LAWS
        for breach in law.breaches
    ],
)
def test_a_breach_of_the_law_is_complained_about_with_its_place(law: Law, path: str, text: str) -> None:
    (complaint,) = law.complaints(Source(path, text))
    assert complaint.startswith(f"{path}:")
    assert complaint.endswith(f"The law: {law.words}")


@pytest.mark.parametrize("law", [law for law in LAWS if law.spared], ids=lambda law: law.words)
def test_who_is_named_by_the_law_may_do_it(law: Law) -> None:
    _, text = law.breaches[0]
    for pattern in law.spared:
        assert not law.complaints(Source(pattern.replace("*", "one"), text))


def test_there_is_code_to_keep_laws() -> None:
    assert {"broadcaster/clock.py", "channels/base.py"} <= {source.path for source in SOURCES}
