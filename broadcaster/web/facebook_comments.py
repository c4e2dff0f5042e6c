"""Comments out of what Facebook posts to us when something happens on our page (Graph API webhooks, field `feed`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: Changes of one call that are read; Facebook batches up to a thousand.
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment. `author` is Facebook's id of whoever wrote it, marked as no phone."""

    id: str
    author: str
    text: str


def read(body: Any, own_page: str) -> Iterator[Comment]:
    """New comments with words, not our own. What has another shape is left out: Facebook adds fields as it likes."""
    entries = body.get("entry") if isinstance(body, Mapping) else None
    changes = (
        change
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping) and isinstance(entry.get("changes"), list)
        for change in entry["changes"]
    )
    for number, change in enumerate(changes):
        value = change.get("value") if isinstance(change, Mapping) and change.get("field") == "feed" else None
        if number >= _MOST:
            return
        if not isinstance(value, Mapping) or value.get("item") != "comment" or value.get("verb") != "add":
            continue
        writer, text = value.get("from"), value.get("message")
        author = str(writer.get("id", "")) if isinstance(writer, Mapping) else ""
        name = str(value.get("comment_id", ""))
        if name and author != own_page and isinstance(text, str) and text.strip():
            yield Comment(f"fb:{name}"[:120], f"fb:{author or 'unknown'}"[:32], text)
