"""Words about carriers for the console: who answers, who does not, and who does the work meanwhile."""

from collections.abc import Sequence

from broadcaster.domain.breaker import Position, Why
from broadcaster.services.carrying import Carrying, carried
from broadcaster.store.breaker import BreakerState
from broadcaster.web import words
from broadcaster.web.context import now
from broadcaster.web.display import ago
from broadcaster.web.language import gettext as _

#: Names of carriers, the same in every language.
NAMES = {"twilio": "Twilio", "sinch": "Sinch", "x": "X", "facebook": "Facebook"}


def name(carrier: str) -> str:
    """A carrier's name for people."""
    return NAMES.get(carrier, carrier)


def state_words(state: BreakerState) -> str:
    """What a breaker says of its carrier, as a sentence without its subject."""
    if state.closed:
        return _("answers")
    since, soon = ago(state.since), ago(max(state.next_trial or now(), now()))
    if state.position is Position.TRIAL:
        return _("stopped answering %(when)s; it is being tried just now", when=since)
    if state.why is Why.SILENCE:
        return _("stopped answering %(when)s; next try: %(next)s", when=since, next=soon)
    if state.why is Why.ACCOUNT:
        return _(
            "refused our account %(when)s, so look at its log-in and credit; next try: %(next)s", when=since, next=soon
        )
    return _(
        "had %(number)s errors within a minute, %(when)s; next try: %(next)s",
        number=state.errors,
        when=since,
        next=soon,
    )


def troubles(found: Sequence[Carrying], link: str) -> list[dict[str, str]]:
    """A note for each live carrier that does not answer, and who carries its channel now."""
    notes = []
    for each in found:
        if each.breaker.closed:
            continue
        other, channel = carried(found, each.channel), words.channel(each.channel)
        meanwhile = (
            _("%(channel)s go out by %(carrier)s meanwhile.", channel=channel, carrier=name(other))
            if other
            else _("%(channel)s wait until it answers.", channel=channel)
        )
        said = f"{name(each.carrier)} {state_words(each.breaker)}. {meanwhile}"
        notes.append({"tone": "warn" if other else "bad", "words": said, "link": link})
    return notes
