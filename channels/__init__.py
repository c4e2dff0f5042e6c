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


def load(name: str) -> type[Channel]:
    """Return the class of channel `name`; KeyError names the channels that exist."""
    try:
        module, _, cls = CHANNELS[name].partition(":")
    except KeyError:
        raise KeyError(f"no channel {name!r}; there are: {', '.join(CHANNELS)}") from None
    return cast(type[Channel], getattr(import_module(module), cls))
