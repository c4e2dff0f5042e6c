"""Sends parcels one at a time: pulls the next only when the last has landed, and lets no parcel harm the next."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from traceback import extract_tb
from typing import NamedTuple

from channels.base import Action, ChannelError, Outcome, Parcel, Refused, Uncertain

#: Seconds to wait when there is nothing to send yet.
NOT_YET = 0.02


class Sent(NamedTuple):
    """What a provider calls the thing it took, and where people can see it."""

    provider_id: str
    url: str = ""


def one_by_one(
    parcels: Iterable[Parcel | None], actions: frozenset[Action], deliver: Callable[[Parcel], Sent]
) -> Iterator[Outcome]:
    """Yield one outcome per parcel. An action outside `actions` is refused before anything is called."""
    for parcel in parcels:
        if parcel is None:
            time.sleep(NOT_YET)
            continue
        if parcel.action not in actions:
            yield Outcome(parcel, error=Refused(f"this channel cannot {parcel.action}", "unsupported"))
            continue
        if parcel.action is not Action.POST and not (parcel.target or parcel.to):
            yield Outcome(parcel, error=Refused(f"nothing is named to {parcel.action}", "no_target"))
            continue
        yield _outcome(parcel, deliver)


def _outcome(parcel: Parcel, deliver: Callable[[Parcel], Sent]) -> Outcome:
    try:
        sent = deliver(parcel)
    except ChannelError as error:
        # The cause may hold a request with its token, and an outcome outlives this call.
        error.__cause__ = error.__context__ = None
        return Outcome(parcel, error=error.with_traceback(None))
    except Exception as error:  # noqa: BLE001 - an SDK tripping over an answer: the request may have been obeyed
        # Where, but not what: the message may quote a request with its token.
        *_, place = extract_tb(error.__traceback__)
        code = f"{type(error).__name__} in {PurePath(place.filename).name}:{place.lineno}"
        return Outcome(parcel, error=Uncertain("the answer could not be understood", code))
    return Outcome(parcel, provider_id=sent.provider_id, url=sent.url)
