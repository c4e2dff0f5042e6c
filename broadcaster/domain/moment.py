"""Times as people give them: with an offset, as the clock on the wall shows, or counted from now."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_RELATIVE = re.compile(r"(?P<sign>[+-])(?:(?P<d>\d{1,2})d)?(?:(?P<h>\d{1,3})h)?(?:(?P<m>\d{1,4})m)?")
_DAY_CLOCK = re.compile(r"(?P<days>[+-]\d{1,2})d (?P<clock>\d{1,2}:\d{2})")
_CLOCK = re.compile(r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_STEP = 5 * 60
_FORMS = 'Write "2011-01-13 02:00", "02:00" (the next time the clock shows it), "+1d 06:00" or "+1h30m".'


def read_moment(text: str, zone: tzinfo, now: datetime | None = None) -> datetime:
    """Return the aware UTC time that `text` means.

    Forms: ISO 8601 with an offset; ISO 8601 without one (wall clock in `zone`); `HH:MM`, the next time after `now` that
    the wall clock shows it; `+1d 06:00`, that wall clock so many days from today; `+2h30m`, `-20m`, counted from `now`
    and put on the next whole five minutes (before `now`: the last), because people are promised clock times. The last
    three need `now`. Raises ValueError, in words for the person who typed it.
    """
    text = text.strip()
    if _ISO.fullmatch(text):
        try:
            given = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"there is no such time as {text!r}") from None
        return given.astimezone(UTC) if given.tzinfo else from_wall(given, zone)
    if now is None:
        raise ValueError(f"{text!r} is not a full date and time")
    here = now.astimezone(zone)
    if clock := _CLOCK.fullmatch(text):
        wall = time(int(clock["hour"]), int(clock["minute"]))
        day = here.date() if wall > here.time() else here.date() + timedelta(days=1)
        return from_wall(datetime.combine(day, wall), zone)
    if (counted := _DAY_CLOCK.fullmatch(text)) and (clock := _CLOCK.fullmatch(counted["clock"])):
        wall = time(int(clock["hour"]), int(clock["minute"]))
        return from_wall(datetime.combine(here.date() + timedelta(days=int(counted["days"])), wall), zone)
    relative = _RELATIVE.fullmatch(text)
    if relative and any(relative.group("d", "h", "m")):
        days, hours, minutes = (int(each or 0) for each in relative.group("d", "h", "m"))
        return _stepped(now, timedelta(days=days, hours=hours, minutes=minutes), forward=relative["sign"] == "+")
    raise ValueError(f"{text!r} is not a time. {_FORMS}")


def read_day(text: str, zone: tzinfo, now: datetime | None = None) -> date:
    """Return the day that `text` means: `2011-01-13`, or `+1d` counted from today in `zone`. Raises ValueError."""
    text = text.strip()
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"there is no such day as {text!r}") from None
    relative = _RELATIVE.fullmatch(text)
    if now is not None and relative and relative["d"] and not (relative["h"] or relative["m"]):
        days = int(relative["d"]) * (1 if relative["sign"] == "+" else -1)
        return now.astimezone(zone).date() + timedelta(days=days)
    raise ValueError(f'{text!r} is not a day. Write "2011-01-13" or "+1d".')


def from_wall(wall: datetime, zone: tzinfo) -> datetime:
    """Return the UTC time at which clocks in `zone` show `wall`. ValueError when they never do, or do so twice."""
    first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    shown = f"{wall:%Y-%m-%d %H:%M}"
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
        raise ValueError(f"{shown} does not exist: clocks go forward then")
    if first.utcoffset() != second.utcoffset():
        raise ValueError(f"{shown} comes twice: clocks go back then, so write it with its offset from UTC")
    return first.astimezone(UTC)


def _stepped(now: datetime, distance: timedelta, forward: bool) -> datetime:
    exact = (now + distance if forward else now - distance).timestamp()
    steps = -(-exact // _STEP) if forward else exact // _STEP
    return datetime.fromtimestamp(steps * _STEP, UTC)


def round_up(moment: datetime, step: timedelta) -> datetime:
    """The next moment on the clock that is a whole number of steps: 14:02 by five minutes is 14:05."""
    over = timedelta(seconds=moment.timestamp() % step.total_seconds())
    return moment + (step - over) if over else moment
