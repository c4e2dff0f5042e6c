"""One provider on one port: reads requests, spoils them where a fault says so, and writes the answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.web_request import BaseRequest

from channels.sandbox.exchange import Call, Reply
from channels.sandbox.faults import Fault
from channels.sandbox.provider import Provider

#: The largest body taken, in bytes: a picture of 8 MB in base64 and then some.
MAX_BODY = 16 * 1024 * 1024
#: Rows of a long list written at once, so that reading `/_sent` never holds up the provider for long.
ROWS_AT_ONCE = 500
#: How often a hanging request looks whether its client has gone, in seconds.
HANG_STEP = 0.2

HTML = b"<!doctype html><title>502</title><h1>Bad gateway</h1>"

#: Answers addresses that belong to no provider (the page of what residents see); None when it is not one of those.
Extra = Callable[[Call], Reply | None]


class Host:
    """Serves one provider on 127.0.0.1. `port` 0 asks for any free one; `start` returns the real one."""

    def __init__(self, provider: Provider, port: int, extra: Extra) -> None:
        self.provider = provider
        self._wanted = port
        self._extra = extra
        self._closing = asyncio.Event()
        self._runner: web.ServerRunner | None = None

    async def start(self) -> int:
        """Listen; returns the port. OSError when it is taken."""
        server = web.Server(self._handle, access_log=None, lingering_time=0)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._wanted, backlog=1024)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening and let go of hanging requests."""
        self._closing.set()
        if self._runner:
            await self._runner.cleanup()

    async def _handle(self, request: BaseRequest) -> web.StreamResponse:
        body = await _read(request)
        if body is None:
            return web.Response(status=413, text="too large")
        call = Call(request.method, request.raw_path, request.headers, body)
        extra = self._extra(call)
        if extra is not None:
            return await self._write(request, extra)
        if call.path.startswith("/_"):
            return await self._write(request, await self.provider.control(call))
        self.provider.stats.enter(self.provider.clock())
        try:
            fault = self.provider.faults.take(call)
            if fault is None:
                return await self._write(request, self.provider.answer(call))
            return await self._spoil(request, call, fault)
        finally:
            self.provider.stats.leave()

    async def _spoil(self, request: BaseRequest, call: Call, fault: Fault) -> web.StreamResponse:
        reply = self.provider.answer(call) if fault.recorded or fault.fault == "drop_after" else None
        match fault.fault:
            case "latency":
                await self._pause(fault.delay_s)
            case "hang" | "hang_after":
                await self._hang(request, fault.delay_s or float("inf"))
                return _cut(request)
            case "drop_before" | "drop_after":
                return _cut(request)
            case "not_json":
                reply = Reply(200, HTML, "text/html; charset=utf-8")
            case "empty":
                reply = Reply(200, b"")
            case _:
                reply = self.provider.refuse(fault)
        return await self._write(request, reply or Reply(500))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return

    async def _hang(self, request: BaseRequest, seconds: float) -> None:
        """Wait until the client has gone, the time is up, or the sandbox stops."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not self._closing.is_set() and loop.time() < end:
            if request.transport is None or request.transport.is_closing():
                return
            await self._pause(min(HANG_STEP, max(0.0, end - loop.time())))

    async def _write(self, request: BaseRequest, reply: Reply) -> web.StreamResponse:
        headers = {"Content-Type": reply.content_type, **reply.headers}
        if reply.rows is None:
            return web.Response(status=reply.status, body=reply.body, headers=headers)
        response = web.StreamResponse(status=reply.status, headers=headers)
        await response.prepare(request)
        await _write_rows(response.write, reply)
        await response.write_eof()
        return response


async def _write_rows(write: Callable[[bytes], Awaitable[None]], reply: Reply) -> None:
    block: list[str] = []
    before = "["
    for row in reply.rows or ():
        block.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
        if len(block) >= ROWS_AT_ONCE:
            await write((before + ",".join(block)).encode("utf-8", "replace"))
            block, before = [], ","
            await asyncio.sleep(0)
    tail = before + ",".join(block) if block else ("[" if before == "[" else "")
    await write((tail + "]").encode("utf-8", "replace"))


async def _read(request: BaseRequest) -> bytes | None:
    """The whole body; None when it is larger than MAX_BODY."""
    if not request.can_read_body:
        return b""
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _cut(request: BaseRequest) -> web.Response:
    """Cut the connection without a byte of answer; what is returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
