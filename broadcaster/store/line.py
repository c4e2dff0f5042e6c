"""A connection to the queue's server that costs nobody more than a moment: what is down is left alone for a while."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
T = TypeVar("T")

#: After a failure the server is left alone for so long, so that a request that asks twice pays once, in seconds.
REST = 2.0
#: How often a dead server is worth a line in the log, in seconds.
SAY_AGAIN = 60.0


class Line:
    """Asks the server questions; None instead of an answer when it is down, or was so a moment ago."""

    def __init__(self, name: str, effect: str) -> None:
        """`name` is the event in the log and `effect` what its being down means, for an operator."""
        self._name, self._effect = name, effect
        self._guard = threading.Lock()
        self._rest_until = 0.0
        self._say_after = 0.0

    def ask(self, question: Callable[[], T]) -> T | None:
        """The answer, or None. Never raises because the server is down."""
        if time.monotonic() < self._rest_until:
            return None
        try:
            return question()
        except (RedisError, OSError) as error:
            self._complain(error)
            return None

    def _complain(self, error: Exception) -> None:
        now = time.monotonic()
        with self._guard:
            self._rest_until = now + REST
            say = now >= self._say_after
            if say:
                self._say_after = now + SAY_AGAIN
        if say:
            log.warning(self._name, error=type(error).__name__, effect=self._effect)
