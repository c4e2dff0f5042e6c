"""The pieces of the residents' page: a phone with its texts, a thread on X, a post on Facebook. All is escaped."""

import re
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from channels.sandbox.facebook_posts import Post
from channels.sandbox.state import moment
from channels.sandbox.texts import Text
from channels.sandbox.x_tweets import Tweet

#: First words of an exercise, after a part number of a thread if there is one.
_EXERCISE = re.compile(r"\W*(?:\d+/\d+\W+)?(EXERCISE|ØVELSE|TEST)\b")
_URL = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")

#: States of texts, Twilio's and Sinch's, that never reached their phone.
_MISSED = frozenset({"undelivered", "failed", "canceled", "aborted", "cancelled", "deleted", "expired", "rejected"})

PAGE = Markup("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What residents see</title>
<link rel="stylesheet" href="/_page.css">
<link rel="icon" href="data:,">
</head>
<body>
<header>
<h1>What residents see</h1>
<p>Sandbox providers. Nothing on this page left this machine. {freshness}</p>
<nav aria-label="Parts of this page">{links}</nav>
</header>
<main>
{sections}
</main>
</body>
</html>
""")


def is_exercise(text: str) -> bool:
    """True when a text begins as an exercise or a test must."""
    return bool(_EXERCISE.match(text))


def words(text: str) -> Markup:
    """A text as people read it: line breaks kept, web addresses as links."""
    out, end = Markup(""), 0
    for found in _URL.finditer(text):
        url = found.group()
        out += escape(text[end : found.start()])
        out += Markup('<a href="{}" rel="noreferrer">{}</a>').format(url, url)
        end = found.end()
    return out + escape(text[end:])


def clock(at: float) -> Markup:
    """A time of day, UTC, with its date in full for machines."""
    when = moment(at)
    return Markup('<time datetime="{}">{} UTC</time>').format(
        when.isoformat(timespec="seconds"), when.strftime("%H:%M:%S")
    )


def join(pieces: Iterable[Markup]) -> Markup:
    """Pieces one after the other."""
    return Markup("\n").join(pieces)


def section(key: str, title: str, note: str, content: Markup) -> Markup:
    """A part of the page under its heading."""
    return Markup('<section id="{}" aria-labelledby="{}-title"><h2 id="{}-title">{}</h2><p>{}</p>{}</section>').format(
        key, key, key, title, note, content
    )


def frame(text: str, kind: str) -> tuple[str, Markup]:
    """Class and badge of a text: an exercise has another edge, a badge of its own shape, and the word."""
    if is_exercise(text):
        return f"{kind} exercise", Markup('<span class="badge">Exercise</span> ')
    return kind, Markup("")


def phone(number: str, thread: Sequence[tuple[Text, str]], earlier: int) -> Markup:
    """One phone: its number and its thread, oldest first, each text with its status."""
    older = Markup('<li class="note">{} earlier texts</li>').format(earlier) if earlier else Markup("")
    bubbles = older + join(bubble(text, status) for text, status in thread)
    return Markup('<article class="phone" aria-label="Phone {}"><h3>{}</h3><ol>{}</ol></article>').format(
        number, number, bubbles
    )


def bubble(text: Text, status: str) -> Markup:
    """One text; what never reached the phone says so."""
    own = text.direction == "inbound"
    css, badge = frame(text.text, "bubble own" if own else "bubble")
    missed = status.lower() in _MISSED
    shown = "sent by resident" if own else status
    if missed:
        shown = f"never arrived: {status}" + (f", error {text.fate}" if text.fate else "")
    head = "" if own else text.sender or text.service
    return Markup(
        '<li class="{}"><p class="meta">{}{}</p><p class="words" dir="auto">{}</p><p class="meta">{} · {}</p></li>'
    ).format(css + (" missed" if missed else ""), badge, head, words(text.text), clock(text.at), shown)


def pictures(provider: str, found: Iterable[tuple[str, str]]) -> Markup:
    """Pictures of a post, each with its text alternative shown below it."""
    return join(
        Markup('<figure><img src="/_media/{}/{}" alt="{}"><figcaption>{}</figcaption></figure>').format(
            provider, key, alt, alt or "no text alternative"
        )
        for key, alt in found
    )


def tweet(post: Tweet, handle: str, found: Iterable[tuple[str, str]], replies: Markup) -> Markup:
    """One post on X with its replies."""
    css, badge = frame(post.text, "post")
    under = Markup("<ol>{}</ol>").format(replies) if replies else Markup("")
    return Markup(
        '<li><article class="{}"><p class="meta">{}<strong>@{}</strong> · {}</p>'
        '<p class="words" dir="auto">{}</p>{}</article>{}</li>'
    ).format(css, badge, handle, clock(post.at), words(post.text), pictures("x", found), under)


def facebook_post(post: Post, found: Iterable[tuple[str, str]], comments: Markup) -> Markup:
    """One post or comment on Facebook with its comments."""
    css, badge = frame(post.text, "post")
    edited = Markup(" · edited {}").format(clock(post.updated)) if post.earlier else Markup("")
    link = Markup('<p class="card">{}</p>').format(words(post.link)) if post.link else Markup("")
    under = Markup("<ol>{}</ol>").format(comments) if comments else Markup("")
    return Markup(
        '<li><article class="{}"><p class="meta">{}<strong>{}</strong> · {}{}</p>'
        '<p class="words" dir="auto">{}</p>{}{}</article>{}</li>'
    ).format(
        css, badge, post.author, clock(post.at), edited, words(post.text), link, pictures("facebook", found), under
    )
