"""The Graph API as a page uses it: post, photos, feed, read back, edit, delete, comments.

Shapes are those of https://developers.facebook.com/docs/pages-api. The same words twice in a row are refused (506).
"""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from channels.sandbox.exchange import Call, Reply, json_reply
from channels.sandbox.facebook_posts import Photo, Post, permalink
from channels.sandbox.facebook_reading import FEEDS, GraphReader
from channels.sandbox.facebook_rules import (
    FacebookSettings,
    GraphError,
    check_token,
    duplicate,
    fault_reply,
    graph_reply,
    invalid,
    missing,
    split_version,
    usage,
)
from channels.sandbox.facebook_webhook import comment_added
from channels.sandbox.faults import Fault
from channels.sandbox.pictures import image_type
from channels.sandbox.provider import Provider
from channels.sandbox.state import Clock, Ledger, iso
from channels.sandbox.webhooks import Webhooks

MAX_MESSAGE, MAX_PHOTO = 63_206, 10 * 1024 * 1024
#: Photos kept before the oldest are forgotten.
PHOTO_ROOM = 200


class Facebook(Provider):
    """Facebook's side of the sandbox. `adopt` believes tokens that are not known here."""

    name: ClassVar[str] = "facebook"

    def __init__(self, settings: FacebookSettings, clock: Clock, webhooks: Webhooks, adopt: bool = False) -> None:
        super().__init__(clock)
        self.settings = settings
        self.posts: Ledger[Post] = Ledger()
        self.photos: Ledger[Photo] = Ledger(room=PHOTO_ROOM)
        self.reader = GraphReader(self)
        self._webhooks = webhooks
        self._adopt = adopt
        #: token -> the page on which it was first used
        self._pages: dict[str, str] = {}
        self._number = 122_000_000_000_000

    # -- what the provider is asked ---------------------------------------------------------------------------------

    def answer(self, call: Call) -> Reply:
        """Route one request; every answer carries the version and how much of the app's calls is used."""
        version = "v25.0"
        try:
            version, parts = split_version(call.path)
            reply = self._answer(call, version, parts, check_token(call, self.settings, self._adopt))
        except GraphError as error:
            reply = error.reply()
        reply.headers |= {"facebook-api-version": version, **usage(min(99, self.stats.per_second_peak // 10))}
        return reply

    def _answer(self, call: Call, version: str, parts: list[str], token: str) -> Reply:
        match call.method, parts:
            case "GET", [key] if key in ("me", self._page(token)):
                return self.reader.page(call, self._page(token))
            case "GET", [key]:
                return self.reader.one(call, key)
            case "POST", [key] if key not in ("me", self._page(token)):
                return self._edit(call, key)
            case "DELETE", [key]:
                self.find(key, "delete").deleted = True
                return graph_reply({"success": True})
            case "GET", [key, "comments"]:
                return self.reader.comments(call, version, key)
            case "POST", [key, "comments"]:
                return self._comment(call, key)
        return self._answer_page(call, version, parts, token)

    def _answer_page(self, call: Call, version: str, parts: list[str], token: str) -> Reply:
        match call.method, parts:
            case "GET", [page, edge] if edge in FEEDS:
                return self.reader.feed(call, version, self._own(page, token), edge)
            case "POST", [page, "feed"]:
                return self._post(call, self._own(page, token))
            case "POST", [page, "photos"]:
                return self._upload(call, self._own(page, token))
        raise GraphError(2500, f"Unknown path components: {call.path}")

    def _page(self, token: str) -> str:
        return self._pages.get(token, self.settings.page_id)

    def _own(self, page: str, token: str) -> str:
        """The page that a token may speak for; an adopted token belongs to the page on which it is first used."""
        if self._adopt and token != self.settings.page_token and page.isdecimal():
            self._pages.setdefault(token, page)
        if page not in ("me", self._page(token)):
            raise GraphError(200, "(#200) Permissions error: this token is not the page's", 403)
        return self._page(token)

    def _post(self, call: Call, page: str) -> Reply:
        form = {**call.query, **call.form}
        message, link = form.get("message", "").strip(), form.get("link", "").strip()
        photos = self._attached(form)
        if not (message or link or photos):
            raise invalid("The post needs a message, a link or a photo")
        if len(message) > MAX_MESSAGE:
            raise invalid(f"The message is longer than {MAX_MESSAGE} characters")
        if link and not link.startswith(("http://", "https://")):
            raise GraphError(100, "(#100) link URL is not properly formatted", error_subcode=1500)
        self._refuse_repeat(page, message)
        post = self._add(page, self.settings.page_name, message)
        post.link, post.photos, post.published = link, photos, _published(form)
        return graph_reply({"id": post.id})

    def _refuse_repeat(self, page: str, message: str) -> None:
        """Facebook refuses a message that is the same as the page's last post that still stands."""
        own = (post for post in self.posts.newest() if post.page == page and post.by_page and not post.parent)
        last = next((post for post in own if not post.deleted), None)
        if last and message and last.text == message:
            raise duplicate()

    def _attached(self, form: dict[str, str]) -> tuple[str, ...]:
        """Photo ids out of `attached_media`, a JSON list, or `attached_media[n]`, an object each."""
        keys: list[str] = []
        for raw in (form[name] for name in sorted(form) if name.startswith("attached_media")):
            try:
                value = json.loads(raw)
                keys += [str(entry["media_fbid"]) for entry in (value if isinstance(value, list) else [value])]
            except (ValueError, KeyError, TypeError):
                raise invalid("attached_media must be {media_fbid: …}") from None
        unknown = [key for key in keys if self.photo(key) is None]
        if unknown:
            raise invalid(f"No photo {unknown[0]} to attach")
        return tuple(keys)

    def _upload(self, call: Call, page: str) -> Reply:
        form = {**call.query, **call.form}
        upload = next(iter(call.files.values()), None)
        mime_type = image_type(upload.content) if upload else ""
        if upload is None or not mime_type:
            raise GraphError(324, "(#324) Missing or invalid image file", error_subcode=2069019)
        if len(upload.content) > MAX_PHOTO:
            raise invalid(f"The photo is larger than {MAX_PHOTO} bytes")
        caption = form.get("caption") or form.get("message") or ""
        photo = Photo(self._next(), mime_type, upload.content, caption, form.get("alt_text_custom", ""), self.clock())
        self.photos.add(photo)
        if not _published(form):
            return graph_reply({"id": photo.id})
        post = self._add(page, self.settings.page_name, caption)
        post.photos = (photo.id,)
        return graph_reply({"id": photo.id, "post_id": post.id})

    def _edit(self, call: Call, key: str) -> Reply:
        post = self.find(key, "post")
        message = {**call.query, **call.form}.get("message", "").strip()
        if not post.by_page:
            raise GraphError(200, "(#200) Permissions error", 403)
        if not message:
            raise invalid("The post needs a message")
        if message != post.text:
            post.earlier.append(post.text)
            post.text, post.updated = message, self.clock()
        return graph_reply({"success": True})

    def _comment(self, call: Call, key: str) -> Reply:
        post = self.find(key, "post")
        form = {**call.query, **call.form}
        message, photo = form.get("message", "").strip(), form.get("attachment_id", "")
        if not (message or photo):
            raise invalid("The comment needs a message or a photo")
        if photo and self.photo(photo) is None:
            raise invalid(f"No photo {photo} to attach")
        comment = self._add(post.page, self.settings.page_name, message, post)
        comment.photos = (photo,) if photo else ()
        return graph_reply({"id": comment.id})

    # -- what it remembers ------------------------------------------------------------------------------------------

    def find(self, key: str, verb: str = "get") -> Post:
        """A post or comment that is there for all to see; raises GraphError 100/33."""
        post = self.posts.get(key)
        if post is None or post.deleted or not self.visible(post.at):
            raise missing(key, verb)
        return post

    def photo(self, key: str) -> Photo | None:
        """A photo by id."""
        return self.photos.get(key)

    def comments_of(self, key: str) -> list[Post]:
        """Comments under a post, oldest first, as far as they are visible."""
        return [post for post in self.posts if post.parent == key and not post.deleted and self.visible(post.at)]

    def _next(self) -> str:
        self._number += 1
        return str(self._number)

    def _add(self, page: str, author: str, message: str, parent: Post | None = None) -> Post:
        """A post gets the id PAGE_NUMBER, a comment NUMBER-OF-ITS-POST_NUMBER."""
        top = parent.id.partition("_")[2] if parent else page
        post = Post(f"{top}_{self._next()}", page, author, message, self.clock(), parent=parent.id if parent else "")
        return self.posts.add(post)

    def refuse(self, fault: Fault) -> Reply:
        """Facebook's own shape for a fault; a 429 is code 4 unless `code` is 17, 32, 613 or 80001."""
        return fault_reply(fault)

    def sent(self) -> Iterator[dict[str, Any]]:
        """The page's own posts and comments as they read now, with edited, earlier texts, deleted and pictures."""
        for post in self.posts:
            if post.by_page:
                yield {
                    "provider": self.name,
                    "to": post.page,
                    "text": post.text,
                    "id": post.id,
                    "at": iso(post.at),
                    "in_reply_to": post.parent or None,
                    "deleted": post.deleted,
                    "edited": bool(post.earlier),
                    "earlier": post.earlier,
                    "link": post.link,
                    "published": post.published,
                    "url": permalink(post),
                    "pictures": [{"id": key, "alt": p.alt} for key in post.photos if (p := self.photo(key))],
                }

    def clear(self) -> None:
        """Forget posts and photos."""
        self.posts.clear()
        self.photos.clear()

    def counters(self) -> dict[str, Any]:
        """How many posts and comments are remembered."""
        return {"recorded": len(self.posts)}

    async def inbound(self, payload: dict[str, Any]) -> Reply:
        """A resident's comment: `{from, text, in_reply_to, url?}`; with `url` it is announced there, signed."""
        post = self.posts.get(str(payload.get("in_reply_to") or ""))
        author, text, url = (str(payload.get(name) or "") for name in ("from", "text", "url"))
        if post is None or not author or not text:
            raise ValueError("from, text and in_reply_to (a post's id) are needed")
        comment = self._add(post.page, author, text, post)
        comment.by_page = False
        status = 0
        if url:
            status, _ = await self._webhooks.post(url, *comment_added(comment, self.settings.app_secret))
        return json_reply({"id": comment.id, "status": status})


def _published(form: dict[str, str]) -> bool:
    return form.get("published", "true").lower() not in ("false", "0")
