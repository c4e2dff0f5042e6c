"""The page of what residents see."""

import re
from typing import Any

import pytest
import requests

from channels.sandbox.facebook_rules import FAKE_PAGE_ID
from channels.sandbox.page_parts import is_exercise, words
from channels.sandbox.server import Sandbox
from tests.sandbox.listener import until
from tests.sandbox.test_faults import PROVIDERS, post
from tests.sandbox.test_x import upload


def page(sandbox: Sandbox, path: str = "/", provider: str = "twilio") -> requests.Response:
    return requests.get(sandbox.urls[provider] + path, timeout=5)


def test_every_port_shows_phones_x_and_facebook(sandbox: Sandbox) -> None:
    for provider in PROVIDERS:
        post(sandbox, provider, f"a message on {provider}")
    for provider in PROVIDERS:
        for path in ("/", "/_page"):
            text = page(sandbox, path, provider).text
            assert all(f"a message on {name}" in text for name in PROVIDERS)
        assert page(sandbox, "/_page.css", provider).headers["Content-Type"].startswith("text/css")


def test_the_page_refreshes_without_script_unless_held_still(sandbox: Sandbox) -> None:
    fresh, still = page(sandbox), page(sandbox, "/?still")
    assert fresh.headers["Refresh"] == "5"
    assert "Refresh" not in still.headers
    assert "<script" not in fresh.text
    assert "default-src 'none'" in fresh.headers["Content-Security-Policy"]


def test_nothing_that_was_written_becomes_markup(sandbox: Sandbox) -> None:
    evil = '<img src=x onerror=alert(1)> javascript:alert(2) https://evil.example/"onmouseover="x'
    for provider in PROVIDERS:
        post(sandbox, provider, evil)
    sandbox.control("twilio").inbound(from_="<b>+61</b>", to="<i>", body=evil)
    sandbox.control("x").inbound(from_="<u>ann", text=evil)
    text = page(sandbox, '/?phone="><script>').text + page(sandbox).text
    assert "<img" not in text
    assert "<script" not in text
    assert not re.search(r"<(b|i|u)>", text)
    assert 'href="javascript:' not in text
    assert 'onmouseover="x' not in text.replace("&#34;", "'")


def test_an_exercise_looks_different(sandbox: Sandbox) -> None:
    post(sandbox, "twilio", "EXERCISE EXERCISE: leave now")
    post(sandbox, "x", "1/2 ØVELSE ØVELSE: forlat huset")
    post(sandbox, "facebook", "Leave now, this is not an EXERCISE")
    text = page(sandbox).text
    assert text.count('<span class="badge">Exercise</span>') == 2
    assert 'class="bubble exercise"' in text
    assert 'class="post exercise"' in text


@pytest.mark.parametrize(
    ("text", "marked"), [("TEST: x", True), ("(2/3) EXERCISE x", True), ("TESTING", False), ("exercise", False)]
)
def test_only_the_first_word_marks_an_exercise(text: str, marked: bool) -> None:
    assert is_exercise(text) is marked


def test_addresses_become_links_without_the_full_stop_behind_them() -> None:
    shown = words("See https://bcc.example/v/2h6. Or <http://a.example/b>")
    assert shown.count("<a ") == 2
    assert 'href="https://bcc.example/v/2h6"' in shown
    assert 'href="http://a.example/b"' in shown


def test_one_phone_can_be_looked_at_alone(sandbox: Sandbox, twilio: Any) -> None:
    for number in range(9):
        twilio.messages.create(to="+61491570006", from_="BCC", body=f"text {number} of nine")
    post(sandbox, "twilio", "x")
    twilio.messages.create(to="+61491570007", from_="BCC", body="another phone")
    everyone, one = page(sandbox).text, page(sandbox, "/?phone=%2B61491570006").text
    assert "text 0 of nine" not in everyone
    assert "earlier texts" in everyone
    assert "text 0 of nine" in one
    assert "another phone" not in one
    assert "+999 has no texts" in page(sandbox, "/?phone=%2B999").text


def test_what_is_gone_or_never_arrived_is_not_shown_as_if_it_were_there(
    sandbox: Sandbox, x: Any, graph: Any, twilio: Any
) -> None:
    x.delete_tweet(x.create_tweet(text="deleted words").data["id"])
    edited = graph.put_object(FAKE_PAGE_ID, "feed", message="first words")["id"]
    graph.request(f"v25.0/{edited}", post_args={"message": "better words"}, method="POST")
    twilio.messages.create(to="+15005553036", from_="BCC", body="too late")
    until(lambda: sandbox.sent("twilio")[0]["status"] == "failed")
    text = page(sandbox).text
    assert "deleted words" not in text
    assert "1 deleted" in text
    assert "first words" not in text
    assert "better words" in text
    assert "never arrived: failed, error 30036" in text


def test_pictures_are_shown_with_their_alternative_text(sandbox: Sandbox, x: Any) -> None:
    key = upload(x)
    x.create_tweet(text="Map", media_ids=[key])
    assert f'src="/_media/x/{key}"' in page(sandbox).text
    picture = page(sandbox, f"/_media/x/{key}")
    assert (picture.headers["Content-Type"], picture.headers["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert page(sandbox, "/_media/x/1").status_code == 404


def test_the_status_page_is_linked_when_there_is_one(sandbox: Sandbox) -> None:
    assert "Public status page" not in page(sandbox).text
    sandbox.status_url = "http://127.0.0.1:8000/status/"
    assert 'href="http://127.0.0.1:8000/status/"' in page(sandbox).text
