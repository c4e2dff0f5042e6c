"""X as tweepy sees it."""

import base64
import time
from typing import Any

import pytest
import requests
import tweepy

from channels.sandbox.server import Sandbox
from channels.sandbox.x_auth import FAKE_USER_ID, XSettings
from tests.sandbox.conftest import Carried
from tests.sandbox.listener import until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)
FIELDS = ["created_at", "entities", "conversation_id", "referenced_tweets", "attachments"]


def upload(x: Any, content: bytes = PNG) -> str:
    body = {"media": base64.b64encode(content).decode(), "media_category": "tweet_image", "media_type": "image/png"}
    return str(x.request("POST", "/2/media/upload", json=body, user_auth=True).json()["data"]["id"])


def texts(x: Any, **params: Any) -> list[str]:
    found = x.get_users_tweets(FAKE_USER_ID, max_results=params.pop("max_results", 100), user_auth=True, **params).data
    return [post.text for post in found or ()]


def test_a_thread_is_posted_and_read_back_newest_first(x: Any, sandbox: Sandbox) -> None:
    first = x.create_tweet(text="1/2 LEAVE NOW: Rocklea").data["id"]
    second = x.create_tweet(text="2/2 Go to the Showgrounds", in_reply_to_tweet_id=first).data["id"]
    assert int(second) > int(first)
    posts = x.get_users_tweets(FAKE_USER_ID, max_results=5, tweet_fields=FIELDS, user_auth=True).data
    assert [post.id for post in posts] == [int(second), int(first)]
    assert [(ref.type, ref.id) for ref in posts[0].referenced_tweets] == [("replied_to", int(first))]
    assert {post.conversation_id for post in posts} == {int(first)}
    assert posts[0].created_at.tzinfo is not None
    assert [row["in_reply_to"] for row in sandbox.sent("x")] == [None, first]


def test_the_same_words_twice_are_a_duplicate_until_the_first_is_deleted(x: Any) -> None:
    first = x.create_tweet(text="Still rising").data["id"]
    with pytest.raises(tweepy.Forbidden, match="You are not allowed to create a Tweet with duplicate content"):
        x.create_tweet(text="Still rising ")
    x.delete_tweet(first)
    assert x.create_tweet(text="Still rising").data["id"] != first


def test_links_come_back_wrapped_and_marks_escaped_as_x_does(x: Any, sandbox: Sandbox) -> None:
    posted = x.create_tweet(text="Fire & flood https://www.example.com/a/long/path/that/is/cut?x=1 <now>")
    post = x.get_tweet(posted.data["id"], tweet_fields=FIELDS, user_auth=True).data
    link = post.entities["urls"][0]
    assert post.text == posted.data["text"] == f"Fire &amp; flood {link['url']} &lt;now&gt;"
    assert post.text[link["start"] : link["end"]] == link["url"]
    assert len(link["url"]) == 23
    assert link["expanded_url"] == "https://www.example.com/a/long/path/that/is/cut?x=1"
    assert sandbox.sent("x")[0]["text"].startswith("Fire & flood https://www.example.com/")


def test_280_weighted_characters_go_and_281_do_not(x: Any) -> None:
    x.create_tweet(text="a" * 256 + " https://example.com/" + "b" * 200)
    with pytest.raises(tweepy.Forbidden, match="too long"):
        x.create_tweet(text="a" * 257 + " https://example.com/" + "b" * 200)
    x.create_tweet(text="洪" * 140)
    with pytest.raises(tweepy.Forbidden, match="too long"):
        x.create_tweet(text="洪" * 141)


@pytest.mark.parametrize(
    "body", [{}, {"text": "  "}, {"text": "a\ufffeb"}, {"text": "\ud800"}, {"text": "x", "media": {"media_ids": ["1"]}}]
)
def test_a_post_that_makes_no_sense_is_400(x: Any, body: dict[str, Any]) -> None:
    with pytest.raises(tweepy.BadRequest):
        x.request("POST", "/2/tweets", json=body, user_auth=True)


def test_a_reply_needs_a_post_that_stands(x: Any) -> None:
    with pytest.raises(tweepy.BadRequest, match="There is no Tweet"):
        x.create_tweet(text="a", in_reply_to_tweet_id=12345)
    gone = x.create_tweet(text="b").data["id"]
    x.delete_tweet(gone)
    with pytest.raises(tweepy.Forbidden, match="deleted"):
        x.create_tweet(text="c", in_reply_to_tweet_id=gone)


def test_deleting_is_idempotent_and_what_is_deleted_is_not_found(x: Any, sandbox: Sandbox) -> None:
    post = x.create_tweet(text="wrong").data["id"]
    assert [x.delete_tweet(post).data["deleted"] for _ in range(2)] == [True, True]
    assert x.delete_tweet(999).data["deleted"]
    answer = x.get_tweet(post, user_auth=True)
    assert answer.data is None
    assert answer.errors[0]["title"] == "Not Found Error"
    assert texts(x) == []
    assert sandbox.sent("x")[0]["deleted"]


def test_a_foreign_post_cannot_be_deleted(x: Any, sandbox: Sandbox) -> None:
    foreign = sandbox.control("x").inbound(from_="ann", text="hello")["id"]
    with pytest.raises(tweepy.Forbidden):
        x.delete_tweet(foreign)


def test_several_posts_are_read_at_once_with_errors_for_those_that_are_gone(x: Any) -> None:
    keys = [x.create_tweet(text=f"post {n}").data["id"] for n in range(3)]
    x.delete_tweet(keys[1])
    answer = x.get_tweets(keys, user_auth=True)
    assert [post.text for post in answer.data] == ["post 0", "post 2"]
    assert [error["value"] for error in answer.errors] == [keys[1]]


def test_a_timeline_goes_on_page_by_page_and_begins_where_asked(x: Any) -> None:
    for number in range(12):
        x.create_tweet(text=f"post {number}")
    page = x.get_users_tweets(FAKE_USER_ID, max_results=5, user_auth=True)
    seen = [post.text for post in page.data]
    while token := page.meta.get("next_token"):
        page = x.get_users_tweets(FAKE_USER_ID, max_results=5, pagination_token=token, user_auth=True)
        seen += [post.text for post in page.data]
    assert seen == [f"post {n}" for n in range(11, -1, -1)]
    assert texts(x, start_time="2099-01-01T00:00:00Z") == []
    assert len(texts(x, start_time="2011-01-11T00:00:00Z")) == 12
    for wrong in ({"max_results": 4}, {"max_results": 101}, {"start_time": "yesterday"}, {"pagination_token": "!"}):
        with pytest.raises(tweepy.BadRequest):
            texts(x, **wrong)


def test_a_picture_is_uploaded_described_and_attached(x: Any, sandbox: Sandbox) -> None:
    key = upload(x)
    alt = {"id": key, "metadata": {"alt_text": {"text": "Map of the zone"}}}
    x.request("POST", "/2/media/metadata", json=alt, user_auth=True)
    x.create_tweet(text="Map", media_ids=[key])
    answer = x.get_users_tweets(
        FAKE_USER_ID, max_results=5, tweet_fields=FIELDS, expansions=["attachments.media_keys"], user_auth=True
    )
    assert answer.data[0].attachments == {"media_keys": [f"3_{key}"]}
    assert answer.includes["media"][0].alt_text == "Map of the zone"
    assert answer.data[0].text.startswith("Map https://t.co/")
    assert sandbox.sent("x")[0]["pictures"] == [{"id": key, "alt": "Map of the zone"}]


def test_a_picture_may_come_as_a_file_and_must_be_one(x: Any) -> None:
    auth = tweepy.OAuth1UserHandler(
        x.consumer_key, x.consumer_secret, x.access_token, x.access_token_secret
    ).apply_auth()
    address = "https://api.twitter.com/2/media/upload"
    form = {"media_category": "tweet_image"}
    good = x.session.post(address, files={"media": ("map.png", PNG)}, data=form, auth=auth)
    assert good.json()["data"]["size"] == len(PNG)
    assert x.session.post(address, files={"media": ("map.svg", b"<svg/>")}, data=form, auth=auth).status_code == 400


def test_who_signs_with_another_secret_is_401(x: Any, sandbox: Sandbox) -> None:
    for change in ({"consumer_secret": "no"}, {"access_token_secret": "no"}, {"access_token": "1-no"}):
        keys = {
            name: getattr(x, name)
            for name in ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
        }
        wrong = tweepy.Client(**{**keys, **change})
        wrong.session.close()
        wrong.session = x.session
        with pytest.raises(tweepy.Unauthorized):
            wrong.create_tweet(text="not me")
    assert requests.get(f"{sandbox.x_url}/2/users/me", timeout=5).status_code == 401
    assert sandbox.sent("x") == []


def test_the_signature_may_be_over_the_new_name_of_x_too(x: Any, sandbox: Sandbox) -> None:
    auth = tweepy.OAuth1UserHandler(
        x.consumer_key, x.consumer_secret, x.access_token, x.access_token_secret
    ).apply_auth()
    x.session.mount("https://api.x.com", Carried(sandbox.x_url))
    answer = x.session.get("https://api.x.com/2/users/me", params={"user.fields": "name,verified"}, auth=auth)
    assert answer.json()["data"] == {"id": FAKE_USER_ID, "name": "Sandbox Council", "username": "sandbox_council"}


def test_an_old_signature_is_401(x: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    old = str(int(time.time()) - 3600)
    monkeypatch.setattr("oauthlib.oauth1.rfc5849.generate_timestamp", lambda: old)
    with pytest.raises(tweepy.Unauthorized):
        x.get_me()


def test_every_answer_carries_the_rate_limit_and_one_too_many_is_429(x: Any) -> None:
    with Sandbox(x=XSettings(write_limit=2)) as small:
        x.session.mount("https://api.twitter.com", Carried(small.x_url))
        left = [x.request("POST", "/2/tweets", json={"text": f"{n}"}, user_auth=True) for n in range(2)]
        assert [answer.headers["x-rate-limit-remaining"] for answer in left] == ["1", "0"]
        with pytest.raises(tweepy.TooManyRequests) as refused:
            x.create_tweet(text="2")
        assert refused.value.reset_time is not None
        assert 0 < refused.value.reset_time - time.time() <= 901
        assert len(small.sent("x")) == 2
        assert x.get_me().data.username == "sandbox_council"  # another endpoint has its own window


def test_what_lags_is_a_duplicate_at_once_but_found_later(x: Any, sandbox: Sandbox) -> None:
    sandbox.control("x").lag(0.4)
    x.create_tweet(text="slow")
    assert texts(x) == []
    with pytest.raises(tweepy.Forbidden, match="duplicate"):
        x.create_tweet(text="slow")
    until(lambda: texts(x) == ["slow"])
