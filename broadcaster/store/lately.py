"""Answers that are worth keeping for a moment: what is costly to count and does not change from one letter to the next."""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from broadcaster import clock

T = TypeVar("T")
#: Seconds for which an answer holds, and answers that are kept at most.
HOLDS, _MOST = 10.0, 32


class Lately:
    """Answers by key, each with the moment until which it holds. Threads may share one."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """The answer for `key`, made anew when it no longer holds."""
        until, answer = self._answers.get(key, (0.0, None))
        if clock.uptime() < until:
            return cast(T, answer)
        made = make()
        with self._lock:
            if len(self._answers) >= _MOST:
                self._answers.clear()
            self._answers[key] = clock.uptime() + HOLDS, made
        return made
