"""Faults on demand, the same for all three providers, seen by plain requests."""

import threading
import time
from typing import Any
from urllib.error import HTTPError

import pytest
import requests
import tweepy

from channels.sandbox.exchange import Call
from channels.sandbox.facebook_rules import FAKE_PAGE_ID, FAKE_PAGE_TOKEN
from channels.sandbox.faults import FAULTS, FaultBook
from channels.sandbox.server import Sandbox
from channels.sandbox.twilio_rules import FAKE_ACCOUNT_SID, FAKE_AUTH_TOKEN
from channels.sandbox.x_auth import FAKE_ACCESS_SECRET, FAKE_ACCESS_TOKEN, FAKE_CONSUMER_KEY, FAKE_CONSUMER_SECRET
from tests.sandbox.listener import until

PROVIDERS = ("twilio", "x", "facebook")


def post(sandbox: Sandbox, provider: str, text: str = "Leave now", timeout: float = 5) -> requests.Response:
    """Send one message as plainly as the provider allows."""
    base = sandbox.urls[provider]
    with requests.Session() as session:
        if provider == "twilio":
            form = {"To": "+61491570006", "From": "BCC", "Body": text}
            path = f"/2010-04-01/Accounts/{FAKE_ACCOUNT_SID}/Messages.json"
            return session.post(base + path, data=form, auth=(FAKE_ACCOUNT_SID, FAKE_AUTH_TOKEN), timeout=timeout)
        if provider == "facebook":
            form = {"message": text, "access_token": FAKE_PAGE_TOKEN}
            return session.post(f"{base}/v25.0/{FAKE_PAGE_ID}/feed", data=form, timeout=timeout)
        keys = (FAKE_CONSUMER_KEY, FAKE_CONSUMER_SECRET, FAKE_ACCESS_TOKEN, FAKE_ACCESS_SECRET)
        auth = tweepy.OAuth1UserHandler(*keys).apply_auth()
        request = requests.Request("POST", "https://api.twitter.com/2/tweets", json={"text": text}, auth=auth)
        prepared = session.prepare_request(request)
        prepared.url = f"{base}/2/tweets"
        return session.send(prepared, timeout=timeout)


def recorded(sandbox: Sandbox, provider: str) -> int:
    return len(sandbox.sent(provider))


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("fault", "status", "count"),
    [
        ("401", 401, 0),
        ("402", 402, 0),
        ("429", 429, 0),
        ("500", 500, 0),
        ("503", 503, 0),
        ("500_after", 500, 1),
        ("503_after", 503, 1),
    ],
)
def test_a_fault_with_an_answer_is_in_the_providers_own_words(
    sandbox: Sandbox, provider: str, fault: str, status: int, count: int
) -> None:
    sandbox.control(provider).fault("Leave now", fault)
    answer = post(sandbox, provider)
    graph_statuses = {401: 400, 402: 400, 429: 403}  # the Graph API says most things with 400
    assert answer.status_code == (graph_statuses.get(status, status) if provider == "facebook" else status)
    body = answer.json()
    assert {"twilio": "more_info", "x": "type", "facebook": "error"}[provider] in body
    assert recorded(sandbox, provider) == count
    assert post(sandbox, provider, "and the next one").ok


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(("fault", "count"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_request_gets_no_answer(sandbox: Sandbox, provider: str, fault: str, count: int) -> None:
    sandbox.control(provider).fault("POST", fault)
    with pytest.raises(requests.ConnectionError):
        post(sandbox, provider)
    assert recorded(sandbox, provider) == count


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(("fault", "count"), [("hang", 0), ("hang_after", 1)])
def test_a_hanging_request_times_out_and_is_let_go(sandbox: Sandbox, provider: str, fault: str, count: int) -> None:
    sandbox.control(provider).fault("POST", fault)
    with pytest.raises(requests.ReadTimeout):
        post(sandbox, provider, timeout=0.3)
    assert recorded(sandbox, provider) == count
    until(lambda: sandbox.control(provider).stats()["in_flight"] == 0)


def test_a_hang_with_a_time_is_cut_when_it_is_up(sandbox: Sandbox) -> None:
    sandbox.control("twilio").fault("POST", "hang", delay_s=0.2)
    with pytest.raises(requests.ConnectionError):
        post(sandbox, "twilio")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_may_be_rubbish_though_the_message_went_out(sandbox: Sandbox, provider: str) -> None:
    sandbox.control(provider).faults(
        [{"match": "", "fault": "not_json", "count": 1}, {"match": "", "fault": "empty", "count": 1}]
    )
    first, second = post(sandbox, provider, "first"), post(sandbox, provider, "second")
    assert (first.status_code, first.text[:15]) == (200, "<!doctype html>")
    assert (second.status_code, second.content) == (200, b"")
    assert recorded(sandbox, provider) == 2


def test_a_slow_answer_comes_late_but_the_message_is_there_at_once(sandbox: Sandbox) -> None:
    sandbox.control("twilio").fault("POST", "latency", count=None, delay_s=1.5)
    answers: list[requests.Response] = []
    threads = [threading.Thread(target=lambda: answers.append(post(sandbox, "twilio"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: recorded(sandbox, "twilio") == 4)
    assert answers == []
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 4
    assert sandbox.control("twilio").stats()["in_flight_peak"] == 4


def test_a_rate_limit_says_when_to_come_back(sandbox: Sandbox) -> None:
    for provider in PROVIDERS:
        sandbox.control(provider).fault("", "429", delay_s=7)
    assert post(sandbox, "twilio").headers["Retry-After"] == "7"
    headers = post(sandbox, "x").headers
    assert headers["x-rate-limit-remaining"] == "0"
    assert 5 <= int(headers["x-rate-limit-reset"]) - time.time() <= 8
    assert "call_count" in post(sandbox, "facebook").headers["X-App-Usage"]


def test_an_error_of_ones_choice_has_that_status_and_code(sandbox: Sandbox) -> None:
    sandbox.control("twilio").fault("", "error", status=400, code=21611)
    answer = post(sandbox, "twilio")
    assert (answer.status_code, answer.json()["code"]) == (400, 21611)


def test_a_rule_matches_raw_decoded_or_as_an_expression_and_counts_down(sandbox: Sandbox) -> None:
    control = sandbox.control("twilio")
    control.faults(
        [
            {"match": "To=+61491570006&", "fault": "500", "count": 1},
            {"match": "To=%2B61491570006", "fault": "503", "count": 1},
            {"match": r"/^POST .*Body=Leave.now$/", "fault": "429", "count": 2},
        ]
    )
    assert [post(sandbox, "twilio").status_code for _ in range(5)] == [500, 503, 429, 429, 201]
    assert [(rule["count"], rule["hits"]) for rule in control._call("GET", "/_faults")] == [(0, 1), (0, 1), (0, 2)]


def test_null_lasts_until_reset(sandbox: Sandbox) -> None:
    sandbox.control("x").fault("", "503", count=None)
    assert [post(sandbox, "x", f"{n}").status_code for n in range(3)] == [503] * 3
    sandbox.control("x").reset()
    assert post(sandbox, "x").status_code == 201


@pytest.mark.parametrize(
    "rules",
    [
        {"match": "x"},
        ["hang"],
        [{"match": "x", "fault": "explode"}],
        [{"match": "/(/", "fault": "500"}],
        [{"match": "x", "fault": "500", "count": -1}],
        [{"match": "x", "fault": "500", "count": True}],
        [{"match": "x", "fault": "latency", "delay_s": "long"}],
        [{"match": "x", "fault": "500", "colour": "red"}],
        [{"match": "x", "fault": "error", "status": 200}],
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_and_changes_nothing(sandbox: Sandbox, rules: Any) -> None:
    sandbox.control("twilio").fault("kept", "500")
    with pytest.raises(HTTPError) as refused:
        sandbox.control("twilio").faults(rules)
    assert refused.value.code == 400
    refused.value.close()
    assert post(sandbox, "twilio", "kept").status_code == 500


@pytest.mark.parametrize("seconds", [-1, "soon", None, True])
def test_a_lag_that_makes_no_sense_is_refused(sandbox: Sandbox, seconds: Any) -> None:
    with pytest.raises(HTTPError) as refused:
        sandbox.control("twilio").lag(seconds)
    refused.value.close()


def test_control_addresses_are_never_spoiled_or_counted(sandbox: Sandbox) -> None:
    control = sandbox.control("facebook")
    control.fault("", "drop_before", count=None)
    assert control.sent() == []
    assert control.stats()["requests"] == 0


def test_a_page_of_another_origin_may_not_change_anything(sandbox: Sandbox) -> None:
    address = f"{sandbox.twilio_url}/_reset"
    assert requests.post(address, headers={"Origin": "https://evil.example"}, timeout=5).status_code == 403
    assert requests.post(address, headers={"Origin": sandbox.twilio_url}, timeout=5).status_code == 200


def test_every_fault_is_explained() -> None:
    book = FaultBook()
    book.set([{"match": "", "fault": name} for name in FAULTS])
    assert book.take(Call("POST", "/x", {})) is not None
