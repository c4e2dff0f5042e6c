"""Keeps a window of requests in flight at one provider: many at once from one thread, each sent once and never again."""

import select
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Generic, TypeVar

import certifi
import pycurl

from channels.base import ChannelError, Misconfigured
from channels.letter import Answer, Letter
from channels.serial import NOT_YET, bare, place_of
from channels.slot import Slot

#: Requests in flight at once, and so the most connections. At 200 ms an answer: 5,000 a second.
WIDTH = 1024
#: The longest single wait of the loop, seconds.
LONGEST_WAIT = 1.0
#: The same until the first answer has shown whether one connection carries many.
FIRST = 64
#: Requests that may leave before the loop looks again what has landed.
BURST = 16

_MASKS = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}

T = TypeVar("T")


class Window(Generic[T]):
    """At most `width` requests in flight, which may be set anew between exchanges. Handles and connections are used again.

    `timeout` (seconds) bounds each request from its start to the last byte of its answer. `authorities` is a file of the
    certificates that are trusted; empty means certifi's. Instances are for one thread and one process.
    """

    def __init__(self, width: int = WIDTH, timeout: float = 10.0, authorities: str = "") -> None:
        self.width, self._timeout = max(1, width), timeout
        self._authorities = authorities or certifi.where()
        self._busy: dict[pycurl.Curl, Slot] = {}
        self._scout: Slot | None = None
        self._scouted = True
        self._multiplexed: bool | None = None
        self._idle: list[Slot] = []
        self._epoll = select.epoll()
        self._watched: dict[int, int] = {}
        self._multi = multi = pycurl.CurlMulti()
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        # No M_TIMERFUNCTION: asking for the time limit once a turn costs less than being told of it twice a request.
        multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        multi.setopt(pycurl.M_MAXCONNECTS, self.width)

    def exchange(
        self, items: Iterable[T | None], write: Callable[[T], Letter]
    ) -> Iterator[tuple[T, Answer | ChannelError]]:
        """Pull items as slots free, send what `write` makes of each, and yield (item, answer or error) as they land.

        An item is pulled only when its request can start at once, and it does before the next is pulled; the first alone, until
        its connection shows whether it can carry all. None means "not yet". When `items` raises, what is in flight is yielded
        first; when the caller closes this, it is cut.
        """
        source = _Source(items)
        started = 0
        try:
            while True:
                item = source.pull() if self._has_room() and source.ready() else None
                if item is not None:
                    begun = self._start(item, write)
                    started += 1
                    if isinstance(begun, ChannelError):
                        yield item, begun
                    elif begun.handed and started < BURST:
                        continue
                elif not (self._busy or source.open):
                    break
                # What has just started may have its answer already.
                self._turn(0.0 if started else source.patience())
                started = 0
                yield from self._landed()
            source.settle()
        finally:
            self._abort()

    def close(self) -> None:
        """Cut what is in flight and give back all handles and connections."""
        if self._multi.closed:
            return
        self._abort()
        for slot in self._idle:
            slot.handle.close()
        self._idle.clear()
        self._multi.close()
        self._epoll.close()

    def _has_room(self) -> bool:
        """True when one more may start.

        libcurl's own way of waiting for the first connection (PIPEWAIT) waits for its first answer where that connection turns
        out to carry one request at a time: one that hangs would hold up everybody.
        """
        scout = self._scout
        if scout is not None:
            if not scout.handed and scout.handle in self._busy:
                return False
            # Nobody is sent ahead again to where the last one did not arrive.
            self._scout, self._scouted = None, scout.handed
        return len(self._busy) < (self.width if self._multiplexed is not None else min(self.width, FIRST))

    def _start(self, item: T, write: Callable[[T], Letter]) -> Slot | ChannelError:
        slot: Slot | None = None
        try:
            letter = write(item)
            slot = self._idle.pop() if self._idle else Slot(self._timeout, self._authorities)
            slot.load(item, letter, bool(self._multiplexed))
            self._multi.add_handle(slot.handle)
        except ChannelError as error:
            return bare(error)
        except Exception as error:  # noqa: BLE001 - nothing has left: this item cannot be sent, and the next may
            if slot is not None:
                slot.handle.close()
            return Misconfigured("the request could not be written", place_of(error))
        if not self._busy and self._scouted:
            self._scout = slot
        self._busy[slot.handle] = slot
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)  # runs what is due, so this one: it starts before the next
        return slot

    def _turn(self, patience: float) -> None:
        """Wait up to `patience` seconds for something to happen, and let libcurl deal with it."""
        if patience and (due := self._multi.timeout()) >= 0:
            patience = min(patience, due / 1000)
        events = self._epoll.poll(patience)
        for descriptor, event in events:
            if not self._watched.get(descriptor):
                self._forget(descriptor)
                continue
            # A hang-up or an error is found out by reading.
            ready = pycurl.CSELECT_IN if event & ~select.EPOLLOUT else 0
            self._multi.socket_action(descriptor, ready | (pycurl.CSELECT_OUT if event & select.EPOLLOUT else 0))
        if (patience and not events) or self._multi.timeout() == 0:
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _landed(self) -> Iterator[tuple[T, Answer | ChannelError]]:
        more = 1
        while more:
            more, done, failed = self._multi.info_read()
            landed = [(handle, 0) for handle in done] + [(handle, code) for handle, code, _ in failed]
            for handle, code in landed:
                slot = self._busy[handle]
                if not code and self._multiplexed is None:
                    self._multiplexed = slot.multiplexed
                result = slot.failure(code) if code else slot.answer()
                yield self._release(slot), result

    def _release(self, slot: Slot) -> Any:
        self._multi.remove_handle(slot.handle)
        del self._busy[slot.handle]
        self._idle.append(slot)
        return slot.unload()

    def _abort(self) -> None:
        for slot in list(self._busy.values()):
            self._release(slot)

    # -- what libcurl asks for

    def _watch(self, wanted: int, descriptor: int, multi: object, data: object) -> None:
        """Between two requests a connection stays registered: most are wanted again at once, and that saves a system call each."""
        if wanted == pycurl.POLL_REMOVE:
            self._watched[descriptor] = 0
            return
        mask = _MASKS[wanted]
        known = self._watched.get(descriptor)
        self._watched[descriptor] = mask
        if known == mask:
            return
        try:
            if known is None:
                self._epoll.register(descriptor, mask)
            else:
                self._epoll.modify(descriptor, mask)
        except FileNotFoundError:  # closed meanwhile, and the number is another connection's now
            self._epoll.register(descriptor, mask)
        except OSError:  # closed meanwhile, so nothing is left to watch
            self._watched.pop(descriptor, None)

    def _forget(self, descriptor: int) -> None:
        """Nobody waits for this one: the other side has hung up an idle connection, which libcurl finds out when it wants it."""
        self._watched.pop(descriptor, None)
        with suppress(OSError):
            self._epoll.unregister(descriptor)


class _Source(Generic[T]):
    """The caller's iterable: when it may be asked, and what it said."""

    def __init__(self, items: Iterable[T | None]) -> None:
        self._items = iter(items)
        self._ask_at = 0.0
        self._error: Exception | None = None
        self.open = True

    def ready(self) -> bool:
        """True when it may be asked now."""
        return self.open and (not self._ask_at or time.monotonic() >= self._ask_at)

    def patience(self) -> float:
        """Seconds until it may be asked, or as long as the loop may wait at all when it is not the one to wait for."""
        if not (self.open and self._ask_at):
            return LONGEST_WAIT
        return min(LONGEST_WAIT, max(0.0, self._ask_at - time.monotonic()))

    def pull(self) -> T | None:
        """The next item; None when there is none now, or no more."""
        self._ask_at = 0.0
        try:
            item = next(self._items)
        except StopIteration:
            self.open = False
            return None
        except Exception as error:  # noqa: BLE001 - raised again by settle(), when nothing is in flight any more
            self.open, self._error = False, error
            return None
        if item is None:
            self._ask_at = time.monotonic() + NOT_YET
        return item

    def settle(self) -> None:
        """Raise what the iterable raised."""
        if self._error is not None:
            raise self._error
