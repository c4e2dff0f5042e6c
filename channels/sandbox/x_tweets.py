"""Posts as X keeps and shows them: growing numbers, links wrapped in t.co, marks escaped, fields on request."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from html import escape
from typing import Any

from channels.sandbox.state import iso
from channels.weighing import extract_urls_with_indices

#: Milliseconds since 1970 at which X's numbers begin (Snowflake).
EPOCH_MS = 1_288_834_974_657


class Snowflakes:
    """Numbers that carry their time and only ever grow."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: float) -> str:
        """A new number for this moment."""
        self._last = max(self._last + 1, (int(now * 1000) - EPOCH_MS) << 22)
        return str(self._last)


@dataclass(frozen=True, slots=True)
class Media:
    """An uploaded picture; `alt` comes later, by its own request."""

    id: str
    owner: str
    mime_type: str
    content: bytes
    alt: str = ""

    @property
    def key(self) -> str:
        """The media key: 3 stands for a photo."""
        return f"3_{self.id}"


@dataclass(slots=True)
class Tweet:
    """A post. `text` is what was written, `shown` what the API gives back; `links` are its t.co entities."""

    id: str
    author: str
    text: str
    at: float
    reply_to: str = ""
    conversation: str = ""
    media: tuple[str, ...] = ()
    deleted: bool = False
    shown: str = ""
    links: list[dict[str, Any]] = field(default_factory=list)
    seq: int = 0

    def as_json(self, fields: Collection[str], replied_author: str) -> dict[str, Any]:
        """The post with the wanted `tweet.fields`; id, text and edit history always."""
        extra = {
            "created_at": iso(self.at)[:-6] + "Z",
            "author_id": self.author,
            "conversation_id": self.conversation,
            "lang": "und",
            "possibly_sensitive": False,
            "reply_settings": "everyone",
            "public_metrics": {"retweet_count": 0, "reply_count": 0, "like_count": 0, "quote_count": 0},
        }
        if self.links:
            extra["entities"] = {"urls": self.links}
        if self.media:
            extra["attachments"] = {"media_keys": [f"3_{media}" for media in self.media]}
        if self.reply_to:
            extra["in_reply_to_user_id"] = replied_author
            extra["referenced_tweets"] = [{"type": "replied_to", "id": self.reply_to}]
        shown = {name: value for name, value in extra.items() if name in fields}
        return {"id": self.id, "text": self.shown, "edit_history_tweet_ids": [self.id], **shown}


def show(tweet: Tweet, username: str) -> None:
    """Work out the text as X's API returns it: links become t.co links, pictures add one, & < > are escaped."""
    out: list[str] = []
    length = end = 0
    for found in extract_urls_with_indices(tweet.text):
        start, stop = found["indices"]
        before = escape(tweet.text[end:start], quote=False)
        url = str(found["url"])
        full = url if "://" in url else f"http://{url}"
        out.append(before)
        length += len(before)
        tweet.links.append(_link(tweet.id, full, length))
        out.append(tweet.links[-1]["url"])
        length += len(out[-1])
        end = stop
    out.append(escape(tweet.text[end:], quote=False))
    length += len(out[-1])
    if tweet.media:
        page = f"https://x.com/{username}/status/{tweet.id}/photo/1"
        gap = " " if length else ""
        tweet.links.append({**_link(tweet.id, page, length + len(gap)), "media_key": f"3_{tweet.media[0]}"})
        out.append(gap + tweet.links[-1]["url"])
    tweet.shown = "".join(out)


def _link(tweet_id: str, url: str, start: int) -> dict[str, Any]:
    digest = hashlib.blake2b(f"{tweet_id} {url}".encode(), digest_size=5).hexdigest()
    bare = url.partition("://")[2].removeprefix("www.")
    return {
        "start": start,
        "end": start + 23,
        "url": f"https://t.co/{digest}",
        "expanded_url": url,
        "display_url": bare if len(bare) <= 27 else bare[:26] + "…",
    }
