"""Residents write: texts, posts and comments, and what the providers do about them by themselves."""

import hashlib
import hmac
import json
from typing import Any
from urllib.error import HTTPError

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from channels.sandbox.facebook_rules import FAKE_APP_SECRET, FAKE_PAGE_ID
from channels.sandbox.server import Sandbox
from channels.sandbox.twilio_rules import FAKE_AUTH_TOKEN
from channels.sandbox.x_auth import FAKE_USER_ID
from tests.sandbox.listener import Listener

PHONE, SENDER = "+61491570006", "+15005550006"


def test_a_text_is_announced_signed_and_the_twiml_reply_is_sent(sandbox: Sandbox, listener: Listener) -> None:
    listener.answer = b"<Response><Message>Not monitored. Danger: 000.</Message></Response>"
    sandbox.inbound_url = f"{listener.url}/webhooks/twilio/inbound"
    found = sandbox.control("twilio").inbound(from_=PHONE, to=SENDER, body="Water in my street")
    heard = listener.heard[0]
    assert RequestValidator(FAKE_AUTH_TOKEN).validate(heard.url, heard.form, heard.headers["X-Twilio-Signature"])
    assert (heard.form["From"], heard.form["To"], heard.form["Body"]) == (PHONE, SENDER, "Water in my street")
    assert heard.form["SmsStatus"] == "received"
    assert [reply["text"] for reply in found["replies"]] == ["Not monitored. Danger: 000."]
    row = sandbox.sent("twilio")[0]
    assert (row["to"], row["from"], row["in_reply_to"], row["auto"]) == (PHONE, SENDER, found["sid"], False)


def test_stop_is_obeyed_before_anybody_is_asked_and_start_takes_it_back(
    twilio: Any, sandbox: Sandbox, listener: Listener
) -> None:
    listener.answer = b"<Response><Message>You have left.</Message></Response>"
    sandbox.inbound_url = listener.url
    control = sandbox.control("twilio")
    stopped = control.inbound(from_=PHONE, to=SENDER, body=" Stop ")
    assert stopped["opted_out"]
    assert [reply["auto"] for reply in stopped["replies"]] == [True]  # our own reply is refused: the phone has left
    assert len(listener.heard) == 1
    with pytest.raises(TwilioRestException) as refused:
        twilio.messages.create(to=PHONE, from_=SENDER, body="x")
    assert refused.value.code == 21610
    twilio.messages.create(to=PHONE, from_="+15005550010", body="another sender still reaches the phone")
    assert not control.inbound(from_=PHONE, to=SENDER, body="START")["opted_out"]
    twilio.messages.create(to=PHONE, from_=SENDER, body="x")


def test_a_stop_within_a_sentence_is_only_a_text(sandbox: Sandbox) -> None:
    found = sandbox.control("twilio").inbound(from_=PHONE, to=SENDER, body="please stop the water")
    assert (found["opted_out"], found["replies"]) == (False, [])


def test_stop_to_a_service_leaves_the_whole_service(twilio: Any, sandbox: Sandbox) -> None:
    service = "MG" + "1" * 32
    number = twilio.messages.create(to=PHONE, messaging_service_sid=service, body="x")
    assert number.from_ is None
    sandbox.control("twilio").inbound(from_=PHONE, body="STOP")
    with pytest.raises(TwilioRestException) as refused:
        twilio.messages.create(to=PHONE, messaging_service_sid=service, body="y")
    assert refused.value.code == 21610


@pytest.mark.parametrize(
    "twiml", [b"", b"OK", b"<Response>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><Response>&b;</Response>"]
)
def test_an_answer_that_is_no_twiml_sends_nothing(sandbox: Sandbox, listener: Listener, twiml: bytes) -> None:
    listener.answer = twiml
    found = sandbox.control("twilio").inbound(from_=PHONE, to=SENDER, body="hello", url=listener.url)
    assert (found["status"], found["replies"]) == (200, [])


def test_an_inbound_text_is_in_the_providers_list_but_not_among_what_was_sent(twilio: Any, sandbox: Sandbox) -> None:
    sandbox.control("twilio").inbound(from_=PHONE, to=SENDER, body="hello")
    assert [m.direction for m in twilio.messages.list(to=SENDER)] == ["inbound"]
    assert sandbox.sent("twilio") == []


def test_a_post_of_a_resident_is_a_mention_and_not_ours(x: Any, sandbox: Sandbox) -> None:
    root = x.create_tweet(text="LEAVE NOW: Rocklea").data["id"]
    control = sandbox.control("x")
    control.inbound(from_="ann", text="Is Sherwood Road open?", in_reply_to=root)
    control.inbound(from_="bob", text="@sandbox_council thank you")
    control.inbound(from_="eve", text="nothing to do with it")
    mentions = x.get_users_mentions(FAKE_USER_ID, max_results=5, expansions=["author_id"], user_auth=True)
    assert [post.text for post in mentions.data] == ["@sandbox_council thank you", "Is Sherwood Road open?"]
    assert [user.username for user in mentions.includes["users"]] == ["bob", "ann"]
    found = x.search_recent_tweets(f"conversation_id:{root} -from:sandbox_council", max_results=10, user_auth=True)
    assert [post.text for post in found.data] == ["Is Sherwood Road open?"]
    assert [row["text"] for row in sandbox.sent("x")] == ["LEAVE NOW: Rocklea"]


def test_a_comment_of_a_resident_is_announced_signed(graph: Any, sandbox: Sandbox, listener: Listener) -> None:
    post = graph.put_object(FAKE_PAGE_ID, "feed", message="LEAVE NOW: Rocklea")["id"]
    sandbox.control("facebook").inbound(from_="Ann", text="May I bring my dog?", in_reply_to=post, url=listener.url)
    heard = listener.heard[0]
    signature = "sha256=" + hmac.new(FAKE_APP_SECRET.encode(), heard.body, hashlib.sha256).hexdigest()
    assert heard.headers["X-Hub-Signature-256"] == signature
    change = json.loads(heard.body)["entry"][0]["changes"][0]
    assert (change["field"], change["value"]["message"], change["value"]["post_id"]) == (
        "feed",
        "May I bring my dog?",
        post,
    )
    comments = graph.get_connections(post, "comments")["data"]
    assert [(c["from"]["name"], c["message"]) for c in comments] == [("Ann", "May I bring my dog?")]
    assert len(sandbox.sent("facebook")) == 1


@pytest.mark.parametrize("provider", ["twilio", "x", "facebook"])
def test_an_inbound_message_without_its_fields_is_refused(sandbox: Sandbox, provider: str) -> None:
    with pytest.raises(HTTPError) as refused:
        sandbox.control(provider).inbound(text="hello")
    assert refused.value.code == 400
    refused.value.close()
