"""Sends many parcels at once through a window of requests in flight; the channel writes each letter and reads each answer."""

from collections.abc import Callable, Iterable, Iterator

from channels.base import ChannelError, Outcome, Parcel
from channels.letter import Answer, Letter
from channels.serial import Sent, outcome_of
from channels.window import Window


class Bulk:
    """One account's window, made when first needed. `width` is of all processes together, `timeout` (seconds) the Window's."""

    def __init__(self, width: int, timeout: float) -> None:
        self._width, self._timeout = width, timeout
        self._workers = 1
        self._spare: list[Window[Parcel]] = []

    def share(self, workers: int) -> None:
        """From the next send on, this process keeps to one part in `workers` of the width."""
        self._workers = max(1, workers)

    def send(
        self,
        parcels: Iterable[Parcel | None],
        letter: Callable[[Parcel], Letter],
        read: Callable[[Answer], Sent],
    ) -> Iterator[Outcome]:
        """Yield one outcome per parcel, as they land. `letter` and `read` raise a ChannelError for what cannot be taken."""
        # Out of the list while in use: a second send at the same time gets a window of its own.
        window = self._spare.pop() if self._spare else Window[Parcel](self._width, self._timeout)
        window.width = max(1, self._width // self._workers)
        try:
            for parcel, answer in window.exchange(parcels, letter):
                if isinstance(answer, ChannelError):
                    yield Outcome(parcel, error=answer)
                else:
                    yield outcome_of(parcel, read, answer)
        finally:
            self._spare.append(window)

    def close(self) -> None:
        """Give back handles and connections that are not in use just now."""
        while self._spare:
            self._spare.pop().close()
