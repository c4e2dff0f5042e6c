"""How fast a sender may send, shared by all workers: a token bucket in Valkey, and each worker's own share without it."""

import time
from typing import Any

import redis

from broadcaster import clock
from broadcaster.store.queue import connect
from channels.base import Channel

#: Without Valkey nobody knows how many workers there are; each takes this part of the rate.
SHARE = 0.25
#: Longest wait for a turn, seconds.
PATIENCE = 8.0

_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local rate, most, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(most, (tonumber(kept[1]) or 1) + math.max(0, now - (tonumber(kept[2]) or now)) * rate)
local granted = math.max(0, math.floor(math.min(want, tokens)))
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - granted), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], 3600)
return granted
"""

_EASE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local tokens = math.min(tonumber(redis.call('HGET', KEYS[1], 'tokens') or 1), tonumber(ARGV[1]))
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], 3600)
"""


class RateLimits:
    """Hands out the right to send: at most a second's worth at a time, so that a stop is seen soon at any rate."""

    def __init__(self, redis_url: str, set_rate: float | None = None) -> None:
        """`set_rate` is the operator's own limit for texts a second over all senders, whatever they could do."""
        self._redis = connect(redis_url)
        self._take: Any = self._redis.register_script(_TAKE)
        self._ease: Any = self._redis.register_script(_EASE)
        self._set_rate = set_rate
        self._own: dict[str, tuple[float, float]] = {}

    def take(self, channel: Channel, lane: str, live: bool, wanted: int) -> int:
        """How many of the `wanted` deliveries may be intended now: never more than a second's worth."""
        rate = self.rate(channel, lane)
        if rate is None:
            return wanted
        most = max(1.0, rate)
        return self._granted(self._key(channel, lane, live), rate, most, min(wanted, int(most)))

    def put_back(self, channel: Channel, lane: str, live: bool, unused: int) -> None:
        """Rights that nobody needed."""
        if unused > 0:
            self._give(channel, lane, live, unused)

    def owe(self, channel: Channel, lane: str, live: bool) -> None:
        """One goes out at once, beside all that wait for their turn; what comes next waits the longer for it."""
        self._give(channel, lane, live, -1)

    def ease(self, channel: Channel, lane: str, live: bool, seconds: float) -> None:
        """The provider says that we are too fast: nobody sends for `seconds`. Said many times at once, it means the same once."""
        rate = self.rate(channel, lane)
        if rate is None:
            return
        key, owed = self._key(channel, lane, live), -rate * seconds
        try:
            self._ease(keys=[key], args=[owed])
        except redis.RedisError:
            tokens, _ = self._own.get(key, (1.0, 0.0))
            self._own[key] = (min(tokens, owed * SHARE), clock.uptime())

    def turn(self, what: str, rate: float) -> None:
        """Wait until `what` may happen again anywhere, at most `rate` times a second; gives up waiting after a while."""
        until = clock.uptime() + PATIENCE
        while not self._granted(f"broadcaster:rate:{what}", rate, 1.0, 1) and clock.uptime() < until:
            time.sleep(0.25 / rate)

    def rate(self, channel: Channel, lane: str) -> float | None:
        """Messages a second over all workers; None: no limit of ours."""
        own = channel.rate(lane)
        if not channel.personal:
            return own
        return min((each for each in (own, self._set_rate) if each is not None), default=None)

    @staticmethod
    def _key(channel: Channel, lane: str, live: bool) -> str:
        return f"broadcaster:rate:{'live' if live else 'exercise'}:{channel.carrier}:{lane}"

    def _give(self, channel: Channel, lane: str, live: bool, rights: int) -> None:
        if self.rate(channel, lane) is None:
            return
        key = self._key(channel, lane, live)
        try:
            self._redis.hincrbyfloat(key, "tokens", rights)
        except redis.RedisError:
            tokens, at = self._own.get(key, (1.0, clock.uptime()))
            self._own[key] = (tokens + rights, at)

    def _granted(self, key: str, rate: float, most: float, want: int) -> int:
        try:
            return int(self._take(keys=[key], args=[rate, most, want]))
        except redis.RedisError:
            return self._alone(key, rate * SHARE, max(1.0, most * SHARE), want)

    def _alone(self, key: str, rate: float, most: float, want: int) -> int:
        now = clock.uptime()
        tokens, at = self._own.get(key, (1.0, now))
        tokens = min(most, tokens + (now - at) * rate)
        granted = max(0, int(min(want, tokens)))
        self._own[key] = (tokens - granted, now)
        return granted
