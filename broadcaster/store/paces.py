"""How many texts of each alert had left at which moment of the last minute, as this process saw it: what a pace is measured by."""

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from datetime import datetime, timedelta

#: Long enough to smooth over chunks and leases, short enough to notice a provider that slows down.
WINDOW = timedelta(minutes=1)
#: Alerts that are remembered; more are never being sent at once.
_MOST = 50


class Paces:
    """Samples of (moment, texts gone), oldest first, for every alert that somebody watches."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, deque[tuple[datetime, int]]] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, alert_id: str, began: datetime, now: datetime, gone: int) -> Sequence[tuple[datetime, int]]:
        """Remember how far an alert has come and return its samples of the last minute.

        The first look measures from `began`, when nothing had left yet: late a few seconds, and right from then on.
        """
        with self._lock:
            samples = self._seen.setdefault(alert_id, deque([(began, 0)]))
            self._seen.move_to_end(alert_id)
            if samples[-1][0] < now:
                samples.append((now, gone))
            # One from before the window stays, so that the samples always span it.
            while len(samples) > 2 and samples[1][0] <= now - WINDOW:
                samples.popleft()
            while len(self._seen) > _MOST:
                self._seen.popitem(last=False)
            return tuple(samples)
