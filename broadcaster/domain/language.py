"""How a language writes times, days, numbers and lists, and how it marks an exercise, as a file declares it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Language:
    """One language as a file declares it (templates/alerts/languages.yaml). Patterns are for str.format.

    `clock` and `full_hour` may use hour (0-23), hour12, minute, ampm; `noon` is said for 12:00 where it is not empty.
    `weekdays` begin with Monday, `months` with January, both as used inside a text. `when` combines clock, weekday,
    day, month; `day` the last three; `weekday_clock` clock and weekday; `dated` day, month, year and clock, for a page.
    `exercise_first` and `exercise_last` are the marks of an exercise; `test_first` and
    `test_last` those of a draft that somebody sends to their own phone. `exercise_over` is the
    text to those who took part when a real event ends an exercise ({sender}, {url}). `refused` are words that lack a time or place.
    `words` are what pages say around an alert's own words.
    """

    code: str
    name: str
    clock: str
    full_hour: str
    noon: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    when: str
    day: str
    weekday_clock: str
    and_word: str
    decimal: str
    exercise_first: str
    exercise_last: str
    test_first: str
    test_last: str
    exercise_over: str
    refused: tuple[str, ...]
    words: Mapping[str, str]

    def clock_time(self, moment: datetime) -> str:
        """The wall clock of an aware local time: "2 am", "10.40 pm", "kl. 02.00"."""
        if self.noon and (moment.hour, moment.minute) == (12, 0):
            return self.noon
        pattern = self.full_hour if moment.minute == 0 else self.clock
        return pattern.format(
            hour=moment.hour,
            hour12=(moment.hour - 1) % 12 + 1,
            minute=moment.minute,
            ampm="am" if moment.hour < 12 else "pm",
        )

    def day_of(self, day: date) -> str:
        """Weekday and date: "Thu 13 Jan", "torsdag 13. jan."."""
        return self.day.format(**self._date(day))

    def moment(self, moment: datetime) -> str:
        """Clock, weekday and date of an aware local time: "2 am Thu 13 Jan", "kl. 02.00 torsdag 13. jan."."""
        return self.when.format(clock=self.clock_time(moment), **self._date(moment))

    def on_weekday(self, moment: datetime) -> str:
        """Weekday and clock: "Thu 6 am", "torsdag kl. 18.00"."""
        return self.weekday_clock.format(clock=self.clock_time(moment), **self._date(moment))

    def soon(self, moment: datetime, now: datetime) -> str:
        """The clock alone within 24 hours, where "by 1 am" means only one time, else with weekday and date."""
        alone = abs(moment - now) < timedelta(hours=24)
        return self.clock_time(moment) if alone else self.moment(moment)

    def listed(self, items: Iterable[str]) -> str:
        """ "Rocklea", "Rocklea and Oxley", "Rocklea, Oxley and Sherwood"."""
        names = list(items)
        if len(names) < 2:
            return "".join(names)
        return f"{', '.join(names[:-1])} {self.and_word} {names[-1]}"

    def number(self, value: float) -> str:
        """A number with this language's decimal sign and no trailing zeros: 4.46, "4,46"."""
        text = f"{value:.6f}".rstrip("0").rstrip(".")
        return text.replace(".", self.decimal)

    def _date(self, day: date) -> dict[str, object]:
        return {
            "weekday": self.weekdays[day.weekday()],
            "day": day.day,
            "month": self.months[day.month - 1],
            "year": day.year,
        }
