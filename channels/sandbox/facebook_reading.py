"""The Graph API's reading side: the page itself, its feed page by page, single posts, photos and comments."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from channels.sandbox.exchange import Call, Reply
from channels.sandbox.facebook_posts import COMMENT_FIELDS, Post, field_names, graph_time, post_json
from channels.sandbox.facebook_rules import graph_reply, invalid

if TYPE_CHECKING:
    from channels.sandbox.facebook import Facebook

ORIGIN = "https://graph.facebook.com"
#: Names under which a page's posts can be listed, and how many a list holds at most and by default.
FEEDS = ("feed", "posts", "published_posts")
MAX_LIMIT, LIMIT = 100, 25
_FOREVER = 2**40


class GraphReader:
    """Answers the Graph API's GET requests."""

    def __init__(self, provider: "Facebook") -> None:
        self._provider = provider

    def page(self, call: Call, page: str) -> Reply:
        """The page: name and id, or the wanted fields."""
        known = {
            "name": self._provider.settings.page_name,
            "link": f"https://www.facebook.com/{page}",
            "category": "Government organization",
            "fan_count": 0,
            "is_published": True,
            "tasks": ["CREATE_CONTENT", "MODERATE", "MANAGE"],
        }
        wanted = field_names(call.query.get("fields"), ("name",))
        return graph_reply({**{name: known[name] for name in wanted if name in known}, "id": page})

    def one(self, call: Call, key: str) -> Reply:
        """A post, comment or photo."""
        photo = self._provider.photo(key)
        if photo:
            shown = {"name": photo.caption, "alt_text_custom": photo.alt, "created_time": graph_time(photo.at)}
            return graph_reply({**shown, "id": photo.id})
        names = field_names(call.query.get("fields"), ("created_time", "message"))
        return graph_reply(post_json(self._provider.find(key), names, self._provider))

    def feed(self, call: Call, version: str, page: str, edge: str) -> Reply:
        """The page's published posts, newest first, within `since` and `until` (seconds since 1970)."""
        since, until = _whole(call, "since", 0), _whole(call, "until", _FOREVER)
        wanted = (
            post
            for post in self._provider.posts.newest(_whole(call, "after", _FOREVER))
            if post.page == page and not post.parent and post.published and not post.deleted
            if since <= post.at < until + 1 and self._provider.visible(post.at)
        )
        return self._list(call, f"{version}/{page}/{edge}", wanted, ("created_time", "message"))

    def comments(self, call: Call, version: str, key: str) -> Reply:
        """Comments under a post, oldest first unless `order` is reverse_chronological; `filter=stream` adds replies."""
        post = self._provider.find(key)
        found = self._provider.comments_of(post.id)
        if call.query.get("filter") == "stream":
            found += [reply for comment in found for reply in self._provider.comments_of(comment.id)]
        backwards = call.query.get("order") == "reverse_chronological"
        found.sort(key=lambda comment: comment.seq, reverse=backwards)
        after = _whole(call, "after", _FOREVER if backwards else -1)
        wanted = (comment for comment in found if (comment.seq < after if backwards else comment.seq > after))
        return self._list(call, f"{version}/{key}/comments", wanted, COMMENT_FIELDS)

    def _list(self, call: Call, path: str, posts: Iterator[Post], default: tuple[str, ...]) -> Reply:
        """One page of a list, with cursors, and the address of the next page if there is more."""
        limit = min(MAX_LIMIT, _whole(call, "limit", LIMIT))
        found = list(islice(posts, limit + 1))
        shown = found[:limit]
        names = field_names(call.query.get("fields"), default)
        body: dict[str, Any] = {"data": [post_json(post, names, self._provider) for post in shown]}
        if shown:
            after = str(shown[-1].seq)
            body["paging"] = {"cursors": {"before": str(shown[0].seq), "after": after}}
            if len(found) > limit:
                query = {**call.query, "limit": str(limit), "after": after}
                body["paging"]["next"] = f"{ORIGIN}/{path}?{urlencode(query)}"
        return graph_reply(body)


def _whole(call: Call, name: str, default: int) -> int:
    """A number in the query; raises GraphError 100."""
    raw = call.query.get(name, "")
    if raw and not raw.isdecimal():
        raise invalid(f"Param {name} must be a whole number")
    return int(raw) if raw else default
