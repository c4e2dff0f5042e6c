"""A parcel whose moment has passed leaves no more, however far its request has come."""

import os
import socket
import time
from dataclasses import replace

import pytest
import requests

from channels.base import Unavailable
from channels.deadline import GIVE_UP
from channels.letter import Letter
from channels.window import Window
from channels.wire import Wire
from tests.channels.places import NETWORKED, Place, new_text, only
from tests.channels.test_wire import OK, ORIGIN, server


def awake() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.parametrize("place", NETWORKED, indirect=True)
def test_one_that_is_too_late_is_not_sent_and_one_in_time_is(place: Place) -> None:
    channel = place.open()
    late = place.parcel(new_text())
    outcome = only(channel.send([replace(late, not_after=awake() - 1)]))
    assert isinstance(outcome.error, Unavailable)
    assert outcome.error.slow_down
    assert place.rows() == []
    assert only(channel.send([replace(late, not_after=awake() + 60)])).error is None


@pytest.mark.parametrize("place", ["sms"], indirect=True)
def test_of_many_texts_those_that_are_too_late_are_not_sent(place: Place) -> None:
    channel = place.open()
    parcels = [place.parcel(new_text()) for _ in range(20)]
    due = [replace(each, not_after=awake() + (60 if n % 2 else -1)) for n, each in enumerate(parcels)]
    outcomes = list(channel.send(iter(due)))
    assert len(outcomes) == 20
    assert {each.parcel.id for each in outcomes if each.error is None} == {each.id for each in due[1::2]}
    assert len(place.rows()) == 10


def patience_of_the_kernel(far_end: socket.socket) -> int:
    """TCP_USER_TIMEOUT of the connection, in this process, whose other end this is, in milliseconds."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
        try:
            with socket.socket(fileno=os.dup(int(name))) as each:
                if each.family == socket.AF_INET and each.getsockname() == far_end.getpeername():
                    return each.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        except OSError:
            continue
    return 0


def test_what_the_kernel_has_in_hand_when_the_line_is_cut_does_not_arrive_after_the_grace() -> None:
    """Seen with a line that was cut for 65 s (docs/delivery.md); here only that the kernel was told when to give up, on both ways."""
    seen: list[int] = []

    def serve(connection: socket.socket) -> None:
        seen.append(patience_of_the_kernel(connection))
        connection.sendall(OK)

    with server(serve) as url:
        window = Window[int](timeout=5.0)
        letter = Letter(f"{url}/a", ["Content-Type: text/plain"], b"text")
        assert [getattr(answer, "status", answer) for _, answer in window.exchange([1], lambda _: letter)] == [200]
        window.close()
        assert isinstance(Wire(ORIGIN, base_url=url).session.post(f"{ORIGIN}/a", data="text"), requests.Response)
    assert seen == [GIVE_UP * 1000] * 2
