"""Sends parcels one at a time: pulls the next only when the last has landed, and lets no parcel harm the next."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from traceback import extract_tb
from typing import NamedTuple, ParamSpec

from channels.base import Action, ChannelError, Outcome, Parcel, Refused, Uncertain

#: Seconds to wait when there is nothing to send yet.
NOT_YET = 0.02

P = ParamSpec("P")


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
        yield outcome_of(parcel, _checked, parcel, actions, deliver)


def check_action(parcel: Parcel, actions: frozenset[Action]) -> None:
    """Raise Refused for what this channel cannot do, or cannot do to nothing."""
    if parcel.action not in actions:
        raise Refused(f"this channel cannot {parcel.action}", "unsupported")
    if parcel.action is not Action.POST and not (parcel.target or parcel.to):
        raise Refused(f"nothing is named to {parcel.action}", "no_target")


def _checked(parcel: Parcel, actions: frozenset[Action], deliver: Callable[[Parcel], Sent]) -> Sent:
    check_action(parcel, actions)
    return deliver(parcel)


def outcome_of(parcel: Parcel, deliver: Callable[P, Sent], *args: P.args, **kwargs: P.kwargs) -> Outcome:
    """Call `deliver` and make an outcome of what it returns or raises."""
    try:
        sent = deliver(*args, **kwargs)
    except ChannelError as error:
        return Outcome(parcel, error=bare(error))
    except Exception as error:  # noqa: BLE001 - an SDK tripping over an answer: the request may have been obeyed
        return Outcome(parcel, error=Uncertain("the answer could not be understood", place_of(error)))
    return Outcome(parcel, provider_id=sent.provider_id, url=sent.url)


def bare(error: ChannelError) -> ChannelError:
    """The error alone: its cause or its frames may hold a request with its token, and an outcome outlives this call."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def place_of(error: Exception) -> str:
    """Where it happened, but not what: the message may quote a request with its token."""
    *_, place = extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {PurePath(place.filename).name}:{place.lineno}"
