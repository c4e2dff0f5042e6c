"""Incidents: named, and closed only when nobody is still told to do something."""

from datetime import datetime

from broadcaster.domain.errors import Conflict, Invalid, Problem
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import publishing
from broadcaster.store import incidents, journal, zones


def name(rt: Runtime, incident: str, title: str, hashtag: str, actor: Actor, now: datetime) -> None:
    """Give an incident the title and hashtag that people see."""
    actor.must(Role.AUTHOR, "name incidents")
    tag = hashtag.strip().lstrip("#")
    problems = []
    if not title.strip() or len(title) > 120:
        problems.append(Problem("title", "must have 1 to 120 characters", "Say what people call it."))
    if tag and not tag.isalnum():
        problems.append(Problem("hashtag", f"{tag!r} is no hashtag", "Use letters and digits only."))
    if problems:
        raise Invalid(problems)
    with rt.db.write() as tx:
        row = incidents.named(tx, incident)
        incidents.rename(tx, row.id, title.strip(), tag)
        body = {"title": title.strip(), "hashtag": tag}
        journal.append(tx, incident, actor, "name incident", now, body=body)
        publishing.wanted(tx, "live" if row.live else "exercise")


def close(rt: Runtime, incident: str, actor: Actor, now: datetime) -> None:
    """Close an incident; Conflict names what is still open and where."""
    actor.must(Role.APPROVER, "close incidents")
    with rt.db.write() as tx:
        row = incidents.named(tx, incident)
        if row.closed_at is not None:
            raise Conflict(f"the incident {incident!r} is closed already")
        still = incidents.open_instructions(tx, row.id)
        if still:
            names = zones.some(tx, sorted({each.zone for each in still}))
            said = sorted(
                {
                    f"{each.key} in {names[each.zone].name(rt.profile.fallback) if each.zone in names else each.zone}"
                    for each in still
                }
            )
            raise Conflict(f"people are still told: {', '.join(said)}. Lift it with an all-clear first")
        incidents.close(tx, row.id, now)
        journal.append(tx, incident, actor, "close incident", now)
        publishing.wanted(tx, "live" if row.live else "exercise")
