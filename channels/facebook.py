"""A Facebook page through facebook-sdk: posts, comments, edits, deletions, and the look whether one went out."""

import hashlib
import hmac
import json
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

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
from channels.wire import READ_TIMEOUT, Wire

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # an escape in its source that Python warns of whenever it compiles the file
    import facebook

ORIGIN = "https://graph.facebook.com"
CLOCK_SKEW = timedelta(minutes=5)
PAGE, PAGES = 100, 20

#: What to do about Graph's codes (https://developers.facebook.com/docs/graph-api/guides/error-handling). Any other
#: follows its HTTP class; without a code, or with one that Facebook calls transient, the call may have been obeyed.
CODES: dict[int, tuple[type[ChannelError], str]] = {
    1: (Uncertain, "Facebook had an unknown error"),
    2: (Uncertain, "Facebook was not well for a moment"),
    4: (Unavailable, "the app's rate limit is reached"),
    10: (Misconfigured, "the page token lacks a permission"),
    17: (Unavailable, "the page's rate limit is reached"),
    32: (Unavailable, "the page's rate limit is reached"),
    100: (Refused, "Facebook does not accept a part of the post"),
    104: (Misconfigured, "Facebook sees no token"),
    102: (Misconfigured, "the page token has ended: log in again"),
    190: (Misconfigured, "the page token is no longer valid: make a new one"),
    324: (Refused, "Facebook does not take the picture"),
    368: (Misconfigured, "Facebook has blocked the page from posting for now"),
    506: (Refused, "Facebook has this text already, but it cannot be found"),
    613: (Unavailable, "too many calls for now"),
    2500: (Misconfigured, "Facebook does not know this address: look at the API version"),
    2635: (Misconfigured, "Facebook no longer serves this API version: set a newer one"),
    80001: (Unavailable, "too many calls for this page"),
} | dict.fromkeys(range(200, 300), (Misconfigured, "the page token lacks a permission"))
#: The subcode of 100 for something that does not exist (any more), or that the token may not see.
GONE = 33


@dataclass(frozen=True, slots=True)
class FacebookOptions:
    """One page by its page token; the app secret, when given, proves each call. `timeout` in seconds."""

    page_id: str
    page_token: str = field(repr=False)
    app_secret: str = field(default="", repr=False)
    api_url: str = ""
    api_version: str = "v25.0"
    timeout: float = READ_TIMEOUT


class Facebook(Channel):
    """Posts of one page."""

    name = "facebook"
    limits = Limits("characters", per_part=63_206, pictures=10)
    actions = frozenset({Action.POST, Action.REPLY, Action.AMEND, Action.RETRACT})

    def __init__(self, options: FacebookOptions) -> None:
        if not (options.page_id and options.page_token):
            raise Misconfigured("Facebook needs a page and its token", "not_set_up")
        token, secret = options.page_token, options.app_secret
        proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest() if secret else ""
        self._page = options.page_id
        self._wire = Wire(ORIGIN, base_url=options.api_url, timeout=options.timeout, secrets=(token, secret, proof))
        if proof:
            self._wire.session.params = {"appsecret_proof": proof}
        self._graph: Any = facebook.GraphAPI(access_token=token, session=self._wire.session)
        self._graph.version = options.api_version  # its constructor knows no version after 3.1

    def send(self, parcels: Iterable[Parcel | None]) -> Iterator[Outcome]:
        return one_by_one(parcels, self.actions, self._deliver)

    def _deliver(self, parcel: Parcel) -> Sent:
        self._wire.not_after = parcel.not_after
        try:
            match parcel.action:
                case Action.AMEND:
                    edit = {"message": parcel.text}
                    self._ask(
                        self._graph.request, f"{self._graph.version}/{parcel.target}", post_args=edit, method="POST"
                    )
                    return _sent(parcel.target)
                case Action.RETRACT:
                    self._ask(self._graph.delete_object, parcel.target)
                    return _sent(parcel.target)
                case _:
                    return self._publish(parcel)
        except _Gone:
            if parcel.action is Action.RETRACT:
                return _sent(parcel.target)
            if parcel.action is Action.POST:
                failure: ChannelError = Misconfigured("the page does not exist, or the token is not its own", "no_page")
            else:
                failure = Refused(f"the post to {parcel.action} is gone", f"100/{GONE}")
        raise failure

    def _publish(self, parcel: Parcel) -> Sent:
        fields: dict[str, str] = {"message": parcel.text}
        if parcel.action is Action.REPLY and len(parcel.pictures) > 1:
            raise Refused("a comment holds one picture", "pictures")
        pictures = [self._upload(picture) for picture in parcel.pictures]
        if parcel.action is Action.REPLY:
            place, edge = parcel.target, "comments"
            if pictures:
                fields["attachment_id"] = pictures[0]
        else:
            place, edge = self._page, "feed"
            fields |= {f"attached_media[{n}]": json.dumps({"media_fbid": key}) for n, key in enumerate(pictures)}
        try:
            return _sent(self._ask(self._graph.put_object, place, edge, **fields)["id"])
        except Refused as error:
            if error.code != "506":
                raise
            failure = error
        # A repeat of our own post: an attempt that seemed lost has been obeyed, so the post we want is there already.
        there = self._search(parcel, None)
        if there is None:
            raise failure
        return _sent(there)

    def _upload(self, picture: Picture) -> str:
        """Upload a picture unpublished, with its text alternative; every failure may simply be repeated."""
        try:
            with picture.path.open("rb") as file:
                fields = {"published": "false", "alt_text_custom": picture.alt}
                return str(self._ask(self._graph.put_photo, file, f"{self._page}/photos", **fields)["id"])
        except OSError as error:
            raise Refused(f"the picture {picture.path.name} cannot be read", type(error).__name__) from None
        except Uncertain as error:
            failure = Unavailable(f"the picture was not taken: {error.reason}", error.code)
        raise failure

    def find(self, parcel: Parcel, since: datetime) -> Receipt | None:
        """By id when known; else a post (or comment on the target) with these words since `since` less 5 min.

        For an edit: that the post now reads so. For a deletion: that it is gone.
        """
        if parcel.action is Action.RETRACT:
            return None if self._read(parcel.target) is not None else _seen(parcel.target)
        if parcel.action is Action.AMEND:
            message = self._read(parcel.target)
            return _seen(parcel.target) if message is not None and _look(message) == _look(parcel.text) else None
        if parcel.provider_id:
            return _seen(parcel.provider_id) if self._read(parcel.provider_id) is not None else None
        there = self._search(parcel, since - CLOCK_SKEW)
        return _seen(there) if there else None

    def _read(self, post: str) -> str | None:
        """The words of a post or comment; None when it is not there."""
        try:
            return str(self._ask(self._graph.get_object, post, fields="id,message").get("message", ""))
        except _Gone:
            return None

    def _search(self, parcel: Parcel, start: datetime | None) -> str | None:
        place, edge = (parcel.target, "comments") if parcel.action is Action.REPLY else (self._page, "feed")
        fields: dict[str, Any] = {"fields": "id,message,created_time", "limit": PAGE}
        if edge == "comments":
            fields |= {"filter": "stream", "order": "reverse_chronological"}
        elif start:
            fields["since"] = int(start.timestamp())
        for _ in range(PAGES):
            try:
                answer = self._ask(self._graph.get_connections, place, edge, **fields)
            except _Gone:
                return None
            for post in answer.get("data", ()):
                written = datetime.strptime(post["created_time"], "%Y-%m-%dT%H:%M:%S%z")
                if _look(post.get("message", "")) == _look(parcel.text) and (start is None or written >= start):
                    return str(post["id"])
            paging = answer.get("paging", {})
            if "next" not in paging:
                return None
            fields["after"] = paging["cursors"]["after"]
        return None

    def _ask(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call the SDK, which ignores HTTP statuses, and turn what it raises into ours."""
        reading = call in (self._graph.get_object, self._graph.get_connections)
        try:
            return call(*args, **kwargs)
        except facebook.GraphAPIError as error:
            failure = self._failure(error)
        except KeyError:  # no content type at all
            failure = Uncertain("Facebook's answer could not be understood", "no_content_type")
        if reading and isinstance(failure, Uncertain):
            failure = Unavailable(failure.reason, failure.code)
        raise failure

    def _failure(self, error: Any) -> "ChannelError | _Gone":
        body = error.result.get("error", {}) if isinstance(error.result, dict) else {}
        code, said = error.code, self._wire.scrub(error.message)
        if code == 100 and body.get("error_subcode") == GONE:
            return _Gone()
        if "appsecret_proof" in said:
            return Misconfigured("the app secret does not belong to the page token", str(code))
        if code is None or (code not in CODES and (body.get("is_transient") or self._wire.status < 400)):
            return Uncertain(said or "Facebook answered without a reason", str(code or "no_code"))
        if code not in CODES:
            return self._wire.by_status(self._wire.status, said, str(code))
        kind, words = CODES[code]
        if kind is Unavailable:
            return self._wire.rate_limited(words, str(code), otherwise=60.0)
        return kind(f"{words}: {said}" if kind is Refused and said else words, str(code))

    def check(self) -> Health:
        """Read the page's own name."""
        try:
            page = self._ask(self._graph.get_object, self._page, fields="id,name")
        except (_Gone, Refused):
            failure = Misconfigured("the page does not exist, or the token is not its own", "no_page")
        else:
            return Health(account=str(page.get("name", self._page)))
        raise failure

    def close(self) -> None:
        self._wire.close()


class _Gone(Exception):
    """The post is not there (any more)."""


def _sent(post: object) -> Sent:
    return Sent(str(post), f"https://www.facebook.com/{post}")


def _seen(post: str) -> Receipt:
    return Receipt(post, Progress.DELIVERED, url=f"https://www.facebook.com/{post}")


def _look(text: str) -> str:
    return " ".join(text.split())
