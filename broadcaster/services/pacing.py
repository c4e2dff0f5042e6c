"""How much work fits into one short write transaction: slices grow and shrink with what the last one took."""

from broadcaster.clock import uptime

#: A write transaction on SQLite must stay under 200 ms; aiming at less leaves room for a slow disk.
AIM = 0.06


class Pace:
    """`size` is the number of things to do in the next slice."""

    def __init__(self, size: int = 500, smallest: int = 50, largest: int = 3_000) -> None:
        self.size = size
        self._smallest, self._largest = smallest, largest
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = uptime()

    def __exit__(self, *_: object) -> None:
        took = max(uptime() - self._began, 0.001)
        self.size = max(self._smallest, min(self._largest, int(self.size * min(max(AIM / took, 0.25), 2))))
