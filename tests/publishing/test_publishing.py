"""The public folders follow what was decided, whoever writes them, whenever, and whatever happens in between."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from broadcaster import clock
from broadcaster.domain.alert import Status
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, drafting, publishing
from broadcaster.store import publications
from broadcaster.store.schema import alerts, instructions
from broadcaster.store.schema import publications as table
from channels.base import Outcome, Parcel
from channels.website import Website, WebsiteOptions
from tests.engine.city import ADA, approve, holding, sent, settle, submitted, update_of

pytestmark = pytest.mark.engine


@pytest.fixture
def city(runtime: Runtime) -> Runtime:
    """An installation that knows its zones and one resident."""
    settle(runtime, 1)
    return runtime


def live(rt: Runtime, path: str = "index.html") -> str:
    return (rt.settings.status_root(True) / path).read_text(encoding="utf-8")


def identifier(rt: Runtime, alert_id: str) -> str:
    with rt.db.read() as connection:
        return str(connection.scalar(select(alerts.c.identifier).where(alerts.c.id == alert_id)))


def tokens(rt: Runtime, alert_id: str) -> str:
    with rt.db.read() as connection:
        return str(connection.scalar(select(alerts.c.token).where(alerts.c.id == alert_id)))


def stand(rt: Runtime, root: str = "live") -> publications.Publication:
    with rt.db.read() as connection:
        return publications.publication(connection, root)


def want(rt: Runtime, root: str = "live") -> None:
    with rt.db.write() as tx:
        publishing.wanted(tx, root)


def test_an_approved_alert_is_in_every_public_file_when_approval_returns(city: Runtime) -> None:
    alert_id = sent(city, holding())
    name = identifier(city, alert_id)
    for path in (
        "index.html",
        "en/index.html",
        f"en/alerts/{name}.html",
        f"a/{tokens(city, alert_id)}/index.html",
        "alerts.txt",
    ):
        assert "Oxley Creek is rising" in live(city, path) or "OXLEY CREEK IS RISING" in live(city, path), path
    for path in (f"alerts/{name}.cap.xml", "alerts.atom", "alerts.rss", "status.json"):
        assert name in live(city, path) or "OXLEY CREEK" in live(city, path), path
    assert "For Rocklea" in live(city)
    assert publishing.behind(city, clock.utc_now()) == ("exercise",)


def test_what_is_not_approved_is_nowhere(city: Runtime) -> None:
    drafting.create(city, holding(), ADA, clock.utc_now())
    waiting = submitted(city, holding())
    published = publishing.publish(city, "live", clock.utc_now())
    assert published.written
    assert published.pages == ()
    assert "OXLEY CREEK" not in live(city, "alerts.txt")
    assert identifier(city, waiting) not in live(city, "status.json")


def test_an_exercise_is_on_the_exercise_pages_only(city: Runtime) -> None:
    alert_id = sent(city, holding(status=Status.EXERCISE, channels=("website",)))
    publishing.publish(city, "live", clock.utc_now())
    assert identifier(city, alert_id) not in live(city, "status.json")
    drill = (city.settings.status_root(False) / "index.html").read_text(encoding="utf-8")
    assert "EXERCISE" in drill
    assert "Oxley Creek is rising" in drill


def test_publishing_again_changes_nothing(city: Runtime) -> None:
    sent(city, holding())
    now = clock.utc_now()
    publishing.publish(city, "live", now)
    again = publishing.publish(city, "live", now)
    assert (again.written, again.changed, again.problem) == (True, 0, "")


def test_the_pages_that_were_read_back_are_named(city: Runtime) -> None:
    alert_id = sent(city, holding())
    (page,) = publishing.publish(city, "live", clock.utc_now()).pages
    path = f"en/alerts/{identifier(city, alert_id)}.html"
    assert (page.alert_id, page.language, page.path) == (alert_id, "en", path)
    assert page.provider_id.startswith(f"{path}@")
    assert page.url == f"https://bcc.example/{path}"


def test_a_change_that_was_committed_but_never_written_is_found_and_healed(city: Runtime) -> None:
    first = sent(city, holding())
    with city.db.write() as tx:  # the process died right after this commit
        tx.execute(update(alerts).where(alerts.c.id == first).values(state="cancelled", updated_at=clock.utc_now()))
        publishing.wanted(tx, "live")
    assert "live" in publishing.behind(city, clock.utc_now())
    assert publishing.publish(city, "live", clock.utc_now()).written
    assert "live" not in publishing.behind(city, clock.utc_now())
    assert "Oxley Creek is rising" not in live(city)


def test_a_change_that_was_rolled_back_is_not_wanted(city: Runtime) -> None:
    publishing.publish(city, "live", clock.utc_now())
    before = stand(city).wanted

    def fail() -> None:
        with city.db.write() as tx:
            publishing.wanted(tx, "live")
            raise KeyError("rolled back")

    with pytest.raises(KeyError):
        fail()
    assert stand(city).wanted == before


def test_time_alone_makes_a_folder_be_behind(city: Runtime) -> None:
    alert_id = sent(city, holding())
    now = clock.utc_now()
    publishing.publish(city, "live", now)
    with city.db.read() as connection:
        row = connection.execute(select(alerts.c.next_update_at, alerts.c.expires_at)).one()
        assert connection.scalar(select(instructions.c.expires_at)) == row.expires_at
    for moment in (row.next_update_at, row.expires_at):
        assert "live" not in publishing.behind(city, moment - timedelta(milliseconds=1))
        assert "live" in publishing.behind(city, moment)
        assert publishing.publish(city, "live", moment).written
        assert "live" not in publishing.behind(city, moment)
    assert "was not renewed" in live(city, f"en/alerts/{identifier(city, alert_id)}.html")
    assert "Still follow this until we lift it." in live(city)


def test_an_update_takes_the_place_of_what_it_updates(city: Runtime) -> None:
    first = sent(city, holding())
    second = sent(city, update_of(city, first))
    old = live(city, f"en/alerts/{identifier(city, first)}.html")
    assert "A newer message has taken the place of this one." in old
    assert f"en/alerts/{identifier(city, second)}.html" in old
    assert f"{identifier(city, first)}," in live(city, f"alerts/{identifier(city, second)}.cap.xml")


def test_stopping_is_seen_on_the_page(city: Runtime) -> None:
    alert_id = submitted(city, holding(channels=("website", "sms")))
    approve(city, alert_id)
    broadcasting.stop(city, alert_id, ADA, "wrong place", clock.utc_now())
    publishing.publish(city, "live", clock.utc_now())
    assert "We stopped sending this message" in live(city, f"en/alerts/{identifier(city, alert_id)}.html")


class Slow(Website):
    """A disk that is slow for one publisher: it waits before its first file until it is let go."""

    def __init__(self, root: Path, started: threading.Event, go: threading.Event) -> None:
        super().__init__(WebsiteOptions(root))
        self._started, self._go = started, go

    def send(self, parcels: Iterable[Parcel | None]) -> Iterator[Outcome]:
        self._started.set()
        assert self._go.wait(20)
        return super().send(parcels)


@pytest.mark.parametrize("change", ["decision", "time"])
def test_a_slow_publisher_never_puts_an_old_page_over_a_newer_one(city: Runtime, change: str) -> None:
    alert_id = sent(city, holding())
    now = clock.utc_now()
    later = now + timedelta(hours=1)
    want(city)
    started, go = threading.Event(), threading.Event()
    slow = replace(city, _channels={("website", True, "website"): Slow(city.settings.status_root(True), started, go)})
    for path in city.settings.status_root(True).glob("*.html"):
        path.unlink()  # so that there is something to write for both
    thread = threading.Thread(target=publishing.publish, args=(slow, "live", now))
    thread.start()
    assert started.wait(20)
    if change == "decision":
        with city.db.write() as tx:
            tx.execute(update(alerts).where(alerts.c.id == alert_id).values(state="cancelled"))
            publishing.wanted(tx, "live")
    assert publishing.publish(city, "live", later).written
    newest = live(city)
    go.set()
    thread.join(20)
    assert live(city) == newest
    assert json.loads(live(city, "status.json"))["generated_at"] == later.isoformat(timespec="seconds")
    assert stand(city).written_at == later.replace(microsecond=later.microsecond // 1000 * 1000)
    assert not stand(city).behind


def test_a_folder_that_is_missing_is_told_and_healed_later(city: Runtime) -> None:
    sent(city, holding())
    root = city.settings.status_root(True)
    aside = root.rename(root.with_name("aside"))
    want(city)
    failed = publishing.publish(city, "live", clock.utc_now())
    assert (failed.written, failed.pages) == (False, ())
    assert "is missing" in failed.problem
    assert stand(city).problem == failed.problem
    assert "live" in publishing.behind(city, clock.utc_now())
    aside.rename(root)
    assert publishing.publish(city, "live", clock.utc_now()).written
    assert stand(city).problem == ""


def test_a_folder_that_was_emptied_is_filled_again(city: Runtime) -> None:
    sent(city, holding())
    before = files(city)
    for path in sorted(city.settings.status_root(True).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert publishing.publish(city, "live", clock.utc_now()).written
    assert files(city).keys() == before.keys()


def files(rt: Runtime) -> dict[str, bytes]:
    root = rt.settings.status_root(True)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_after_a_restore_the_folder_does_not_stay_behind_its_own_past(city: Runtime) -> None:
    alert_id = sent(city, holding())
    for _ in range(3):
        want(city)
    publishing.publish(city, "live", clock.utc_now())
    with city.db.write() as tx:  # a backup from before any of this
        tx.execute(update(table).values(wanted=1, written=1))
        tx.execute(update(alerts).where(alerts.c.id == alert_id).values(state="cancelled"))
        publishing.wanted(tx, "live")
    publishing.publish(city, "live", clock.utc_now())
    assert "Oxley Creek is rising" not in live(city)


def test_a_publication_that_fails_does_not_blame_a_newer_one_that_succeeded(city: Runtime) -> None:
    with city.db.write() as tx:
        publications.raise_wanted(tx, "live")
        now = clock.utc_now()
        publications.record_written(tx, "live", 10, now)
        publications.record_problem(tx, "live", 9, "disk full")
        publications.record_written(tx, "live", 9, now + timedelta(hours=1))
        publications.record_written(tx, "live", 10, now - timedelta(hours=1))
    held = stand(city)
    assert (held.written, held.problem) == (10, "")
    assert held.written_at == now.replace(microsecond=now.microsecond // 1000 * 1000)


def test_an_unknown_folder_is_refused(city: Runtime) -> None:
    with pytest.raises(ValueError, match="no public folder 'moon'"):
        want(city, "moon")


PUBLISH_FOR_EVER = """
import sys
from broadcaster import clock
from broadcaster.runtime import build
from broadcaster.services import publishing
from broadcaster.settings import load
rt = build(load())
print("ready", flush=True)
while True:
    with rt.db.write() as tx:
        publishing.wanted(tx, "live")
    publishing.publish(rt, "live", clock.utc_now())
"""


def test_killed_in_the_middle_it_leaves_whole_files_and_the_next_one_finishes(
    city: Runtime, until: Callable[..., None]
) -> None:
    """Over 5 s: two real processes are started, each imports everything, and are killed at work."""
    sent(city, holding())
    environment = {
        **os.environ,
        "BROADCASTER_VAR_DIR": str(city.settings.var_dir),
        "BROADCASTER_DATABASE_URL": city.settings.database,
        "BROADCASTER_REDIS_URL": city.settings.redis,
        "BROADCASTER_SECRET_KEY": "a-key-for-tests-that-is-long-enough-0123456789",
        "BROADCASTER_STATUS_URL": city.settings.status_url,
        "BROADCASTER_PUBLIC_URL": city.settings.public_url,
    }
    for rounds in (0, 3):
        before = stand(city).wanted
        child = subprocess.Popen([sys.executable, "-c", PUBLISH_FOR_EVER], env=environment, stdout=subprocess.PIPE)
        until(lambda before=before, rounds=rounds: stand(city).wanted > before + rounds)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        for path, content in files(city).items():
            if path.endswith(".html"):
                assert content.endswith(b"</html>"), path
    now = clock.utc_now()
    assert publishing.publish(city, "live", now).written
    assert publishing.publish(city, "live", now).changed == 0
    assert "Oxley Creek is rising" in live(city)


def test_what_the_database_measures_is_what_the_folder_remembers(city: Runtime) -> None:
    """`wanted` is the database's clock in milliseconds, so it means the same on every machine."""
    want(city)
    first = stand(city).wanted
    with city.db.write() as tx:
        for _ in range(5):
            publishing.wanted(tx, "live")
    assert stand(city).wanted >= first + 5
    moment = datetime.fromtimestamp(first / 1000, clock.utc_now().tzinfo)
    assert abs(moment - clock.utc_now()) < timedelta(minutes=1)
