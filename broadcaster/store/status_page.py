"""PublicView → every public file of one root, as text. Pure; the only Jinja environment for page layout.

Pages need no script, no cookie and nothing from elsewhere: the style stands in the page, allowed by its own hash.
"""

import base64
import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from broadcaster.domain.alert import PictureFile
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.store import cap, status_data, status_feeds
from broadcaster.store.status_context import Page, Place
from broadcaster.store.status_view import Phase, PublicAlert, PublicView
from broadcaster.store.status_words import FOLDER, Tongue, load_words, may_replace

#: An alert's own page, its short link and its CAP file, relative to the root (CONTRACT.md "Public files").
_PAGE = "{language}/alerts/{identifier}.html"
_SHORT = "a/{token}/index.html"
_CAP = "alerts/{identifier}.cap.xml"
#: Written first: the channel puts pictures beside the page that they come with.
PICTURES = "pictures/index.html"


@dataclass(frozen=True, slots=True)
class PageKey:
    """Which alert and language a page belongs to. `id` is the alert's row."""

    id: str
    language: str


@dataclass(frozen=True, slots=True)
class Site:
    """All files of a root in the order in which they are to be written: nothing links to what is not there yet.

    `pages` says which alert's page a path is; `pictures` are the names of what stands in the folder of PICTURES; `gone` is
    what must no longer be there. `problems` are alerts whose CAP cannot be written; their pages can.
    """

    files: Mapping[str, str]
    pages: Mapping[str, PageKey] = field(default_factory=dict)
    pictures: tuple[PictureFile, ...] = ()
    gone: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def build(view: PublicView) -> Site:
    """Render everything. The same view always gives the same files."""
    builder = _Builder(view)
    builder.credits()
    for alert in view.alerts:
        builder.alert(alert)
    builder.front()
    gone = dict.fromkeys(path for path in builder.gone if path not in builder.files)
    return Site(builder.files, builder.pages, view.pictures, tuple(gone), tuple(builder.problems))


def content_security_policy() -> str:
    """What a server may send with the public pages: the same that stands in each page, and no framing."""
    return f"{_policy()}; frame-ancestors 'none'"


class _Builder:
    """The files of one view, as they come about."""

    def __init__(self, view: PublicView) -> None:
        self.view = view
        self.files: dict[str, str] = {}
        self.pages: dict[str, PageKey] = {}
        self.gone: list[str] = []
        self.problems: list[Problem] = []
        self._tongues: dict[str, Tongue] = {}
        self._with_cap: set[str] = set()

    def tongue(self, tag: str) -> Tongue:
        """The language `tag`; one without words of its own here borrows those of the profile's first."""
        if tag not in self._tongues:
            profile, known = self.view.profile, _words()
            fallback = next((each for each in profile.languages if each in known), next(iter(known)))
            chosen = known.get(tag) or known.get(tag.partition("-")[0]) or known[fallback]
            own = {
                key: words[tag]
                for key, words in profile.status_texts.items()
                if key in chosen and words.get(tag) and may_replace(chosen[key], words[tag])
            }
            language = self.view.languages.get(tag) or self.view.languages[fallback]
            self._tongues[tag] = Tongue(tag, {**chosen, **own}, language, self.view.zone)
        return self._tongues[tag]

    def alert(self, alert: PublicAlert) -> None:
        """Its pages in each language, the short link and its CAP."""
        self._cap(alert)
        shown = {each.file for each in self.view.pictures}
        self.gone += [f"pictures/{each.file}" for each in alert.pictures if each.file not in shown]
        for language in alert.languages:
            path = _PAGE.format(language=language, identifier=alert.identifier)
            self._page("alert.html", path, Place("../../", language, alert), alert)
            self.pages[path] = PageKey(alert.id, language)
        short = _SHORT.format(token=alert.token)
        self._page("alert.html", short, Place("../../", alert.languages[0], alert), alert)

    def credits(self) -> None:
        """The page beside which the pictures stand: what they show, and whose they are."""
        if self.view.pictures:
            place = Place("../", self.view.profile.fallback, title="pictures", hidden=True)
            self._page("pictures.html", PICTURES, place)
        else:
            self.gone.append(PICTURES)

    def _cap(self, alert: PublicAlert) -> None:
        path = _CAP.format(identifier=alert.identifier)
        if alert.personal and alert.phase(self.view.generated_at) is not Phase.IN_FORCE:
            self.gone.append(path)
            return
        try:
            self.files[path] = cap.write(alert.document, self.view.zone).decode()
            self._with_cap.add(alert.identifier)
        except Invalid as refused:
            self.problems += [
                Problem(f"{alert.identifier}.{each.place}", each.message, each.cure) for each in refused.problems
            ]

    def front(self) -> None:
        """Feeds and data, then the pages that link to everything else."""
        profile = self.view.profile
        caps = frozenset(self._with_cap)
        first = self.tongue(profile.fallback)
        self.files["alerts.atom"] = status_feeds.atom(self.view, first, caps)
        self.files["alerts.rss"] = status_feeds.rss(self.view, first)
        self.files["status.json"] = status_data.status_json(self.view, caps)
        self.files["alerts.txt"] = status_data.plain_text(self.view, [self.tongue(tag) for tag in profile.languages])
        self.files["robots.txt"] = f"User-agent: *\nDisallow:{' /' if self.view.exercise else ''}\n"
        lost = Place(f"{self.view.status_url}/", profile.fallback, title="not_found_title", hidden=True)
        self._page("notfound.html", "404.html", lost)
        for tag in profile.languages:
            self._page("index.html", f"{tag}/index.html", Place("../", tag))
        self._page("index.html", "index.html", Place("", profile.fallback))

    def _page(self, template: str, path: str, place: Place, alert: PublicAlert | None = None) -> None:
        page = Page(self.view, place, self.tongue(place.language), frozenset(self._with_cap))
        text = (
            _environment()
            .get_template(template)
            .render(
                page=page,
                view=self.view,
                alert=alert,
                title=page.title,
                tongue=page.tongue,
                say=page.say,
                time=page.time,
                root=place.root,
                others=page.others,
                hidden=place.hidden,
                exercise=self.view.exercise,
                danger=page.danger,
                sender=page.sender,
                zone_name=page.zone_name,
                style=Markup(_style()),  # noqa: S704 - our own file
                policy=_policy(),
            )
        )
        self.files[path] = text


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@functools.cache
def _words() -> Mapping[str, Mapping[str, str]]:
    return load_words()


@functools.cache
def _style() -> str:
    """The style without comments and needless space."""
    text = re.sub(r"/\*.*?\*/", "", (FOLDER / "page.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s*([{}:;,])\s*", r"\1", re.sub(r"\s+", " ", text)).strip()


def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
