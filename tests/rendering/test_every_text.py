"""Every kind, channel and language that the cities enable, live and as exercise, with a short and a long address."""

import dataclasses
from html.parser import HTMLParser

import pytest

from broadcaster.domain.alert import Draft, MsgType
from broadcaster.domain.profile import Profile
from broadcaster.store.rendering import Preview, PublicPicture
from channels.base import Message
from channels.text import measure_post, measure_sms
from tests.rendering import stage

ADDRESSES = {"short": "", "long": "http://127.0.0.1:54321/status-exercise"}
VOID = {"img", "br", "hr", "meta", "link"}


class Page(HTMLParser):
    """Tags in order, whether each is closed, and the attributes that were used."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1:] == [tag], f"</{tag}> closes {self.open}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.words += data


def made(kind: str, profile: Profile, live: bool, address: str) -> tuple[Draft, Preview]:
    draft = dataclasses.replace(stage.example(kind, profile), channels=tuple(stage.LIMITS))
    draft = draft if live else stage.exercise(draft)
    return draft, stage.shown(draft, profile, status_url=ADDRESSES[address] or stage.SITES[profile.name])


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("live", [True, False], ids=["live", "exercise"])
@pytest.mark.parametrize("name", stage.CITIES)
@pytest.mark.parametrize("kind", sorted(stage.kinds()))
def test_every_text_is_made_fits_and_is_marked(kind: str, name: str, live: bool, address: str) -> None:
    profile = stage.city(name)
    draft, preview = made(kind, profile, live, address)
    assert not preview.problems, "\n".join(map(str, preview.problems))
    wanted = [(channel, tag) for channel in stage.LIMITS for tag in draft.languages]
    assert [(each.channel, each.language) for each in preview.messages] == wanted
    assert preview.alert is not None
    assert [info.language for info in preview.alert.infos] == list(draft.languages)
    for message in preview.messages:
        CHECKS[message.channel](message)
        source = profile.sender[message.language]
        mark = "" if live else stage.kinds()[kind].languages[message.language].exercise_first
        opening = message.title if message.channel == "website" else message.parts[0]
        assert opening.startswith(f"{mark} {source}".lstrip())
        everything = " ".join(message.parts)
        for each in stage.kinds()[kind].languages.values():
            assert (each.exercise_last in everything) == (not live and each.code == message.language)
    for info in preview.alert.infos:
        assert 0 < len(info.headline) <= 160
        assert info.description
        assert "<" not in info.headline + info.description + info.instruction
        assert info.areas[0].description


@pytest.mark.parametrize("live", [True, False], ids=["live", "exercise"])
@pytest.mark.parametrize("name", stage.CITIES)
@pytest.mark.parametrize("kind", sorted(name for name, kind in stage.kinds().items() if kind.short))
def test_a_short_form_is_one_segment_and_complete_without_its_link(kind: str, name: str, live: bool) -> None:
    profile = stage.city(name)
    draft = dataclasses.replace(stage.example(kind, profile), channels=("sms",), short=True)
    preview = stage.shown(draft if live else stage.exercise(draft), profile)
    assert not preview.problems, "\n".join(map(str, preview.problems))
    assert [each.language for each in preview.messages] == list(draft.languages)
    for message in preview.messages:
        (text,) = message.parts
        length = measure_sms(text)
        # An exercise's marks take a third of a segment; they are never what is left out.
        assert (length.segments, length.encoding) in [(number, "GSM-7") for number in ((1,) if live else (1, 2))]
        assert text.count("http") == text.endswith(message.link or "no link")
        words = text.removesuffix(message.link).strip()
        assert words.endswith((".", stage.kinds()[kind].languages[message.language].exercise_last))
        assert ".." not in text
        assert "  " not in text
        assert measure_sms(words).segments == 1 or not live


def test_a_kind_without_a_short_form_says_so() -> None:
    profile = stage.city("brisbane")
    draft = dataclasses.replace(stage.example("volunteer-call", profile), short=True)
    assert "short" in {problem.place for problem in stage.shown(draft, profile).problems}


def sms_is_complete(message: Message) -> None:
    (text,) = message.parts
    assert measure_sms(text).segments == message.units[0] <= 2
    assert measure_sms(text).encoding == "GSM-7"
    assert text.endswith(f" {message.link}")
    assert text.count("http") == 1
    assert ".." not in text
    assert "  " not in text
    assert "\n" not in text


def post_stands_alone(message: Message) -> None:
    assert all(measure_post(part).valid for part in message.parts)
    assert tuple(measure_post(part).weighted_length for part in message.parts) == message.units
    assert message.link in message.parts[0]
    assert len(message.parts) <= 3
    for number, part in enumerate(message.parts, start=1):
        assert len(message.parts) == 1 or f"{number}/{len(message.parts)}" in part


def facebook_has_paragraphs(message: Message) -> None:
    (text,) = message.parts
    assert "\n\n" in text
    assert "\n\n\n" not in text
    assert "  " not in text
    assert text.splitlines()[-1].startswith("#")
    assert message.link in text


def page_is_sound(message: Message) -> None:
    (text,) = message.parts
    page = Page(text)
    assert not page.open
    assert page.tags[0] == "article"
    assert "h2" in page.tags
    assert "time" in page.tags
    assert not {"script", "style", "iframe"} & set(page.tags)
    assert not {"style", "onclick", "onload", "onerror"} & {name for name, _ in page.attributes}
    assert ("lang", message.language) in page.attributes
    assert ".." not in page.words


CHECKS = {
    "sms": sms_is_complete,
    "x": post_stands_alone,
    "facebook": facebook_has_paragraphs,
    "website": page_is_sound,
}


@pytest.mark.parametrize("name", stage.CITIES)
@pytest.mark.parametrize("kind", sorted(stage.kinds()))
def test_an_update_says_first_what_is_new(kind: str, name: str) -> None:
    profile, spec = stage.city(name), stage.kinds()[kind].fields.get("what_changed")
    if spec is None:
        assert kind in ("all-clear", "correction", "volunteer-call")  # these are news by themselves
        return
    words = {"en": "Water is higher than we said", "nb": "Vannet står høyere enn vi sa"}
    draft = stage.example(kind, profile, what_changed={tag: words[tag] for tag in profile.languages})
    draft = dataclasses.replace(draft, msg_type=MsgType.UPDATE, references=("earlier",), channels=tuple(stage.LIMITS))
    preview = stage.shown(draft, profile)
    assert not preview.problems, "\n".join(map(str, preview.problems))
    for message in preview.messages:
        if kind != "rumour-correction" or message.channel in ("sms", "website"):
            assert words[message.language] in " ".join(message.parts)
    assert preview.alert is not None
    assert preview.alert.references == (stage.setting(profile, draft).parents[0].reference,)


def test_the_places_are_a_list_before_any_picture() -> None:
    profile = stage.city("brisbane")
    picture = PublicPicture("map.png", "image/png", {"en": "Rocklea and Oxley, in the south-west of the city"})
    message = stage.text(
        stage.shown(stage.example("flood-warning", profile), profile, pictures=(picture,)), "website", "en"
    )
    (text,) = message.parts
    assert text.index("<li>Rocklea</li>") < text.index("<img ")
    assert 'alt="Rocklea and Oxley, in the south-west of the city"' in text


def test_times_on_the_page_carry_their_zone_and_a_machine_readable_form() -> None:
    for name, zone in (("brisbane", "AEST"), ("kongsvinger", "norsk tid")):
        profile = stage.city(name)
        message = stage.text(stage.shown(stage.example("holding", profile), profile), "website", profile.fallback)
        assert f" {zone}</time>" in message.parts[0]
        assert '<time datetime="2011-01-12T22:40:00+' in message.parts[0]
