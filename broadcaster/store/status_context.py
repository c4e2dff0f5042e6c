"""What a page's template may ask: words, times and addresses as seen from that page, everything already made safe."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup, escape

from broadcaster.domain.alert import PictureFile
from broadcaster.domain.profile import Words
from broadcaster.store.status_safety import safe_article, safe_text, said, sentence
from broadcaster.store.status_view import Phase, PlaceGroup, PublicAlert, PublicInstruction, PublicView
from broadcaster.store.status_words import Tongue

#: The shapes of the instruction levels (KINDS.md "Levels") in a square of 20 by 20.
_SHAPES = {
    "square": "M2 2h16v16H2z",
    "diamond": "M10 1l9 9-9 9-9-9z",
    "triangle": "M10 1l9 17H1z",
    "circle": "M10 1a9 9 0 1 0 .01 0zM5.5 10l3 3.5 6-7",
}

#: The sentence of templates/alerts/layouts/website.html that says when the next message comes.
_PROMISE = re.compile(r'<p class="next-update">.*?</p>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands: the relative way to the root, its language, and the alert it is about, if any.

    `title` is the sentence that names a page without an alert; `hidden` keeps it out of search engines.
    """

    root: str
    language: str
    alert: PublicAlert | None = None
    title: str = "title"
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Other:
    """The same page in another language, under that language's own name."""

    tag: str
    name: str
    href: str


class Page:
    """One page being written."""

    def __init__(self, view: PublicView, place: Place, tongue: Tongue, with_cap: frozenset[str]) -> None:
        self.view = view
        self.place = place
        self.tongue = tongue
        self.now = view.generated_at
        self._with_cap = with_cap
        self._by_identifier = {each.identifier: each for each in view.alerts}
        self.say = tongue.say
        self.time = tongue.time

    # The page itself

    @property
    def title(self) -> str:
        alert = self.place.alert
        if alert is None:
            return self.tongue.tell(self.place.title)
        if self.view.shown(alert):
            return self.headline(alert)
        return self.tongue.tell("removed_title", event=self.event(alert))

    @property
    def others(self) -> tuple[Other, ...]:
        alert = self.place.alert
        if self.place.hidden:
            return ()
        tags = alert.languages if alert else self.view.profile.languages
        return tuple(
            Other(tag, self._language_name(tag), self.href(alert, tag) if alert else f"{self.place.root}{tag}/")
            for tag in tags
            if tag != self.place.language
        )

    @property
    def front(self) -> str:
        """The front page in this page's language."""
        known = self.place.language in self.view.profile.languages
        return f"{self.place.root}{self.place.language if known else self.view.profile.fallback}/"

    @property
    def sender(self) -> str:
        return self._said(self.view.profile.sender)

    @property
    def zone_name(self) -> str:
        return self._said(self.view.profile.timezone_name)

    # Numbers

    @property
    def danger(self) -> str:
        return self.view.profile.danger_number

    @property
    def questions(self) -> str:
        return self.view.profile.question_number

    @property
    def hours(self) -> str:
        """When the question number is answered; empty when it always is."""
        hours = self.view.profile.question_hours
        if hours.opens == hours.closes:
            return ""
        opens, closes = (
            self.tongue.language.clock_time(self.now.replace(hour=each.hour, minute=each.minute))
            for each in (hours.opens, hours.closes)
        )
        return self.tongue.tell("open_hours", opens=opens, closes=closes)

    def phone(self, number: str) -> Markup:
        dialled = "".join(sign for sign in number if sign.isdigit() or sign == "+")
        return Markup('<a href="tel:{}">{}</a>').format(dialled, number)

    # Instructions

    def level_word(self, number: int) -> str:
        return next((self._said(each.words) for each in self.view.profile.levels if each.number == number), "")

    def shape(self, number: int) -> Markup:
        """The shape of a level, for eyes only: the word beside it says the same."""
        name = next((each.shape for each in self.view.profile.levels if each.number == number), "")
        path = next((drawn for key, drawn in _SHAPES.items() if name.startswith(key)), "")
        drawing = Markup('<svg class="l{}" viewBox="0 0 20 20" aria-hidden="true"><path d="{}"/></svg>')
        return drawing.format(number, path) if path else Markup("")

    def command(self, told: PublicInstruction) -> Markup:
        """ "Leave now.", in this page's language, else marked as in another."""
        return self._sentence(told.command)

    def places(self, told: Iterable[PublicInstruction]) -> str:
        return self.tongue.listed(self._said(each.place) for each in told)

    def source(self, told: PublicInstruction) -> PublicAlert | None:
        return self._by_identifier.get(told.alert)

    def groups_of(self, alert: PublicAlert) -> tuple[PlaceGroup, ...]:
        """Places where this alert's own instructions are open."""
        return tuple(
            PlaceGroup(group.places, mine)
            for group in self.view.place_groups
            if (mine := tuple(each for each in group.instructions if each.alert == alert.identifier))
        )

    def lifted_lines(self) -> Iterator[Markup]:
        """What was lifted, the latest first: "evacuation, Rocklea and Oxley: 9 am Sat 15 Jan"."""
        together: dict[tuple[str, datetime], list[PublicInstruction]] = {}
        for each in sorted(self.view.lifted, key=lambda each: each.lifted_at or self.now, reverse=True):
            together.setdefault((each.key, each.lifted_at or self.now), []).append(each)
        for (_, at), found in together.items():
            name = self._said(found[0].name)
            yield self.say("lifted_line", name=name, places=self.places(found), time=self.time(at))

    def request_lines(self) -> Iterator[Markup]:
        """What others sent because we asked: "Emergency Alert was sent by … to phones in Rocklea: 2 am Thu 13 Jan."."""
        for each in self.view.requests:
            named = {"name": sentence(self._said(each.name)).rstrip("."), "authority": self._said(each.authority)}
            places = self.tongue.listed(self._said(place) for place in each.places)
            yield self.say("national", **named, places=places, time=self.time(each.sent_at))

    # Alerts

    def in_force(self, alert: PublicAlert) -> bool:
        return alert.phase(self.now) is Phase.IN_FORCE

    def headline(self, alert: PublicAlert) -> str:
        return safe_text(alert.document.info(alert.language(self.place.language)).headline)

    def event(self, alert: PublicAlert) -> str:
        return safe_text(alert.document.info(alert.language(self.place.language)).event)

    def article(self, alert: PublicAlert, heading: int) -> Markup:
        """Its frozen text, its highest heading as `h<heading>`, with the shapes of the levels it names."""
        language = alert.language(self.place.language)
        pictures = {each.file: f"{self.place.root}pictures/{each.file}" for each in alert.pictures}
        # A newer promise stands beside the frozen text, whose own is over.
        frozen = _PROMISE.sub("", alert.articles[language]) if alert.no_change_at else alert.articles[language]
        return safe_article(frozen, heading, pictures, self._drawn)

    def described(self, picture: PictureFile) -> str:
        """The text alternative of a picture."""
        return self._said(picture.alt)

    def names_danger(self, alert: PublicAlert) -> bool:
        """Whether its own words, shown here, already say whom to call in danger."""
        return self.view.shown(alert) and f">{escape(self.danger)}</a>" in self.article(alert, 1)

    def lang_of(self, alert: PublicAlert) -> Markup:
        """The attribute that tells in which language the text is, where that is not the page's."""
        language = alert.language(self.place.language)
        return Markup("") if language == self.place.language else Markup(' lang="{}"').format(language)

    def only_in(self, alert: PublicAlert) -> str:
        """ "Only in English", where the alert is not in this page's language."""
        language = alert.language(self.place.language)
        return "" if language == self.place.language else self._language_name(language)

    def href(self, alert: PublicAlert, language: str = "") -> str:
        chosen = alert.language(language or self.place.language)
        return f"{self.place.root}{chosen}/alerts/{alert.identifier}.html"

    def details(self, alert: PublicAlert) -> Markup:
        """From an instruction to the alert that gives it: on the front page to its text there, else to its own page."""
        href = f"#m-{alert.identifier}" if self.view.shown(alert) else self.href(alert)
        words = self.say("more", event=self.event(alert), time=self.tongue.moment(alert.published_at))
        return Markup('<a href="{}">{}</a>').format(href, words)

    def newer(self, alert: PublicAlert) -> Markup:
        """A link to the alert that has taken the place of this page's."""
        words = self.headline(alert) if self.view.shown(alert) else self.event(alert)
        return Markup('<a href="{}">{}</a>').format(self.href(alert), self.say("newer", headline=words))

    def newest(self, alert: PublicAlert) -> tuple[PublicAlert, ...]:
        """The alerts that stand at the end of what replaced it."""
        found, seen, waiting = [], {alert.identifier}, list(alert.successors)
        while waiting:
            name = waiting.pop()
            successor = self._by_identifier.get(name)
            if successor is None or name in seen:
                continue
            seen.add(name)
            if successor.successors:
                waiting += successor.successors
            else:
                found.append(successor)
        return tuple(sorted(found, key=lambda each: each.published_at, reverse=True))

    def phase_word(self, alert: PublicAlert) -> str:
        return self.tongue.tell(f"phase_{alert.phase(self.now)}")

    def past_line(self, alert: PublicAlert) -> Markup:
        return self.say("past_line", event=self.event(alert), time=self.time(self._fate_at(alert)))

    def fate(self, alert: PublicAlert) -> Markup:
        """What became of an alert that is no longer shown."""
        return self.say(f"page_{alert.phase(self.now)}", time=self.time(self._fate_at(alert)))

    def has_cap(self, alert: PublicAlert) -> bool:
        return alert.identifier in self._with_cap

    def _fate_at(self, alert: PublicAlert) -> datetime:
        return alert.expires_at if alert.phase(self.now) is Phase.EXPIRED else alert.changed_at

    def _drawn(self, name: str) -> Markup:
        number = next((each.number for each in self.view.profile.levels if each.shape == name), None)
        return Markup("") if number is None else self.shape(number)

    def _said(self, words: Words) -> str:
        return said(words, self.place.language, self.view.profile.fallback)[0]

    def _sentence(self, words: Words) -> Markup:
        text, language = said(words, self.place.language, self.view.profile.fallback)
        if language == self.place.language:
            return escape(sentence(text))
        return Markup('<span lang="{}">{}</span>').format(language, sentence(text))

    def _language_name(self, tag: str) -> str:
        known = self.view.languages.get(tag)
        return known.name if known else tag
