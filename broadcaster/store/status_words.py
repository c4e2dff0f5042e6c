"""The words that the public pages say around alerts, one file per language: templates/status/words/<language>.toml."""

import string
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.language import Language
from broadcaster.store.status_safety import safe_text

#: Where the pages' templates and words lie; part of the checkout.
FOLDER = Path(__file__).parents[2] / "templates" / "status"


def load_words(folder: Path = FOLDER / "words") -> dict[str, dict[str, str]]:
    """Language tag → key → sentence. Every language has the keys of the first, or Invalid names what is missing."""
    found: dict[str, dict[str, str]] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            problems.append(Problem(str(path), str(error)))
            continue
        found[path.stem] = {key: value for key, value in given.items() if isinstance(value, str)}
        problems += [Problem(f"{path}:{key}", "is not a text") for key in given.keys() - found[path.stem].keys()]
    everything = {key for words in found.values() for key in words}
    for tag, words in found.items():
        problems += [Problem(f"{tag}.toml", f"{key} is missing") for key in sorted(everything - words.keys())]
    if problems or not found:
        raise Invalid(problems or [Problem(str(folder), "has no language")])
    return found


def blanks(sentence: str) -> frozenset[str]:
    """The names of the blanks in a sentence. Raises ValueError when its braces do not match."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None)


def may_replace(ours: str, theirs: str) -> bool:
    """Whether a city's own sentence can stand for ours: it must say the time where ours does, and have no other blanks."""
    try:
        given = blanks(theirs)
    except ValueError:
        return False
    return blanks(ours) & {"time"} <= given <= blanks(ours)


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language of the public pages: its sentences, and how it writes times. `zone` is the city's."""

    tag: str
    words: Mapping[str, str]
    language: Language
    zone: ZoneInfo

    def say(self, key: str, **values: object) -> Markup:
        """The sentence `key` with its blanks filled, as HTML: values are escaped unless they are Markup."""
        return escape(self._pattern(key, values)).format(**values)

    def tell(self, key: str, **values: object) -> str:
        """The same for plain text."""
        return self._pattern(key, values).format(**values)

    def _pattern(self, key: str, values: Mapping[str, object]) -> str:
        """The sentence, without its full stop after a blank whose words end in one ("12. jan.")."""
        pattern = self.words[key]
        for name, value in values.items():
            if (value.striptags() if isinstance(value, Markup) else str(value)).endswith("."):
                pattern = pattern.replace(f"{{{name}}}.", f"{{{name}}}")
        return pattern

    def moment(self, moment: datetime) -> str:
        """ "10.40 pm Wed 12 Jan", on the city's clock."""
        return self.language.moment(moment.astimezone(self.zone))

    def time(self, moment: datetime) -> Markup:
        """The same as an HTML time element."""
        local = moment.astimezone(self.zone).replace(microsecond=0)
        return Markup('<time datetime="{}">{}</time>').format(local.isoformat(timespec="minutes"), self.moment(moment))

    def listed(self, names: Iterable[str]) -> str:
        """ "Rocklea, Oxley and Sherwood"."""
        return self.language.listed(safe_text(name) for name in names)
