"""Many texts at once through Twilio's channel, wherever its requests are to go."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from channels.base import Outcome, Parcel
from channels.sms import Sms
from tests.channels.places import TWILIO


def parcels(count: int, **more: object) -> list[Parcel]:
    common: dict[str, Any] = {"text": "Leave now.", **more}
    return [Parcel(f"d{number}", f"+1500{5_559_000 + number}", **common) for number in range(count)]


@contextlib.contextmanager
def texts(url: str, **options: Any) -> Iterator[Sms]:
    channel = Sms(replace(TWILIO, api_url=url, **options))
    yield channel
    channel.close()


def in_bulk(channel: Sms, *many: Parcel) -> list[Outcome]:
    return list(channel.send(iter(many)))


def codes(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.parcel.to: outcome.error.code if outcome.error else "" for outcome in outcomes}
