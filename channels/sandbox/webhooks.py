"""Requests that a provider sends to us: pooled, in time limits, never redirected, never through a proxy."""

from collections.abc import Mapping

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

#: Webhooks open at once, and seconds that each may take (Twilio waits 15).
AT_ONCE, TIMEOUT = 64, 15.0


class Webhooks:
    """A small HTTP client of the sandbox's own; needs the running loop."""

    def __init__(self) -> None:
        self._session: ClientSession | None = None

    async def start(self) -> None:
        """Open the pool."""
        self._session = ClientSession(
            connector=TCPConnector(limit=AT_ONCE),
            timeout=ClientTimeout(total=TIMEOUT),
            cookie_jar=DummyCookieJar(),
            trust_env=False,
        )

    async def stop(self) -> None:
        """Close the pool."""
        if self._session:
            await self._session.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """POST; returns status and body, or (0, why) when nobody answered.

        Like Twilio, it tries once more when no connection came about.
        """
        if self._session is None:
            return 0, "not started"
        for attempt in (1, 2):
            try:
                async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                    return response.status, await response.text(errors="replace")
            except ClientConnectorError as error:
                if attempt == 2:
                    return 0, str(error)
            except (ClientError, TimeoutError, ValueError) as error:
                return 0, f"{type(error).__name__}: {error}"
        return 0, ""
