"""What is special about a Facebook page: edits, comments, codes, proofs and a token that rides in URLs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.base import Action, ChannelError, Misconfigured, Parcel, Picture, Refused, Unavailable, Uncertain
from channels.facebook import Facebook, FacebookOptions
from channels.sandbox.facebook_rules import FacebookSettings
from channels.sandbox.server import Sandbox
from tests.channels.places import PAGE, new_text, only, png


def channel(sandbox: Sandbox, **changes: str) -> Facebook:
    return Facebook(replace(PAGE, api_url=sandbox.facebook_url, **changes))  # type: ignore[arg-type]


def post(text: str, action: Action = Action.POST, target: str = "") -> Parcel:
    return Parcel("d1", "", text, action=action, target=target)


def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


def failure(sandbox: Sandbox, **fault: int) -> ChannelError | None:
    sandbox.control("facebook").fault("/feed", "error", **fault)
    return only(channel(sandbox).send([post(new_text())])).error


def test_a_post_that_seemed_lost_and_is_sent_again_is_posted_once(sandbox: Sandbox) -> None:
    parcel = post(new_text())
    sandbox.control("facebook").fault("/feed", "drop_after")
    first, second = channel(sandbox).send([parcel, parcel])
    assert isinstance(first.error, Uncertain)
    assert second.error is None
    (row,) = sandbox.sent("facebook")
    assert second.provider_id == row["id"]


def test_a_repeat_that_cannot_be_found_is_refused_and_never_called_posted(sandbox: Sandbox) -> None:
    parcel = post(new_text())
    only(channel(sandbox).send([parcel]))
    sandbox.control("facebook").lag(60)
    error = only(channel(sandbox).send([parcel])).error
    assert isinstance(error, Refused)
    assert error.code == "506"


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (190, 400, Misconfigured),
        (102, 400, Misconfigured),
        (10, 403, Misconfigured),
        (200, 403, Misconfigured),
        (299, 403, Misconfigured),
        (100, 400, Refused),
        (368, 400, Misconfigured),
        (4, 403, Unavailable),
        (17, 400, Unavailable),
        (32, 400, Unavailable),
        (613, 400, Unavailable),
        (80001, 400, Unavailable),
        (1, 400, Uncertain),
        (2, 503, Uncertain),
        (9999, 400, Refused),
        (9999, 403, Misconfigured),
    ],
)
def test_graphs_code_says_what_to_do(sandbox: Sandbox, code: int, status: int, kind: type[ChannelError]) -> None:
    error = failure(sandbox, code=code, status=status)
    assert type(error) is kind
    assert isinstance(error, Unavailable) is bool(getattr(error, "slow_down", False))
    assert sandbox.sent("facebook") == []


def test_amending_a_post_that_is_gone_is_refused_since_nobody_would_see_it(sandbox: Sandbox) -> None:
    facebook = channel(sandbox)
    target = only(facebook.send([post(new_text())])).provider_id
    only(facebook.send([post("", Action.RETRACT, target)]))
    error = only(facebook.send([post(new_text(), Action.AMEND, target)])).error
    assert isinstance(error, Refused)
    assert "gone" in error.reason


@pytest.mark.parametrize("fault", ["drop_after", "500_after", "not_json", "empty"])
@pytest.mark.parametrize("action", [Action.AMEND, Action.RETRACT])
def test_a_change_whose_answer_was_lost_is_found_to_be_made(sandbox: Sandbox, action: Action, fault: str) -> None:
    facebook = channel(sandbox)
    target = only(facebook.send([post(new_text())])).provider_id
    change = post(new_text("Corrected") if action is Action.AMEND else "", action, target)
    sandbox.control("facebook").fault(target, fault)
    assert isinstance(only(facebook.send([change])).error, Uncertain)
    assert facebook.find(change, long_ago()) is not None
    assert only(facebook.send([change])).error is None


def test_a_post_is_found_behind_pages_of_others(sandbox: Sandbox) -> None:
    facebook = channel(sandbox)
    outcomes = list(facebook.send(post(f"Post {number}") for number in range(203)))
    assert all(outcome.error is None for outcome in outcomes)
    found = facebook.find(post("Post 0"), long_ago())
    assert found is not None
    assert found.provider_id == outcomes[0].provider_id
    assert facebook.find(post("Post 0"), datetime.now(UTC) + timedelta(minutes=6)) is None


def test_a_comment_holds_one_picture_at_most(sandbox: Sandbox, tmp_path: Path) -> None:
    facebook = channel(sandbox)
    target = only(facebook.send([post(new_text())])).provider_id
    picture = Picture(png(tmp_path / "map.png"), "image/png", "Map")
    reply = post(new_text(), Action.REPLY, target)
    one, two = facebook.send([replace(reply, pictures=(picture,)), replace(reply, pictures=(picture, picture))])
    assert one.error is None
    assert isinstance(two.error, Refused)


@pytest.fixture
def strict() -> Iterator[Sandbox]:
    with Sandbox(facebook=FacebookSettings(require_proof=True)) as sandbox:
        yield sandbox


def test_the_app_secret_proves_every_call(strict: Sandbox) -> None:
    facebook = channel(strict)
    target = only(facebook.send([post(new_text())])).provider_id
    assert facebook.find(replace(post(""), provider_id=target), long_ago()) is not None
    assert only(facebook.send([post(new_text(), Action.AMEND, target)])).error is None
    assert only(facebook.send([post("", Action.RETRACT, target)])).error is None
    assert facebook.check().account


@pytest.mark.parametrize("secret", ["", "another-apps-secret"])
def test_a_missing_or_foreign_app_secret_is_the_operators_to_mend(strict: Sandbox, secret: str) -> None:
    error = only(channel(strict, app_secret=secret).send([post(new_text())])).error
    assert isinstance(error, Misconfigured)
    assert "app secret" in error.reason


@pytest.mark.parametrize("version", ["v3.1", "v99.0"])
def test_a_version_that_facebook_does_not_serve_is_the_operators_to_mend(sandbox: Sandbox, version: str) -> None:
    error = only(channel(sandbox, api_version=version).send([post(new_text())])).error
    assert isinstance(error, Misconfigured)
    assert "version" in error.reason


def test_another_page_is_the_operators_to_mend(sandbox: Sandbox) -> None:
    error = only(channel(sandbox, page_id="42").send([post(new_text())])).error
    assert isinstance(error, Misconfigured)


def test_a_page_without_token_is_not_set_up() -> None:
    with pytest.raises(Misconfigured):
        Facebook(FacebookOptions("1", ""))
    assert PAGE.page_token not in repr(PAGE)
    assert PAGE.app_secret not in repr(PAGE)
