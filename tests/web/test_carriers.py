"""What operators see of carriers: who answers, who does not, and who does the work meanwhile."""

import json
from pathlib import Path

import pytest

from broadcaster import clock, providers
from broadcaster.domain.errors import NotReady
from broadcaster.runtime import Runtime
from broadcaster.services import carrying
from broadcaster.settings import load
from broadcaster.store.breaker import breaker_key
from channels.base import Misconfigured
from tests.web.cast import House

SINCH = {
    "BROADCASTER_SINCH_SERVICE_PLAN_ID": "5" * 32,
    "BROADCASTER_SINCH_API_TOKEN": "not-a-secret",
    "BROADCASTER_SINCH_FROM": "+61491570100=30",
}
EXERCISE = {name.replace("BROADCASTER_", "BROADCASTER_EXERCISE_"): f"9{value[1:]}" for name, value in SINCH.items()}
BOTH = {"twilio", "sinch"}


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | SINCH


def fail(rt: Runtime, carrier: str) -> None:
    rt.breaker.note(breaker_key(carrier, live=True), good=0, bad=60)


def test_operators_are_told_who_does_not_answer_and_who_takes_over(town: House, rt: Runtime) -> None:
    cy = town.of("cy")
    assert "had 60 errors" not in cy.get("/").text
    system = cy.get("/system").text
    assert system.count("Twilio: answers") == system.count("Sinch: answers") == 1
    fail(rt, "twilio")
    home, system = cy.get("/").text, cy.get("/system").text
    assert "Twilio had 60 errors within a minute, now; next try: " in home
    assert "Text messages go out by Sinch meanwhile." in home
    assert "Twilio: had 60 errors within a minute" in system
    assert "Sinch: answers" in system
    assert "in trouble" not in home
    fail(rt, "sinch")
    home = cy.get("/").text
    assert "Text messages wait until it answers." in home
    assert "in trouble" in home


def test_watchers_are_told_too(town: House, rt: Runtime) -> None:
    client = town.app.test_client()
    part = client.get("/readyz").get_json()["parts"]["carriers"]
    assert part["ok"] is True
    assert part["carried_by"]["sms"] == "twilio"
    assert set(part["breakers"]) == {"twilio", "sinch", "facebook"}
    fail(rt, "twilio")
    part = client.get("/readyz").get_json()["parts"]["carriers"]
    assert part["ok"] is False
    assert part["carried_by"]["sms"] == "sinch"
    assert part["breakers"]["twilio"]["state"] == "open"
    assert part["breakers"]["twilio"]["why"] == "errors"
    numbers = client.get("/metrics").text
    assert 'broadcaster_breaker_open{carrier="twilio",mode="live"} 1.0' in numbers
    assert 'broadcaster_breaker_open{carrier="sinch",mode="live"} 0.0' in numbers


def test_a_channel_has_its_carriers_in_order_and_each_is_made_once(rt: Runtime) -> None:
    assert rt.carriers("sms", True) == ("twilio", "sinch")
    assert rt.carriers("facebook", True) == ("facebook",)
    assert rt.carriers("x", True) == ()
    assert rt.channel("sms", True) is rt.channel("sms", True, "twilio")
    second = rt.channel("sms", True, "sinch")
    assert (second.name, second.carrier, second.callback_path) == ("sms", "sinch", "/webhooks/sinch")
    assert second is rt.channel("sms", True, "sinch")
    assert [each.carrier for each in carrying.standing(rt, True) if each.channel == "sms"] == ["twilio", "sinch"]
    for name, carrier in (("sms", "pigeon"), ("x", ""), ("x", "x")):
        with pytest.raises((NotReady, KeyError)):
            rt.channel(name, True, carrier)


def test_an_installation_may_have_the_second_carrier_alone(environment: dict[str, str]) -> None:
    settings = load({name: value for name, value in environment.items() if "TWILIO" not in name})
    assert providers.carriers("sms", settings, live=True) == ("sinch",)
    assert providers.make("sms", settings, True, 1.0).carrier == "sinch"
    with pytest.raises(NotReady, match="sms by twilio is not set up: set BROADCASTER_TWILIO_ACCOUNT_SID"):
        providers.make("sms", settings, True, 1.0, "twilio")


def test_exercises_use_their_own_accounts_or_the_sandbox_and_never_some_of_each(
    environment: dict[str, str], folder: Path
) -> None:
    def of_exercises(more: dict[str, str], live: dict[str, str] = environment) -> tuple[str, ...]:
        return providers.carriers("sms", load(live | more), live=False)

    assert of_exercises({}) == ()
    urls = {name: f"http://127.0.0.1:{port}" for port, name in enumerate(("twilio", "x", "facebook", "sinch"), 9)}
    (folder / "sandbox.json").write_text(json.dumps(urls))
    assert of_exercises({}) == ("twilio", "sinch")
    alone = {name: value for name, value in environment.items() if "SINCH" not in name}
    assert of_exercises({}, alone) == ("twilio",)
    assert of_exercises(EXERCISE) == ("sinch",)
    for name, value in (("SINCH_SERVICE_PLAN_ID", "5" * 32), ("SINCH_CALLBACK_SECRET", "x")):
        with pytest.raises(Exception, match=f"EXERCISE_{name}: is the same as the live one"):
            load(environment | {f"BROADCASTER_{name}": value, f"BROADCASTER_EXERCISE_{name}": value})


def test_what_is_half_set_up_is_told_and_what_cannot_work_does_not_start(environment: dict[str, str]) -> None:
    half = load({name: value for name, value in environment.items() if not name.endswith("SINCH_FROM")})
    assert providers.half_set("sms", half, True) == ("sms by sinch is not set up: set BROADCASTER_SINCH_FROM",)
    assert providers.carriers("sms", half, live=True) == ("twilio",)
    assert providers.missing("sms", half, live=True) == ""
    with pytest.raises(Exception, match="BROADCASTER_SINCH_REGION"):
        load(environment | {"BROADCASTER_SINCH_REGION": "mars"})
    service = load(environment | {"BROADCASTER_SINCH_FROM": "MG" + "0" * 32})
    with pytest.raises(Misconfigured, match="messaging service"):
        providers.make("sms", service, True, 1.0, "sinch")


def test_a_breaker_that_opened_long_ago_still_tells_when(town: House, rt: Runtime) -> None:
    then = clock.utc_now().timestamp() - 600
    for second in range(0, 20, 4):
        rt.breaker.note(breaker_key("twilio", live=True), good=0, bad=2, now=then + second)
    assert "Twilio stopped answering 10 min ago; next try: now" in town.of("cy").get("/").text
