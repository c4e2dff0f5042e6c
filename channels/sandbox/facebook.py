"""The Graph API as a page uses it: post, photos, feed, read back, edit, delete, comments.

Shapes are those of https://developers.facebook.com/docs/pages-api. The same words twice in a row are refused (506).
"""

import json
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import urlencode

from channels.sandbox.exchange import Call, Reply, json_reply
from channels.sandbox.facebook_posts import Photo, Post, field_names, graph_time, permalink, post_json
from channels.sandbox.facebook_rules import (
    JSON,
    RATE_CODES,
    FacebookSettings,
    GraphError,
    check_token,
    duplicate,
    invalid,
    limited,
    missing,
    split_version,
    usage,
)
from channels.sandbox.faults import Fault
from channels.sandbox.pictures import image_type
from channels.sandbox.provider import Provider
from channels.sandbox.state import Clock, Ledger, iso

ORIGIN = "https://graph.facebook.com"
MAX_MESSAGE, MAX_PHOTO, MAX_LIMIT, LIMIT = 63_206, 10 * 1024 * 1024, 100, 25
FEEDS = ("feed", "posts", "published_posts")
PHOTO_ROOM = 200


class Facebook(Provider):
    """Facebook's side of the sandbox. `adopt` believes tokens that are not known here."""

    name: ClassVar[str] = "facebook"

    def __init__(self, settings: FacebookSettings, clock: Clock, adopt: bool = False) -> None:
        super().__init__(clock)
        self.settings = settings
        self._adopted: dict[str, str] | None = {} if adopt else None
        self.posts: Ledger[Post] = Ledger()
        self.photos: Ledger[Photo] = Ledger(room=PHOTO_ROOM)
        self._number = 122_000_000_000_000

    # -- what the provider is asked ---------------------------------------------------------------------------------

    def answer(self, call: Call) -> Reply:
        """Route one request; every answer carries the version and how much of the app's calls is used."""
        version = "v25.0"
        try:
            version, parts = split_version(call.path)
            token = check_token(call, self.settings, self._adopted)
            reply = self._answer(call, version, parts, token)
        except GraphError as error:
            reply = error.reply()
        reply.headers |= {"facebook-api-version": version, **usage(min(99, self.stats.per_second_peak // 10))}
        return reply

    def _answer(self, call: Call, version: str, parts: list[str], token: str) -> Reply:
        match call.method, parts:
            case "GET", [key] if key in ("me", self._page(token)):
                return self._show_page(call, token)
            case "GET", [key]:
                return self._show(call, key)
            case "POST", [key] if key not in ("me", self._page(token)):
                return self._edit(call, key)
            case "DELETE", [key]:
                return self._delete(key)
            case "POST", [page, "feed"]:
                return self._post(call, self._own(page, token))
            case "POST", [page, "photos"]:
                return self._upload(call, self._own(page, token))
            case "GET", [page, edge] if edge in FEEDS:
                return self._feed(call, version, self._own(page, token), edge)
            case "POST", [key, "comments"]:
                return self._comment(call, key)
            case "GET", [key, "comments"]:
                return self._comments(call, self._find(key))
        raise GraphError(2500, f"Unknown path components: {call.path}")

    def _page(self, token: str) -> str:
        """The page that a token belongs to; an adopted token belongs to the page it is first used on."""
        return (self._adopted or {}).get(token, self.settings.page_id)

    def _own(self, page: str, token: str) -> str:
        if self._adopted is not None and token != self.settings.page_token and page.isdigit():
            self._adopted.setdefault(token, page)
        if page not in ("me", self._page(token)):
            raise GraphError(200, "(#200) Permissions error: this token is not the page's", 403)
        return self._page(token)

    def _show_page(self, call: Call, token: str) -> Reply:
        page = self._page(token)
        known = {
            "name": self.settings.page_name,
            "link": f"https://www.facebook.com/{page}",
            "category": "Government organization",
            "fan_count": 0,
            "is_published": True,
            "tasks": ["CREATE_CONTENT", "MODERATE", "MANAGE"],
        }
        wanted = field_names(call.query.get("fields"), ("name",))
        return _json({**{name: known[name] for name in wanted if name in known}, "id": page})

    def _show(self, call: Call, key: str) -> Reply:
        photo = self.photos.get(key)
        if photo:
            return _json(
                {
                    "id": photo.id,
                    "name": photo.caption,
                    "created_time": graph_time(photo.at),
                    "alt_text_custom": photo.alt,
                }
            )
        return _json(self._as_json(self._find(key), call))

    def _as_json(self, post: Post, call: Call) -> dict[str, Any]:
        names = field_names(call.query.get("fields"), ("created_time", "message"))
        return post_json(post, names, lambda: self.comments_of(post.id), self.photos.get)

    def _find(self, key: str, verb: str = "get") -> Post:
        post = self.posts.get(key)
        if post is None or post.deleted or not self.visible(post.at):
            raise missing(key, verb)
        return post

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
        post.link, post.photos = link, photos
        post.published = form.get("published", "true").lower() not in ("false", "0")
        return _json({"id": post.id})

    def _refuse_repeat(self, page: str, message: str) -> None:
        """Facebook refuses a message that is the same as the last post of the page that still stands."""
        last = next(
            (p for p in self.posts.newest() if p.page == page and p.by_page and not p.parent and not p.deleted), None
        )
        if last and message and last.text == message:
            raise duplicate()

    def _attached(self, form: dict[str, str]) -> tuple[str, ...]:
        """Photo ids out of `attached_media`, a JSON list, or `attached_media[n]`, an object each."""
        raw = [form[name] for name in sorted(form) if name.startswith("attached_media")]
        keys: list[str] = []
        for item in raw:
            try:
                value = json.loads(item)
                keys += [str(entry["media_fbid"]) for entry in (value if isinstance(value, list) else [value])]
            except (ValueError, KeyError, TypeError):
                raise invalid("attached_media must be {media_fbid: …}") from None
        for key in keys:
            if self.photos.get(key) is None:
                raise invalid(f"No photo {key} to attach")
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
        published = form.get("published", "true").lower() not in ("false", "0")
        photo = Photo(
            self._next(), mime_type, upload.content, caption, form.get("alt_text_custom", ""), self.clock(), published
        )
        self.photos.add(photo)
        if not published:
            return _json({"id": photo.id})
        post = self._add(page, self.settings.page_name, caption)
        post.photos = (photo.id,)
        return _json({"id": photo.id, "post_id": post.id})

    def _feed(self, call: Call, version: str, page: str, edge: str) -> Reply:
        limit = min(MAX_LIMIT, _whole(call, "limit", LIMIT))
        since, until = _whole(call, "since", 0), _whole(call, "until", 2**40)
        start = _whole(call, "after", 2**40)
        found = []
        for post in self.posts.newest(start):
            ours = post.page == page and not post.parent and post.published and not post.deleted
            if ours and since <= post.at <= until + 1 and self.visible(post.at):
                found.append(post)
                if len(found) > limit:
                    break
        shown = found[:limit]
        body: dict[str, Any] = {"data": [self._as_json(post, call) for post in shown]}
        if shown:
            body["paging"] = {"cursors": {"before": str(shown[0].seq + 1), "after": str(shown[-1].seq)}}
        if len(found) > limit:
            query = {**call.query, "limit": str(limit), "after": str(shown[-1].seq)}
            body["paging"]["next"] = f"{ORIGIN}/{version}/{page}/{edge}?{urlencode(query)}"
        return _json(body)

    def _edit(self, call: Call, key: str) -> Reply:
        post = self._find(key, "post")
        message = {**call.query, **call.form}.get("message", "").strip()
        if not post.by_page:
            raise GraphError(200, "(#200) Permissions error", 403)
        if not message:
            raise invalid("The post needs a message")
        if message != post.text:
            post.earlier.append(post.text)
            post.text, post.updated = message, self.clock()
        return _json({"success": True})

    def _delete(self, key: str) -> Reply:
        self._find(key, "delete").deleted = True
        return _json({"success": True})

    def _comment(self, call: Call, key: str) -> Reply:
        post = self._find(key, "post")
        message = {**call.query, **call.form}.get("message", "").strip()
        if not message:
            raise invalid("The comment needs a message")
        return _json({"id": self._add(post.page, self.settings.page_name, message, post).id})

    def _comments(self, call: Call, post: Post) -> Reply:
        names = field_names(call.query.get("fields"), ("created_time", "from", "message"))
        shown = [c for c in self.comments_of(post.id) if self.visible(c.at)]
        return _json({"data": [post_json(c, names, list, self.photos.get) for c in shown]})

    # -- what it remembers ------------------------------------------------------------------------------------------

    def _next(self) -> str:
        self._number += 1
        return str(self._number)

    def _add(self, page: str, author: str, message: str, parent: Post | None = None) -> Post:
        """A post gets the id PAGE_NUMBER, a comment NUMBER-OF-ITS-POST_NUMBER."""
        top = parent.id.partition("_")[2] if parent else page
        post = Post(f"{top}_{self._next()}", page, author, message, self.clock(), parent=parent.id if parent else "")
        return self.posts.add(post)

    def comments_of(self, key: str) -> list[Post]:
        """Comments under a post, oldest first, without those that were deleted."""
        return [post for post in self.posts if post.parent == key and not post.deleted]

    def refuse(self, fault: Fault) -> Reply:
        """Facebook's own shape for a fault; a 429 is code 4 unless `code` is 17, 32, 613 or 80001."""
        status = fault.status if fault.fault == "error" else int(fault.fault[:3])
        error = GraphError(fault.code or 1, f"(#{fault.code or 1}) An error occurred", status)
        match status:
            case 429:
                error = limited(fault.code or 4)
            case 401:
                error = GraphError(
                    190, "Error validating access token: The session has been invalidated.", error_subcode=460
                )
            case 402:
                error = GraphError(368, "The action attempted has been deemed abusive or is otherwise disallowed")
            case 500:
                error = GraphError(1, "An unknown error has occurred.", 500)
            case 503:
                error = GraphError(
                    2, "An unexpected error has occurred. Please retry your request later.", 503, is_transient=True
                )
            case _ if fault.code in RATE_CODES:
                error = limited(fault.code)
        reply = error.reply()
        reply.headers |= usage(100 if error.code in RATE_CODES else 10)
        return reply

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
                    "pictures": [{"id": key, "alt": p.alt} for key in post.photos if (p := self.photos.get(key))],
                }

    def clear(self) -> None:
        """Forget posts and photos."""
        self.posts.clear()
        self.photos.clear()

    def counters(self) -> dict[str, Any]:
        """How many posts and comments are remembered."""
        return {"recorded": len(self.posts)}

    async def inbound(self, payload: dict[str, Any]) -> Reply:
        """A resident's comment: `{from, text, in_reply_to}`."""
        post = self.posts.get(str(payload.get("in_reply_to") or ""))
        author, text = str(payload.get("from") or ""), str(payload.get("text") or "")
        if post is None or not author or not text:
            raise ValueError("from, text and in_reply_to (a post's id) are needed")
        comment = self._add(post.page, author, text, post)
        comment.by_page = False
        return json_reply({"id": comment.id})


def _json(payload: object) -> Reply:
    return json_reply(payload, content_type=JSON)


def _whole(call: Call, name: str, default: int) -> int:
    """A number in the query; raises GraphError 100."""
    raw = call.query.get(name, "")
    if raw and not raw.isdigit():
        raise invalid(f"Param {name} must be a whole number")
    return int(raw) if raw else default
