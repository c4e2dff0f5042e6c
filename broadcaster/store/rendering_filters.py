"""What a template may do with a value: times, lists and numbers in its own language, sentences with one mark at the end."""

import re
from collections.abc import Callable, Mapping

from jinja2 import Undefined, pass_context
from jinja2.runtime import Context

_ADDRESS = re.compile(r"https?://[^\s<>\"'\\]+")


def _worded(method: str, with_now: bool = False) -> Callable[..., str]:
    """A filter that is a method of the text's own Language; an empty field is an error that names it."""

    @pass_context
    def apply(context: Context, value: object) -> str:
        if isinstance(value, Undefined):
            return str(value)  # raises, naming the field
        extra = (context["now"],) if with_now else ()
        return str(getattr(context["language"], method)(value, *extra))

    return apply


def _sentence(text: object) -> str:
    """Exactly one mark at the end."""
    words = str(text).strip()
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _first_up(text: object) -> str:
    """A capital at the start, the rest as it was."""
    words = str(text)
    return words[:1].upper() + words[1:]


def _first_down(text: object) -> str:
    words = str(text)
    return words[:1].lower() + words[1:]


def _web(text: object) -> str:
    """An address that a page may link to; ValueError for any other scheme, so that no field can smuggle in a script."""
    words = str(text)
    if not _ADDRESS.fullmatch(words):
        raise ValueError(f"{words[:60]!r} is not an address that begins with https://")
    return words


FILTERS: Mapping[str, Callable[..., str]] = {
    "when": _worded("moment"),
    "clock": _worded("clock_time"),
    "weekday_clock": _worded("on_weekday"),
    "day": _worded("day_of"),
    "number": _worded("number"),
    "listed": _worded("listed"),
    "soon": _worded("soon", with_now=True),
    "sentence": _sentence,
    "web": _web,
    "first_up": _first_up,
    "first_down": _first_down,
}
