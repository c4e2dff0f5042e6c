"""Tells a person what the demo does while it does it: calm lines, the same on a terminal and in a file."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from broadcaster.demo.count import Tally
from broadcaster.demo.outcome import Played
from broadcaster.demo.story import STORY, Scene
from broadcaster.services.journal import Verdict
from channels import CHANNELS

#: Columns when the output is not a terminal.
WIDTH = 110
#: What one delivery is called, per channel: one, many.
NOUNS = {"sms": ("text", "texts"), "x": ("post", "posts"), "facebook": ("post", "posts"), "website": ("page", "pages")}
_INDENT = " " * 10


class Telling:
    """Lines begin with the clock in Brisbane. With `stderr`, stdout is left to a document for machines."""

    def __init__(self, timezone: str, stderr: bool) -> None:
        self._zone = ZoneInfo(timezone)
        console = Console(stderr=stderr, highlight=False)
        self._console = console if console.is_terminal else Console(stderr=stderr, highlight=False, width=WIDTH)

    def say(self, now: datetime, words: str, style: str = "") -> None:
        """A line that begins with the time."""
        clock = Text(f"{now.astimezone(self._zone):%H:%M:%S}  ", style="dim")
        self._console.print(clock.append(words, style=style or "not dim"), soft_wrap=not self._console.is_terminal)

    def more(self, words: str, style: str = "") -> None:
        """A line that belongs to the one before."""
        self._console.print(Text(_INDENT + words, style=style), soft_wrap=not self._console.is_terminal)

    def blank(self) -> None:
        self._console.print()

    def opening(self, now: datetime) -> None:
        day = now.astimezone(self._zone)
        self._console.print(Text("The Brisbane flood of January 2011, played in time-lapse", style="bold"))
        self.more(
            f"In Brisbane it is {day:%A} {day.day} {day:%B %Y}. The alerts carry today's times; the story is that of 2011."
        )
        self.more("Everybody in it is invented, and nothing leaves this machine.")
        self.blank()

    def addresses(self, places: Sequence[tuple[str, str]]) -> None:
        """Where to look and how to log in."""
        width = max(len(name) for name, _ in places)
        for name, address in places:
            self.more(f"{name:<{width}}  {address}")

    def scene(self, number: int, scene: Scene, now: datetime) -> None:
        self.blank()
        self.say(now, f"{number} of {len(STORY)}  ·  as on {scene.then}", "bold")
        self.more(scene.told)

    def written(self, now: datetime, kind: str, msg_type: str, headline: str, phones: int) -> None:
        update = "" if msg_type == "Alert" else f" ({msg_type})"
        self.say(now, f"{kind}{update}: Ada writes “{headline}”")
        self.more(f"for {phones:,} phones and the public; Ben reads it and approves exactly that")

    def landed(self, now: datetime, channel: str, states: Mapping[str, int], seconds: float) -> None:
        """A channel on which every delivery is final."""
        number = sum(states.values())
        noun = NOUNS[channel][number != 1]
        bad = {state: count for state, count in states.items() if state != "delivered"}
        words = f"{number:,} {noun}, " + (", ".join(f"{count:,} {state}" for state, count in states.items()))
        self.say(now, f"  {channel:<9}{words}, after {seconds:.1f} s", "red" if bad else "green")

    def waiting(self, now: datetime, missing: str) -> None:
        """Something takes longer than it should."""
        self.say(now, f"  still awaited: {missing}", "yellow")

    def finished(self, now: datetime, played: Played) -> None:
        self.say(now, f"  first after {played.first or 0:.1f} s, all after {played.all or 0:.1f} s", "dim")

    def texted(self, now: datetime, words: str, replies: Sequence[str]) -> None:
        """A resident has answered a text."""
        if replies:
            self.say(now, f"A resident texts back: “{words}”")
            self.more(f"and is answered at once: “{replies[0]}”")
            self.more("In the console's inbox it stands on top until a named person takes it.")

    def summary(self, played: Sequence[Played], total: Tally, record: Verdict) -> None:
        """The table, what was counted at the providers, and whether the journal is whole."""
        table = Table(title="What went out", title_justify="left", title_style="bold")
        for name in ("", "alert", *CHANNELS, "first", "all", "state now"):
            table.add_column(name, justify="left" if name in ("alert", "state now") else "right")
        for number, each in enumerate(played, 1):
            counts = [str(sum(each.deliveries.get(channel, {}).values())) for channel in CHANNELS]
            times = [f"{value:.1f} s" if value is not None else "-" for value in (each.first, each.all)]
            table.add_row(str(number), each.scene.path.stem[2:], *counts, *times, each.state)
        self.blank()
        self._console.print(table)
        self.more(f"Counted at the providers: {total.lost} lost, {total.doubled} doubled.", "bold")
        broken = f"{len(record.breaks)} broken" if record.breaks else "unbroken"
        self.more(f"The journal: {record.entries} entries in {len(record.heads)} chains, {broken}.", "bold")
        self.blank()
