"""A provider that writes down every request as it came and answers, or does not, as the test says."""

import asyncio
import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

OK = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    % len(b'{"sid": "SM0123456789abcdef0123456789abcdef"}')
    + b'{"sid": "SM0123456789abcdef0123456789abcdef"}'
)


@dataclass
class Request:
    """One request: its bytes, the connection it came on (numbered from 1) and its place there (from 1)."""

    head: bytes
    body: bytes
    connection: int
    place: int

    def field(self, name: str) -> str:
        """A field of its form; empty when it is not there."""
        return parse_qs(self.body.decode(), keep_blank_values=True).get(name, [""])[0]


#: Gets a request and the way back; when it returns, the next request is read. Closing the writer ends the connection.
Serve = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


async def accept(request: Request, back: asyncio.StreamWriter) -> None:
    """Take the text."""
    back.write(OK)


@dataclass
class Recorder:
    """`requests` as they came in, and how many connections were opened and are open."""

    serve: Serve = accept
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    opened: int = 0
    open_now: int = 0
    #: Set by the test to let requests go on that wait for it.
    gate: threading.Event = field(default_factory=threading.Event)

    def bodies(self) -> list[bytes]:
        return [request.body for request in self.requests]

    async def wait_for_gate(self) -> None:
        """Hold a request until the test opens the gate."""
        while not self.gate.is_set():
            await asyncio.sleep(0.01)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.open_now += 1
        number, place = self.opened, 0
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while not writer.is_closing():
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                    body = await reader.readexactly(int(length[1]) if length else 0)
                    place += 1
                    request = Request(head, body, number, place)
                    self.requests.append(request)
                    await self.serve(request, writer)
                    await writer.drain()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            self.open_now -= 1


@contextlib.contextmanager
def recording(serve: Serve = accept, tls: ssl.SSLContext | None = None) -> Iterator[Recorder]:
    """A recorder in a thread of its own, until the block ends."""
    recorder = Recorder(serve)
    ready, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        server = await asyncio.start_server(recorder.handle, "127.0.0.1", 0, ssl=tls, backlog=1024)
        recorder.url = f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await ended.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def serve_all() -> None:
        loop.run_until_complete(run())
        loop.close()

    thread = threading.Thread(target=serve_all)
    thread.start()
    ready.wait(10)
    try:
        yield recorder
    finally:
        recorder.gate.set()
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)


@contextlib.contextmanager
def nobody_accepts() -> Iterator[str]:
    """Address of a server whose queue is full: the kernel answers nobody any more."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for other in waiting:
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        yield f"http://127.0.0.1:{full.getsockname()[1]}"
        for other in waiting:
            other.close()
