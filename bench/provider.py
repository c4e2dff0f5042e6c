"""The fastest provider we can write, so that a measurement finds the sender's limit: Twilio's "create" on loopback.

Processes that share one port, each one epoll loop over raw sockets. It reads only as much of a request as it must (the end of
the head, the length of the body, `To`), and answers with what Twilio answers, with a SID of its own. It keeps no record but the
number of requests; the sandbox is the one that remembers and can fail.
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
from multiprocessing.sharedctypes import Synchronized
from typing import Any

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


def _asked(data: bytes) -> int:
    """How many bytes the request in `data` has in all; 0 while its head is not complete."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return 0
    at = data.find(b"ontent-Length: ", 0, head)
    return head + 4 + (int(data[at + 15 : data.index(b"\r", at)]) if at > 0 else 0)


class _Loop:
    """One process: answers `latency` seconds after a request, every `hang`-th request never."""

    def __init__(self, listener: socket.socket, latency: float, hang: int, taken: "Synchronized[int]") -> None:
        self.listener, self.latency, self.hang, self.taken = listener, latency, hang, taken
        self.epoll = select.epoll()
        self.open: dict[int, socket.socket] = {}
        self.partial: dict[int, bytes] = {}
        self.later: list[tuple[float, int, int]] = []
        self.serial = os.getpid() << 64
        self.count = 0

    def run(self) -> None:
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
                self._answer(heapq.heappop(self.later)[2])
            if time.monotonic() - told > 0.1:
                with self.taken.get_lock():
                    self.taken.value += self.count
                self.count, told = 0, time.monotonic()

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
        self.serial += 1
        self.count += 1
        if self.hang and self.serial % self.hang == 0:
            return
        if self.latency:
            heapq.heappush(self.later, (time.monotonic() + self.latency, self.serial, fd))
        else:
            self._answer(fd)

    def _answer(self, fd: int) -> None:
        connection = self.open.get(fd)
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.send(_ANSWER % self.serial)


class Provider:
    """A running provider: `url`, and `taken()` requests so far (a tenth of a second late)."""

    def __init__(self, url: str, taken: "Synchronized[int]") -> None:
        self.url = url
        self._taken = taken

    def taken(self) -> int:
        return self._taken.value


@contextlib.contextmanager
def provider(processes: int = 1, latency: float = 0.0, hang: int = 0, port: int = 0) -> Iterator[Provider]:
    """Serve on 127.0.0.1 until the block ends. `latency` in seconds; every `hang`-th request is never answered."""
    context: Any = multiprocessing.get_context("fork")
    taken = context.Value("q", 0)
    listeners: list[socket.socket] = []
    for _ in range(processes):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", listeners[0].getsockname()[1] if listeners else port))
        listener.listen(1024)
        listener.setblocking(False)
        listeners.append(listener)
    workers = [context.Process(target=_Loop(listener, latency, hang, taken).run, daemon=True) for listener in listeners]
    for worker in workers:
        worker.start()
    url = f"http://127.0.0.1:{listeners[0].getsockname()[1]}"
    for listener in listeners:
        listener.close()
    try:
        yield Provider(url, taken)
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
    given = parser.parse_args()
    with provider(given.processes, given.latency, given.hang, given.port) as running:
        print(running.url, flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
