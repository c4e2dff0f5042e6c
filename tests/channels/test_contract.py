"""What every channel promises, whoever carries it: one body, run over all against real servers and a real disk."""

import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import channels
from channels.base import Action, Channel, Misconfigured, Parcel, Progress, Refused, Unavailable, Uncertain
from tests.channels.places import EVERY, NETWORKED, SECRETS, Place, new_text, only

every = pytest.mark.parametrize("place", EVERY, indirect=True)
networked = pytest.mark.parametrize("place", NETWORKED, indirect=True)


def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def channels_that_can(action: Action) -> pytest.MarkDecorator:
    able = [name for name in channels.CHANNELS if action in channels.load(name).actions]
    return pytest.mark.parametrize("place", able, indirect=True)


def test_the_table_names_every_channel_and_each_says_who_it_is() -> None:
    assert {name.removesuffix("-bulk") for name in EVERY} == {*channels.CHANNELS, "sinch"}
    assert all(channels.load(name).name == name for name in channels.CHANNELS)
    with pytest.raises(KeyError, match="there are: sms, x, facebook, website"):
        channels.load("pager")
    for name in channels.CHANNELS:
        assert [channels.load(name, carrier).carrier for carrier in channels.carriers(name)] == [
            *channels.carriers(name)
        ]
        assert all(channels.load(name, carrier).name == name for carrier in channels.carriers(name))
        assert channels.load(name) is channels.load(name, channels.carriers(name)[0])
    assert channels.carriers("sms") == ("twilio", "sinch")
    with pytest.raises(KeyError, match="nobody called 'pigeon' carries sms; there are: twilio, sinch"):
        channels.load("sms", "pigeon")


@every
def test_a_post_is_accepted_and_visible_exactly_once(place: Place) -> None:
    parcel = place.parcel(new_text())
    outcome = only(place.open().send([parcel]))
    assert outcome.error is None
    assert outcome.parcel == parcel
    assert outcome.provider_id
    assert place.seen(parcel.text) == 1
    assert outcome.url.startswith("https://") is (place.name != "sms")


@every
def test_what_was_posted_is_found_by_its_id_and_by_its_looks(place: Place) -> None:
    channel, parcel = place.open(), place.parcel(new_text())
    sent = only(channel.send([parcel]))
    by_looks = channel.find(parcel, long_ago())
    by_id = channel.find(replace(parcel, provider_id=sent.provider_id), long_ago())
    assert by_looks is not None
    assert by_id is not None
    assert by_looks.provider_id == by_id.provider_id == sent.provider_id
    assert by_id.progress is Progress.DELIVERED or place.name == "sms"  # a post is delivered when it can be read back
    assert by_id.url == sent.url


@every
def test_what_was_never_sent_is_not_found(place: Place) -> None:
    channel, parcel = place.open(), place.parcel(new_text())
    only(channel.send([replace(parcel, id="another", text=new_text("Another"))]))
    assert channel.find(parcel, long_ago()) is None
    unknown = {
        "twilio": "SM" + "0" * 32,
        "sinch": "0" * 26,
        "x": "1",
        "facebook": "1_2",
        "website": parcel.to + "@0123456789abcdef",
    }
    assert channel.find(replace(parcel, provider_id=unknown[place.carrier]), long_ago()) is None


@every
def test_what_can_never_be_taken_is_refused_and_does_not_harm_the_next(place: Place) -> None:
    bad, good = place.refused_parcel(), place.parcel(new_text())
    outcomes = {outcome.parcel.id: outcome for outcome in place.open().send([bad, good])}
    first, second = outcomes[bad.id], outcomes[good.id]
    assert isinstance(first.error, Refused)
    assert first.provider_id == ""
    assert first.error.reason
    assert second.error is None
    assert place.seen(good.text) == 1


@pytest.mark.parametrize("place", ["x", "facebook", "website"], indirect=True)
def test_parcels_are_pulled_one_at_a_time_and_only_when_wanted(place: Place) -> None:
    pulled: list[str] = []

    def parcels() -> Iterator[Parcel]:
        for text in (new_text(), new_text(), new_text()):
            pulled.append(text)
            yield place.parcel(text)

    outcomes = place.open().send(parcels())
    assert pulled == []
    next(iter(outcomes))
    assert len(pulled) == 1
    assert place.seen(pulled[0]) == 1
    next(iter(outcomes))
    assert len(pulled) == 2


@every
def test_an_action_that_a_channel_does_not_know_is_refused_before_anything_is_called(place: Place) -> None:
    channel = place.open(url=closed_port())
    for action in set(Action) - channel.actions:
        outcome = only(channel.send([place.parcel(new_text(), action, target="1")]))
        assert isinstance(outcome.error, Refused)
        assert outcome.error.code == "unsupported"


@every
def test_check_says_whose_account_answers(place: Place) -> None:
    health = place.open().check()
    assert health.account
    assert place.name != "sms" or health.senders


@networked
@pytest.mark.parametrize(("seconds", "expected"), [(7, {"sms": 7, "x": 7, "facebook": 60})])
def test_a_rate_limit_is_no_error_of_the_message(place: Place, seconds: float, expected: dict[str, float]) -> None:
    place.fault("429", delay_s=seconds)
    channel, parcel = place.open(), place.parcel(new_text())
    error = only(channel.send([parcel])).error
    assert isinstance(error, Unavailable)
    assert error.slow_down
    assert error.retry_after == pytest.approx(expected[place.name], abs=1.5)
    assert only(channel.send([parcel])).error is None


NOT_THERE = ("500", "503", "drop_before")
THERE = ("500_after", "503_after", "drop_after", "not_json", "empty")


@networked
@pytest.mark.parametrize("fault", NOT_THERE + THERE)
def test_a_lost_answer_is_uncertain_and_looking_tells(place: Place, fault: str) -> None:
    place.fault(fault)
    channel, parcel = place.open(), place.parcel(new_text())
    outcome = only(channel.send([parcel]))
    assert isinstance(outcome.error, Uncertain)
    found = channel.find(parcel, long_ago())
    assert (found is not None) is (fault in THERE)
    assert place.seen(parcel.text) == int(fault in THERE)


@networked
@pytest.mark.parametrize("fault", ["hang", "hang_after"])
def test_a_provider_that_hangs_is_uncertain_within_the_time_limit(place: Place, fault: str) -> None:
    place.fault(fault)
    started = time.monotonic()
    outcome = only(place.open(timeout=0.4).send([place.parcel(new_text())]))
    assert isinstance(outcome.error, Uncertain)
    assert time.monotonic() - started < 2.0


@networked
def test_a_refused_connection_is_not_sent(place: Place) -> None:
    channel = place.open(url=closed_port())
    error = only(channel.send([place.parcel(new_text())])).error
    assert isinstance(error, Unavailable)
    assert not error.slow_down
    with pytest.raises(Unavailable):
        channel.check()


@networked
@pytest.mark.parametrize("fault", ["500", "drop_before", "not_json", "empty", "hang", "429"])
def test_a_look_that_fails_is_unavailable_and_never_a_no(place: Place, fault: str) -> None:
    channel, parcel = place.open(timeout=0.4), place.parcel(new_text())
    only(channel.send([parcel]))
    place.fault(fault, match="GET /", count=None)
    with pytest.raises(Unavailable):
        channel.find(parcel, long_ago())


@networked
def test_credentials_that_are_no_longer_good_are_the_operators_to_mend(place: Place) -> None:
    channel = place.open(authentic=False)
    outcome = only(channel.send([place.parcel(new_text())]))
    assert isinstance(outcome.error, Misconfigured)
    with pytest.raises(Misconfigured):
        channel.check()
    with pytest.raises(Misconfigured):
        channel.find(place.parcel(new_text()), long_ago())


@networked
@pytest.mark.parametrize("fault", ["401", "402"])
def test_an_account_that_is_shut_or_out_of_credit_is_the_operators_to_mend(place: Place, fault: str) -> None:
    place.fault(fault)
    assert isinstance(only(place.open().send([place.parcel(new_text())])).error, Misconfigured)


@channels_that_can(Action.AMEND)
def test_amending_twice_is_amending_once(place: Place) -> None:
    channel, parcel, better = place.open(), place.parcel(new_text()), new_text("Corrected")
    target = only(channel.send([parcel])).provider_id
    amend = replace(parcel, action=Action.AMEND, text=better, target=target)
    assert channel.find(amend, long_ago()) is None
    for _ in range(2):
        assert only(channel.send([amend])).error is None
        assert channel.find(amend, long_ago()) is not None
    assert (place.seen(parcel.text), place.seen(better)) == (0, 1)


@channels_that_can(Action.RETRACT)
def test_retracting_twice_is_retracting_once(place: Place) -> None:
    channel, parcel = place.open(), place.parcel(new_text())
    target = only(channel.send([parcel])).provider_id
    retract = replace(parcel, action=Action.RETRACT, text="", target=target)
    assert channel.find(retract, long_ago()) is None
    for _ in range(2):
        assert only(channel.send([retract])).error is None
        assert channel.find(retract, long_ago()) is not None
    assert place.seen(parcel.text) == 0


@channels_that_can(Action.REPLY)
def test_a_reply_hangs_on_its_post_and_is_found_there(place: Place) -> None:
    channel, parcel = place.open(), place.parcel(new_text())
    target = only(channel.send([parcel])).provider_id
    reply = place.parcel(new_text("Update"), Action.REPLY, target=target)
    sent = only(channel.send([reply]))
    (row,) = (row for row in place.rows() if row["in_reply_to"])
    assert row["id"] == sent.provider_id
    assert row["in_reply_to"] == target
    found = channel.find(reply, long_ago())
    assert found is not None
    assert found.provider_id == sent.provider_id
    assert channel.find(replace(reply, action=Action.POST, target=""), long_ago()) is None


@channels_that_can(Action.REPLY)
def test_a_reply_to_a_post_that_is_gone_is_refused(place: Place) -> None:
    channel, parcel = place.open(), place.parcel(new_text())
    target = only(channel.send([parcel])).provider_id
    only(channel.send([replace(parcel, action=Action.RETRACT, target=target)]))
    outcome = only(channel.send([place.parcel(new_text(), Action.REPLY, target=target)]))
    assert isinstance(outcome.error, Refused)


@pytest.mark.parametrize("place", [n for n in channels.CHANNELS if channels.load(n).limits.pictures], indirect=True)
def test_a_picture_goes_with_its_text_alternative(place: Place) -> None:
    parcel = place.parcel(new_text(), pictures=place.pictures())
    channel = place.open()
    assert only(channel.send([parcel])).error is None
    assert channel.find(parcel, long_ago()) is not None
    if place.name == "website":
        assert (place.root / parcel.to).with_name("map.png").read_bytes() == (place.root / "map.png").read_bytes()
    else:
        assert [picture["alt"] for picture in place.rows()[-1]["pictures"]] == ["Map of the closed bridges"]


@pytest.mark.parametrize("place", ["x", "facebook"], indirect=True)
@pytest.mark.parametrize("fault", ["drop_after", "500", "hang"])
def test_a_picture_that_is_lost_on_the_way_leaves_nothing_in_doubt(place: Place, fault: str) -> None:
    place.fault(fault, match="/media/upload" if place.name == "x" else "/photos")
    channel, parcel = place.open(timeout=0.5), place.parcel(new_text(), pictures=place.pictures())
    assert isinstance(only(channel.send([parcel])).error, Unavailable)
    assert place.seen(parcel.text) == 0
    assert only(channel.send([parcel])).error is None


@pytest.mark.parametrize("place", [n for n in channels.CHANNELS if channels.load(n).limits.pictures], indirect=True)
def test_a_picture_that_cannot_be_read_is_refused_by_name(place: Place) -> None:
    (picture,) = place.pictures()
    lost = replace(picture, path=picture.path.with_name("lost.png"))
    error = only(place.open().send([place.parcel(new_text(), pictures=(lost,))])).error
    assert isinstance(error, Refused)
    assert "lost.png" in error.reason


@networked
def test_no_error_and_no_log_holds_a_secret_or_a_phone(
    place: Place, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []

    def say(channel: Channel) -> None:
        outcome = only(channel.send([parcel]))
        said.extend((str(outcome.error), repr(outcome.error), repr(vars(outcome.error)) if outcome.error else ""))
        if outcome.error:
            assert outcome.error.__context__ is None
        try:
            channel.find(parcel, long_ago())
            channel.check()
        except (Unavailable, Misconfigured) as error:
            said.append(f"{error} {error!r} {error.__context__!r} {error.__cause__!r}")

    parcel = place.parcel(new_text())
    for fault in ("401", "429", "500", "drop_after", "not_json", "hang"):
        place.fault(fault)
        say(place.open(timeout=0.4))
    say(place.open(authentic=False))
    say(place.open(url=closed_port()))
    assert "GET" in caplog.text  # the libraries did log what they did (libcurl logs nothing)
    said.append(caplog.text)
    phones = (parcel.to, parcel.to.replace("+", "%2B")) if place.name == "sms" else ()
    for secret in (*SECRETS, *phones):
        assert secret not in "\n".join(said)


@every
def test_a_channel_gives_back_its_connections(place: Place) -> None:
    channel = place.open()
    only(channel.send([place.parcel(new_text())]))
    channel.close()
    channel.close()
