"""Connections whose answer has one deadline for all its bytes, and whose request has time to be handed over."""

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
