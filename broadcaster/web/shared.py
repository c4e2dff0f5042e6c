"""What many browsers ask for at the same time is worked out once, and is a moment old for the others."""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from flask import Flask, current_app

from broadcaster import clock

T = TypeVar("T")
_SHARED = "broadcaster.shared"
#: An answer holds ten times as long as it took, so that it takes a tenth of one processor at most.
_TIMES = 10
#: And never longer than this, in seconds.
OLDEST = 2.0
_MOST = 200


class Shared:
    """Answers by key, each with the moment at which it was made, and the one until which it holds."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, tuple[float, float, Any]] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def of(self, key: Hashable, make: Callable[[], T], least: float = 0.0) -> T:
        """The answer for `key`, made anew when it no longer holds; it holds for `least` seconds at least.

        Whoever asks meanwhile gets the last one while it is not older than OLDEST, and else waits for the new one.
        """
        with self._guard:
            if len(self._locks) > _MOST:
                self._answers.clear()
                self._locks.clear()
            lock = self._locks.setdefault(key, threading.Lock())
        first = lock.acquire(blocking=False)
        if not first:
            made_at, _, answer = self._answers.get(key, (-OLDEST, 0.0, None))
            if clock.uptime() - made_at < OLDEST:
                return cast(T, answer)
            lock.acquire()
        try:
            _, until, answer = self._answers.get(key, (0.0, 0.0, None))
            began = clock.uptime()
            if began < until:
                return cast(T, answer)
            made = make()
            ended = clock.uptime()
            self._answers[key] = ended, ended + min(OLDEST, max(least, _TIMES * (ended - began))), made
            return made
        finally:
            lock.release()


def share(app: Flask) -> None:
    """Let the views of `app` share answers."""
    app.extensions[_SHARED] = Shared()


def shared() -> Shared:
    """Those of this process."""
    return cast(Shared, current_app.extensions[_SHARED])
