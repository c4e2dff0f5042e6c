"""Who carries a channel just now: the first provider that answers, by the breakers that all workers share."""

from collections.abc import Sequence

from broadcaster.domain.errors import NotReady
from broadcaster.runtime import Runtime
from broadcaster.store.breaker import UNBOUND, breaker_key, unanswered
from channels.base import Channel, ChannelError, Misconfigured, Outcome


class Carriers:
    """The carriers of one channel, and what the one that was chosen has answered lately."""

    def __init__(self, rt: Runtime, name: str, live: bool) -> None:
        self._rt, self._name, self._live = rt, name, live
        self._counted = [0, 0]
        self._granted = 0
        self._refused = False
        self.channel: Channel | None = None

    def choose(self) -> Channel | None:
        """The first carrier whose breaker lets something through; None when none does. NotReady when nobody is set up."""
        names = self._rt.carriers(self._name, self._live)
        for name in names or (self.by_name().carrier,):
            self.channel = self.by_name(name)
            # A trial is given once, so what was given here is kept for the first chunk.
            self._granted = self.room()
            if 0 < self._granted < UNBOUND and not self._answers():
                self._granted = 0
            if self._granted:
                return self.channel
        return None

    def _answers(self) -> bool:
        """A harmless call before a trial: who does not answer that is not given anybody's text."""
        key = self._key(self._chosen)
        try:
            self._chosen.check()
        except Misconfigured:
            self._rt.breaker.trip(key)
        except ChannelError:
            self._rt.breaker.note(key, 0, 1)
        else:
            return True
        return False

    def give_up(self) -> bool:
        """The chosen carrier will take nothing from our account. True when somebody else carries on; all workers are told so."""
        self._refused = self.another()
        return self._refused

    def another(self) -> bool:
        """True when somebody else could carry on at once."""
        others = (name for name in self._rt.carriers(self._name, self._live) if name != self._chosen.carrier)
        return any(self._rt.breaker.state(breaker_key(name, self._live)).closed for name in others)

    def by_name(self, name: str = "") -> Channel:
        """The carrier that a delivery names: only that one can say what became of it. NotReady when it is not set up (any more)."""
        return self._rt.channel(self._name, self._live, name)

    def asked(self, name: str) -> Sequence[Channel]:
        """Who can say what became of a delivery that names `name`; everybody when it names nobody, as after a restore."""
        names = (name,) if name else self._rt.carriers(self._name, self._live)
        return [self.by_name(each) for each in names or ("",)]

    def room(self) -> int:
        """How many deliveries the chosen carrier may be given now. What has one place (a page, an account) has no other way out."""
        if self._granted:
            granted, self._granted = self._granted, 0
            return granted
        channel = self._chosen
        return self._rt.breaker.room(self._key(channel)) if channel.personal else UNBOUND

    def note(self, outcome: Outcome) -> None:
        """Count an outcome; `tell` passes the counts on."""
        self._counted[unanswered(outcome.error)] += 1

    def tell(self) -> None:
        """Let the breaker know what has been answered since the last time."""
        if self._refused:
            self._rt.breaker.trip(self._key(self._chosen))
            self._refused, self._counted = False, [0, 0]
        (good, bad), self._counted = self._counted, [0, 0]
        if (good or bad) and self._chosen.personal:
            self._rt.breaker.note(self._key(self._chosen), good, bad)

    @property
    def _chosen(self) -> Channel:
        if self.channel is None:
            raise NotReady("no carrier was chosen")
        return self.channel

    def _key(self, channel: Channel) -> str:
        return breaker_key(channel.carrier, self._live)
