"""X API v2 as an account uses it: post, reply, delete, read back, timelines, mentions, search, pictures.

Shapes are those of https://docs.x.com/x-api. Posts cannot be edited; a repeat of one's own post is refused for a day.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from channels.sandbox.exchange import Call, Reply, json_reply
from channels.sandbox.faults import Fault
from channels.sandbox.provider import Provider
from channels.sandbox.state import Clock, Ledger, iso
from channels.sandbox.x_auth import XSettings, identify
from channels.sandbox.x_media import MediaShelf
from channels.sandbox.x_reading import Reader
from channels.sandbox.x_rules import NO_CREDITS, Problem, invalid, problem
from channels.sandbox.x_tweets import Snowflakes, Tweet, show
from channels.weighing import parse_tweet

#: Seconds of a rate-limit window, and how long the same text is refused.
WINDOW, DUPLICATE = 900, 86_400
MAX_PICTURES, MAX_WEIGHT = 4, 280


class X(Provider):
    """X's side of the sandbox. `adopt` believes well-formed requests of accounts whose secrets are not known here."""

    name: ClassVar[str] = "x"

    def __init__(self, settings: XSettings, clock: Clock, adopt: bool = False) -> None:
        super().__init__(clock)
        self.settings = settings
        self.adopt = adopt
        self.ids = Snowflakes()
        self.tweets: Ledger[Tweet] = Ledger(forget=self._forget)
        self.media = MediaShelf(clock, self.ids)
        #: user id -> handle
        self.handles = {settings.user_id: settings.username}
        self._texts: dict[tuple[str, str], str] = {}
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}
        self.reader = Reader(self)

    # -- what the provider is asked ---------------------------------------------------------------------------------

    def answer(self, call: Call) -> Reply:
        """Route one request; every answer carries the rate-limit headers of its endpoint."""
        user = identify(call, self.settings, self.clock(), self.adopt)
        route, endpoint, arguments = self._route(call)
        headers = self._limits(user or "", endpoint)
        try:
            if user is None:
                raise problem(401)
            if headers["x-rate-limit-remaining"] == "-1":
                headers["x-rate-limit-remaining"] = "0"
                raise problem(429)
            self.handles.setdefault(user, f"user_{user[-6:]}")
            reply = route(call, user, *arguments)
        except Problem as refusal:
            reply = refusal.reply()
        reply.headers.update(headers)
        return reply

    def _route(self, call: Call) -> tuple[Callable[..., Reply], str, tuple[str, ...]]:
        for method, pattern, route in self._routes():
            match = re.fullmatch(pattern, call.path)
            if match and method == call.method:
                return route, f"{method} {pattern}", match.groups()
        return _nowhere, "none", ()

    def _routes(self) -> tuple[tuple[str, str, Callable[..., Reply]], ...]:
        return (
            ("POST", "/2/tweets", self._post),
            ("DELETE", r"/2/tweets/(\d+)", self._delete),
            ("GET", "/2/tweets", self.reader.some),
            ("GET", "/2/tweets/search/recent", self.reader.search),
            ("GET", r"/2/tweets/(\d+)", self.reader.one),
            ("GET", "/2/users/me", self.reader.me),
            ("GET", r"/2/users/(\d+)/tweets", self.reader.timeline),
            ("GET", r"/2/users/(\d+)/mentions", self.reader.mentions),
            ("POST", "/2/media/upload", self.media.upload),
            ("POST", "/2/media/metadata", self.media.describe),
        )

    def _limits(self, user: str, endpoint: str) -> dict[str, str]:
        """Count this request in its window and say what is left (-1: one too many)."""
        now = self.clock()
        limit = self.settings.read_limit if endpoint.startswith("GET") else self.settings.write_limit
        start, used = self._windows.get((user, endpoint), (now, 0))
        if now - start >= WINDOW:
            start, used = now, 0
        self._windows[user, endpoint] = start, min(used + 1, limit)
        return {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(max(-1, limit - used - 1)),
            "x-rate-limit-reset": str(int(start + WINDOW) + 1),
        }

    def _post(self, call: Call, user: str) -> Reply:
        body = _json(call)
        text = unicodedata.normalize("NFC", str(body.get("text") or "")).strip()
        media = self._media_of(body, user)
        reply_to = _inner(body, "reply", "in_reply_to_tweet_id")
        if not text and not media:
            raise invalid("text", "", "One of `text`, `media` or `poll` is needed")
        _check_text(text)
        parent = self._parent(reply_to) if reply_to is not None else None
        now = self.clock()
        self._refuse_repeat(user, text, now)
        tweet = Tweet(self.ids.next(now), user, text, now, str(reply_to or ""), media=media)
        tweet.conversation = parent.conversation if parent else tweet.id
        show(tweet, self.handles[user])
        self.tweets.add(tweet)
        if text:
            self._texts[user, text] = tweet.id
        shown = {"id": tweet.id, "text": tweet.shown, "edit_history_tweet_ids": [tweet.id]}
        return json_reply({"data": shown}, 201)

    def _media_of(self, body: Mapping[str, Any], user: str) -> tuple[str, ...]:
        wanted = _inner(body, "media", "media_ids")
        if wanted is None:
            return ()
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= MAX_PICTURES:
            raise invalid("media.media_ids", wanted, f"`media.media_ids` holds 1 to {MAX_PICTURES} ids")
        if any(self.media.get(str(key), user) is None for key in wanted):
            raise invalid("media.media_ids", ",".join(map(str, wanted)), "Your media IDs are invalid.")
        return tuple(map(str, wanted))

    def _parent(self, reply_to: object) -> Tweet:
        parent = self.tweets.get(str(reply_to))
        if parent is None:
            raise invalid("reply.in_reply_to_tweet_id", reply_to, f"There is no Tweet with id [{reply_to}] to reply to")
        if parent.deleted:
            raise problem(403, "You attempted to reply to a Tweet that is deleted or not visible to you.")
        return parent

    def _refuse_repeat(self, user: str, text: str, now: float) -> None:
        earlier = self.tweets.get(self._texts.get((user, text), "")) if text else None
        if earlier and not earlier.deleted and now - earlier.at < DUPLICATE:
            raise problem(403, "You are not allowed to create a Tweet with duplicate content.")

    def _delete(self, call: Call, user: str, key: str) -> Reply:
        tweet = self.tweets.get(key)
        if tweet and tweet.author != user:
            raise problem(403, "You are not authorized to delete this Tweet.")
        if tweet:
            tweet.deleted = True
        return json_reply({"data": {"deleted": True}})

    # -- what it remembers ------------------------------------------------------------------------------------------

    def _forget(self, tweet: Tweet) -> None:
        if self._texts.get((tweet.author, tweet.text)) == tweet.id:
            del self._texts[tweet.author, tweet.text]

    def refuse(self, fault: Fault) -> Reply:
        """X's own shape for a fault; `delay_s` of a 429 is when the window ends."""
        status = fault.status if fault.fault == "error" else int(fault.fault[:3])
        reply = problem(status, NO_CREDITS if status == 402 else "").reply()
        left = "0" if status == 429 else str(self.settings.write_limit - 1)
        reset = str(int(self.clock() + (fault.delay_s or WINDOW)))
        reply.headers.update(
            {
                "x-rate-limit-limit": str(self.settings.write_limit),
                "x-rate-limit-remaining": left,
                "x-rate-limit-reset": reset,
            }
        )
        return reply

    def sent(self) -> Iterator[dict[str, Any]]:
        """Our own posts as written, with deleted, conversation and pictures; `to` is the account's handle."""
        for tweet in self.tweets:
            if tweet.author in self.residents:
                continue
            yield {
                "provider": self.name,
                "to": self.handles[tweet.author],
                "text": tweet.text,
                "id": tweet.id,
                "at": iso(tweet.at),
                "in_reply_to": tweet.reply_to or None,
                "deleted": tweet.deleted,
                "conversation": tweet.conversation,
                "pictures": [{"id": key, "alt": self.media.alt(key)} for key in tweet.media],
            }

    @property
    def residents(self) -> set[str]:
        """Users who only ever wrote through `/_inbound`."""
        return self.reader.residents

    def clear(self) -> None:
        """Forget posts, pictures and rate-limit windows."""
        self.tweets.clear()
        self.media.clear()
        self._texts.clear()
        self._windows.clear()
        self.reader.residents.clear()

    def counters(self) -> dict[str, Any]:
        """How many posts are remembered."""
        return {"recorded": len(self.tweets)}

    async def inbound(self, payload: dict[str, Any]) -> Reply:
        """A resident's post: `{from, text, in_reply_to?}`."""
        return self.reader.resident_posts(payload)


def _nowhere(call: Call, user: str) -> Reply:
    raise problem(404)


def _json(call: Call) -> dict[str, Any]:
    try:
        body = call.json()
    except ValueError:
        raise invalid("body", "", "The body is not valid JSON") from None
    if not isinstance(body, dict):
        raise invalid("body", "", "The body is not a JSON object")
    return body


def _check_text(text: str) -> None:
    """At most 280 weighted characters, none of them forbidden; an empty text goes with a picture."""
    if not text:
        return
    try:
        parsed = parse_tweet(text)
    except UnicodeEncodeError:  # half of a surrogate pair
        raise invalid("text", "", "The text is not valid Unicode") from None
    if parsed.weightedLength > MAX_WEIGHT:
        raise problem(403, "Your Tweet text is too long.")
    if not parsed.valid:
        raise invalid("text", text, "The text has characters that are not allowed")


def _inner(body: Mapping[str, Any], outer: str, inner: str) -> Any:
    part = body.get(outer)
    return part.get(inner) if isinstance(part, dict) else None
