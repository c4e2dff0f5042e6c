"""What is special about texts: who sends them, what Twilio's codes mean, and how one is found again."""

import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from channels import sms
from channels.base import Misconfigured, Outcome, Parcel, Progress, Receipt, Refused, Unavailable
from channels.sandbox.server import Sandbox
from channels.sms import Sender, Sms, TwilioOptions, choose_sender, parse_sender, parse_senders
from tests.channels.places import TWILIO, only

SERVICE = "MG" + "0123456789abcdef" * 2
PHONE = "+15005559001"


def channel(sandbox: Sandbox, **changes: object) -> Sms:
    return Sms(replace(TWILIO, api_url=sandbox.twilio_url, **changes))  # type: ignore[arg-type]


def text(to: str = PHONE, **more: object) -> Parcel:
    return Parcel(**({"id": "d1", "to": to, "text": "Leave now."} | more))  # type: ignore[arg-type]


def send(sandbox: Sandbox, parcel: Parcel, **changes: object) -> Outcome:
    return only(channel(sandbox, **changes).send([parcel]))


# -- senders -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "address", "rate", "can_receive"),
    [
        ("+61480000000", "+61480000000", 1, True),
        ("+61480000000=30", "+61480000000", 30, True),
        ("BrisbaneCC", "BrisbaneCC", 10, False),
        ("MGelvdal", "MGelvdal", 10, False),
        (" Elvdal = 0.5 ", "Elvdal", 0.5, False),
        (SERVICE + "=100", SERVICE, 100, True),
        ("80808", "80808", 100, True),
    ],
)
def test_a_sender_is_read_with_its_rate(given: str, address: str, rate: float, can_receive: bool) -> None:
    assert parse_sender(given) == Sender(address, rate)
    assert parse_sender(given).can_receive is can_receive


@pytest.mark.parametrize("given", ["", "+61", "TwelveLetters", "Ås", "+61480000000=", "Elvdal=fast", "Elvdal=0", "a;b"])
def test_a_sender_that_cannot_be_one_is_named(given: str) -> None:
    with pytest.raises(ValueError, match="sender"):
        parse_sender(given)


def test_a_list_of_senders_may_be_empty_and_have_spaces() -> None:
    assert parse_senders("") == ()
    assert parse_senders("+61480000000=2, Elvdal,") == (Sender("+61480000000", 2), Sender("Elvdal", 10))


PHONES = [f"+614000{number:05d}" for number in range(3000)]


def test_a_phone_always_sees_the_same_sender_and_a_new_sender_moves_only_its_own_share() -> None:
    two = parse_senders("+61480000001=1,+61480000002=3")
    three = (*two, Sender("+61480000003", 4))
    before = {phone: choose_sender(two, phone) for phone in PHONES}
    after = {phone: choose_sender(three, phone) for phone in PHONES}
    assert before == {phone: choose_sender(tuple(reversed(two)), phone) for phone in PHONES}
    assert {after[phone] for phone in PHONES if after[phone] != before[phone]} == {three[2]}
    share = Counter(after.values())
    assert [share[sender] / len(PHONES) for sender in three] == pytest.approx([1 / 8, 3 / 8, 4 / 8], abs=0.04)


def test_the_lane_picks_the_sender(sandbox: Sandbox) -> None:
    both = channel(sandbox, senders=parse_senders("+15005550006"), info_senders=parse_senders("Elvdal"))
    assert both.sender_for(text()).address == "+15005550006"
    assert both.sender_for(text(lane="information")).address == "Elvdal"
    one = channel(sandbox)
    assert one.sender_for(text(lane="information")) == one.sender_for(text())


@pytest.mark.parametrize("sender", [SERVICE, "Elvdal", "+15005550006"])
def test_each_kind_of_sender_reaches_twilio(sandbox: Sandbox, sender: str) -> None:
    assert send(sandbox, text(), senders=parse_senders(sender)).error is None
    (row,) = sandbox.sent("twilio")
    assert row["from"] == ("+15005550006" if sender == SERVICE else sender)


# -- sending -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "kind", "code"),
    [
        ("+15005550001", Refused, "21211"),
        ("+15005550002", Refused, "21612"),
        ("+15005550003", Misconfigured, "21408"),
        ("+15005550009", Refused, "21614"),
        ("", Refused, "21604"),
    ],
)
def test_twilios_code_says_what_to_do(sandbox: Sandbox, to: str, kind: type, code: str) -> None:
    error = send(sandbox, text(to)).error
    assert (type(error), error and error.code) == (kind, code)
    assert error
    assert error.reason == sms.CODES[int(code)][1]


def test_a_resident_who_said_stop_is_refused_as_opted_out(sandbox: Sandbox) -> None:
    assert send(sandbox, text()).error is None
    sandbox.control("twilio").inbound(from_=PHONE, to="+15005550006", body="STOP")
    error = send(sandbox, text(text="Again.")).error
    assert isinstance(error, Refused)
    assert error.opted_out
    never = send(sandbox, text("+15005550001")).error
    assert isinstance(never, Refused)
    assert not never.opted_out


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 21611, Unavailable),
        (429, 21611, Unavailable),
        (400, 21606, Misconfigured),
        (400, 30002, Misconfigured),
        (400, 29999, Refused),
        (403, 29999, Misconfigured),
    ],
)
def test_codes_and_classes_of_answers_are_both_read(sandbox: Sandbox, status: int, code: int, kind: type) -> None:
    sandbox.control("twilio").fault("POST", "error", status=status, code=code)
    error = send(sandbox, text()).error
    assert (type(error), error and error.code) == (kind, str(code))
    assert getattr(error, "slow_down", False) is (code == 21611)


@pytest.mark.parametrize(
    ("valid_for", "sent"), [(None, None), (3600, 3600), (36_000, 36_000), (90_000, 36_000), (1, 1)]
)
def test_a_text_is_valid_as_long_as_its_alert_but_never_longer_than_twilio_allows(
    sandbox: Sandbox, valid_for: int | None, sent: int | None
) -> None:
    sandbox.control("twilio").fault(f"ValidityPeriod={sent}" if sent else "ValidityPeriod", "402")
    refused = send(sandbox, text(valid_for=valid_for)).error
    assert (refused is None) is (sent is None)  # the fault strikes only a request that says so


def test_a_text_that_has_expired_is_not_sent(sandbox: Sandbox) -> None:
    error = send(sandbox, text(valid_for=0)).error
    assert isinstance(error, Refused)
    assert error.code == "expired"
    assert sandbox.sent("twilio") == []


def test_an_account_without_sender_is_not_set_up() -> None:
    with pytest.raises(Misconfigured):
        Sms(TwilioOptions("AC1", "token", senders=()))


def test_options_never_show_their_token() -> None:
    assert TWILIO.auth_token not in repr(TWILIO)


def test_check_says_what_each_sender_can_do(sandbox: Sandbox) -> None:
    senders = parse_senders(f"+15005550006=3,Elvdal,{SERVICE},80808")
    health = channel(sandbox, senders=senders).check()
    assert [line.partition(":")[0] for line in health.senders] == ["+15005550006", "Elvdal", SERVICE, "80808"]
    assert "nobody can answer" in health.senders[1]


# -- looking -------------------------------------------------------------------------------------------------------


def test_a_text_is_found_among_many_pages(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms, "PAGE", 3)
    twilio = channel(sandbox)
    outcomes = [only(twilio.send([text(text=f"Text {number}")])) for number in range(10)]
    found = twilio.find(text(text="Text 0"), datetime.now(UTC))
    assert found is not None
    assert found.provider_id == outcomes[0].provider_id


def test_an_older_text_with_the_same_words_is_not_taken_for_this_one(sandbox: Sandbox) -> None:
    twilio = channel(sandbox)
    only(twilio.send([text()]))
    assert twilio.find(text(), datetime.now(UTC) + timedelta(minutes=4)) is not None  # their clock may be behind
    assert twilio.find(text(), datetime.now(UTC) + timedelta(minutes=6)) is None


def test_a_residents_own_text_is_not_taken_for_ours(sandbox: Sandbox) -> None:
    sandbox.control("twilio").inbound(from_=PHONE, to="+15005550006", body="Leave now.")
    assert channel(sandbox).find(text("+15005550006"), datetime.now(UTC)) is None


def test_a_text_is_found_though_twilio_made_its_punctuation_plain(sandbox: Sandbox) -> None:
    twilio = channel(sandbox)
    only(twilio.send([text(text="Leave now - it's rising... ")]))
    assert twilio.find(text(text="Leave now – it’s rising…"), datetime.now(UTC)) is not None


def test_what_was_found_says_how_far_it_came(sandbox: Sandbox) -> None:
    twilio, parcel = channel(sandbox), text("+15005553003")
    sid = only(twilio.send([parcel])).provider_id
    deadline = time.monotonic() + 5
    receipt: Receipt | None = None
    while time.monotonic() < deadline and (receipt is None or receipt.progress is not Progress.FAILED):
        receipt = twilio.find(replace(parcel, provider_id=sid), datetime.now(UTC))
    assert receipt is not None
    assert (receipt.progress, receipt.code, receipt.transient) == (Progress.FAILED, "30003", True)
    assert receipt.reason == "the phone was off or out of reach"


def test_the_list_is_read_page_by_page_by_anybody_and_holds_no_residents_texts(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms, "PAGE", 4)
    sent = {only(channel(sandbox).send([text(text=f"Text {number}")])).provider_id for number in range(6)}
    sandbox.control("twilio").inbound(from_=PHONE, to="+15005550006", body="Leave now.")
    deadline, found, cursor = time.monotonic() + 5, list[Receipt](), ""
    while len(found) < 6 and time.monotonic() < deadline:
        # Twilio lists a text once it has passed it on.
        found, cursor = [], ""
        while not found or cursor:
            page = channel(sandbox).listing(datetime.now(UTC) + timedelta(minutes=4), cursor)
            found, cursor = [*found, *page.receipts], page.cursor
            if not page.receipts:
                break
    assert len(found) == 6
    assert {each.provider_id for each in found} == sent
    assert channel(sandbox).listing(datetime.now(UTC) + timedelta(minutes=6)).receipts == ()


@pytest.mark.parametrize("fault", ["500", "429", "not_json", "drop_before"])
def test_a_list_that_cannot_be_read_is_read_later(sandbox: Sandbox, fault: str) -> None:
    sandbox.control("twilio").fault("GET /", fault)
    with pytest.raises(Unavailable):
        channel(sandbox).listing(datetime.now(UTC))


def test_a_list_that_does_not_go_on_there_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises((Misconfigured, Refused)):
        channel(sandbox).listing(datetime.now(UTC), "https://api.twilio.com/2010-04-01/Accounts/ACother/Messages.json")
