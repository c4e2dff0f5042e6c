"""The providers together, each on its own port of 127.0.0.1: in a thread, or as a process of its own."""

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from channels.sandbox.control import Control
from channels.sandbox.facebook import Facebook
from channels.sandbox.facebook_rules import FacebookSettings
from channels.sandbox.hosting import Host
from channels.sandbox.page import Residents
from channels.sandbox.provider import Provider
from channels.sandbox.sinch import Sinch
from channels.sandbox.sinch_rules import SinchSettings
from channels.sandbox.state import Clock, wall_clock
from channels.sandbox.twilio import Twilio
from channels.sandbox.twilio_rules import TwilioSettings
from channels.sandbox.webhooks import Webhooks
from channels.sandbox.x import X
from channels.sandbox.x_auth import XSettings

#: Seconds that starting and stopping may take.
PATIENCE = 10.0


class Sandbox:
    """Provider servers in a thread of their own: `with Sandbox() as s: s.twilio_url`.

    Port 0 asks for any free port. `callbacks` is all, final or off; `speed` divides Twilio's delays (queued to
    delivered takes 0.4 s at 1). `inbound_url` is where residents' texts are announced, `status_url` the public page
    that the residents' page links to; both may be set later. `adopt` also believes accounts whose secrets are not in
    the settings, as long as their requests are well formed; of Twilio's and Sinch's it remembers the first token.
    `sinch_inbound_url` is where texts to Sinch's numbers are announced.
    """

    def __init__(  # noqa: PLR0913 one place to say how the whole sandbox behaves
        self,
        *,
        twilio: TwilioSettings | None = None,
        x: XSettings | None = None,
        facebook: FacebookSettings | None = None,
        sinch: SinchSettings | None = None,
        twilio_port: int = 0,
        x_port: int = 0,
        facebook_port: int = 0,
        sinch_port: int = 0,
        callbacks: str = "all",
        speed: float = 1.0,
        inbound_url: str = "",
        sinch_inbound_url: str = "",
        status_url: str = "",
        adopt: bool = False,
        clock: Clock = wall_clock,
    ) -> None:
        if speed <= 0:
            raise ValueError("speed is greater than 0")
        self._wanted = {"twilio": twilio_port, "x": x_port, "facebook": facebook_port, "sinch": sinch_port}
        self._settings = twilio or TwilioSettings(), x or XSettings(), facebook or FacebookSettings()
        self._sinch_settings = sinch or SinchSettings()
        self._callbacks, self._speed, self._adopt, self._clock = callbacks, speed, adopt, clock
        self.inbound_url, self.sinch_inbound_url = inbound_url, sinch_inbound_url
        self.status_url = status_url
        self.ports: dict[str, int] = {}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    # -- in a thread ------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Listen on all ports. OSError when one is taken."""
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        if not self._ready.wait(PATIENCE):
            raise TimeoutError("the sandbox did not start")
        if self._failure:
            raise self._failure
        return self

    def stop(self) -> None:
        """Stop listening; hanging requests are cut. May be called twice."""
        if self._loop and self._end and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(PATIENCE)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self.serve(lambda _: self._ready.set()))
        except BaseException as failure:  # noqa: BLE001 handed to start(), which is waiting
            self._failure = failure
        finally:
            self._ready.set()

    # -- in an event loop -------------------------------------------------------------------------------------------

    async def serve(
        self, announce: Callable[[Mapping[str, str]], None], signals: tuple[signal.Signals, ...] = ()
    ) -> None:
        """Serve until `stop` or one of `signals`; `announce` gets the addresses once all listen."""
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        for number in signals:
            self._loop.add_signal_handler(number, self._end.set)
        twilio_settings, x_settings, facebook_settings = self._settings
        webhooks = Webhooks()
        twilio = Twilio(twilio_settings, self._clock, self._speed, self._callbacks, webhooks, self._adopt)
        x = X(x_settings, self._clock, self._adopt)
        facebook = Facebook(facebook_settings, self._clock, webhooks, self._adopt)
        sinch = Sinch(self._sinch_settings, self._clock, self._speed, self._callbacks, webhooks, self._adopt)
        twilio.inbox.default_url = lambda: self.inbound_url
        sinch.postbox.default_url = lambda: self.sinch_inbound_url
        page = Residents((twilio, sinch), x, facebook, lambda: self.status_url)
        hosts: list[Host] = []
        providers: tuple[Provider, ...] = (twilio, x, facebook, sinch)
        try:
            await webhooks.start()
            twilio.desk.start()
            sinch.desk.start()
            for provider in providers:
                host = Host(provider, self._wanted[provider.name], page.answer)
                hosts.append(host)
                self.ports[provider.name] = await host.start()
            announce(self.urls)
            await self._end.wait()
        finally:
            await asyncio.gather(*(host.stop() for host in hosts))
            await asyncio.gather(twilio.desk.stop(), sinch.desk.stop())
            await webhooks.stop()

    # -- addresses --------------------------------------------------------------------------------------------------

    @property
    def urls(self) -> dict[str, str]:
        """Base URL of each provider, without a slash at the end; paths are exactly the provider's."""
        return {name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()}

    @property
    def twilio_url(self) -> str:
        """Instead of https://api.twilio.com."""
        return self.urls["twilio"]

    @property
    def x_url(self) -> str:
        """Instead of https://api.twitter.com."""
        return self.urls["x"]

    @property
    def facebook_url(self) -> str:
        """Instead of https://graph.facebook.com."""
        return self.urls["facebook"]

    @property
    def sinch_url(self) -> str:
        """Instead of https://REGION.sms.api.sinch.com."""
        return self.urls["sinch"]

    def control(self, provider: str) -> Control:
        """Faults, lag, statistics and inbound messages of twilio, x, facebook or sinch."""
        return Control(self.urls[provider])

    def sent(self, provider: str) -> list[dict[str, Any]]:
        """What one provider sent to residents, oldest first."""
        return self.control(provider).sent()

    def reset(self) -> None:
        """All as new."""
        for name in self.ports:
            self.control(name).reset()


def run(
    twilio_port: int = 0,
    x_port: int = 0,
    facebook_port: int = 0,
    sinch_port: int = 0,
    callbacks: str = "all",
    announce: Callable[[Mapping[str, str]], None] | None = None,
    **options: Any,
) -> None:
    """Serve in this process until SIGTERM or SIGINT. `options` are Sandbox's others.

    `announce` gets `{provider: url}` once all listen; by default each is printed on a line of its own.
    """
    sandbox = Sandbox(
        twilio_port=twilio_port,
        x_port=x_port,
        facebook_port=facebook_port,
        sinch_port=sinch_port,
        callbacks=callbacks,
        **options,
    )
    asyncio.run(sandbox.serve(announce or _print, (signal.SIGTERM, signal.SIGINT)))


def _print(urls: Mapping[str, str]) -> None:
    for name, url in urls.items():
        sys.stdout.write(f"{name} {url}\n")
    sys.stdout.flush()
