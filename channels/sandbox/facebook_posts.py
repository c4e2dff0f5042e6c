"""Posts, comments and photos as a page keeps them, and the fields in which the Graph API shows them."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from channels.sandbox.state import moment


@dataclass(slots=True)
class Photo:
    """An uploaded picture, attached to a post or still waiting for one."""

    id: str
    mime_type: str
    content: bytes
    caption: str = ""
    alt: str = ""
    at: float = 0.0
    seq: int = 0


@dataclass(slots=True)
class Post:
    """A post of the page, or a comment under one (`parent`). `author` is the page or a resident's name."""

    id: str
    page: str
    author: str
    text: str
    at: float
    link: str = ""
    parent: str = ""
    photos: tuple[str, ...] = ()
    published: bool = True
    updated: float = 0.0
    earlier: list[str] = field(default_factory=list)
    deleted: bool = False
    by_page: bool = True
    seq: int = 0


def graph_time(at: float) -> str:
    """A time as the Graph API writes it."""
    return moment(at).strftime("%Y-%m-%dT%H:%M:%S+0000")


def field_names(raw: str | None, default: Iterable[str]) -> list[str]:
    """Top-level names of a `fields` parameter; sub-fields in braces and modifiers are left out."""
    if not raw:
        return list(default)
    flat = raw
    while re.search(r"\{[^{}]*\}", flat):
        flat = re.sub(r"\{[^{}]*\}", "", flat)
    return [name.split(".")[0].strip() for name in flat.split(",") if name.strip()]


#: What a comment shows when nobody asks for more.
COMMENT_FIELDS: tuple[str, ...] = ("created_time", "from", "message")


class Album(Protocol):
    """Where the parts of a post are found that it does not hold itself."""

    def photo(self, key: str) -> Photo | None:
        """A photo by id."""

    def comments_of(self, key: str) -> list[Post]:
        """Comments under a post, oldest first."""


def _attachments(post: Post, album: Album) -> dict[str, Any] | None:
    photos = [photo for key in post.photos if (photo := album.photo(key))]
    if not photos:
        return None
    return {
        "data": [
            {"media_type": "photo", "type": "photo", "description": p.alt or p.caption, "target": {"id": p.id}}
            for p in photos
        ]
    }


_FIELDS: dict[str, Callable[[Post, Album], Any]] = {
    "message": lambda post, album: post.text or None,
    "created_time": lambda post, album: graph_time(post.at),
    "updated_time": lambda post, album: graph_time(post.updated or post.at),
    "permalink_url": lambda post, album: permalink(post),
    "is_published": lambda post, album: post.published,
    "from": lambda post, album: {"name": post.author, "id": post.page} if post.by_page else {"name": post.author},
    "parent": lambda post, album: {"id": post.parent} if post.parent else None,
    "attachments": _attachments,
    "comments": lambda post, album: None if post.parent else {"data": comments_json(post.id, COMMENT_FIELDS, album)},
}


def post_json(post: Post, names: Iterable[str], album: Album) -> dict[str, Any]:
    """A post or comment with the wanted fields, unknown ones left out; the id always."""
    shown = {name: _FIELDS[name](post, album) for name in names if name in _FIELDS}
    return {**{name: value for name, value in shown.items() if value is not None}, "id": post.id}


def comments_json(key: str, names: Iterable[str], album: Album) -> list[dict[str, Any]]:
    """The comments under a post with the wanted fields."""
    wanted = tuple(names)
    return [post_json(comment, wanted, album) for comment in album.comments_of(key)]


def permalink(post: Post) -> str:
    """Where people read it."""
    top, _, comment = (post.parent or post.id).partition("_")
    url = f"https://www.facebook.com/{top}/posts/{comment}"
    return f"{url}?comment_id={post.id.rpartition('_')[2]}" if post.parent else url
