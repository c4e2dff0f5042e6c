"""A hundred people follow one incident while its texts go out: how long the page that follows along takes to answer.

`python -m bench.consoles`. The product's own web, two processes of eight threads; each console polls as a browser does while numbers
move, every two seconds, with the cookie of a real log-in.
"""

import asyncio
import html
import http.client
import multiprocessing
import random
import re
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from passlib.hash import argon2  # type: ignore[import-untyped]

from bench import alerts, frame
from bench.frame import Goal, Options, Report, spread
from bench.provider import provider
from bench.site import Kind, Site
from broadcaster import clock
from broadcaster.domain.rules import Role
from broadcaster.store import accounts
from broadcaster.store import alerts as alert_store
from broadcaster.store.accounts import Account
from broadcaster.store.tokens import new_id

CONSOLES = 100
#: Log-ins among which the consoles share: what one request costs does not depend on how many people have it.
PEOPLE = 5
PAUSE = 2.0
PHONES, FULL_PHONES = 20_000, 1_000_000
SECONDS, FULL_SECONDS = 20.0, 120.0
HOST = "alerts.bcc.example"
PASSWORD = "four random words here"
EVERYBODY = ("website", "sms")


class _Wire(http.client.HTTPConnection):
    """HTTP over the web's own socket."""

    def __init__(self, path: Path) -> None:
        super().__init__(HOST, timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(str(self._path))


def people(site: Site) -> None:
    """Viewers who may log in."""
    hashed, now = str(argon2.using(rounds=1, memory_cost=1024, parallelism=1).hash(PASSWORD)), clock.utc_now()
    with site.rt.db.write() as tx:
        for number in range(PEOPLE):
            names = (new_id(), f"viewer{number}@bcc.example", f"Viewer {number}", Role.VIEWER, hashed, True)
            accounts.add(tx, Account(*names, new_id(), new_id(), "", None, None, None, None, now))


def log_in(site: Site, number: int) -> str:
    """The cookies of a log-in, as a browser would send them."""
    cookies: dict[str, str] = {}

    def ask(method: str, path: str, form: dict[str, str] | None = None) -> str:
        wire = _Wire(site.folder / "web.sock")
        head = {"Cookie": _joined(cookies), "Referer": f"https://{HOST}/", "X-Forwarded-Proto": "https"}
        body = urlencode(form) if form else None
        head |= {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        wire.request(method, path, body, head)
        answer = wire.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                cookies[key] = rest.partition(";")[0]
        text = answer.read().decode()
        wire.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path} answers {answer.status}: {text[:200]}")
        return text

    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', ask("GET", "/login"))
    if found is None:
        raise RuntimeError("the log-in page has no token")
    form = {"email": f"viewer{number}@bcc.example", "password": PASSWORD, "csrf_token": html.unescape(found[1])}
    ask("POST", "/login", form)
    return _joined(cookies)


def _joined(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


async def _console(path: str, request: bytes, until: float, waits: list[float], bad: list[int]) -> None:
    """One console: asks, waits two seconds, asks again."""
    await asyncio.sleep(random.random() * PAUSE)
    while time.monotonic() < until:
        began = time.monotonic()
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(request)
        answer = await reader.read()
        waits.append(time.monotonic() - began)
        if b" 200 " not in answer[:20] or b'id="live"' not in answer:
            bad.append(1)
        writer.close()
        await asyncio.sleep(PAUSE)


def _watch(path: str, target: str, cookies: Sequence[str], seconds: float, answers: Any) -> None:
    """In a process of its own: all consoles at once. Answers (seconds per request, requests that were not answered well)."""

    async def everybody() -> tuple[list[float], int]:
        waits: list[float] = []
        bad: list[int] = []
        until = time.monotonic() + seconds
        heads = [
            f"GET {target} HTTP/1.0\r\nHost: {HOST}\r\nX-Forwarded-Proto: https\r\nHX-Request: true\r\nCookie: {each}\r\n\r\n"
            for each in cookies
        ]
        each = (heads[number % len(heads)].encode() for number in range(CONSOLES))
        await asyncio.gather(*(_console(path, head, until, waits, bad) for head in each))
        return waits, len(bad)

    answers.put(asyncio.run(everybody()))


def watched(site: Site, incident: str, cookies: Sequence[str], seconds: float) -> tuple[list[float], int]:
    """Seconds that each poll of a hundred consoles took, and how many were not answered well."""
    context = multiprocessing.get_context("fork")
    answers: Any = context.Queue()
    path, target = str(site.folder / "web.sock"), f"/incidents/{incident}/live"
    process = context.Process(target=_watch, args=(path, target, cookies, seconds, answers), daemon=True)
    process.start()
    waits, bad = answers.get(timeout=seconds + 120)
    process.join(10)
    return waits, bad


def measure(database: Kind, options: Options) -> tuple[list[float], int, float]:
    """Seconds of each poll, polls that failed, and the share of the texts that left meanwhile."""
    phones, seconds = (FULL_PHONES, FULL_SECONDS) if options.full else (PHONES, SECONDS)
    # A rate at which the texts go out for as long as people watch.
    with provider() as served, Site(database, served, rate=max(100.0, phones / seconds / 2)) as site:
        options.say(f"consoles: {phones:,} residents into {database} …")
        site.settle(phones)
        people(site)
        site.start(web=1, sweep=1, urgent=1, bulk=1)
        site.wait((site.folder / "web.sock").exists, 60, "the web")
        cookies = [log_in(site, number) for number in range(PEOPLE)]
        alert_id = alerts.submitted(site, alerts.draft(EVERYBODY))
        reached = alerts.phones_of(site, alert_id)
        alerts.approve(site, alert_id)
        site.wait(lambda: served.taken() > 0, 120, "a first text")
        before = served.taken()
        with site.rt.db.read() as connection:
            incident = alert_store.get(connection, alert_id).incident
        waits, bad = watched(site, incident, cookies, seconds)
        return waits, bad, (served.taken() - before) / max(1, reached)


def run(options: Options) -> Report:
    """Each database asked for; the quick run takes the first."""
    report = Report()
    for database in options.some:
        waits, bad, share = measure(database, options)
        found = spread(waits)
        options.say(
            f"  {found['count']} polls, p50 {found['p50']:.3f} p99 {found['p99']:.3f} s, {bad} not answered well"
        )
        report.figures[database] = found | {"bad": bad, "sent meanwhile": round(share, 2)}
        report.goals += _goals(database, found, bad, share)
    return report


def _goals(database: Kind, found: dict[str, float], bad: int, share: float) -> Iterator[Goal]:
    words = f"{CONSOLES} consoles follow a send, p99 of a poll, {database}"
    note = f"p50 {found['p50'] * 1000:.0f} ms, {share:.0%} of the texts left meanwhile"
    yield Goal(words, round(found["p99"] * 1000, 1), 300, " ms", at_most=True, note=note)
    yield Goal(f"Polls that were not answered, {database}", bad, 0, at_most=True)


if __name__ == "__main__":
    frame.command(run, __doc__)
