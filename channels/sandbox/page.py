"""The page that shows what residents would have seen: phones, X, Facebook. It refreshes itself and needs no script."""

import heapq
from collections.abc import Callable, Sequence
from pathlib import Path

from markupsafe import Markup

from channels.sandbox.exchange import Call, Reply
from channels.sandbox.facebook import Facebook
from channels.sandbox.facebook_posts import Post
from channels.sandbox.page_parts import PAGE, facebook_post, join, phone, section, tweet
from channels.sandbox.texting import Texting
from channels.sandbox.texts import Text
from channels.sandbox.x import X
from channels.sandbox.x_tweets import Tweet

#: Shown at once: phones, texts of each, threads on X, posts on Facebook; and how far back phones are looked for.
PHONES, TEXTS, THREADS, POSTS, LOOK_BACK = 24, 6, 30, 30, 5_000
REFRESH_S = 5
_STYLE = Path(__file__).with_name("page.css")
_FRESH = Markup('It refreshes every 5 s. <a href="?still">Hold still</a>')
_HELD = Markup('<a href="?">Refresh every 5 s</a>')
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Residents:
    """Renders the page from what the providers remember. `status_url` is asked anew each time."""

    def __init__(self, carriers: Sequence[Texting], x: X, facebook: Facebook, status_url: Callable[[], str]) -> None:
        self._carriers, self._x, self._facebook, self._status_url = carriers, x, facebook, status_url

    def answer(self, call: Call) -> Reply | None:
        """The page (`?phone=` for one number, `?still` without refreshing), its style or a picture; else None."""
        if call.method != "GET":
            return None
        if call.path in ("/", "/_page"):
            still = "still" in call.query
            headers = _HEADERS if still else {**_HEADERS, "Refresh": str(REFRESH_S)}
            body = self._page(call.query.get("phone", "").strip(), still).encode()
            return Reply(200, body, "text/html; charset=utf-8", dict(headers))
        if call.path == "/_page.css":
            return Reply(200, _STYLE.read_bytes(), "text/css; charset=utf-8", {"X-Content-Type-Options": "nosniff"})
        if call.path.startswith("/_media/"):
            return self._picture(call.path)
        return None

    def _page(self, number: str, still: bool) -> Markup:
        links = [("#phones", "Phones"), ("#x", "X"), ("#facebook", "Facebook")]
        if self._status_url():
            links.append((self._status_url(), "Public status page"))
        return PAGE.format(
            freshness=_HELD if still else _FRESH,
            links=join(Markup('<a href="{}">{}</a>').format(url, name) for url, name in links),
            sections=join([self._phones(number), self._timeline(), self._wall()]),
        )

    def _picture(self, path: str) -> Reply:
        provider, _, key = path.removeprefix("/_media/").partition("/")
        found = self._x.media.get(key) if provider == "x" else self._facebook.photo(key)
        if found is None:
            return Reply(404, b"no such picture")
        return Reply(200, found.content, found.mime_type, {"X-Content-Type-Options": "nosniff"})

    def _phones(self, number: str) -> Markup:
        recent = [number] if number else self._recent_phones()
        threads = [(key, self._thread(key)) for key in recent]
        cards = join(
            phone(key, thread if number else thread[-TEXTS:], 0 if number else max(0, len(thread) - TEXTS))
            for key, thread in threads
            if thread
        )
        search = Markup(
            '<form><label for="phone">One phone</label><input id="phone" name="phone" type="tel" inputmode="tel" '
            'placeholder="+61…" value="{}"><button>Show</button></form>'
        ).format(number)
        count = len(set().union(*(carrier.phones() for carrier in self._carriers)))
        shown = f"{count:,} phones have texts" + (f"; here are the last {PHONES}." if count > PHONES else ".")
        if number:
            shown = f"Only {number}." if cards else f"{number} has no texts."
        return section("phones", "Phones", shown, search + Markup('<div class="phones">{}</div>').format(cards))

    def _thread(self, number: str) -> list[tuple[Text, str]]:
        """What one phone and we have written, whoever carried it, oldest first."""
        found = [(text, carrier.status(text)) for carrier in self._carriers for text in carrier.thread(number)]
        return sorted(found, key=lambda item: item[0].at)

    def _recent_phones(self) -> list[str]:
        seen: dict[str, None] = {}
        newest = heapq.merge(
            *(carrier.texts().newest() for carrier in self._carriers), key=lambda text: text.at, reverse=True
        )
        for count, text in enumerate(newest):
            seen.setdefault(text.phone)
            if len(seen) == PHONES or count == LOOK_BACK:
                break
        return list(seen)

    def _timeline(self) -> Markup:
        posts = [post for post in self._x.tweets if not post.deleted]
        gone = len(self._x.tweets) - len(posts)
        replies: dict[str, list[Tweet]] = {}
        for post in posts:
            replies.setdefault(post.reply_to, []).append(post)
        there = {post.id for post in posts}
        roots = [post for post in posts if post.reply_to not in there]

        def show(post: Tweet) -> Markup:
            found = [(key, self._x.media.alt(key)) for key in post.media]
            under = join(show(reply) for reply in replies.get(post.id, []))
            return tweet(post, self._x.handles.get(post.author, "?"), found, under)

        threads = join(show(post) for post in reversed(roots[-THREADS:]))
        note = f"@{self._x.settings.username} and what people answer. {len(posts)} posts, {gone} deleted."
        return section("x", "X", note, Markup('<ol class="wall">{}</ol>').format(threads))

    def _wall(self) -> Markup:
        posts = [p for p in self._facebook.posts if not p.parent and p.published and not p.deleted]

        def show(post: Post) -> Markup:
            found = [(key, p.alt) for key in post.photos if (p := self._facebook.photo(key))]
            return facebook_post(post, found, join(show(c) for c in self._facebook.comments_of(post.id)))

        note = f"{self._facebook.settings.page_name}, {len(posts)} posts."
        wall = join(show(post) for post in reversed(posts[-POSTS:]))
        return section("facebook", "Facebook", note, Markup('<ol class="wall">{}</ol>').format(wall))
