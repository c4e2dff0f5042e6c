"""The words of the console that can be translated, found in its sources; `python -m broadcaster.web.catalogue` brings the
.po files up to date (new words come in empty, and the tests then ask for them).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent / "translations"
_KEYWORDS = {"_": None, "gettext": None, "later": None, "lazy_gettext": None, "N_": None, "ngettext": (1, 2)}
_SOURCES = (("python", "broadcaster/web/**/*.py"), ("jinja2.ext:babel_extract", "templates/console/**/*.html"))


def extracted() -> Catalog:
    """Every text that the sources mark, with the files that use it."""
    found = Catalog(charset="utf-8")
    for path, message in _messages():
        found.add(message, locations=[(path, 0)])
    return found


def _messages() -> Iterator[tuple[str, str | tuple[str, str]]]:
    for method, pattern in _SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            options = {"trimmed": "true", "newstyle_gettext": "true"}
            for _, message, _, _ in extract_from_file(method, path, _KEYWORDS, options=options):
                yield path.relative_to(ROOT).as_posix(), message  # type: ignore[misc]


def stored(language: str) -> Catalog:
    """The translations of a language as they are kept."""
    with (FOLDER / language / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def bring_up_to_date(language: str) -> None:
    """Add new texts, drop those that nobody uses, keep every translation of the others."""
    catalogue = stored(language)
    catalogue.update(extracted(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    path = FOLDER / language / "messages.po"
    with path.open("wb") as file:
        write_po(file, catalogue, width=0, no_location=True, omit_header=False, sort_output=True)
    # The time of the change would make every run a change.
    text = re.sub(r'"(POT-Creation|PO-Revision)-Date: .*\n', "", path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    bring_up_to_date("nb")
