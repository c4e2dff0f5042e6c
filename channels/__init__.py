"""Where residents read an alert: one file per channel, found by name in an explicit table.

This package is a library. It imports nothing of broadcaster, reads no environment and knows no database.
"""

from importlib import import_module
from typing import cast

from channels.base import Channel

#: name -> "module:Class", loaded on first use so that a missing SDK only hurts the channel that needs it.
CHANNELS: dict[str, str] = {
    "sms": "channels.sms:Sms",
    "x": "channels.x:X",
    "facebook": "channels.facebook:Facebook",
    "website": "channels.website:Website",
}

#: Channels that more than one provider can carry: carrier -> "module:Class", in order of preference.
CARRIERS: dict[str, dict[str, str]] = {
    "sms": {"twilio": CHANNELS["sms"], "sinch": "channels.sinch:Sinch"},
}


def carriers(name: str) -> tuple[str, ...]:
    """Who can carry channel `name`, in order of preference; a channel with one carrier names itself."""
    return tuple(CARRIERS.get(name, (name,)))


def load(name: str, carrier: str = "") -> type[Channel]:
    """Return the class of channel `name` by `carrier` (empty: the first). KeyError names those that exist."""
    table = CARRIERS.get(name, {name: CHANNELS[name]}) if name in CHANNELS else {}
    if not table:
        raise KeyError(f"no channel {name!r}; there are: {', '.join(CHANNELS)}")
    if carrier and carrier not in table:
        raise KeyError(f"nobody called {carrier!r} carries {name}; there are: {', '.join(table)}")
    module, _, cls = table[carrier or next(iter(table))].partition(":")
    return cast(type[Channel], getattr(import_module(module), cls))
