"""The four channels (texts by two carriers, each singly and in bulk) with the place where messages show, in one shape."""

import itertools
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from channels.base import Action, Channel, Outcome, Parcel, Picture
from channels.facebook import Facebook, FacebookOptions
from channels.sandbox.facebook_rules import FAKE_APP_SECRET, FAKE_PAGE_ID, FAKE_PAGE_TOKEN
from channels.sandbox.server import Sandbox
from channels.sandbox.sinch_rules import FAKE_API_TOKEN, FAKE_SERVICE_PLAN_ID
from channels.sandbox.twilio_rules import FAKE_ACCOUNT_SID, FAKE_AUTH_TOKEN, FAKE_SENDER
from channels.sandbox.x_auth import FAKE_ACCESS_SECRET, FAKE_ACCESS_TOKEN, FAKE_CONSUMER_KEY, FAKE_CONSUMER_SECRET
from channels.senders import parse_senders
from channels.sinch import Sinch, SinchOptions
from channels.sms import Sms, TwilioOptions
from channels.website import Website, WebsiteOptions
from channels.x import X, XOptions

NETWORKED = ("sms", "sms-bulk", "sinch", "sinch-bulk", "x", "facebook")
EVERY = (*NETWORKED, "website")

TWILIO = TwilioOptions(FAKE_ACCOUNT_SID, FAKE_AUTH_TOKEN, senders=parse_senders(FAKE_SENDER))
SINCH = SinchOptions(
    FAKE_SERVICE_PLAN_ID, FAKE_API_TOKEN, lambda: datetime.now(UTC), senders=parse_senders(FAKE_SENDER)
)
X_ACCOUNT = XOptions(FAKE_CONSUMER_KEY, FAKE_CONSUMER_SECRET, FAKE_ACCESS_TOKEN, FAKE_ACCESS_SECRET)
PAGE = FacebookOptions(FAKE_PAGE_ID, FAKE_PAGE_TOKEN, FAKE_APP_SECRET)
SECRETS = (
    FAKE_AUTH_TOKEN,
    FAKE_API_TOKEN,
    FAKE_CONSUMER_KEY,
    FAKE_CONSUMER_SECRET,
    FAKE_ACCESS_TOKEN,
    FAKE_ACCESS_SECRET,
    FAKE_PAGE_TOKEN,
    FAKE_APP_SECRET,
)

_numbers = itertools.count(1)


def new_text(about: str = "Flood") -> str:
    """A text that nobody has sent yet, with what providers like to change: a link, an ampersand, two spaces."""
    return f"{about} no. {next(_numbers)}: stay away & tell your neighbours.  https://www.brisbane.qld.gov.au/a/{next(_numbers)}"


def only(outcomes: Iterable[Outcome]) -> Outcome:
    """The one outcome of a single parcel."""
    (outcome,) = outcomes
    return outcome


def png(path: Path) -> Path:
    """A real picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    )
    return path


class BulkSms(Sms):
    """Texts that always take the way of the many."""

    def send(self, parcels: Iterable[Parcel | None]) -> Iterator[Outcome]:
        return super().send(iter(parcels))


class BulkSinch(Sinch):
    """Texts that always take the way of the many."""

    def send(self, parcels: Iterable[Parcel | None]) -> Iterator[Outcome]:
        return super().send(iter(parcels))


@dataclass
class Place:
    """One channel and its provider, `carrier`. `posting` matches the request that publishes; in `bulk` outcomes come in any order."""

    name: str
    carrier: str
    sandbox: Sandbox
    root: Path
    bulk: bool = False

    @classmethod
    def named(cls, name: str, sandbox: Sandbox, root: Path) -> "Place":
        """The place of one of EVERY."""
        bare = name.removesuffix("-bulk")
        channel, carrier = {"sms": ("sms", "twilio"), "sinch": ("sms", "sinch")}.get(bare, (bare, bare))
        return cls(channel, carrier, sandbox, root, name.endswith("-bulk"))

    @property
    def url(self) -> str:
        return self.sandbox.urls[self.carrier]

    @property
    def posting(self) -> str:
        return {
            "twilio": "POST /2010",
            "sinch": "POST /xms/v1",
            "x": "POST /2/tweets",
            "facebook": "/feed",
        }[self.carrier]

    def open(self, url: str = "", timeout: float = 10.0, authentic: bool = True) -> Channel:
        """The channel on its provider, or on another address, or with credentials that are no longer good."""
        url = url or (self.url if self.name != "website" else "")
        match self.carrier:
            case "twilio":
                token = FAKE_AUTH_TOKEN if authentic else "revoked-" + FAKE_AUTH_TOKEN
                kind = BulkSms if self.bulk else Sms
                return kind(replace(TWILIO, api_url=url, timeout=timeout, auth_token=token))
            case "sinch":
                token = FAKE_API_TOKEN if authentic else "revoked-" + FAKE_API_TOKEN
                which = BulkSinch if self.bulk else Sinch
                return which(replace(SINCH, api_url=url, timeout=timeout, api_token=token))
            case "x":
                secret = FAKE_ACCESS_SECRET if authentic else "revoked-" + FAKE_ACCESS_SECRET
                return X(replace(X_ACCOUNT, api_url=url, timeout=timeout, access_secret=secret))
            case "facebook":
                token = FAKE_PAGE_TOKEN if authentic else "revoked-" + FAKE_PAGE_TOKEN
                return Facebook(replace(PAGE, api_url=url, timeout=timeout, page_token=token))
            case _:
                return Website(WebsiteOptions(self.root, "https://status.example"))

    def parcel(self, text: str, action: Action = Action.POST, **more: Any) -> Parcel:
        """A parcel with a text; every phone and page is a new one unless `to` is given."""
        number = next(_numbers)
        to = {"sms": f"+15005559{number:03d}", "website": f"en/alerts/flood-{number}.html"}.get(self.name, "")
        return Parcel(**({"id": f"d{number}", "to": to, "text": text, "action": action} | more))

    def refused_parcel(self) -> Parcel:
        """A parcel that can never be taken."""
        to = {"sms": "+15005550001", "website": "../outside.html"}.get(self.name, "")
        return replace(self.parcel("a" * 281 if self.name == "x" else "" if self.name == "facebook" else "Go."), to=to)

    def pictures(self) -> tuple[Picture, ...]:
        return (Picture(png(self.root / "map.png"), "image/png", "Map of the closed bridges"),)

    def seen(self, text: str) -> int:
        """How many times residents can read this text."""
        if self.name == "website":
            return sum(path.read_text() == text for path in self.root.rglob("*.html"))
        wanted = text.strip()
        return sum(row["text"] == wanted and not row.get("deleted") for row in self.rows())

    def rows(self) -> list[dict[str, Any]]:
        """What the provider says that it has sent."""
        return self.sandbox.sent(self.carrier)

    def fault(self, fault: str, count: int | None = 1, delay_s: float = 0.0, match: str = "") -> None:
        """Let the provider spoil the next request that publishes."""
        control = self.sandbox.control(self.carrier)
        control.fault(match or self.posting, fault, count, delay_s)
