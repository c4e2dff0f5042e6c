"""What is special about X: no edit, no doubles, links that it wraps, limits that it counts."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from channels.base import Action, Misconfigured, Outcome, Parcel, Refused, Unavailable, Uncertain
from channels.sandbox.server import Sandbox
from channels.sandbox.x_auth import XSettings
from channels.text import measure_post, split_thread
from channels.x import X, XOptions
from tests.channels.places import SECRETS, X_ACCOUNT, new_text, only


def channel(sandbox: Sandbox) -> X:
    return X(replace(X_ACCOUNT, api_url=sandbox.x_url))


def post(text: str, action: Action = Action.POST, target: str = "") -> Parcel:
    return Parcel("d1", "", text, action=action, target=target)


def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


def test_a_post_that_seemed_lost_and_is_sent_again_is_posted_once(sandbox: Sandbox) -> None:
    parcel = post(new_text())
    sandbox.control("x").fault("POST /2/tweets", "drop_after")
    first, second = channel(sandbox).send([parcel, parcel])
    assert isinstance(first.error, Uncertain)
    assert second.error is None
    (row,) = sandbox.sent("x")
    assert second.provider_id == row["id"]
    assert second.url == f"https://x.com/i/status/{row['id']}"


def test_a_repeat_that_cannot_be_found_is_refused_and_never_called_posted(sandbox: Sandbox) -> None:
    parcel = post(new_text())
    only(channel(sandbox).send([parcel]))
    sandbox.control("x").lag(60)
    error = only(channel(sandbox).send([parcel])).error
    assert isinstance(error, Refused)
    assert error.code == "403"


def test_two_alerts_that_differ_only_in_their_link_are_told_apart(sandbox: Sandbox) -> None:
    x, words = channel(sandbox), new_text().partition("https")[0]
    one, other = (post(f"{words} https://www.brisbane.qld.gov.au/a/{key}") for key in ("k3x9q7ab", "zz9q7abc"))
    outcomes = list(x.send([one, other]))
    for parcel, outcome in zip((one, other), outcomes, strict=True):
        found = x.find(parcel, long_ago())
        assert found is not None
        assert found.provider_id == outcome.provider_id
    assert x.find(replace(one, text=one.text.replace("k3x9q7ab", "00000000")), long_ago()) is None


@pytest.mark.parametrize(
    "text",
    [
        "Elva & bekken: vann > 2 m < 3 m &amp; stigende",
        "Se brisbane.qld.gov.au/flood og https://www.brisbane.qld.gov.au/ nå",
        "Linje én\n\nLinje to  med to mellomrom ",
        "Cafe\u0301 closed 😷👨‍👩‍👧‍👦 #flom @politiet",
        "https://www.brisbane.qld.gov.au/a/1",
    ],
)
def test_a_post_is_found_whatever_x_made_of_it(sandbox: Sandbox, text: str) -> None:
    x = channel(sandbox)
    sent = only(x.send([post(text)]))
    assert sent.error is None
    found = x.find(post(text), long_ago())
    assert found is not None
    assert found.provider_id == sent.provider_id


def test_a_post_is_found_behind_a_hundred_others(sandbox: Sandbox) -> None:
    x = channel(sandbox)
    outcomes = list(x.send(post(f"Post {number}") for number in range(103)))
    assert all(outcome.error is None for outcome in outcomes)
    found = x.find(post("Post 0"), long_ago())
    assert found is not None
    assert found.provider_id == outcomes[0].provider_id
    assert x.find(post("Post 0"), datetime.now(UTC) + timedelta(minutes=6)) is None


def test_a_thread_hangs_together_part_by_part(sandbox: Sandbox) -> None:
    x, target = channel(sandbox), ""
    parts = split_thread("Leave your house now and go to higher ground. " * 20, "https://elvdal.no/a/1")
    for part in parts:
        parcel = post(part, Action.REPLY if target else Action.POST, target)
        target = only(x.send([parcel])).provider_id
    rows = sandbox.sent("x")
    assert [row["in_reply_to"] for row in rows] == [None, *(row["id"] for row in rows[:-1])]
    assert {row["conversation"] for row in rows} == {rows[0]["id"]}


def refusal(sandbox: Sandbox, status: int) -> Outcome:
    sandbox.control("x").fault("POST /2/tweets", "error", status=status)
    return only(channel(sandbox).send([post(new_text())]))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Refused), (401, Misconfigured), (402, Misconfigured), (403, Misconfigured), (500, Uncertain)],
)
def test_each_class_of_answer_says_what_to_do(sandbox: Sandbox, status: int, kind: type) -> None:
    outcome = refusal(sandbox, status)
    assert (type(outcome.error), outcome.error and outcome.error.code) == (kind, str(status))
    assert sandbox.sent("x") == []


def test_too_many_posts_wait_for_the_window_and_tweepy_never_sleeps() -> None:
    with Sandbox(x=XSettings(write_limit=1)) as sandbox:
        first, second = channel(sandbox).send([post(new_text()), post(new_text())])
    assert first.error is None
    assert isinstance(second.error, Unavailable)
    assert second.error.slow_down
    assert second.error.retry_after == pytest.approx(900, abs=3)


def test_a_text_that_x_would_not_take_is_refused_in_words(sandbox: Sandbox) -> None:
    assert not measure_post("水" * 141).valid
    error = only(channel(sandbox).send([post("水" * 141)])).error
    assert isinstance(error, Refused)
    assert error.reason == "the text is longer than X takes"


def test_an_account_without_all_four_keys_is_not_set_up() -> None:
    with pytest.raises(Misconfigured):
        X(XOptions("key", "secret", "token", ""))
    assert not any(secret in repr(X_ACCOUNT) for secret in SECRETS)


def test_signing_leaves_nothing_in_the_log(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    only(channel(sandbox).send([post(new_text())]))
    assert "oauth" not in caplog.text.lower()
