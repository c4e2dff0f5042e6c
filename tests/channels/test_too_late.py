"""A parcel whose moment has passed leaves no more, however far its request has come."""

import time
from dataclasses import replace

import pytest

from channels.base import Unavailable
from tests.channels.places import NETWORKED, Place, new_text, only


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
