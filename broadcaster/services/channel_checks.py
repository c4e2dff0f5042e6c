"""Trying every channel's credentials with a harmless call: at the terminal, and from the page of the first hour, which remembers it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import channels
from broadcaster.domain.breaker import Position
from broadcaster.domain.rules import Actor, Role
from broadcaster.providers import half_set
from broadcaster.runtime import Runtime
from broadcaster.store import journal
from broadcaster.store.breaker import breaker_key
from channels.base import ChannelError, Health

ACTION = "channels.check"


@dataclass(frozen=True, slots=True)
class Checked:
    """One channel, live or for exercises: `health` when it answered, else what it lacks or why it did not.

    `carrier` is who answered; `breaker` is open when that one has not answered alerts of late. `others` are the carriers that
    take over from it.
    """

    channel: str
    mode: str
    set_up: bool
    health: Health | None = None
    problem: str = ""
    carrier: str = ""
    breaker: Position | None = None
    others: tuple["Checked", ...] = ()

    @property
    def fails(self) -> bool:
        """True when something that is set up does not answer."""
        return (self.set_up and self.health is None) or any(each.fails for each in self.others)


def every(rt: Runtime) -> list[Checked]:
    """Each channel, live and for exercises, in the table's order."""
    return [checked(rt, name, live) for live in (True, False) for name in channels.CHANNELS]


def checked(rt: Runtime, name: str, live: bool) -> Checked:
    """One channel with all its carriers."""
    mode = "live" if live else "exercise"
    if lacking := rt.missing(name, live):
        return Checked(name, mode, False, problem=lacking)
    first, *rest = (_asked(rt, name, live, carrier) for carrier in rt.carriers(name, live))
    half = (Checked(name, mode, False, problem=lacking) for lacking in half_set(name, rt.settings, live))
    return replace(first, others=(*rest, *half))


def note(rt: Runtime, found: Sequence[Checked], actor: Actor, now: datetime) -> None:
    """Journal what answered."""
    actor.must(Role.ADMIN, "check channels")
    said = {f"{each.mode} {each.channel}": not each.fails for each in found if each.set_up}
    with rt.db.write() as tx:
        journal.append(tx, journal.SYSTEM_CHAIN, actor, ACTION, now, body=dict(said))


def _asked(rt: Runtime, name: str, live: bool, carrier: str) -> Checked:
    breaker = rt.breaker.state(breaker_key(carrier, live)).position
    answer = Checked(name, "live" if live else "exercise", True, carrier=carrier, breaker=breaker)
    try:
        return replace(answer, health=rt.channel(name, live, carrier).check())
    except ChannelError as error:
        return replace(answer, problem=str(error))
