"""What happens when residents text back."""

import io
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.errors import NotAllowed, NotFound
from broadcaster.domain.kind import Lane
from broadcaster.domain.profile import Profile
from broadcaster.domain.rules import Actor, Role
from broadcaster.services import inbound_words
from broadcaster.services.inbound import PAUSE, Answer, acknowledge, mark_answered, receive
from broadcaster.services.residents import import_residents
from broadcaster.store import inbound
from broadcaster.store.database import Database
from tests.residents.city import ADA, NOW

PHONE = "+61491570156"
CY = Actor("cy", "Cy", Role.VIEWER)


class Desk:
    """Texts coming in, a second apart."""

    def __init__(self, db: Database, profile: Profile) -> None:
        self.db, self.profile, self.now, self.sent = db, profile, NOW, 0

    def text(
        self, words: str, phone: str = PHONE, provider_id: str = "", lanes: tuple[Lane, ...] = tuple(Lane)
    ) -> Answer:
        self.sent += 1
        self.now += timedelta(seconds=1)
        provider_id = provider_id or f"SM{self.sent}"
        return receive(self.db, self.profile, self.now, provider_id=provider_id, phone=phone, text=words, lanes=lanes)

    def listed(self) -> list[inbound.Received]:
        with self.db.read() as connection:
            return inbound.waiting(connection)

    def opted_out(self, phone: str = PHONE) -> set[str]:
        with self.db.read() as connection:
            return inbound.opted_out(connection, phone)


@pytest.fixture
def desk(database: Database, brisbane: Profile) -> Desk:
    return Desk(database, brisbane)


@pytest.mark.parametrize(
    "words", ["STOP", "stop.", " Stopp! ", "AVSLUTT", "«stopp»", "Unsubscribe", "ＳＴＯＰ", "stop\u200b", "Meld meg av"]
)
def test_stop_is_heard_in_any_language_and_spelling(words: str) -> None:
    heard = inbound_words.command(words, ("en", "nb"))
    assert heard
    assert heard.keyword == "stop"


def test_stop_ends_both_lanes(desk: Desk) -> None:
    answer = desk.text("Stopp.")
    assert desk.opted_out() == {"life-safety", "information"}
    assert "START" in answer.text
    assert desk.listed() == []


def test_stop_to_a_number_of_one_lane_leaves_the_other(desk: Desk) -> None:
    desk.text("STOP", lanes=(Lane.INFORMATION,))
    assert desk.opted_out() == {"information"}


def test_start_brings_the_texts_back(desk: Desk) -> None:
    desk.text("STOP")
    assert desk.text("start").text
    assert desk.opted_out() == set()


def test_a_repeated_callback_changes_nothing_and_gets_the_same_answer(desk: Desk) -> None:
    first = desk.text("STOP", provider_id="SM-one")
    desk.text("START", provider_id="SM-two")
    assert desk.text("STOP", provider_id="SM-one") == first
    assert desk.opted_out() == set()


def test_yes_is_an_answer_and_only_after_stop_a_wish_to_start(desk: Desk) -> None:
    desk.text("Yes")
    assert [each.text for each in desk.listed()] == ["Yes"]
    desk.text("STOP")
    desk.text("yes")
    assert desk.opted_out() == set()


def test_an_opt_out_outlives_an_import(desk: Desk, brisbane: Profile) -> None:
    desk.text("STOP")
    for mode in ("merge", "replace"):
        stream = io.BytesIO(f"phone\n{PHONE}\n".encode())
        import_residents(desk.db, brisbane, stream, mode, actor=ADA, now=NOW)
    assert desk.opted_out() == {"life-safety", "information"}


def test_any_other_text_is_stored_and_answered_with_where_to_call(desk: Desk) -> None:
    assert desk.text("When will the bridge open?") == Answer(desk.profile.not_monitored["en"], "en")
    (listed,) = desk.listed()
    assert (listed.phone, listed.text, listed.pinned) == (PHONE, "When will the bridge open?", False)


def test_the_answer_is_in_the_language_we_know_of_the_phone(desk: Desk, brisbane: Profile) -> None:
    import_residents(
        desk.db, brisbane, io.BytesIO(f"phone,language\n{PHONE},nb\n".encode()), "merge", actor=ADA, now=NOW
    )
    assert desk.text("Når åpner brua?").language == "nb"
    assert desk.text("Stopp", phone="+61491570157").language == "nb"


def test_a_conversation_between_robots_ends(desk: Desk) -> None:
    answers = [desk.text("I am out of office.").text for _ in range(20)]
    assert [bool(each) for each in answers] == [True] + [False] * 19
    assert len(desk.listed()) == 20
    desk.now += PAUSE
    assert desk.text("Still out of office.").text


def test_danger_is_answered_even_just_after_another_answer(desk: Desk) -> None:
    desk.text("Hello?")
    assert desk.text("we are trapped").text == desk.profile.not_monitored["en"]


@pytest.mark.parametrize(
    "words", ["We are TRAPPED", "I can’t get out", "my son is drowning!", "vi er FANGET i kjelleren", "Water. Rising."]
)
def test_words_of_danger_are_heard_in_any_language(brisbane: Profile, words: str) -> None:
    assert inbound_words.danger(words, brisbane.danger_words)


@pytest.mark.parametrize("words", ["Thank you!", "Is the ferry running?", "Takk for varselet", ""])
def test_other_words_are_not_danger(brisbane: Profile, words: str) -> None:
    assert not inbound_words.danger(words, brisbane.danger_words)


def test_a_cry_for_help_is_answered_as_help_and_pinned_too(desk: Desk) -> None:
    assert desk.text("HJELP").text == desk.profile.status_texts["help"]["nb"]
    assert desk.listed()[0].pinned


def test_pinned_texts_come_first_then_the_longest_unanswered(desk: Desk, brisbane: Profile) -> None:
    for number, words in enumerate(("first", "trapped one", "second", "trapped two", "third")):
        desk.text(words, phone=f"+6149157015{number}")
    first = next(each for each in desk.listed() if each.text == "first")
    mark_answered(desk.db, first.token, ADA, NOW)
    assert [each.text for each in desk.listed()] == ["trapped one", "trapped two", "second", "third", "first"]
    with desk.db.read() as connection:
        assert inbound.open_numbers(connection) == (2, 4)


def test_a_pinned_text_stays_on_top_until_a_named_person_acknowledges_it(desk: Desk) -> None:
    desk.text("trapped")
    (pinned,) = desk.listed()
    with pytest.raises(NotAllowed):
        acknowledge(desk.db, pinned.token, Actor("key", "river gauge", Role.ADMIN, person=False), NOW)
    with pytest.raises(NotAllowed):
        acknowledge(desk.db, pinned.token, CY, NOW)
    acknowledge(desk.db, pinned.token, ADA, NOW)
    acknowledge(desk.db, pinned.token, Actor("ben", "Ben", Role.APPROVER), NOW + timedelta(minutes=1))
    (seen,) = desk.listed()
    assert (seen.pinned, seen.acknowledged_by, seen.answered_at) == (False, "ada", None)


def test_an_unknown_text_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        acknowledge(desk.db, "no-such-token", ADA, NOW)


def test_what_a_database_cannot_hold_is_taken_out_of_a_text(desk: Desk) -> None:
    desk.text("a\0b" + "x" * 5_000)
    assert desk.listed()[0].text.startswith("abx")
    assert len(desk.listed()[0].text) <= 2_000


@given(st.text(max_size=200))
def test_reading_a_text_never_fails(words: str) -> None:
    inbound_words.command(words, ("en", "nb"))
    assert inbound_words.danger(words, {"en": ("drown", "🆘", "")}) in ("", "en")


@given(st.sampled_from(("stop", "STOPP", "Hjelp", "start")), st.text(alphabet=" .!?\n\t\"'", max_size=5))
def test_punctuation_around_a_keyword_does_not_hide_it(word: str, edge: str) -> None:
    assert inbound_words.command(edge + word + edge, ("en", "nb"))
