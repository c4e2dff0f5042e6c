"""Stands where an installation has its reverse proxy: one address that outlives every process behind it."""

import asyncio
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self


class Relay:
    """Hands every connection on to a unix socket, or to a port of 127.0.0.1; when nobody listens there, the caller is hung up on."""

    def __init__(self, target: Path | int, host: str = "127.0.0.1") -> None:
        self._target, self._host = target, host
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, self._host, 0))
        self.url = f"http://{self._host}:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            if isinstance(self._target, Path):
                inner_reader, inner_writer = await asyncio.open_unix_connection(str(self._target))
            else:
                inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer), return_exceptions=True)
        writer.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while block := await source.read(65536):
            target.write(block)
            await target.drain()
    finally:
        target.close()
