"""Every kind of alert, with its own example, becomes valid CAP and a page with its words."""

import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from capvalidator import Validator

from broadcaster.domain.alert import MsgType, Reference, Status
from broadcaster.domain.lifecycle import AlertState
from broadcaster.store import documents
from broadcaster.store.rendering import Ground, Parent, Setting, render
from broadcaster.store.status_page import build
from broadcaster.store.status_view import PublicAlert
from channels.base import Limits
from tests.publishing.city import NOW, RING, ROOT, URL, profile, view

KINDS = documents.load_kinds(ROOT / "templates" / "alerts")
EXAMPLES = sorted((ROOT / "templates" / "alerts").glob("*/example.*.yaml"))


def example(name: str, status: Status) -> tuple[str, PublicAlert]:
    """The example as it would be sent now: in English by Brisbane, in bokmål by Kongsvinger."""
    path = next(each for each in EXAMPLES if f"{each.parent.name}.{each.suffixes[0]}" == name)
    city = "kongsvinger" if path.suffixes[0] == ".nb" else "brisbane"
    whose = profile(city)
    draft = documents.read_alert_file(path, ZoneInfo(whose.timezone), NOW)
    draft = replace(draft, status=status, channels=("website",))
    setting = Setting(
        identifier="example-1",
        token="abcdefgh",
        sent=NOW,
        status_url=URL,
        limits={"website": Limits("characters", 1_000_000)},
        area=Ground(polygons=(RING,), zones={code: {"en": code, "nb": code} for code in draft.area.zones}),
        parents=(
            Parent(Reference(whose.cap_sender, "earlier-1", NOW - timedelta(hours=1)), {"en": "Old", "nb": "Gammel"}),
        )
        if draft.msg_type is not MsgType.ALERT
        else (),
    )
    made = render(draft, KINDS[draft.kind], whose, setting)
    return city, PublicAlert(
        id="row",
        token="abcdefgh",
        kind=draft.kind,
        state=AlertState.ACTIVE,
        document=made.alert,
        articles={message.language: message.parts[0] for message in made.messages},
        published_at=NOW,
        changed_at=NOW,
        expires_at=made.alert.infos[0].expires,
    )


@pytest.mark.parametrize("status", [Status.ACTUAL, Status.EXERCISE])
@pytest.mark.parametrize("name", [f"{path.parent.name}.{path.suffixes[0]}" for path in EXAMPLES])
def test_every_kind_becomes_valid_cap_and_a_page(name: str, status: Status) -> None:
    city, shown = example(name, status)
    site = build(view(shown, city=city, root="live" if status.live else "exercise"))
    assert site.problems == ()
    assert Validator(site.files["alerts/example-1.cap.xml"].encode()).schema()[0]
    for tag in shown.languages:
        page = site.files[f"{tag}/alerts/example-1.html"]
        assert page.count("<h1") == 1
        headings = [int(level) for level in re.findall(r"<h([1-6])", page)]
        assert all(after - before <= 1 for before, after in pairwise(headings)), headings
        assert ('<p class="exercise">' in page) is not status.live
    assert "example-1" in site.files["index.html"]
