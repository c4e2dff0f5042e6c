"""One part of an installation as a real process with the tests' timing, which may be told to kill itself at one exact place.

tests/engine/parts.py starts it. A window is one of WINDOWS; the process sends itself SIGKILL there, so nothing is tidied up, as when
the power goes.
"""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from broadcaster import jobs
from broadcaster.runtime import build
from broadcaster.services import approval, broadcasting, parcels, receiving, sweeping
from broadcaster.services.delivering import Delivering
from broadcaster.settings import load
from broadcaster.store import fanout
from broadcaster.store import receipts as receipt_store
from broadcaster.store.queue import Worker
from broadcaster.store.receipt_stream import Reader
from tests.engine.city import QUICK, approve


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def nth(number: int, owner: Any, name: str, before: bool) -> None:
    """Die at the `number`-th call of owner.name, before it begins or after it has returned."""
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if before and calls == number:
            die()
        answer = original(*args, **kwargs)
        if not before and calls == number:
            die()
        return answer

    setattr(owner, name, wrapped)


def during_a_call() -> None:
    """Die while the 120th request, and all before it, are with the provider, which takes its time and keeps what it is given."""
    original = parcels.parcel
    calls = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 120:
            threading.Timer(0.15, die).start()
        return original(*args, **kwargs)

    parcels.parcel = wrapped


#: Window → what makes the process die there.
WINDOWS: dict[str, Callable[[], None]] = {
    "before the approval commits": lambda: nth(1, broadcasting, "begin", before=False),
    "after the commit, before the ring": lambda: nth(1, approval, "go", before=True),
    "in the middle of making deliveries": lambda: nth(1, fanout, "take_slice", before=False),
    "after the lease": lambda: nth(1, Delivering, "run", before=True),
    "after the intent": lambda: nth(3, Delivering, "_next_chunk", before=False),
    "during the call": during_a_call,
    "after the call, before the commit": lambda: nth(4, Delivering, "_write_down", before=True),
    "after the last outcome, before the end of the lease": lambda: nth(1, Delivering, "_settle", before=True),
    "in a receipt, before its commit": lambda: nth(1, receipt_store, "apply", before=False),
    "after receipts are applied, before the stream knows": lambda: nth(1, Reader, "done", before=True),
}


def live(role: str, window: str, lane: str) -> None:
    """Be a worker of a lane, sweeper, receiver, or whoever approves ALERT, with the settings of the environment, until told to end."""
    if window:
        WINDOWS[window]()
    rt = build(load(), QUICK)
    if role == "worker":
        worker = Worker(rt.settings.redis, lane)
        rt.worker = worker.name
        jobs.use(rt)
        worker.work()
    elif role == "sweeper":
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        sweeping.loop(rt, stop)
    elif role == "receiver":
        receiving.loop(rt, threading.Event())
    elif role == "approve":
        approve(rt, os.environ["ALERT"])
    rt.close()
