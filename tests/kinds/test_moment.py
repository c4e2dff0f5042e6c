"""Times as people write them."""

import contextlib
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.moment import from_wall, read_day, read_moment

OSLO = ZoneInfo("Europe/Oslo")
BRISBANE = ZoneInfo("Australia/Brisbane")
EARLIEST, LATEST = datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2060-01-01")
NOW = datetime(2011, 1, 12, 12, 42, 30, tzinfo=UTC)  # 22:42 in Brisbane, 13:42 in Oslo


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2011-01-13T02:00:00+10:00", datetime(2011, 1, 12, 16, 0, tzinfo=UTC)),
        ("2011-01-13T02:00Z", datetime(2011, 1, 13, 2, 0, tzinfo=UTC)),
        ("2011-01-13 02:00", datetime(2011, 1, 12, 16, 0, tzinfo=UTC)),
        ("02:00", datetime(2011, 1, 12, 16, 0, tzinfo=UTC)),  # the next 02:00 is tomorrow's
        ("23:15", datetime(2011, 1, 12, 13, 15, tzinfo=UTC)),  # still to come today
        ("22:42", datetime(2011, 1, 13, 12, 42, tzinfo=UTC)),  # has just passed
        ("+0d 21:00", datetime(2011, 1, 12, 11, 0, tzinfo=UTC)),
        ("+1d 6:00", datetime(2011, 1, 12, 20, 0, tzinfo=UTC)),
        ("-1d 06:00", datetime(2011, 1, 10, 20, 0, tzinfo=UTC)),
        ("+30m", datetime(2011, 1, 12, 13, 15, tzinfo=UTC)),  # up to whole five minutes
        ("-20m", datetime(2011, 1, 12, 12, 20, tzinfo=UTC)),  # down, for what lies behind
        ("+1d2h", datetime(2011, 1, 13, 14, 45, tzinfo=UTC)),
    ],
)
def test_a_time_may_be_written_as_people_say_it(written: str, expected: datetime) -> None:
    assert read_moment(written, BRISBANE, NOW) == expected


@pytest.mark.parametrize(
    "written",
    [
        "soon",
        "",
        "2011-13-01 02:00",
        "2011-01-13",
        "25:00",
        "+",
        "12",
        "+1x",
        "2011-01-13T02:00+99:99",
        "20110113T0200",
    ],
)
def test_what_is_not_a_time_is_refused_in_words(written: str) -> None:
    with pytest.raises(ValueError, match="time"):
        read_moment(written, BRISBANE, NOW)


def test_without_a_now_only_full_times_are_read() -> None:
    assert read_moment("2011-01-13 02:00", BRISBANE) == datetime(2011, 1, 12, 16, 0, tzinfo=UTC)
    with pytest.raises(ValueError, match="not a full date and time"):
        read_moment("02:00", BRISBANE)


def test_a_wall_clock_time_that_never_comes_or_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="does not exist"):
        from_wall(datetime.fromisoformat("2026-03-29T02:30"), OSLO)
    with pytest.raises(ValueError, match="comes twice"):
        from_wall(datetime.fromisoformat("2026-10-25T02:30"), OSLO)
    assert read_moment("2026-10-25T02:30+01:00", OSLO) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_days_are_dates_or_counted_from_today_on_the_wall() -> None:
    assert read_day("2011-01-13", BRISBANE) == date(2011, 1, 13)
    assert read_day("+1d", BRISBANE, NOW) == date(2011, 1, 13)
    for written in ("2011-02-30", "tomorrow", "+1h", "+1d2h"):
        with pytest.raises(ValueError, match="day"):
            read_day(written, BRISBANE, NOW)


@given(st.datetimes(EARLIEST, LATEST), st.sampled_from([OSLO, BRISBANE]))
def test_a_wall_time_that_is_read_shows_on_the_wall(wall: datetime, zone: ZoneInfo) -> None:
    wall = wall.replace(second=0, microsecond=0, fold=0)
    try:
        moment = read_moment(f"{wall:%Y-%m-%d %H:%M}", zone)
    except ValueError:
        return
    assert moment.utcoffset() == UTC.utcoffset(None)
    assert moment.astimezone(zone).replace(tzinfo=None) == wall


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(written: str) -> None:
    with contextlib.suppress(ValueError):
        assert read_moment(written, OSLO, NOW).tzinfo is not None
