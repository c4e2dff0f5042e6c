"""Pictures uploaded to X: kept for a while, described by an alternative text, then attached to a post."""

import base64
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from channels.sandbox.exchange import Call, Reply, json_reply
from channels.sandbox.pictures import image_type
from channels.sandbox.state import Clock
from channels.sandbox.x_rules import invalid
from channels.sandbox.x_tweets import Media, Snowflakes

#: X's limits: bytes of a picture, characters of its alternative text, seconds until an unused picture expires.
MAX_PICTURE, MAX_ALT, EXPIRES = 5 * 1024 * 1024, 1_000, 86_400
#: Pictures kept here before the oldest are forgotten.
SHELF = 200


class MediaShelf:
    """Uploaded pictures by id."""

    def __init__(self, clock: Clock, ids: Snowflakes) -> None:
        self._clock, self._ids = clock, ids
        self._kept: OrderedDict[str, Media] = OrderedDict()

    def upload(self, call: Call, user: str) -> Reply:
        """Take a picture, as multipart field `media` or as base64 in JSON."""
        content = _content(call)
        mime_type = image_type(content)
        if not mime_type:
            raise invalid("media", "", "The media is not a JPEG, PNG, GIF or WebP picture")
        if len(content) > MAX_PICTURE:
            raise invalid("media", len(content), f"The media is larger than {MAX_PICTURE} bytes")
        media = Media(self._ids.next(self._clock()), user, mime_type, content)
        self._kept[media.id] = media
        while len(self._kept) > SHELF:
            self._kept.popitem(last=False)
        data = {"id": media.id, "media_key": media.key, "size": len(content), "expires_after_secs": EXPIRES}
        return json_reply({"data": data})

    def describe(self, call: Call, user: str) -> Reply:
        """Set a picture's alternative text: `{id, metadata: {alt_text: {text}}}`."""
        try:
            body: Any = call.json()
            key, alt = str(body["id"]), str(body["metadata"]["alt_text"]["text"])
        except (ValueError, KeyError, TypeError):
            raise invalid("metadata", "", "id and metadata.alt_text.text are needed") from None
        media = self.get(key, user)
        if media is None:
            raise invalid("id", key, "Your media IDs are invalid.")
        if len(alt) > MAX_ALT:
            raise invalid("metadata.alt_text.text", alt, f"The text is longer than {MAX_ALT} characters")
        self._kept[key] = replace(media, alt=alt)
        return json_reply({"data": {"id": key, "associated_metadata": {"alt_text": {"text": alt}}}})

    def get(self, key: str, user: str | None = None) -> Media | None:
        """A picture; with `user` only one's own."""
        media = self._kept.get(key)
        return media if media and user in (None, media.owner) else None

    def alt(self, key: str) -> str:
        """The alternative text; empty when there is none."""
        media = self._kept.get(key)
        return media.alt if media else ""

    def clear(self) -> None:
        """Forget all pictures."""
        self._kept.clear()


def _content(call: Call) -> bytes:
    if call.mime_type == "multipart/form-data":
        upload = call.files.get("media")
        if upload is not None:
            return upload.content
        encoded = call.form.get("media") or call.form.get("media_data") or ""
    elif call.mime_type == "application/json":
        try:
            body = call.json()
        except ValueError:
            raise invalid("body", "", "The body is not valid JSON") from None
        encoded = str(body.get("media") or "") if isinstance(body, dict) else ""
    else:
        encoded = call.form.get("media") or call.form.get("media_data") or ""
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise invalid("media", "", "The media is not valid base64") from None
