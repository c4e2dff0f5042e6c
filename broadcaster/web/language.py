"""In which language somebody reads the console, and the catalogue of its words, read straight from the .po files."""

import io
from pathlib import Path

import flask_babel
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, request
from flask_babel.speaklater import LazyString
from flask_login import current_user

from broadcaster.domain.profile import Profile

#: Languages of the console itself, by their own names; those of alerts are the profile's.
CONSOLE_LANGUAGES = {"en": "English", "nb": "Norsk bokmål"}
COOKIE = "language"
_ASKED_FOR = {"en": "en", "nb": "nb", "no": "nb", "nn": "nb", "da": "nb", "sv": "nb"}


def gettext(text: str, /, **values: object) -> str:
    """`text` in the reader's language, its %(name)s filled in."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, num: int) -> str:
    """The form that fits the number, which is %(num)s."""
    return str(flask_babel.ngettext(one, many, num))


def later(text: str) -> LazyString:
    """For words that stand in tables: translated when they are shown."""
    return flask_babel.lazy_gettext(text)


class PoDomain(flask_babel.Domain):  # type: ignore[misc]
    """Words of the console in every language of it; no compiled files that could lag behind."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self._read = {tag: _catalogue(folder / tag / "messages.po") for tag in CONSOLE_LANGUAGES if tag != "en"}

    def get_translations(self) -> NullTranslations:
        """Of the current request's language; English is what the sources say."""
        locale = flask_babel.get_locale()
        return self._read.get(str(locale), _ENGLISH) if locale else _ENGLISH

    @staticmethod
    def format_list(items: list[str]) -> str:
        """Flask-Security asks its domain for this."""
        return format_list(items, locale=flask_babel.get_locale())


_ENGLISH = NullTranslations()


def _catalogue(path: Path) -> Translations:
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=path.parent.name))
    compiled.seek(0)
    return Translations(compiled)


def chosen() -> str:
    """The language of this request: the person's choice, the browser's cookie, what it asks for, else English."""
    stored = str(getattr(current_user, "language", "") or request.cookies.get(COOKIE, ""))
    if stored in CONSOLE_LANGUAGES:
        return stored
    asked = request.accept_languages.best_match(sorted(_ASKED_FOR))
    return _ASKED_FOR.get(asked or "", "en")


def speak(app: Flask, folder: Path, profile: Profile) -> PoDomain:
    """Let an app speak the languages of the console, with the city's clock."""
    babel = flask_babel.Babel(
        app, default_locale="en", default_timezone=profile.timezone, locale_selector=lambda: chosen() or "en"
    )
    domain = PoDomain(folder)
    babel.domain_instance = domain
    return domain
