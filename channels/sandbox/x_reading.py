"""X's reading side: single posts, timelines, mentions and search, page by page, newest first."""

import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from channels.sandbox.exchange import Call, Reply, json_reply
from channels.sandbox.x_rules import instant, invalid, not_found, number, page_token, sequence
from channels.sandbox.x_tweets import Tweet, show

if TYPE_CHECKING:
    from channels.sandbox.x import X


class Reader:
    """Answers X's GET requests."""

    def __init__(self, provider: "X") -> None:
        self._provider = provider
        self.residents: set[str] = set()

    def me(self, call: Call, user: str) -> Reply:
        """The account that asks."""
        return json_reply({"data": self._user(user)})

    def one(self, call: Call, user: str, key: str) -> Reply:
        """One post; one that is not there is an error entry with status 200."""
        tweet = self._visible(key)
        if tweet is None:
            return json_reply({"errors": [not_found(key)]})
        return json_reply({"data": self._json(tweet, call), **self._includes([tweet], call)})

    def some(self, call: Call, user: str) -> Reply:
        """Posts by `ids`, up to a hundred."""
        keys = [key for key in call.query.get("ids", "").split(",") if key]
        if not 1 <= len(keys) <= 100 or not all(key.isdecimal() for key in keys):
            raise invalid("ids", call.query.get("ids", ""), "`ids` holds 1 to 100 numbers")
        found = {key: self._visible(key) for key in keys}
        tweets = [tweet for tweet in found.values() if tweet]
        body: dict[str, Any] = {"data": [self._json(tweet, call) for tweet in tweets]} if tweets else {}
        missing = [not_found(key, "ids") for key, tweet in found.items() if tweet is None]
        if missing:
            body["errors"] = missing
        return json_reply({**body, **self._includes(tweets, call)})

    def timeline(self, call: Call, user: str, whose: str) -> Reply:
        """A user's own posts, replies included unless `exclude=replies`."""
        no_replies = "replies" in call.query.get("exclude", "").split(",")
        return self._page(call, 5, lambda t: t.author == whose and not (no_replies and t.reply_to))

    def mentions(self, call: Call, user: str, whose: str) -> Reply:
        """Posts of others that name a user or answer one of theirs."""
        handle = "@" + self._provider.handles.get(whose, "").lower()

        def about(tweet: Tweet) -> bool:
            return tweet.author != whose and (handle in tweet.text.lower() or self._replied(tweet) == whose)

        return self._page(call, 5, about)

    def search(self, call: Call, user: str) -> Reply:
        """Recent posts for which every term holds: conversation_id:, in_reply_to_tweet_id:, from:, to:, is:reply."""
        terms = call.query.get("query", "").split()
        if not terms:
            raise invalid("query", "", "`query` is needed")
        tests = [self._term(term) for term in terms]
        return self._page(call, 10, lambda tweet: all(test(tweet) for test in tests))

    def resident_posts(self, payload: dict[str, Any]) -> Reply:
        """Put a resident's post into the world: `{from: handle, text, in_reply_to?}`. ValueError on a missing field."""
        provider = self._provider
        handle, text = str(payload.get("from") or "").lstrip("@"), str(payload.get("text") or "")
        if not handle or not text:
            raise ValueError("from (a handle) and text are needed")
        author = str(int.from_bytes(hashlib.blake2b(handle.lower().encode(), digest_size=7).digest()))
        provider.handles[author] = handle
        self.residents.add(author)
        parent = provider.tweets.get(str(payload.get("in_reply_to") or ""))
        now = provider.clock()
        tweet = Tweet(provider.ids.next(now), author, text, now, parent.id if parent else "")
        tweet.conversation = parent.conversation if parent else tweet.id
        show(tweet, handle)
        provider.tweets.add(tweet)
        return json_reply({"id": tweet.id, "author_id": author})

    def _term(self, term: str) -> Callable[[Tweet], bool]:
        if term.startswith("-"):
            inner = self._term(term[1:])
            return lambda tweet: not inner(tweet)
        name, colon, value = term.partition(":")
        handles = self._provider.handles
        match name if colon else "":
            case "conversation_id":
                return lambda tweet: tweet.conversation == value
            case "in_reply_to_tweet_id":
                return lambda tweet: tweet.reply_to == value
            case "from":
                return lambda tweet: value.lower() in (tweet.author, handles.get(tweet.author, "").lower())
            case "to":
                return lambda tweet: value.lower() == handles.get(self._replied(tweet), "").lower()
            case "is" if value == "reply":
                return lambda tweet: bool(tweet.reply_to)
            case "":
                return lambda tweet: term.strip('"').lower() in tweet.text.lower()
        raise invalid("query", term, f"There were errors processing your request: unknown operator {name}")

    def _page(self, call: Call, low: int, wanted: Callable[[Tweet], bool]) -> Reply:
        size = number(call.query, "max_results", low, 100, 10)
        found: list[Tweet] = []
        for tweet in self._since(call):
            if wanted(tweet):
                found.append(tweet)
                if len(found) > size:
                    break
        shown = found[:size]
        if not shown:
            return json_reply({"meta": {"result_count": 0}})
        meta = {"result_count": len(shown), "newest_id": shown[0].id, "oldest_id": shown[-1].id}
        if len(found) > size:
            meta["next_token"] = page_token(shown[-1].seq)
        return json_reply({"data": [self._json(t, call) for t in shown], "meta": meta, **self._includes(shown, call)})

    def _since(self, call: Call) -> Iterator[Tweet]:
        """Visible posts within the asked times and ids, newest first."""
        start, end = instant(call.query, "start_time"), instant(call.query, "end_time")
        since, until = call.query.get("since_id", "0"), call.query.get("until_id", "9" * 19)
        if not (since.isdecimal() and until.isdecimal()):
            raise invalid("since_id", since, "since_id and until_id are numbers")
        for tweet in self._provider.tweets.newest(sequence(call.query)):
            if (start is not None and tweet.at < start) or int(tweet.id) <= int(since):
                return
            if (end is None or tweet.at < end) and int(tweet.id) < int(until) and self._visible(tweet.id):
                yield tweet

    def _visible(self, key: str) -> Tweet | None:
        tweet = self._provider.tweets.get(key)
        return tweet if tweet and not tweet.deleted and self._provider.visible(tweet.at) else None

    def _replied(self, tweet: Tweet) -> str:
        parent = self._provider.tweets.get(tweet.reply_to)
        return parent.author if parent else ""

    def _json(self, tweet: Tweet, call: Call) -> dict[str, Any]:
        wanted = set(call.query.get("tweet.fields", "").split(","))
        if "author_id" in call.query.get("expansions", "").split(","):
            wanted.add("author_id")
        if "attachments.media_keys" in call.query.get("expansions", "").split(","):
            wanted.add("attachments")
        return tweet.as_json(wanted, self._replied(tweet))

    def _includes(self, tweets: list[Tweet], call: Call) -> dict[str, Any]:
        wanted = call.query.get("expansions", "").split(",")
        includes: dict[str, Any] = {}
        if "author_id" in wanted and tweets:
            includes["users"] = [self._user(author) for author in dict.fromkeys(t.author for t in tweets)]
        pictures = [media for t in tweets for key in t.media if (media := self._provider.media.get(key))]
        if "attachments.media_keys" in wanted and pictures:
            includes["media"] = [{"media_key": m.key, "type": "photo", "alt_text": m.alt} for m in pictures]
        return {"includes": includes} if includes else {}

    def _user(self, user: str) -> dict[str, str]:
        handle = self._provider.handles.get(user, "")
        own = user == self._provider.settings.user_id
        return {"id": user, "name": self._provider.settings.display_name if own else handle, "username": handle}
