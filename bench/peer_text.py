"""What a peer's job does: one text to one phone through the twilio SDK, as its own documentation shows it. Also RQ's job itself.

Read where to from the environment, which bench/peers.py sets for the workers that it starts.
"""

import functools
import os
from typing import Any

from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

PROVIDER, BROKER = "BENCH_PROVIDER", "BENCH_BROKER"
TEXT = "Flood in Rocklea. Leave now by Ipswich Road, the bridge closes at 6 pm. Go to QEII, Mains Road. https://bcc.example/a/7f3k2x9q"


class _Loopback(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's own client, with the address of our stub instead of Twilio's."""

    def request(self, method: str, uri: str, *args: Any, **kwargs: Any) -> Response:
        return super().request(method, uri.replace("https://api.twilio.com", os.environ[PROVIDER]), *args, **kwargs)


@functools.cache
def _client() -> Any:
    return Client("AC" + "0" * 32, "a-token", http_client=_Loopback(timeout=10))


def send_text(phone: str) -> None:
    """One recipient."""
    _client().messages.create(to=phone, from_="+15005550006", body=TEXT)
