"""The Graph API as facebook-sdk sees it."""

import io
import json
from typing import Any

import facebook
import pytest
import requests

from channels.sandbox.facebook_rules import FAKE_PAGE_ID, FAKE_PAGE_TOKEN, FacebookSettings
from channels.sandbox.server import Sandbox
from tests.sandbox.conftest import Carried
from tests.sandbox.listener import until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)


def put(graph: Any, message: str, **more: str) -> str:
    return str(graph.put_object(FAKE_PAGE_ID, "feed", message=message, **more)["id"])


def feed(graph: Any, **params: Any) -> list[str]:
    return [post["message"] for post in graph.get_connections(FAKE_PAGE_ID, "feed", **params)["data"]]


def test_a_post_is_read_back_edited_and_deleted(graph: Any, sandbox: Sandbox) -> None:
    post = put(graph, "Leave Rocklea", link="https://bcc.example/a")
    assert post.startswith(f"{FAKE_PAGE_ID}_")
    assert graph.request(f"v25.0/{post}", post_args={"message": "Leave Rocklea now"}, method="POST") == {
        "success": True
    }
    found = graph.get_object(post, fields="message,permalink_url,created_time,is_published,comments{message},unknown")
    assert found["message"] == "Leave Rocklea now"
    assert found["created_time"].endswith("+0000")
    assert found["permalink_url"].startswith("https://www.facebook.com/")
    assert set(found) == {"message", "permalink_url", "created_time", "is_published", "comments", "id"}
    assert graph.delete_object(post) == {"success": True}
    for call in (graph.get_object, graph.delete_object):
        with pytest.raises(facebook.GraphAPIError) as gone:
            call(post)
        assert (gone.value.code, gone.value.result["error"]["error_subcode"]) == (100, 33)
    row = sandbox.sent("facebook")[0]
    assert (row["text"], row["earlier"], row["deleted"]) == ("Leave Rocklea now", ["Leave Rocklea"], True)


def test_the_same_words_twice_in_a_row_are_506(graph: Any) -> None:
    put(graph, "Still rising")
    with pytest.raises(facebook.GraphAPIError) as refused:
        put(graph, "Still rising")
    assert refused.value.code == 506
    put(graph, "Something else")
    put(graph, "Still rising")


def test_photos_wait_unpublished_until_a_post_takes_them(graph: Any, sandbox: Sandbox) -> None:
    photo = graph.put_photo(io.BytesIO(PNG), f"{FAKE_PAGE_ID}/photos", published="false", alt_text_custom="A map")["id"]
    assert feed(graph) == []
    post = put(graph, "See the map", **{"attached_media[0]": json.dumps({"media_fbid": photo})})
    found = graph.get_object(post, fields="attachments{description}")
    assert found["attachments"]["data"][0]["description"] == "A map"
    assert sandbox.sent("facebook")[0]["pictures"] == [{"id": photo, "alt": "A map"}]
    published = graph.put_photo(io.BytesIO(PNG), f"{FAKE_PAGE_ID}/photos", caption="At once")
    assert graph.get_object(published["post_id"])["message"] == "At once"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 100),
        ({"message": "  "}, 100),
        ({"message": "x", "link": "javascript:alert(1)"}, 100),
        ({"message": "x", "attached_media[0]": '{"media_fbid": "1"}'}, 100),
        ({"message": "x", "attached_media[0]": "map.png"}, 100),
        ({"message": "x" * 63_207}, 100),
    ],
)
def test_a_post_that_makes_no_sense_is_refused(graph: Any, sandbox: Sandbox, fields: dict[str, str], code: int) -> None:
    with pytest.raises(facebook.GraphAPIError) as refused:
        graph.put_object(FAKE_PAGE_ID, "feed", **fields, access_token=FAKE_PAGE_TOKEN)
    assert refused.value.code == code
    assert sandbox.sent("facebook") == []


def test_what_is_no_picture_is_refused(graph: Any) -> None:
    with pytest.raises(facebook.GraphAPIError) as refused:
        graph.put_photo(io.BytesIO(b"<svg/>"), f"{FAKE_PAGE_ID}/photos", published="false")
    assert refused.value.code == 324


def test_the_feed_is_newest_first_pages_and_begins_where_asked(graph: Any) -> None:
    for number in range(5):
        put(graph, f"post {number}")
    newest_first = [f"post {n}" for n in range(4, -1, -1)]
    assert [p["message"] for p in graph.get_all_connections(FAKE_PAGE_ID, "feed", limit=2)] == newest_first
    assert feed(graph, since=0) == newest_first
    assert feed(graph, since=2**33) == []
    assert feed(graph, until=1) == []
    with pytest.raises(facebook.GraphAPIError):
        feed(graph, limit="many")


def test_comments_are_listed_either_way_with_their_replies(graph: Any) -> None:
    post = put(graph, "Leave Rocklea")
    first = graph.put_comment(post, "Pets are welcome")["id"]
    graph.put_comment(post, "Showers too")
    graph.put_comment(first, "Dogs on a lead")

    def comments(**params: Any) -> list[str]:
        return [c["message"] for c in graph.get_connections(post, "comments", **params)["data"]]

    assert comments() == ["Pets are welcome", "Showers too"]
    assert comments(filter="stream", order="reverse_chronological") == [
        "Dogs on a lead",
        "Showers too",
        "Pets are welcome",
    ]
    page = graph.get_connections(post, "comments", limit=1)
    assert comments(limit=1, after=page["paging"]["cursors"]["after"]) == ["Showers too"]


def test_tokens_and_proofs_are_checked(graph: Any, sandbox: Sandbox) -> None:
    address = f"{sandbox.facebook_url}/v25.0/me"

    def code(**params: str) -> int:
        answer = requests.get(address, params=params, timeout=5)
        assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
        assert answer.headers["facebook-api-version"] == "v25.0"
        return int(answer.json().get("error", {}).get("code", 0))

    assert code() == 104
    assert code(access_token="wrong") == 190
    assert code(access_token=FAKE_PAGE_TOKEN, appsecret_proof="wrong") == 100
    assert code(access_token=FAKE_PAGE_TOKEN) == 0
    assert graph.get_object("me", fields="name,link")["id"] == FAKE_PAGE_ID
    with pytest.raises(facebook.GraphAPIError) as refused:
        graph.put_object("999", "feed", message="not my page")
    assert refused.value.code == 200


def test_an_app_may_insist_on_the_proof(graph: Any) -> None:
    with Sandbox(facebook=FacebookSettings(require_proof=True)) as strict:
        graph.session.mount("https://graph.facebook.com", Carried(strict.facebook_url))
        assert put(graph, "with proof")
        graph.session.params = {}
        with pytest.raises(facebook.GraphAPIError) as refused:
            put(graph, "without")
        assert refused.value.code == 100


@pytest.mark.parametrize(("version", "code"), [("v2.8", 2635), ("v19.0", 2635), ("v99.0", 2500)])
def test_versions_that_are_over_or_not_yet_are_refused(graph: Any, version: str, code: int) -> None:
    graph.version = version
    with pytest.raises(facebook.GraphAPIError) as refused:
        graph.get_object("me")
    assert refused.value.code == code


@pytest.mark.parametrize("code", [4, 17, 32, 613, 80001])
def test_rate_limits_come_under_every_code_with_the_usage_header(graph: Any, sandbox: Sandbox, code: int) -> None:
    sandbox.control("facebook").fault("POST", "429", code=code)
    with pytest.raises(facebook.GraphAPIError) as refused:
        put(graph, "x")
    assert refused.value.code == code
    sandbox.control("facebook").fault("GET", "429", code=code)
    answer = requests.get(f"{sandbox.facebook_url}/v25.0/me", timeout=5)
    assert json.loads(answer.headers["X-App-Usage"])["call_count"] == 100


def test_what_lags_is_found_later(graph: Any, sandbox: Sandbox) -> None:
    sandbox.control("facebook").lag(0.4)
    post = put(graph, "slow")
    assert feed(graph) == []
    with pytest.raises(facebook.GraphAPIError):
        graph.get_object(post)
    until(lambda: feed(graph) == ["slow"])
