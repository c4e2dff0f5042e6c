"""How long texts take and what they cost, worked out ahead of sending."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from broadcaster.domain.forecast import Pace, Zone, again, forecast, measured
from broadcaster.domain.profile import Money

NOW = datetime(2011, 1, 12, 12, 40, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_text_of_two_segments_takes_and_costs_twice_as_much() -> None:
    phones = {"en": 600, "ar": 100}
    found = forecast(phones, (), {"en": 1, "ar": 3}, Pace(segments=30), NOW, Money(Decimal("0.1"), "AUD"))
    assert (found.phones, found.segments, found.seconds, found.finish) == (700, 900, 30.0, after(30))
    assert found.cost == Money(Decimal("90.0"), "AUD")


@pytest.mark.parametrize(
    ("pace", "seconds"),
    [(Pace(10, 100), 20.0), (Pace(1000, 5), 20.0), (Pace(None, 5), 20.0), (Pace(), None)],
    ids=["the senders", "the operator's limit", "only that", "nothing known"],
)
def test_the_slower_of_senders_and_the_operator_s_own_limit_counts(pace: Pace, seconds: float | None) -> None:
    found = forecast({"en": 100}, (Zone("a", {"en": 100}, after(5)),), {"en": 2}, pace, NOW)
    assert found.seconds == seconds
    assert bool(found.late) == (seconds is not None)
    assert found.cost is None


def test_zones_that_are_reached_sooner_go_first_and_equal_ones_together() -> None:
    """A phone with two places is counted in both zones, and the end of everything still stands."""
    zones = (
        Zone("hill", {"en": 200}),
        Zone("dam", {"en": 100}, after(60), turn=after(60)),
        Zone("creek", {"en": 300}, after(20), turn=after(20)),
        Zone("bank", {"en": 300}, after(20), turn=after(20)),
    )
    found = forecast({"en": 850}, zones, {"en": 1}, Pace(20), NOW)
    assert [(each.code, each.seconds) for each in found.zones] == [
        ("creek", 30.0),
        ("bank", 30.0),
        ("dam", 35.0),
        ("hill", 42.5),
    ]
    assert [each.code for each in found.late] == ["creek", "bank"]
    assert found.seconds == 42.5


def test_while_it_is_sent_the_measured_pace_counts() -> None:
    zones = (Zone("creek", {"en": 300}, after(100), turn=after(100)), Zone("hill", {"en": 700}))
    before = forecast({"en": 1000}, zones, {"en": 1}, Pace(100), NOW)
    pace = measured([(NOW, 0), (after(10), 50), (after(20), 100)])
    assert pace == 5.0
    now = after(20)
    found = again(before, gone=100, left=900, per_second=pace, now=now)
    assert [each.finish for each in found.zones] == [now + timedelta(seconds=40), now + timedelta(seconds=180)]
    assert found.finish == now + timedelta(seconds=180)
    assert not found.late
    later = again(before, gone=400, left=600, per_second=2.0, now=after(200))
    assert (later.zones[0].finish, later.late) == (None, ())
    queued = again(before, gone=1000, left=0, per_second=500.0, now=after(5))
    assert (queued.finish, queued.seconds) == (after(10), 5.0)  # the provider has them all, and releases 100 a second
    stuck = again(before, gone=400, left=600, per_second=None, now=after(200))
    assert (stuck.finish, measured([(NOW, 400), (after(30), 400)])) == (None, None)
