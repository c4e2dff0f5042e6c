"""What may stand in a public file, whoever wrote it: no code, no other site's pictures, no reversed letters."""

import functools
import re
from collections.abc import Callable, Mapping

import nh3
from markupsafe import Markup

#: Controls that XML and terminals cannot hold, and the marks that reorder letters (embeddings, overrides and isolates
#: of Unicode UAX #9). The plain direction marks U+200E and U+200F stay: Arabic and Hebrew need them.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_TAGS = {
    "h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "dl", "dt", "dd", "strong", "em", "b", "i", "small",
    "a", "time", "figure", "figcaption", "img", "section", "div", "span", "br", "hr", "abbr", "address", "blockquote",
    "table", "caption", "thead", "tbody", "tr", "th", "td", "bdi",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"lang", "dir", "class"},
    "p": {"data-shape"},
    "a": {"href"},
    "time": {"datetime"},
    "img": {"src", "alt", "width", "height"},
    "th": {"scope"},
    "abbr": {"title"},
}
_SCHEMES = {"http", "https", "tel", "sms", "mailto"}
#: Words with the shape that belongs beside them, as templates/alerts/layouts/website.html marks them.
_SHAPED = re.compile(r'<p([^>]*?) data-shape="([a-z-]{1,40})"([^>]*)>(.*?)</p>', re.DOTALL)
_HEADING = re.compile(r"(</?h)([1-6])\b")


def safe_text(text: str) -> str:
    """`text` without characters that break a file or turn its letters around."""
    return _HARMFUL.sub("", text)


def safe_article(html: str, heading: int, pictures: Mapping[str, str], drawn: Callable[[str], Markup]) -> Markup:
    """A frozen website text, cleaned once more before it is trusted as HTML.

    Its highest heading becomes `h<heading>` and the others follow, so that it fits where it is put. `pictures` are the
    file names that it may show, and where they are; any other picture loses its address. `drawn` gives the drawing of a
    shape by name, which follows the word that names the level.
    """

    settled = _settle(_cleaned(html, frozenset(pictures.items())), heading)
    shaped = _SHAPED.sub(lambda found: f"<p{found[1]}{found[3]}>{found[4]} {drawn(found[2])}</p>", settled)
    return Markup(shaped)  # noqa: S704 - cleaned in this very function


@functools.lru_cache(maxsize=1024)
def _cleaned(html: str, pictures: frozenset[tuple[str, str]]) -> str:
    """Each text stands on several pages in every publication; it is frozen, so it is cleaned once."""
    known = dict(pictures)

    def attribute(element: str, name: str, value: str) -> str | None:
        return known.get(value.rpartition("/")[2]) if element == "img" and name == "src" else value

    return nh3.clean(
        safe_text(html),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        attribute_filter=attribute,
        set_tag_attribute_values={"img": {"loading": "lazy"}},
        link_rel=None,
    )


def _settle(html: str, heading: int) -> str:
    """Shift headings so that the highest is `h<heading>`; h6 is the lowest there is."""
    levels = [int(found[2]) for found in _HEADING.finditer(html)]
    if not levels:
        return html
    shift = heading - min(levels)
    return _HEADING.sub(lambda found: f"{found[1]}{min(6, int(found[2]) + shift)}", html)


def said(words: Mapping[str, str], language: str, fallback: str) -> tuple[str, str]:
    """The words in `language`, else in `fallback`, else in any; and the language they are in."""
    for tag in (language, fallback, *words):
        if words.get(tag):
            return safe_text(words[tag]), tag
    return "", language


def sentence(words: str) -> str:
    """ "leave now" as "Leave now."."""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
