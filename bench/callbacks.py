"""Twilio's side of callbacks, for measuring: signed requests, posted by a process of its own as fast as they are taken, or at a pace."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Sequence
from itertools import count, cycle
from typing import Any
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from bench.site import Site
from channels.base import Progress

#: Twilio opens as many as it likes.
CONNECTIONS = 16
PATH = "/webhooks/twilio/status"


def requests_of(site: Site, said: Sequence[tuple[int, str, Progress]]) -> list[bytes]:
    """Callbacks as Twilio posts them, signed over our public address."""
    validator = RequestValidator(site.settings.live.twilio_auth_token.get_secret_value())
    base, found = site.settings.public_url.rstrip("/"), []
    for number, name, progress in said:
        path = f"{PATH}?d={site.rt.seal(number)}"
        form = {
            "AccountSid": site.settings.live.twilio_account_sid,
            "ApiVersion": "2010-04-01",
            "From": "+61491579455",
            "MessageSid": name,
            "MessageStatus": progress.value,
            "SmsSid": name,
            "SmsStatus": progress.value,
            "To": "+61491570156",
        }
        body = urlencode(form)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: alerts.bcc.example\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"X-Twilio-Signature: {validator.compute_signature(base + path, form)}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        found.append((head + body).encode())
    return found


def post(path: str, posts: Sequence[bytes], seconds: float, pace: float, answer: Any) -> None:
    """In a process of its own: post these again and again on kept connections, `pace` a second (0: as fast as they are taken).

    Answers (accepted, refused, seconds).
    """
    left, counts, guard, place = cycle(posts), [0, 0], threading.Lock(), count()
    began = time.monotonic()
    until = began + seconds

    def one() -> None:
        wire: socket.socket | None = None
        while time.monotonic() < until:
            if wire is None:
                wire = socket.socket(socket.AF_UNIX)
                wire.settimeout(20)
                wire.connect(path)
            with guard:
                request, due = next(left), began + next(place) / pace if pace else 0.0
            time.sleep(max(0.0, due - time.monotonic()))
            wire.sendall(request)
            head = b""
            while b"\r\n\r\n" not in head:
                more = wire.recv(4096)
                if not more:
                    break
                head += more
            with guard:
                counts[b" 204 " not in head[:20]] += 1
            if not head or b"connection: close" in head.lower():
                wire.close()
                wire = None

    threads = [threading.Thread(target=one) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answer.put((*counts, time.monotonic() - began))


class Caller:
    """A process that posts callbacks."""

    def __init__(self, path: str, posts: Sequence[bytes], seconds: float, pace: float) -> None:
        context: Any = multiprocessing.get_context("fork")
        self._seconds, self._answer = seconds, context.Queue()
        self._process = context.Process(target=post, args=(path, posts, seconds, pace, self._answer), daemon=True)
        self._process.start()

    def answer(self) -> tuple[int, int, float]:
        """Wait for its end: (accepted, refused, seconds)."""
        good, bad, seconds = self._answer.get(timeout=self._seconds + 60)
        self._process.join(10)
        return good, bad, seconds


def answers(path: str) -> bool:
    """True when a process serves callbacks on this socket."""
    try:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(5)
            wire.connect(path)
            wire.sendall(b"GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n")
            return b" 200 " in wire.recv(4096)
    except OSError:
        return False
