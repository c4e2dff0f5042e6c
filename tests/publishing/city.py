"""Invented alerts of real-looking cities, as the store would hand them to the public pages."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from broadcaster.domain.alert import (
    Alert,
    Area,
    Category,
    Certainty,
    Info,
    MsgType,
    Reference,
    ResponseType,
    Severity,
    Status,
    Urgency,
)
from broadcaster.domain.language import Language
from broadcaster.domain.lifecycle import AlertState
from broadcaster.domain.profile import Profile
from broadcaster.store import documents
from broadcaster.store.status_view import PublicAlert, PublicInstruction, PublicView

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2011, 1, 12, 12, 40, tzinfo=UTC)
URL = "https://status.example"
RING = ((-27.53, 152.99), (-27.53, 153.02), (-27.56, 153.02), (-27.53, 152.99))
WORDS = {
    "en": ("Flood", "FLOOD. Get ready to leave Rocklea", "The river will cover low streets.", "Move cars up."),
    "nb": ("Flom", "FLOM. Gjør deg klar til å dra", "Elva når lave gater.", "Flytt bil og verdier høyt."),
}
COMMANDS = {
    "evacuate": ({"en": "leave now", "nb": "forlat huset nå"}, {"en": "evacuation", "nb": "evakuering"}, 3),
    "prepare": ({"en": "get ready to leave", "nb": "gjør deg klar til å dra"}, {"en": "get ready", "nb": "klar"}, 2),
    "boil-water": ({"en": "boil your water", "nb": "kok vannet"}, {"en": "boil water", "nb": "kokevarsel"}, 2),
    "informed": ({"en": "stay informed", "nb": "følg med"}, {"en": "advice", "nb": "råd"}, 1),
}


def profile(name: str = "kongsvinger") -> Profile:
    """Kongsvinger has bokmål, then English; Brisbane has English."""
    return documents.load_profile(ROOT / "profiles" / f"{name}.yaml")


def languages() -> Mapping[str, Language]:
    return documents.load_languages(ROOT / "templates" / "alerts")


def article(language: str, text: str = "", level: str = "diamond") -> str:
    """A frozen website text in the form that templates/alerts/layouts/website.html gives it."""
    _, headline, description, instruction = WORDS[language]
    return (
        f'<article class="alert" lang="{language}">\n<h2>{headline}</h2>\n'
        f'<p class="level" data-shape="{level}"><strong>Level</strong></p>\n'
        f"<section><h3>What</h3>\n<p>{text or description}</p></section>\n<h3>Do</h3><p>{instruction}</p>\n</article>"
    )


def alert(
    number: int = 1,
    *,
    state: AlertState = AlertState.ACTIVE,
    status: Status = Status.ACTUAL,
    tags: tuple[str, ...] = ("nb", "en"),
    text: str = "",
    sent: datetime = NOW - timedelta(minutes=20),
    expires: datetime = NOW + timedelta(hours=10),
    **changes: object,
) -> PublicAlert:
    """Alert `flood-<number>`, sent 20 minutes ago, in bokmål and English."""
    infos = tuple(
        Info(
            language=tag,
            categories=(Category.MET,),
            event=WORDS[tag][0],
            response_types=(ResponseType.PREPARE,),
            urgency=Urgency.EXPECTED,
            severity=Severity.SEVERE,
            certainty=Certainty.LIKELY,
            sender_name="Kongsvinger kommune",
            headline=WORDS[tag][1],
            description=text or WORDS[tag][2],
            instruction=WORDS[tag][3],
            effective=sent,
            onset=None,
            expires=expires,
            areas=(Area("Rocklea", (RING,)),),
        )
        for tag in tags
    )
    made = PublicAlert(
        id=f"secret-{number}",
        token=f"abcdefg{number}",
        kind="flood-warning",
        state=state,
        document=Alert(f"flood-{number}", "alerts@bcc.example", sent, status, MsgType.ALERT, infos),
        articles={tag: article(tag, text) for tag in tags},
        published_at=sent,
        changed_at=sent,
        expires_at=expires,
        next_update_at=NOW + timedelta(hours=2),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def following(earlier: PublicAlert, made: PublicAlert, kind: MsgType = MsgType.UPDATE) -> PublicAlert:
    """`made`, but as an update of `earlier`."""
    reference = Reference(earlier.document.sender, earlier.identifier, earlier.document.sent)
    return replace(made, document=replace(made.document, msg_type=kind, references=(reference,)))


def told(
    key: str = "prepare",
    place: str = "Rocklea",
    source: str = "flood-1",
    expires: datetime | None = NOW + timedelta(hours=10),
    lifted: datetime | None = None,
) -> PublicInstruction:
    """An instruction for one place, open unless `lifted`."""
    command, name, level = COMMANDS[key]
    return PublicInstruction(
        place.lower(), {"nb": place}, key, level, command, name, NOW - timedelta(minutes=20), source, expires, lifted
    )


def view(
    *alerts: PublicAlert,
    instructions: tuple[PublicInstruction, ...] = (),
    lifted: tuple[PublicInstruction, ...] = (),
    root: str = "live",
    city: str = "kongsvinger",
    at: datetime = NOW,
) -> PublicView:
    return PublicView(root, profile(city), languages(), URL, at, alerts, instructions, lifted)
