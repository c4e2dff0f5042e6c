"""How long the console takes to answer who types: keep the form, show 4 channels in 2 languages: `python -m bench.preview`.

The whole request is measured, log-in and page included, in one process that serves nobody else meanwhile.
"""

import re
import time
from html import unescape
from typing import Any

from flask.testing import FlaskClient

from bench import alerts, frame
from bench.frame import Goal, Options, Report, percentile, spread
from bench.provider import provider
from bench.site import ROOT, Kind, Site
from broadcaster import clock
from broadcaster.domain.rules import Role
from broadcaster.services import accounts
from broadcaster.web.app import create_app

PHONES, FULL_PHONES = 20_000, 1_000_000
SAMPLES, FULL_SAMPLES = 60, 300
#: Milliseconds within which nineteen of twenty answers come.
GOAL = 150.0
HOST, PASSWORD = "https://alerts.bcc.example", "four random words here"
CHANNELS, LANGUAGES = ("website", "sms", "x", "facebook"), ("nb", "en")
#: Whom the text is for: some zones, the whole city, or a drawn area across zones.
AREAS: dict[str, dict[str, Any]] = {
    "two zones": {"area.zones": list(alerts.SMALL)},
    "a circle": {"area.circle.lat": "-27.5", "area.circle.lon": "153.0", "area.circle.radius_km": "3"},
    "the city": {"area.zones": list(alerts.everywhere())},
}


class Desk:
    """Ada at her browser, with the form of a first message open."""

    def __init__(self, site: Site) -> None:
        rt = site.rt
        accounts.add_user(rt, "ada@bcc.example", Role.AUTHOR, ROOT, clock.utc_now(), password=PASSWORD)
        self._client: FlaskClient = create_app(rt).test_client()
        given = {"email": "ada@bcc.example", "password": PASSWORD, "csrf_token": self._token("/login")}
        self._ask("/login", given)
        page = self._client.get("/alerts/new/holding?mode=live", base_url=HOST).text
        self._hidden = {
            name: unescape(value)
            for name, value in re.findall(r'name="(csrf_token|writing|tab)" value="([^"]+)"', page)
        }

    def _token(self, path: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self._client.get(path, base_url=HOST).text)
        if found is None:
            raise RuntimeError(f"{path} has no form")
        return unescape(found[1])

    def _ask(self, path: str, form: dict[str, Any]) -> str:
        answer = self._client.post(
            path, data=form, base_url=HOST, headers={"Referer": f"{HOST}/", "HX-Request": "true"}
        )
        if answer.status_code not in (200, 302):
            raise RuntimeError(f"{path} answered {answer.status_code}")
        return answer.text

    def typed(self, number: int, area: dict[str, Any]) -> tuple[float, float]:
        """(seconds, processor seconds) until the page shows what was typed; a new letter each time, so that nothing is from before."""
        form = (
            self._hidden
            | area
            | {
                "status": "Actual",
                "languages": list(LANGUAGES),
                "channels": list(CHANNELS),
                "new_incident": "Flood, Oxley Creek",
                "f.seen.nb": f"Moelva stiger raskt {number}",
                "f.seen.en": f"Oxley Creek is rising {number}",
                "f.not_known.0.nb": "hvor langt vannet når",
                "f.not_known.0.en": "how far it will reach",
                "f.action.0": "keep-from-creek",
                "f.decided_by": "municipality",
                "f.confidence": "unknown",
                "next_update": "+30m",
            }
        )
        began, worked = clock.uptime(), time.process_time()
        page = self._ask("/alerts/writing", form)
        took = clock.uptime() - began, time.process_time() - worked
        missing = [
            words for words in (f"raskt {number}", f"RISING {number}", "Facebook", "segment") if words not in page
        ]
        if missing:
            raise RuntimeError(f"the preview lacks {missing}")
        return took


def _measure(database: Kind, options: Options, report: Report) -> None:
    phones = FULL_PHONES if options.full else PHONES
    samples = FULL_SAMPLES if options.full else SAMPLES
    # An address that nobody asks: nothing is sent here, but a channel that is not set up has no preview.
    nobody = dict.fromkeys(("x", "facebook"), "http://127.0.0.1:9")
    with provider() as served, Site(database, served, posts=nobody, profile="kongsvinger") as site:
        options.say(f"preview: {phones:,} residents into {database} …")
        site.settle(phones)
        desk = Desk(site)
        desk.typed(0, AREAS["two zones"])
        for words, area in AREAS.items():
            found = [desk.typed(number, area) for number in range(1, samples + 1)]
            waits, work = [wait for wait, _ in found], round(percentile([each for _, each in found], 0.95) * 1000)
            ms = round(percentile(waits, 0.95) * 1000, 1)
            options.say(f"  {words}: p95 {ms:.0f} ms of {samples}, processor {work} ms")
            report.figures[f"{database}, {words}"] = spread(waits) | {
                "p95": round(ms / 1000, 4),
                "phones": phones,
                "cpu_p95_ms": work,
            }
            name = f"Preview, 4 channels × 2 languages, {words}, {database}"
            note = f"{work} ms of processor; {phones:,} residents"
            report.goals.append(Goal(f"{name}, p95", ms, GOAL, " ms", at_most=True, note=note))


def run(options: Options) -> Report:
    """Each database asked for; in the quick run the first."""
    report = Report()
    for database in options.some:
        _measure(database, options, report)
    return report


if __name__ == "__main__":
    frame.command(run, __doc__)
