"""The sandbox as a whole: ports, threads, signals, what it believes, what it forgets."""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import tweepy

from channels.sandbox.server import Sandbox
from channels.sandbox.state import Ledger, Stats
from channels.sandbox.x_auth import FAKE_CONSUMER_KEY
from tests.sandbox.conftest import Carried
from tests.sandbox.listener import Listener, until
from tests.sandbox.test_faults import post

ROOT = Path(__file__).parents[2]


def test_each_provider_has_a_port_of_its_own_and_a_taken_port_is_an_error(sandbox: Sandbox) -> None:
    assert len(set(sandbox.ports.values())) == 4
    with pytest.raises(OSError, match="address already in use"):
        Sandbox(x_port=sandbox.ports["x"]).start()


def test_stopping_twice_is_harmless_and_the_port_is_free_again() -> None:
    first = Sandbox().start()
    ports = first.ports
    first.stop()
    first.stop()
    with Sandbox(twilio_port=ports["twilio"]) as second:
        assert second.ports["twilio"] == ports["twilio"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_at_once_though_requests_hang(number: signal.Signals) -> None:
    process = subprocess.Popen([sys.executable, "-m", "channels.sandbox"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    urls = dict(process.stdout.readline().split() for _ in range(3))
    assert list(urls) == ["twilio", "x", "facebook"]
    faults = [{"match": "", "fault": "hang", "count": None}]
    assert requests.post(f"{urls['facebook']}/_faults", json=faults, timeout=5).ok
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{urls['facebook']}/v25.0/me", timeout=0.2)
    with requests.get(f"{urls['twilio']}/_sent", timeout=5, stream=True):  # a connection that stays open
        process.send_signal(number)
        assert process.wait(timeout=5) == 0
    process.stdout.close()


def test_a_long_list_of_what_was_sent_is_one_json_document(sandbox: Sandbox) -> None:
    for number in range(1_203):
        assert post(sandbox, "twilio", f"text {number}").status_code == 201
    answer = requests.get(f"{sandbox.twilio_url}/_sent", timeout=10)
    rows = json.loads(answer.content)
    assert [row["text"] for row in rows] == [f"text {n}" for n in range(1_203)]
    assert set(rows[0]) >= {"provider", "to", "text", "id", "at", "in_reply_to"}


def test_reset_forgets_one_provider_only(sandbox: Sandbox) -> None:
    post(sandbox, "twilio")
    post(sandbox, "x")
    sandbox.control("twilio").reset()
    assert sandbox.sent("twilio") == []
    assert sandbox.control("twilio").stats()["requests"] == 0
    assert len(sandbox.sent("x")) == 1


def test_unknown_accounts_are_believed_only_where_wanted(sandbox: Sandbox, listener: Listener) -> None:
    account, token = "AC" + "f" * 32, "their own token"
    form = {"To": "+61491570006", "From": "BCC", "Body": "x", "StatusCallback": f"{listener.url}/s"}
    path = f"/2010-04-01/Accounts/{account}/Messages.json"
    assert requests.post(sandbox.twilio_url + path, data=form, auth=(account, token), timeout=5).status_code == 401
    with Sandbox(adopt=True, speed=20) as open_house:
        address = open_house.twilio_url + path
        assert requests.post(address, data=form, auth=(account, token), timeout=5).status_code == 201
        assert requests.post(address, data=form, auth=(account, "another"), timeout=5).status_code == 401
        until(lambda: len(listener.heard) == 3)
        page = {"message": "x", "access_token": "their page token", "appsecret_proof": "cannot be checked"}
        posted = requests.post(f"{open_house.facebook_url}/v25.0/4711/feed", data=page, timeout=5).json()
        assert posted["id"].startswith("4711_")
        client = tweepy.Client(
            consumer_key="theirs", consumer_secret="s", access_token="42-theirs", access_token_secret="s"
        )
        client.session.mount("https://api.twitter.com", Carried(open_house.x_url))
        assert client.get_me().data.id == 42
        client.consumer_key = FAKE_CONSUMER_KEY
        with pytest.raises(tweepy.Unauthorized):
            client.get_me()
        client.session.close()


@pytest.mark.parametrize("options", [{"callbacks": "some"}, {"speed": 0}])
def test_options_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"callbacks|speed"):
        Sandbox(**options).start()  # type: ignore[arg-type]


@dataclass
class Record:
    id: str
    seq: int = 0


def test_a_ledger_forgets_the_oldest_and_keeps_its_places() -> None:
    forgotten: list[str] = []
    ledger: Ledger[Record] = Ledger(room=100, forget=lambda record: forgotten.append(record.id))
    for number in range(250):
        ledger.add(Record(str(number)))
    assert 100 <= len(ledger) <= 105
    assert ledger.get("0") is None
    assert forgotten == [str(n) for n in range(250 - len(ledger))]
    newest = ledger.get("249")
    assert newest is not None
    assert [record.id for record in ledger.newest(newest.seq)][:2] == ["248", "247"]
    assert [record.id for record in ledger][-1] == "249"


def test_the_busiest_second_is_counted() -> None:
    stats = Stats()
    for now in (10.0, 10.5, 10.9, 11.0):
        stats.enter(now)
    stats.leave()
    assert (stats.total, stats.per_second_peak, stats.in_flight_peak, stats.in_flight) == (4, 3, 4, 3)
    stats.restart()
    assert (stats.total, stats.in_flight) == (0, 3)
