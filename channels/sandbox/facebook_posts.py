"""Posts, comments and photos as a page keeps them, and the fields in which the Graph API shows them."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

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
    published: bool = False
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

    @property
    def kind(self) -> str:
        """What the Graph API calls it."""
        return "comment" if self.parent else "post"


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


def post_json(
    post: Post, names: Iterable[str], comments: Callable[[], list[Post]], photo: Callable[[str], Photo | None]
) -> dict[str, Any]:
    """A post or comment with the wanted fields; the id always."""
    shown: dict[str, Any] = {}
    for name in names:
        value: Any = None
        match name:
            case "message":
                value = post.text or None
            case "created_time":
                value = graph_time(post.at)
            case "updated_time":
                value = graph_time(post.updated or post.at)
            case "permalink_url":
                value = permalink(post)
            case "is_published":
                value = post.published
            case "from":
                value = {"name": post.author, "id": post.page} if post.by_page else {"name": post.author}
            case "attachments" if post.photos:
                value = {"data": [_attachment(p) for key in post.photos if (p := photo(key))]}
            case "comments" if not post.parent:
                value = {"data": [post_json(c, ("created_time", "message", "from"), list, photo) for c in comments()]}
            case "parent" if post.parent:
                value = {"id": post.parent}
        if value is not None:
            shown[name] = value
    return {**shown, "id": post.id}


def permalink(post: Post) -> str:
    """Where people read it."""
    top, _, comment = (post.parent or post.id).partition("_")
    url = f"https://www.facebook.com/{top}/posts/{comment}"
    return f"{url}?comment_id={post.id.rpartition('_')[2]}" if post.parent else url


def _attachment(photo: Photo) -> dict[str, Any]:
    return {
        "media_type": "photo",
        "type": "photo",
        "description": photo.alt or photo.caption,
        "target": {"id": photo.id},
    }
