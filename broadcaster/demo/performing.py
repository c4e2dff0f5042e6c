"""Plays the scenes one by one through the services: Ada writes and submits, Ben approves, and each delivery is followed to its end."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.request import ProxyHandler, build_opener

from broadcaster import clock
from broadcaster.demo.count import Expected, Record, Tally, audience, count, outlines_of
from broadcaster.demo.outcome import Played
from broadcaster.demo.stage import Stage
from broadcaster.demo.story import Scene, draft_of
from broadcaster.demo.telling import Telling
from broadcaster.domain.errors import NotReady
from broadcaster.domain.lifecycle import FINAL_DELIVERY
from broadcaster.services import approval, drafting, pictures
from broadcaster.store import alerts as alert_store
from broadcaster.store import documents, progress
from broadcaster.store.alerts import AlertRow
from channels.base import Message
from channels.sandbox.control import Control

#: How long one alert may take until it counts as not final, in seconds: longer than a grace, a lookup and a few retries.
PATIENCE = 300.0
PAUSE = 0.1
#: How often it is said what is still awaited, in seconds.
SAY_AGAIN = 15.0


class Performance:
    """The alerts sent so far, in order. The stage must be ready."""

    def __init__(self, stage: Stage, telling: Telling) -> None:
        self._stage, self._telling = stage, telling
        self._sent: list[tuple[Scene, str]] = []
        self._outlines = outlines_of(stage.outlines)
        #: Told before anybody else, whether they live in the area or not.
        self._staff = frozenset(stage.rt.profile.staff_phones)

    def play(self, scene: Scene) -> bool:
        """Send one alert and return when every delivery is final; False when that takes too long."""
        rt = self._stage.rt
        now = clock.utc_now()
        self._telling.scene(len(self._sent) + 1, scene, now)
        before = [alert_id for _, alert_id in self._sent]
        draft = pictures.take_in(rt, draft_of(scene, rt.profile, before, now), scene.path.parent)
        alert_id = drafting.create(rt, draft, self._stage.ada.account.actor, now, origin="demo")
        digest = drafting.submit(rt, alert_id, self._stage.ada.account.actor, clock.utc_now())
        with rt.db.read() as connection:
            alert = alert_store.get(connection, alert_id)
        phones = int((alert.audience or {}).get("phones", 0))
        assert alert.document is not None
        kind = rt.profile.in_language(rt.kinds[alert.kind].title, rt.profile.fallback)
        self._telling.written(clock.utc_now(), kind, alert.msg_type, alert.document["infos"][0]["headline"], phones)
        self._sent.append((scene, alert_id))
        approved = clock.utc_now()
        approval.approve(rt, alert_id, self._stage.ben.account.actor, digest, approved)
        if not self._follow(scene, alert_id, phones, approved):
            return False
        if scene.texted:
            replies = self._stage.text_back(self._phones(alert), scene.texted)
            self._telling.texted(clock.utc_now(), scene.texted, replies)
        return True

    def _follow(self, scene: Scene, alert_id: str, phones: int, approved: datetime) -> bool:
        """Tell of each channel when it is through; True once all are."""
        began = said = clock.uptime()
        told: set[str] = set()
        while True:
            with self._stage.rt.db.read() as connection:
                alert = alert_store.get(connection, alert_id)
                counts = progress.by_channel(connection, alert_id)
            now = clock.utc_now()
            for channel, states in counts.items():
                through = set(states) <= FINAL_DELIVERY and (channel != "sms" or sum(states.values()) >= phones)
                if channel not in told and (through or alert.completed_at):
                    told.add(channel)
                    self._telling.landed(now, channel, states, (now - approved).total_seconds())
            if alert.completed_at:
                self._telling.finished(now, self._look(scene, alert_id))
                return True
            if clock.uptime() - began > PATIENCE:
                return False
            if clock.uptime() - said > SAY_AGAIN:
                said = clock.uptime()
                self._telling.waiting(now, _unfinished(counts))
            if not self._stage.installation.runs():
                raise NotReady(f"the supervisor has ended; see {self._stage.var_dir / 'log'}")
            time.sleep(PAUSE)

    def played(self) -> list[Played]:
        """What has become of all alerts by now."""
        return [self._look(scene, alert_id) for scene, alert_id in self._sent]

    def _look(self, scene: Scene, alert_id: str) -> Played:
        with self._stage.rt.db.read() as connection:
            alert = alert_store.get(connection, alert_id)
            counts = progress.by_channel(connection, alert_id)
            firsts = progress.first_accepted(connection, alert_id)
        return Played(
            scene=scene,
            id=alert.id,
            identifier=alert.identifier,
            kind=alert.kind,
            state=str(alert.state),
            deliveries=counts,
            first=_seconds(alert, min(firsts.values(), default=None)),
            all=_seconds(alert, alert.completed_at),
            missing="" if alert.completed_at else _unfinished(counts),
        )

    # -- counting

    def tally(self) -> Tally:
        """What the providers and the public pages have, against what they should have, over all alerts sent."""
        sent = {provider: Control(url).sent() for provider, url in self._stage.providers.items()}
        return sum((self._count(alert_id, sent) for _, alert_id in self._sent), Tally())

    def _count(self, alert_id: str, sent: Mapping[str, Sequence[Record]]) -> Tally:
        site = self._stage.status_url
        with self._stage.rt.db.read() as connection:
            alert = alert_store.get(connection, alert_id)
            texts = [*alert_store.texts(connection, alert_id).values()]
        short = f"{site}/a/{alert.token}/"
        pages = [
            f"{site}/{tag}/alerts/{alert.identifier}.html" for tag in dict.fromkeys(each.language for each in texts)
        ]
        expected = Expected(
            site=site,
            links=(short, *pages),
            phones=self._phones(alert) | self._staff if "sms" in alert.draft["channels"] else frozenset(),
            posts={name: _parts(texts, name) for name in ("x", "facebook")},
        )
        return count(expected, sent) + Tally(lost=sum(not _served(page) for page in (short, *pages)))

    def _phones(self, alert: AlertRow) -> frozenset[str]:
        return audience(self._stage.register, self._outlines, documents.draft_from(alert.draft).area)


def _parts(texts: Sequence[Message], channel: str) -> list[str]:
    return [part for message in texts if message.channel == channel for part in message.parts]


def _served(url: str) -> bool:
    """True when the public page can be read where residents are sent; never through a proxy: it is on this machine."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=10.0) as answer:
            return bool(answer.status == 200 and answer.read())
    except OSError:
        return False


def _seconds(alert: AlertRow, moment: datetime | None) -> float | None:
    if moment is None or alert.approved_at is None:
        return None
    return round(max(0.0, (moment - alert.approved_at).total_seconds()), 3)


def _unfinished(counts: Mapping[str, Mapping[str, int]]) -> str:
    left = [
        f"{channel} {number} {state}"
        for channel, states in counts.items()
        for state, number in states.items()
        if state not in FINAL_DELIVERY
    ]
    return ", ".join(left) or "not all deliveries have been made"
