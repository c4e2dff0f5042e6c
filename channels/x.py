"""X through tweepy's v2 client: posts, replies and deletions of one account, and the look whether one went out."""

import base64
import html
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import tweepy

from channels.base import (
    Action,
    Channel,
    ChannelError,
    Health,
    Limits,
    Misconfigured,
    Outcome,
    Parcel,
    Picture,
    Progress,
    Receipt,
    Refused,
    Unavailable,
    Uncertain,
)
from channels.serial import Sent, one_by_one
from channels.text import POST_LIMIT, urls_in
from channels.wire import READ_TIMEOUT, Wire

ORIGIN = "https://api.twitter.com"
CLOCK_SKEW = timedelta(minutes=5)
#: Longest text alternative of a picture, characters.
ALT_LIMIT = 1000
#: A page of a timeline holds at most 100 posts; X shows the newest 3,200.
PAGE, PAGES = 100, 32

#: (HTTP status, words in X's answer, what to do, words for an operator); the first that matches counts. API v2 has no
#: codes: the problem stands in type, title or detail (https://docs.x.com/x-api/fundamentals/response-codes-and-errors).
PROBLEMS: tuple[tuple[int, str, type[ChannelError], str], ...] = (
    (401, "", Misconfigured, "X does not accept the account's credentials"),
    (402, "", Misconfigured, "the X account is out of credits"),
    (403, "duplicate", Refused, "X has this text already, but it cannot be found"),
    (403, "deleted or not visible", Refused, "the post to reply to is gone"),
    (403, "too long", Refused, "the text is longer than X takes"),
    (403, "not authorized to delete", Refused, "the post is not this account's"),
    (403, "suspended", Misconfigured, "the X account is suspended"),
    (403, "locked", Misconfigured, "the X account is locked: log in and unlock it"),
    (403, "", Misconfigured, "X does not allow this account or plan to do it"),
    (429, "usage", Misconfigured, "the X plan's monthly cap is used up"),
)


@dataclass(frozen=True, slots=True)
class XOptions:
    """One X account by OAuth 1.0a user context. `timeout` in seconds."""

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    access_secret: str = field(repr=False)
    api_url: str = ""
    timeout: float = READ_TIMEOUT


class X(Channel):
    """Posts of one account. X has no edit: what is wrong is answered or deleted."""

    name = "x"
    limits = Limits("weighted", per_part=POST_LIMIT, parts=10, pictures=4)
    actions = frozenset({Action.POST, Action.REPLY, Action.RETRACT})

    def __init__(self, options: XOptions) -> None:
        secrets = (options.consumer_key, options.consumer_secret, options.access_token, options.access_secret)
        if not all(secrets):
            raise Misconfigured("X needs a consumer key and secret and an access token and secret", "not_set_up")
        self._wire = Wire(ORIGIN, base_url=options.api_url, timeout=options.timeout, secrets=secrets)
        self._client: Any = tweepy.Client(
            consumer_key=options.consumer_key,
            consumer_secret=options.consumer_secret,
            access_token=options.access_token,
            access_token_secret=options.access_secret,
            wait_on_rate_limit=False,  # tweepy would sleep up to 15 minutes, or spin; waiting is the caller's to plan
        )
        self._client.session.close()
        self._client.session = self._wire.session
        self._account: Any = None

    def send(self, parcels: Iterable[Parcel | None]) -> Iterator[Outcome]:
        return one_by_one(parcels, self.actions, self._deliver)

    def _deliver(self, parcel: Parcel) -> Sent:
        self._wire.not_after = parcel.not_after
        if parcel.action is Action.RETRACT:
            return self._retract(parcel.target)
        media = [self._upload(picture) for picture in parcel.pictures]
        try:
            posted = self._client.create_tweet(
                text=parcel.text,
                media_ids=media or None,
                in_reply_to_tweet_id=parcel.target if parcel.action is Action.REPLY else None,
            )
        except tweepy.HTTPException as error:
            failure = self._failure(error)
            repeated = error.response.status_code == 403 and "duplicate" in str(error).lower()
        else:
            return _sent(posted.data["id"])
        # A repeat of our own post: an attempt that seemed lost has been obeyed, so the post we want is there already.
        there = self._search(parcel, None) if repeated else None
        if there is None:
            raise failure
        return _sent(there)

    def _retract(self, target: str) -> Sent:
        try:
            self._client.delete_tweet(target)
        except tweepy.NotFound:
            return _sent(target)
        except tweepy.HTTPException as error:
            failure = self._failure(error)
        else:
            return _sent(target)
        raise failure

    def _upload(self, picture: Picture) -> str:
        """Upload a picture with its text alternative; nothing is visible yet, so any failure may simply be repeated."""
        try:
            content = base64.b64encode(picture.path.read_bytes()).decode()
        except OSError as error:
            raise Refused(f"the picture {picture.path.name} cannot be read", type(error).__name__) from None
        upload = {"media": content, "media_category": "tweet_image", "media_type": picture.mime_type}
        try:
            key = self._client.request("POST", "/2/media/upload", json=upload, user_auth=True).json()["data"]["id"]
            alt = {"id": key, "metadata": {"alt_text": {"text": picture.alt[:ALT_LIMIT]}}}
            self._client.request("POST", "/2/media/metadata", json=alt, user_auth=True)
        except tweepy.HTTPException as error:
            failure = self._failure(error)
        except Uncertain as error:
            failure = Unavailable(f"the picture was not taken: {error.reason}", error.code)
        else:
            return str(key)
        raise failure

    def find(self, parcel: Parcel, since: datetime) -> Receipt | None:
        """By id when known; else one of our posts since `since` less 5 min with these words and links, in this thread.

        For a deletion: the answer is that the post is gone; None while it is still there.
        """
        if parcel.action is Action.RETRACT:
            return None if self._exists(parcel.target) else _seen(parcel.target)
        if parcel.provider_id:
            return _seen(parcel.provider_id) if self._exists(parcel.provider_id) else None
        there = self._search(parcel, since - CLOCK_SKEW)
        return _seen(there) if there else None

    def _exists(self, post: str) -> bool:
        try:
            return self._client.get_tweet(post, user_auth=True).data is not None
        except tweepy.NotFound:
            return False
        except tweepy.HTTPException as error:
            failure = self._failure(error)
        raise failure

    def _search(self, parcel: Parcel, start: datetime | None) -> str | None:
        wanted, page = _look(parcel.text), None
        try:
            for _ in range(PAGES):
                answer = self._client.get_users_tweets(
                    self._me().id,
                    start_time=start,
                    max_results=PAGE,
                    pagination_token=page,
                    tweet_fields=["created_at", "entities", "referenced_tweets"],
                    user_auth=True,
                )
                for post in answer.data or ():
                    if _answers(post) == parcel.target and _look(_written(post)) == wanted:
                        return str(post.id)
                page = (answer.meta or {}).get("next_token")
                if not page:
                    return None
        except tweepy.HTTPException as error:
            failure = self._failure(error)
        else:
            return None
        raise failure

    def _me(self) -> Any:
        if self._account is None:
            self._account = self._client.get_me(user_auth=True).data
        return self._account

    def _failure(self, error: Any) -> ChannelError:
        status, said = int(error.response.status_code), " ".join([str(error), error.response.text]).lower()
        for when, words, kind, reason in PROBLEMS:
            if status == when and words in said:
                return kind(reason, str(status))
        if status == 429:
            return self._wire.rate_limited()
        return self._wire.by_status(status, error)

    def check(self) -> Health:
        """Ask who we are."""
        try:
            self._account = None
            account = self._me()
        except tweepy.HTTPException as error:
            failure = self._failure(error)
        else:
            return Health(account=f"@{account.username}")
        raise failure

    def close(self) -> None:
        self._wire.close()


def _sent(post: object) -> Sent:
    return Sent(str(post), f"https://x.com/i/status/{post}")


def _seen(post: str) -> Receipt:
    return Receipt(post, Progress.DELIVERED, url=f"https://x.com/i/status/{post}")


def _answers(post: Any) -> str:
    """The id of the post that this one replies to; empty when it stands alone."""
    return next((str(other.id) for other in post.referenced_tweets or () if other.type == "replied_to"), "")


def _written(post: Any) -> str:
    """A post as it was written: X wraps every link in t.co, adds one for its pictures and escapes &, < and >."""
    text = str(post.text)
    for link in (post.entities or {}).get("urls", ()):
        picture = "media_key" in link or "/photo/" in link.get("expanded_url", "")
        text = text.replace(link["url"], "" if picture else link.get("expanded_url", link["url"]))
    return html.unescape(text)


def _look(text: str) -> str:
    """A text without what X may change: normal form, spaces, the scheme of a link."""
    look = unicodedata.normalize("NFC", text)
    for url in urls_in(look):
        look = look.replace(url, url.removeprefix("https://").removeprefix("http://").rstrip("/"))
    return " ".join(look.split())
