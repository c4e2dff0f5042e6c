"""The SDK's part for texts, without the rest of it, made so that it sends once and never waits by itself."""

import contextlib
import sys
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from types import ModuleType
from typing import Any


@contextlib.contextmanager
def _without_the_rest() -> Iterator[None]:
    """Lend a stand-in for the SDK's package, whose own import brings every product of Sinch's.

    Measured with 2.3.0: 838 modules, 0.8 s and 51 MB in each process, against 173, 0.1 s and 8 MB (docs/decisions/061).
    """
    spec = None if "sinch" in sys.modules else find_spec("sinch")
    if spec is not None:
        stand_in = ModuleType("sinch")
        stand_in.__path__ = list(spec.submodule_search_locations or ())
        stand_in.__version__ = version("sinch")  # type: ignore[attr-defined]
        sys.modules["sinch"] = stand_in
    try:
        yield
    finally:
        if spec is not None:
            del sys.modules["sinch"]


with _without_the_rest():
    from sinch.core.adapters.requests_http_transport import HTTPTransportRequests
    from sinch.core.clients.retry_configuration import RetryConfiguration
    from sinch.core.clients.sinch_client_configuration import Configuration
    from sinch.core.enums import RetryPolicy
    from sinch.core.exceptions import SinchException
    from sinch.core.token_manager import TokenManager
    from sinch.domains.sms import SMS

__all__ = ["SinchException", "Texts"]

#: Regions of the API, each with an address of its own (https://developers.sinch.com/docs/sms/api-reference/#base-url).
REGIONS = ("us", "eu", "au", "br", "ca")


def origin(region: str) -> str:
    """The public address of a region's API."""
    return f"https://{region}.sms.api.sinch.com"


class Texts:
    """The SDK's client for one service plan, sending through `session`, one of requests'.

    What SinchClient is to the SDK's parts, for texts alone. Its own answer to 429 is to send again, three times: that is off.
    """

    def __init__(self, service_plan_id: str, api_token: str, region: str, session: Any) -> None:
        transport: Any = HTTPTransportRequests(self)
        transport.http_session.close()
        transport.http_session = session
        self.configuration: Any = Configuration(
            transport=transport,
            token_manager=TokenManager(self),
            service_plan_id=service_plan_id,
            sms_api_token=api_token,
            sms_region=region,
            retry_configuration=RetryConfiguration(RetryPolicy.NONE, max_retries=0),
        )
        self._sms: Any = SMS(self)
        self.batches: Any = self._sms.batches
        self.reports: Any = self._sms.delivery_reports

    def events(self, secret: str = "") -> Any:
        """Reads callbacks, and with `secret` checks their signature."""
        return self._sms.sinch_events(secret)
