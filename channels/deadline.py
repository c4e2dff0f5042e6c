"""Connections whose answer has one deadline for all its bytes, and whose request is handed over in time or not at all."""

import http.client
import io
import socket
import time
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

#: Seconds for handing over one body: a picture on a slow line takes longer than a connection may.
WRITE_TIMEOUT = 30.0
#: Counts while the machine sleeps; where there is none, the nearest that never jumps.
_AWAKE: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

#: Seconds without a word from the other side after which the kernel gives up what it still has to hand over. Else it goes on for up
#: to 100 s after we have hung up or died: a text given to it just before a line was cut arrived 84 s later (measured, round trip of
#: 100 ms), when its grace was over and it had been sent again.
GIVE_UP = 15.0
#: Linux only; elsewhere that window remains.
SOCKET_OPTIONS: list[tuple[int, int, int]] = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
if hasattr(socket, "TCP_USER_TIMEOUT"):
    SOCKET_OPTIONS.append((socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(GIVE_UP * 1000)))


def set_options(descriptor: int, purpose: int) -> int:
    """Set SOCKET_OPTIONS on a connection that libcurl is about to make; what CURLOPT_SOCKOPTFUNCTION calls. 0: go on."""
    connection = socket.socket(fileno=descriptor)
    try:
        for option in SOCKET_OPTIONS:
            connection.setsockopt(*option)
    finally:
        connection.detach()  # it is libcurl's
    return 0


def too_late(not_after: float) -> bool:
    """True when the moment has passed, also for a process that was paused meanwhile; 0 never passes."""
    return bool(not_after) and time.clock_gettime(_AWAKE) > not_after


class _Timed(io.RawIOBase):
    """Bytes of one answer under one deadline: a socket's own limit starts anew with each byte."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._limit = sock.gettimeout()
        self._deadline = time.monotonic() + (self._limit or 0.0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        finally:
            self._sock.settimeout(self._limit)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock))


class _Patient(http.client.HTTPConnection):
    response_class = _TimedResponse

    def send(self, data: Any) -> None:
        """Give the body the time that a connection does not get: a socket has one limit for both."""
        if getattr(self, "sock", None) is not None:
            self.sock.settimeout(WRITE_TIMEOUT)
        super().send(data)


class _Connection(_Patient, HTTPConnection):
    pass


class _SecureConnection(_Patient, HTTPSConnection):
    pass


class Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
