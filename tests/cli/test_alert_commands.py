"""Alerts by the command line: the same rules as in the console, and the journal says who sat at the terminal."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from broadcaster import clock
from broadcaster.cli import waiting
from broadcaster.cli.codes import _Codes
from broadcaster.cli.frame import os_user
from broadcaster.processes import part
from broadcaster.runtime import FOLDER, Runtime
from broadcaster.services import journal
from broadcaster.store import accounts
from channels.sandbox.server import Sandbox
from tests.cli.conftest import Say
from tests.engine.city import round_of_work, texts_per_phone

PEOPLE = ("--author", "ada@city.example", "--approver", "ben@city.example")


@pytest.fixture
def drill(city: Path) -> Path:
    """An exercise to Rocklea."""
    path = city / "drill.yaml"
    path.write_text(
        "incident: drill\nkind: holding\nstatus: Exercise\nlanguages: [en]\n"
        "fields:\n  seen: Oxley Creek is rising\n  not_known: [how far it will reach]\n"
        "  doing: Crews are checking the creek\n  action: [keep-from-creek, keep-phone-on]\n"
        "area: {zones: [rocklea]}\nchannels: [website]\nnext_update: +35m\n"
    )
    return path


@pytest.fixture
def real(drill: Path) -> Path:
    """The same, and it is no exercise."""
    path = drill.with_name("real.yaml")
    text = drill.read_text().replace("Exercise", "Actual").replace("incident: drill", "incident: flood")
    path.write_text(text.replace("[website]", "[website, sms]"))
    return path


@pytest.fixture
def at_work(rt: Runtime) -> Iterator[None]:
    """Sweeper and workers, in a thread of this process."""
    end = threading.Event()

    def work() -> None:
        while not end.is_set():
            round_of_work(rt)
            end.wait(0.05)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    end.set()
    thread.join()


def test_an_alert_is_sent_in_two_names_and_followed_to_the_end(
    drill: Path, at_work: None, ask: Callable[..., Any], rt: Runtime
) -> None:
    shown = ask("alert", "send", drill, *PEOPLE, "--wait")
    assert (shown["state"], shown["status"], shown["msgType"]) == ("active", "Exercise", "Alert")
    assert shown["deliveries"] == {"website": {"delivered": 1}}
    assert shown["completed_at"] >= shown["approved_at"] >= shown["submitted_at"] >= shown["created_at"]
    assert list(shown["first_accepted_at"]) == ["website"]
    assert ask("alert", "show", shown["identifier"]) == ask("alert", "show", shown["id"]) == shown
    assert ask("alert", "list", "--state", "active") == [shown]
    assert ask("alert", "list", "--state", "draft") == []

    entries = [entry for entry in journal.export(rt, "drill") if entry["actor_name"].startswith(("ada", "ben"))]
    assert [entry["action"] for entry in entries][-3:] == ["write", "submit", "approve"]
    assert {entry["actor_name"] for entry in entries} == {
        f"{name} (by CLI, as OS user {os_user()})" for name in ("ada", "ben")
    }


@pytest.mark.parametrize(
    ("author", "approver", "reason"),
    [
        ("ada@city.example", "ada@city.example", "two different people"),
        ("ada@city.example", "cy@city.example", "needs the role approver"),
        ("cy@city.example", "ben@city.example", "needs the role author"),
        ("ada@city.example", "nobody@city.example", "there is no active user nobody@city.example"),
    ],
)
def test_four_eyes_hold_at_the_terminal_too(drill: Path, say: Say, author: str, approver: str, reason: str) -> None:
    result = say("alert", "send", drill, "--author", author, "--approver", approver)
    assert result.exit_code == 1
    assert reason in result.stderr


def test_a_provider_on_this_machine_asks_for_no_password(real: Path, ask: Callable[..., Any]) -> None:
    assert ask("alert", "send", real, *PEOPLE)["state"] == "broadcasting"


def _set_up_codes(rt: Runtime) -> tuple[str, str]:
    """Ben sets a password and an authenticator app; returns the password and the code that it shows now."""
    from broadcaster.services.accounts import hash_password

    codes = _Codes(rt)
    secret = codes.generate_totp_secret()
    with rt.db.write() as tx:
        ben = accounts.find(tx, email="ben@city.example")
        assert ben
        values = {"password": hash_password("four random words here"), "tf_totp_secret": secret}
        accounts.change(tx, ben.id, values | {"tf_primary_method": "authenticator"})
    return "four random words here", codes.generate_totp_password(secret)


def test_a_real_alert_to_a_real_provider_asks_the_approver_to_prove_themselves(
    real: Path, say: Say, rt: Runtime
) -> None:
    elsewhere = {"BROADCASTER_TWILIO_API_URL": "https://twilio.example"}
    first = say("alert", "send", real, *PEOPLE, **elsewhere)
    assert first.exit_code == 1
    assert "has not set up two-step log-in" in first.stderr

    password, code = _set_up_codes(rt)
    for answers in (f"wrong\n{code}\n", f"{password}\n000000\n"):
        refused = say("alert", "send", real, *PEOPLE, stdin=answers, **elsewhere)
        assert refused.exit_code == 1
        assert refused.stderr.endswith("the password or the code is wrong\n")
        assert password not in refused.stderr
    states = {alert["state"] for alert in json.loads(say("alert", "list", "--json").stdout)}
    assert states == {"pending_approval"}

    sent = say("alert", "send", real, *PEOPLE, "--json", stdin=f"{password}\n{code}\n", **elsewhere)
    assert sent.exit_code == 0, sent.stderr
    assert json.loads(sent.stdout)["state"] == "broadcasting"
    again = say("alert", "send", real, *PEOPLE, stdin=f"{password}\n{code}\n", **elsewhere)
    assert again.exit_code == 1, "a code is good once"


def test_without_a_worker_waiting_says_what_to_start_and_loses_nothing(
    real: Path, say: Say, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "ALONE", 1.0)
    result = say("alert", "send", real, *PEOPLE, "--wait")
    assert result.exit_code == 1
    assert waiting.NOBODY in result.stderr
    (alert,) = ask("alert", "list")
    assert alert["state"] == "broadcasting"


def test_a_stopped_alert_reaches_nobody(
    drill: Path, ask: Callable[..., Any], rt: Runtime, sandbox: Sandbox, real: Path
) -> None:
    sent = ask("alert", "send", real, *PEOPLE)
    stopped = ask("alert", "stop", sent["identifier"], "--reason", "wrong suburb")
    assert stopped["state"] in ("stopped", "broadcasting")
    for _ in range(3):
        round_of_work(rt)
    assert not texts_per_phone(sandbox)
    entry = next(each for each in journal.export(rt, "flood") if each["action"] == "stop")
    assert (entry["grounds"], entry["actor_name"]) == ("wrong suburb", f"{os_user()} (by CLI)")


def test_a_draft_waits_in_the_console(drill: Path, ask: Callable[..., Any]) -> None:
    assert ask("alert", "draft", drill, "--author", "ada@city.example")["state"] == "draft"
    assert ask("alert", "draft", drill)["state"] == "draft"


def test_a_file_that_cannot_be_an_alert_changes_nothing(drill: Path, say: Say, ask: Callable[..., Any]) -> None:
    drill.write_text(drill.read_text().replace("kind: holding", "kind: holdin").replace("[rocklea]", "[rockle]"))
    result = say("alert", "send", drill, *PEOPLE)
    assert result.exit_code == 1
    assert "holdin" in result.stderr
    assert ask("alert", "list") == []


def test_links_lead_to_where_run_put_the_console(real: Path, ask: Callable[..., Any], city: Path) -> None:
    part.keep_address(city, "http://127.0.0.1:4321")
    shown = ask("preview", real, BROADCASTER_PUBLIC_URL="", BROADCASTER_STATUS_URL="")
    assert any("http://127.0.0.1:4321/status/a/" in text["parts"][0] for text in shown["messages"])


@pytest.mark.parametrize("name", ["flood-warning/example.en", "evacuation/example.nb", "holding/example.en"])
def test_on_a_fresh_machine_preview_shows_all_four_channels(name: str, folder: Path, say: Say) -> None:
    unset = dict.fromkeys(("TWILIO_ACCOUNT_SID", "X_CONSUMER_KEY", "FACEBOOK_PAGE_TOKEN"), "")
    profile = {"BROADCASTER_PROFILE": "profiles/kongsvinger.yaml" if name.endswith("nb") else "profiles/brisbane.yaml"}
    file = FOLDER / "templates" / "alerts" / f"{name}.yaml"
    result = say("preview", file, "--json", **{f"BROADCASTER_{key}": value for key, value in unset.items()}, **profile)
    shown = json.loads(result.stdout)
    assert result.exit_code == 0, shown["problems"]
    assert {message["channel"] for message in shown["messages"]} >= {"sms", "x", "facebook", "website"}
    assert len(shown["not_set_up"]) == 3


def test_preview_shows_every_text_with_its_length(drill: Path, real: Path, ask: Callable[..., Any], say: Say) -> None:
    shown = ask("preview", real)
    texts = {message["channel"]: message for message in shown["messages"]}
    assert {"website", "sms"} <= set(texts)
    assert (texts["sms"]["unit"], texts["sms"]["encoding"]) == ("segments", "GSM-7")
    assert texts["sms"]["units"][0] >= 1
    assert shown["problems"] == []
    words = say("preview", real)
    assert words.exit_code == 0
    assert texts["sms"]["parts"][0].split()[0] in words.stdout

    real.write_text(real.read_text().replace("[rocklea]", "[rockle]"))
    wrong = say("preview", real)
    assert wrong.exit_code == 1
    assert "Did you mean rocklea?" in wrong.stderr


def test_a_draft_is_tried_on_a_proved_phone_only_and_its_forecast_is_told(
    real: Path, say: Say, ask: Callable[..., Any], rt: Runtime, sandbox: Sandbox
) -> None:
    """One sender of one segment a second: twelve texts of two segments."""
    real.write_text(real.read_text() + "short: true\n")
    slow = {"BROADCASTER_TWILIO_FROM": "+61491570110=1"}
    seen = say("preview", real, **slow)
    assert "12 texts of 12 segments, cost unknown, set sms_price in the profile; the last has left at" in seen.stdout
    shown = ask("alert", "draft", real, "--author", "ada@city.example")
    refused = say("alert", "try", shown["id"], "--as", "ada@city.example")
    assert (refused.exit_code, texts_per_phone(sandbox)) == (1, {})
    assert "no phone of your own" in refused.stderr
    with rt.db.write() as tx:
        ada = accounts.find(tx, email="ada@city.example")
        assert ada is not None
        accounts.change(tx, ada.id, {"phone": "+61400000999", "phone_verified_at": clock.utc_now()})
    tried = ask("alert", "try", shown["id"], "--as", "ada@city.example")
    assert tried == {"id": shown["id"], "phone": "…999"}
    assert texts_per_phone(sandbox) == {"+61400000999": 1}
