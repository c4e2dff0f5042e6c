"""Builds the stage of the demo in VAR_DIR/demo: a fresh folder, provider servers, a whole installation, a city and two people."""

import fcntl
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from broadcaster import clock
from broadcaster.demo import residents
from broadcaster.demo.story import PROFILE, ZONES
from broadcaster.domain.errors import Conflict, Invalid, Problem
from broadcaster.domain.rules import Actor, Role
from broadcaster.processes import part
from broadcaster.processes.installation import LEFTOVERS, Installation
from broadcaster.runtime import Runtime, build
from broadcaster.services.accounts import NewUser, add_user
from broadcaster.services.residents import import_residents
from broadcaster.services.zones import import_zones
from broadcaster.settings import PREFIX, Providers, Settings, on_this_machine
from broadcaster.store.zone_files import read_zones
from channels.sandbox.facebook_rules import FAKE_APP_SECRET, FAKE_PAGE_ID, FAKE_PAGE_TOKEN, FacebookSettings
from channels.sandbox.server import Sandbox
from channels.sandbox.sinch_rules import FAKE_API_TOKEN, FAKE_CALLBACK_SECRET, FAKE_SERVICE_PLAN_ID
from channels.sandbox.twilio_rules import FAKE_ACCOUNT_SID, FAKE_AUTH_TOKEN
from channels.sandbox.x_auth import (
    FAKE_ACCESS_SECRET,
    FAKE_ACCESS_TOKEN,
    FAKE_CONSUMER_KEY,
    FAKE_CONSUMER_SECRET,
    XSettings,
)

RESIDENTS = 2_000
#: Provider → the setting that holds another address than its own.
ADDRESSES = {
    "twilio": "twilio_api_url",
    "sinch": "sinch_api_url",
    "x": "x_api_url",
    "facebook": "facebook_api_url",
}
#: Numbers set aside for fiction (ACMA), of which no invented resident has one. A thousand texts a second are for a sandbox.
SENDER, EXERCISE_SENDER = "+61491579455=1000", "+61491579760=1000"
#: Whoever started the demo; may let people in, and never be the second person.
HOST = Actor("demo", "the demo", Role.ADMIN, person=False)


class Stage:
    """`with Stage(given) as stage: …`; when the block is left, everything that was started has ended.

    `given` is what the environment says. Of it only VAR_DIR and loopback addresses of providers are used; Invalid names
    every address that is not loopback, before anything starts.
    """

    def __init__(self, given: Settings) -> None:
        self._given = given
        self._held = ExitStack()
        self.elsewhere = provider_addresses(given)
        self.var_dir = given.var_dir.absolute() / "demo"

    def __enter__(self) -> Self:
        with ExitStack() as held:
            held.enter_context(fresh(self.var_dir))
            # One receipt for a text, the last, is what the engine needs; queued and sent would triple the work of the web.
            self.sandbox = held.enter_context(
                Sandbox(
                    x=XSettings(username="demo_council"),
                    facebook=FacebookSettings(page_name="Demo Council"),
                    callbacks="final",
                    adopt=True,
                )
            )
            self.providers = self.sandbox.urls | self.elsewhere
            settings = Settings(
                profile=PROFILE,
                var_dir=self.var_dir,
                # Visitors look around with a password alone; nothing here reaches anybody.
                second_step="offered",
                live=account(self.providers),
                exercise=exercise_account(self.sandbox.urls),
            )
            self.installation = held.enter_context(Installation(settings, given=self._given))
            self.settings = self.installation.settings
            self.sandbox.status_url = self.status_url
            self.sandbox.inbound_url = f"{self.console_url}/webhooks/twilio/inbound"
            self.sandbox.sinch_inbound_url = f"{self.console_url}/webhooks/sinch/inbound"
            self.rt: Runtime = build(self.settings)
            held.callback(self.rt.close)
            self._held = held.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._held.close()

    @property
    def console_url(self) -> str:
        return self.installation.url

    @property
    def status_url(self) -> str:
        """Where residents find the public pages, without a slash at the end."""
        return self.settings.status_address

    def settle(self) -> None:
        """Bring the city in: its zones, invented residents, Ada who writes and Ben who approves; each could do the other's part."""
        rt, now = self.rt, clock.utc_now()
        self.outlines = ZONES.read_bytes()
        import_zones(rt.db, rt.profile, self.outlines, actor=HOST, now=now, name=ZONES.name)
        zones = read_zones(self.outlines, ZONES.name, rt.profile.fallback)
        self.zones = len(zones)
        self.register = residents.invented_csv(zones, RESIDENTS, rt.profile.languages)
        import_residents(rt.db, rt.profile, BytesIO(self.register), "replace", actor=HOST, now=now)
        self.ada = self._let_in("Ada")
        self.ben = self._let_in("Ben")

    def text_back(self, alert_phones: frozenset[str], words: str) -> list[str]:
        """Let one of these phones answer our sender; what it is answered, empty when nothing is or the sandbox is not ours."""
        if "twilio" in self.elsewhere:
            return []
        answer = self.sandbox.control("twilio").inbound(from_=min(alert_phones), body=words)
        return [str(reply["text"]) for reply in answer["replies"]]

    def places(self) -> list[tuple[str, str]]:
        """Where to look, and how to log in."""
        return [
            ("console", self.console_url),
            *((f"  {each.account.name}", f"{each.account.email}  {each.password}") for each in (self.ada, self.ben)),
            ("status page", f"{self.status_url}/"),
            ("what residents see", self.providers["twilio"]),
        ]

    def _let_in(self, name: str) -> NewUser:
        return add_user(self.rt, f"{name.lower()}@demo.example", Role.APPROVER, HOST, clock.utc_now(), name)


def provider_addresses(given: Settings) -> dict[str, str]:
    """Provider → the loopback address that the environment names for it. Invalid for every address that is not loopback."""
    found: dict[str, str] = {}
    problems = []
    for prefix, providers in ((PREFIX, given.live), (f"{PREFIX}EXERCISE_", given.exercise)):
        for provider, name in ADDRESSES.items():
            url = getattr(providers, name)
            if url and not on_this_machine(url):
                cure = "The demo never speaks to a real provider: unset it, or give http://127.0.0.1:PORT."
                problems.append(Problem(prefix + name.upper(), "is not an address of this machine.", cure))
            elif url and providers is given.live:
                found[provider] = url.rstrip("/")
    if problems:
        raise Invalid(problems)
    return found


def account(urls: dict[str, str]) -> Providers:
    """The invented live accounts, which every sandbox knows or adopts."""
    return Providers(
        twilio_account_sid=FAKE_ACCOUNT_SID,
        twilio_auth_token=SecretStr(FAKE_AUTH_TOKEN),
        twilio_from=SENDER,
        twilio_api_url=urls["twilio"],
        sinch_service_plan_id=FAKE_SERVICE_PLAN_ID,
        sinch_api_token=SecretStr(FAKE_API_TOKEN),
        sinch_from=SENDER,
        sinch_callback_secret=SecretStr(FAKE_CALLBACK_SECRET),
        sinch_api_url=urls["sinch"],
        x_consumer_key=FAKE_CONSUMER_KEY,
        x_consumer_secret=SecretStr(FAKE_CONSUMER_SECRET),
        x_access_token=SecretStr(FAKE_ACCESS_TOKEN),
        x_access_secret=SecretStr(FAKE_ACCESS_SECRET),
        x_api_url=urls["x"],
        facebook_page_id=FAKE_PAGE_ID,
        facebook_page_token=SecretStr(FAKE_PAGE_TOKEN),
        facebook_app_secret=SecretStr(FAKE_APP_SECRET),
        facebook_api_url=urls["facebook"],
    )


def exercise_account(urls: dict[str, str]) -> Providers:
    """Other invented accounts, so that an exercise in the console is seen to use them; the sandbox adopts them."""
    return Providers(
        twilio_account_sid="AC" + "e8e4c15e" * 4,
        twilio_auth_token=SecretStr("demo-exercise-token-not-a-secret"),
        twilio_from=EXERCISE_SENDER,
        twilio_api_url=urls["twilio"],
        sinch_service_plan_id="e8e4c15e" * 4,
        sinch_api_token=SecretStr("demo-exercise-sinch-token-not-a-secret"),
        sinch_from=EXERCISE_SENDER,
        sinch_api_url=urls["sinch"],
        x_consumer_key="demo-exercise-consumer-key",
        x_consumer_secret=SecretStr("demo-exercise-consumer-secret-not-a-secret"),
        x_access_token=SecretStr("1101201100000000002-demo-exercise-access-token"),
        x_access_secret=SecretStr("demo-exercise-access-secret-not-a-secret"),
        x_api_url=urls["x"],
        facebook_page_id="110120110000002",
        facebook_page_token=SecretStr("EAAdemoExercisePageTokenNotASecret"),
        facebook_app_secret=SecretStr("demo-exercise-app-secret-not-a-secret"),
        facebook_api_url=urls["facebook"],
    )


@contextmanager
def fresh(folder: Path) -> Iterator[None]:
    """Hold the demo's folder, emptied of what an earlier demo left. Conflict while another one runs in it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            advice = "end it first, or give this one a folder of its own with BROADCASTER_VAR_DIR"
            raise Conflict(f"another demo runs in {folder}: {advice}") from error
        with part.alone(folder, LEFTOVERS):
            _wait_for_silence(folder)
            for each in folder.iterdir():
                if each.is_dir() and not each.is_symlink():
                    shutil.rmtree(each)
                elif each.name != "parts.lock":  # we hold it
                    each.unlink()
        yield
    finally:
        os.close(descriptor)


def _wait_for_silence(folder: Path) -> None:
    """Return when no server of a demo that was killed listens in `folder` any more: each removes its socket as it ends."""
    deadline = time.monotonic() + LEFTOVERS
    while any(_listens(path) for path in folder.glob("*.sock")):
        if time.monotonic() > deadline:
            raise Conflict(f"processes of an earlier demo still run in {folder}: stop them first")
        time.sleep(0.1)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
