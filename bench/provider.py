"""The fastest provider we can write, so that a measurement finds the sender's limit: Twilio's "create" on loopback.

Processes that share one port, each one epoll loop over raw sockets. It reads only as much of a request as it must (the end of
the head and the length of the body), and answers with what Twilio answers, with a SID of its own. It keeps no record but the
number of texts and when the first and the last came; the sandbox is the one that remembers and can fail. With a rate it is as
strict as a token bucket that holds one second's worth: what exceeds it gets 429, and is counted.
"""

import argparse
import contextlib
import heapq
import multiprocessing
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from typing import Any

from bench.listing import page

_BODY = (
    b'{"account_sid": "AC00000000000000000000000000000000", "api_version": "2010-04-01", "body": "Leave now.", '
    b'"date_created": "Mon, 23 Nov 2026 06:00:00 +0000", "date_sent": null, "date_updated": "Mon, 23 Nov 2026 06:00:00 +0000", '
    b'"direction": "outbound-api", "error_code": null, "error_message": null, "from": "+15005550006", "num_media": "0", '
    b'"num_segments": "1", "price": null, "price_unit": "USD", "messaging_service_sid": null, "sid": "SM%032x", '
    b'"status": "queued", "subresource_uris": {"media": "/2010-04-01/Accounts/AC0/Messages/SM0/Media.json"}, "to": "+15005550009", '
    b'"uri": "/2010-04-01/Accounts/AC0/Messages/SM0.json"}'
)
_ANSWER = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: %d\r\n"
    b"Twilio-Concurrent-Requests: 1\r\nTwilio-Request-Id: RQ00000000000000000000000000000000\r\n\r\n"
) % len(_BODY % 0) + _BODY

_PAGE = b'{"messages": [], "next_page_uri": null, "page": 0, "page_size": 1000, "uri": "/2010-04-01/Accounts/AC0/Messages.json"}'
_OF_A_PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: %d\r\n\r\n"
_EMPTY = _OF_A_PAGE % len(_PAGE) + _PAGE
_TOO_MANY = b'{"code": 20429, "message": "Too Many Requests", "more_info": "https://www.twilio.com/docs/errors/20429", "status": 429}'
_REFUSED = (
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nRetry-After: 1\r\nContent-Length: %d\r\n\r\n"
    % len(_TOO_MANY)
    + _TOO_MANY
)


def _asked(data: bytes) -> int:
    """How many bytes the request in `data` has in all; 0 while its head is not complete."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return 0
    at = data.find(b"ontent-Length: ", 0, head)
    return head + 4 + (int(data[at + 15 : data.index(b"\r", at)]) if at > 0 else 0)


@dataclass(frozen=True, slots=True)
class Manner:
    """How it answers: after `latency` seconds, every `hang`-th text never, and at most `rate` texts a second (0: any number).

    `lists`: asked for its list, it says that all it has taken was delivered; else the list is empty.
    """

    latency: float = 0.0
    hang: int = 0
    rate: float = 0.0
    lists: bool = False


class _Record:
    """What all processes count together: texts taken, texts refused, and when the first and the last were taken (monotonic)."""

    def __init__(self, context: Any) -> None:
        self.taken: Synchronized[int] = context.Value("q", 0)
        self.refused: Synchronized[int] = context.Value("q", 0)
        self.first: Synchronized[float] = context.Value("d", 0.0)
        self.last: Synchronized[float] = context.Value("d", 0.0)

    def add(self, taken: int, refused: int, first: float, last: float) -> None:
        with self.taken.get_lock():
            self.taken.value += taken
            self.refused.value += refused
            if taken:
                self.first.value = min(self.first.value or first, first)
                self.last.value = max(self.last.value, last)

    def clear(self) -> None:
        with self.taken.get_lock():
            self.taken.value = self.refused.value = 0
            self.first.value = self.last.value = 0.0


class _Loop:
    """One process of the provider."""

    def __init__(self, listener: socket.socket, manner: Manner, record: _Record) -> None:
        self.listener, self.manner, self.record = listener, manner, record
        self.tokens, self.filled = manner.rate, time.monotonic()
        self.epoll = select.epoll()
        self.open: dict[int, socket.socket] = {}
        self.partial: dict[int, bytes] = {}
        self.later: list[tuple[float, int, int]] = []
        self.serial = self.before = os.getpid() << 64
        self.taken = self.refused = 0
        self.first = self.last = 0.0

    def run(self) -> None:
        # Ctrl-C is for whoever started us; they end us.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        listener, epoll = self.listener, self.epoll
        epoll.register(listener.fileno(), select.EPOLLIN)
        told = time.monotonic()
        while True:
            wait = max(0.0, self.later[0][0] - time.monotonic()) if self.later else 0.1
            for fd, _ in epoll.poll(min(wait, 0.1)):
                if fd == listener.fileno():
                    self._accept()
                else:
                    self._read(fd)
            while self.later and self.later[0][0] <= time.monotonic():
                _, serial, fd = heapq.heappop(self.later)
                self._say(fd, _ANSWER % serial)
            if time.monotonic() - told > 0.05:
                if self.taken or self.refused:
                    self.record.add(self.taken, self.refused, self.first, self.last)
                    self.taken = self.refused = 0
                    self.first = 0.0
                told = time.monotonic()

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, _ = self.listener.accept()
                connection.setblocking(False)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.open[connection.fileno()] = connection
                self.epoll.register(connection.fileno(), select.EPOLLIN)

    def _read(self, fd: int) -> None:
        try:
            data = self.open[fd].recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.open.pop(fd).close()
            self.partial.pop(fd, None)
            return
        if fd in self.partial:
            data = self.partial.pop(fd) + data
        size = _asked(data)
        if not size or len(data) < size:
            self.partial[fd] = data
            return
        if not data.startswith(b"POST"):
            self._list(fd, data) if self.manner.lists else self._say(fd, _EMPTY)
        elif self.manner.rate and not self._may():
            self.refused += 1
            self._say(fd, _REFUSED)
        else:
            self._take(fd)

    def _may(self) -> bool:
        now = time.monotonic()
        self.tokens = min(max(1.0, self.manner.rate), self.tokens + (now - self.filled) * self.manner.rate)
        self.filled = now
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    def _take(self, fd: int) -> None:
        manner = self.manner
        self.serial += 1
        self.taken += 1
        self.last = time.monotonic()
        self.first = self.first or self.last
        if manner.hang and self.serial % manner.hang == 0:
            return
        if manner.latency:
            heapq.heappush(self.later, (self.last + manner.latency, self.serial, fd))
        else:
            self._say(fd, _ANSWER % self.serial)

    def _list(self, fd: int, request: bytes) -> None:
        body = page(range(self.before + 1, self.serial + 1), request.split(b" ", 2)[1].decode(), "SM%032x")
        connection = self.open[fd]
        # Larger than what a socket takes at once; nobody sends while the list is read.
        with contextlib.suppress(OSError):
            connection.setblocking(True)
            connection.sendall(_OF_A_PAGE % len(body) + body)
            connection.setblocking(False)

    def _say(self, fd: int, words: bytes) -> None:
        connection = self.open.get(fd)
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.send(words)


class Provider:
    """A running provider: `url`, the `pids` of its processes, and what it has counted so far (a twentieth of a second late)."""

    def __init__(self, url: str, pids: tuple[int, ...], record: _Record) -> None:
        self.url, self.pids = url, pids
        self._record = record

    def taken(self) -> int:
        """Texts that it took, answered or not."""
        return self._record.taken.value

    def refused(self) -> int:
        """Texts that it answered with 429."""
        return self._record.refused.value

    def span(self) -> float:
        """Seconds between the first and the last text that it took."""
        return self._record.last.value - self._record.first.value

    def forget(self) -> None:
        """Count from nothing; let a moment pass after the last text."""
        self._record.clear()


@contextlib.contextmanager
def provider(processes: int = 1, manner: Manner | None = None, port: int = 0) -> Iterator[Provider]:
    """Serve on 127.0.0.1 until the block ends. With a rate or a list there must be one process, which keeps the bucket, or the list."""
    manner = manner or Manner()
    assert processes == 1 or not (manner.rate or manner.lists)
    context: Any = multiprocessing.get_context("fork")
    record = _Record(context)
    listeners: list[socket.socket] = []
    for _ in range(processes):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", listeners[0].getsockname()[1] if listeners else port))
        listener.listen(1024)
        listener.setblocking(False)
        listeners.append(listener)
    workers = [context.Process(target=_Loop(listener, manner, record).run, daemon=True) for listener in listeners]
    for worker in workers:
        worker.start()
    url = f"http://127.0.0.1:{listeners[0].getsockname()[1]}"
    for listener in listeners:
        listener.close()
    try:
        yield Provider(url, tuple(worker.pid for worker in workers), record)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join(5)


def main() -> None:
    """`python -m bench.provider --processes 2 --latency 0.2 --hang 100`: print the address, serve until killed."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--hang", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0)
    given = parser.parse_args()
    with provider(given.processes, Manner(given.latency, given.hang, given.rate), given.port) as running:
        print(running.url, flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
