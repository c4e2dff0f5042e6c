"""Two carriers of texts: what one does not take goes by the other, what one may have taken stays with it, and it comes back by itself."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from broadcaster.domain.breaker import PAUSE, Why
from broadcaster.runtime import Runtime, build
from broadcaster.settings import Settings, load
from broadcaster.store import breaker as breaker_store
from channels.sandbox.control import Control
from channels.sandbox.server import Sandbox
from channels.sandbox.sinch_rules import FAKE_API_TOKEN, FAKE_SERVICE_PLAN_ID
from tests.engine.city import QUICK, counts, finish, holding, provider_log, sent, settle, work_until

pytestmark = [pytest.mark.engine, pytest.mark.timeout(200)]


@pytest.fixture
def two(settings: Settings, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """An installation with a second carrier, and calls that are given up after a second."""
    for name, value in {
        "SINCH_SERVICE_PLAN_ID": FAKE_SERVICE_PLAN_ID,
        "SINCH_API_TOKEN": FAKE_API_TOKEN,
        "SINCH_FROM": "+61491570158=5000",
        "SINCH_API_URL": sandbox.urls["sinch"],
    }.items():
        monkeypatch.setenv(f"BROADCASTER_{name}", value)
    given = load()
    rt = build(
        settings.model_copy(update={"live": given.live.model_copy(update=_own(settings))}), replace(QUICK, call=1.0)
    )
    yield rt
    rt.close()


def _own(settings: Settings) -> dict[str, object]:
    return {name: value for name, value in settings.live if not name.startswith("sinch")}


def carried(sandbox: Sandbox) -> dict[str, Counter[str]]:
    """Provider → phone → texts."""
    return {name: Counter(str(each["to"]) for each in provider_log(sandbox, name)) for name in ("twilio", "sinch")}


def test_what_the_first_carrier_does_not_take_goes_by_the_second(two: Runtime, sandbox: Sandbox) -> None:
    """Over 5 s: the engine tries again and again before it gives a carrier up."""
    phones = settle(two, 150)
    Control(sandbox.urls["twilio"]).fault("POST /2010", "503", count=None)
    alert_id = sent(two, holding(channels=("website", "sms")))
    finish(two, alert_id, 100)
    by = carried(sandbox)
    assert by["twilio"] == {}
    assert by["sinch"] == Counter(phones)
    assert counts(two, alert_id)["sms"] == {"delivered": 150}


def test_what_the_first_carrier_may_have_taken_is_never_moved(two: Runtime, sandbox: Sandbox) -> None:
    """Over 5 s: the grace has to pass before the first carrier is asked."""
    phones = settle(two, 120)
    # It takes every text, and never says so; nor does it answer questions for a while.
    Control(sandbox.urls["twilio"]).fault("POST /2010", "drop_after", count=None)
    alert_id = sent(two, holding(channels=("website", "sms")))
    work_until(two, lambda: carried(sandbox)["sinch"], 100)
    finish(two, alert_id, 100)
    by = carried(sandbox)
    assert by["twilio"]
    assert by["sinch"]
    assert by["twilio"] + by["sinch"] == Counter(phones)
    assert counts(two, alert_id)["sms"] == {"delivered": 120}


def test_a_carrier_that_refuses_our_account_is_not_the_end(two: Runtime, sandbox: Sandbox) -> None:
    phones = settle(two, 30)
    Control(sandbox.urls["twilio"]).fault("POST /2010", "402", count=None)
    alert_id = sent(two, holding(channels=("website", "sms")))
    finish(two, alert_id)
    assert carried(sandbox) == {"twilio": Counter(), "sinch": Counter(phones)}
    assert two.breaker.state("twilio:live").why is Why.ACCOUNT


def test_the_first_carrier_comes_back_by_itself(
    two: Runtime, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(two, 8)
    two.breaker.note("twilio:live", 0, 60)
    first = sent(two, holding(channels=("website", "sms")))
    finish(two, first)
    assert set(carried(sandbox)["twilio"]) == set()
    monkeypatch.setattr(breaker_store, "_now", _later(breaker_store._now, PAUSE + 1))
    second = sent(two, holding(incident="the-next-day", channels=("website", "sms")))
    finish(two, second)
    by = carried(sandbox)
    assert sum(by["twilio"].values()) == 8
    assert sum(by["sinch"].values()) == 8
    assert two.breaker.state("twilio:live").closed


def _later(original: object, seconds: float) -> object:
    def later(now: float | None) -> float:
        return original(now) + seconds  # type: ignore[operator,no-any-return]

    return later
