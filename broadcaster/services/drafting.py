"""Writing an alert: create, edit, preview, submit. What is submitted is frozen and hashed; an edit voids it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from broadcaster.domain.alert import Draft, content_hash, plain
from broadcaster.domain.errors import Conflict, Invalid, Problem
from broadcaster.domain.lifecycle import ALERT
from broadcaster.domain.lint.finding import Finding
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import bounding, calling, composing, corrections, duty, forecasting, reach, warning_check
from broadcaster.services.composing import Composed, Names
from broadcaster.services.forecasting import Outlook
from broadcaster.store import alerts as alert_store
from broadcaster.store import decisions, documents, drafts, incidents, journal, tokens, zones
from broadcaster.store.alerts import AlertRow
from broadcaster.store.audience import Count
from broadcaster.store.rendering import Rendered

#: Names of incidents, in addresses and file names.
_NAME = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Preview:
    """A draft in words. `rendered` is None while anything stands in the way; `partly` shows as much as could be made.

    `findings` are what the warning check says about its texts: errors stop a submission, warnings need a reason.
    `outlook` is how long its texts would take now, and what they cost; None when it has none.
    """

    rendered: Rendered | None
    problems: tuple[Problem, ...]
    audience: Count | None
    partly: Composed
    outlook: Outlook | None
    findings: tuple[Finding, ...] = ()

    @property
    def stopped(self) -> bool:
        """True while something must be put right before it can be submitted."""
        return bool(self.problems) or any(each.error for each in self.findings)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if not each.error)


def preview(rt: Runtime, draft: Draft, now: datetime, locate: bool = True) -> Preview:
    """Every channel and language of a draft, with all that is wrong with it. Nothing is kept.

    Without `locate` no address is looked up: while somebody types, each letter would be asked about.
    """
    draft = composing.located(rt, draft) if locate else draft
    with rt.db.read() as connection:
        made = composing.compose(rt, connection, draft, Names("preview", "preview0"), now, reach.counted_lately)
        findings = warning_check.of(connection, rt.profile, made)
    alert = made.made.alert
    ready = Rendered(alert, made.made.messages) if alert is not None and not made.problems else None
    return Preview(ready, made.problems, made.reached, made, forecasting.of_draft(rt, made, now), findings)


def create(rt: Runtime, draft: Draft, actor: Actor, now: datetime, origin: str = "console") -> str:
    """Keep a new draft, whole or not, and return its id. Invalid only for what a draft cannot be without."""
    draft = ready(rt, draft, actor)
    with rt.db.write() as tx:
        return make(rt, tx, draft, actor, now, origin)


def ready(rt: Runtime, draft: Draft, actor: Actor) -> Draft:
    """What can be asked before a new draft is written, its address looked up: no network inside a transaction."""
    actor.must(Role.AUTHOR, "write alerts")
    composing.kind_of(rt, draft.kind)
    problems = _name_problems(draft)
    if problems:
        raise Invalid(problems)
    return composing.located(rt, draft)


def make(rt: Runtime, tx: Connection, draft: Draft, actor: Actor, now: datetime, origin: str = "console") -> str:
    """Write a draft that is `ready` as a new alert; for callers with a transaction of their own."""
    alert_id = tokens.new_id()
    bounding.must_cover(tx, actor, draft.channels, draft.area)
    incident_id = _incident(rt, tx, draft, actor, now)
    names = {"identifier": _identifier(rt, draft, now), "token": tokens.short_token()}
    values = {
        "incident_id": incident_id,
        "lane": str(composing.kind_of(rt, draft.kind).lane),
        "editors": [actor.id],
        "created_by": actor.id,
        "owner": actor.id,
        "created_at": now,
        "updated_at": now,
        "origin": origin[:120],
        "parent_id": _parent_id(tx, draft),
    }
    drafts.make(tx, alert_id, names, draft, values)
    body = {"kind": draft.kind, "status": draft.status, "msg_type": draft.msg_type, "origin": origin}
    journal.append(tx, draft.incident, actor, "write", now, alert_id=alert_id, body=body)
    return alert_id


def edit(rt: Runtime, alert_id: str, version: int, draft: Draft, actor: Actor, now: datetime) -> int:
    """Replace the draft that was `version`; returns the new version. A submitted alert becomes a draft again."""
    actor.must(Role.AUTHOR, "edit alerts")
    composing.kind_of(rt, draft.kind)
    draft = composing.located(rt, draft)
    with rt.db.write() as tx:
        alert = alert_store.get(tx, alert_id, lock=True)
        ALERT.advance(alert.state, "edit")
        bounding.must_cover_alert(tx, actor, alert)
        bounding.must_cover(tx, actor, draft.channels, draft.area)
        if draft.incident != alert.incident:
            raise Invalid([Problem("incident", "an alert stays with its incident", "Write a new alert instead.")])
        new = drafts.edit(tx, alert_id, version, draft, sorted(alert.editors | {actor.id}), actor.id, now)
        if plain(draft) != alert.draft:
            journal.append(tx, alert.incident, actor, "edit", now, alert_id=alert_id, body={"version": new})
    return new


def draft_of(rt: Runtime, alert: AlertRow, now: datetime) -> Draft:
    """The stored draft as it was written."""
    return documents.draft_from(alert.draft, ZoneInfo(rt.profile.timezone), now)


def submit(
    rt: Runtime,
    alert_id: str,
    actor: Actor,
    now: datetime,
    at_hand: str = "",
    reasons: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Render, freeze and hash; from here on the alert waits for another person, and whoever is on duty is called.

    Returns the content hash. Invalid lists everything that stands in the way, errors of the warning check included; NotReady when
    it would wait for nobody (services/duty.py). `at_hand` says why nobody needs to be called: a second person stands by, or two
    have approved these words before. `reasons` say, per rule of the warning check, why its warnings are accepted; one without a
    reason is kept as not answered, and the approver sees it so. The texts are made before the transaction, from a draft that the
    transaction then finds unchanged.
    """
    actor.must(Role.AUTHOR, "submit alerts")
    with rt.db.read() as connection:
        alert = alert_store.get(connection, alert_id)
        ALERT.advance(alert.state, "submit")
        draft = draft_of(rt, alert, now)
        made = composing.compose(rt, connection, draft, Names(alert.identifier, alert.token), now)
        bounding.must_cover(connection, actor, made.draft.channels, made.draft.area)
        findings = warning_check.of(connection, rt.profile, made)
        correction = corrections.prepare(rt, made, zones.names(connection), now)
    wrong = (*made.problems, *warning_check.problems(findings), *warning_check.unknown(reasons))
    if wrong or made.made.alert is None:
        raise Invalid(wrong)
    warnings = warning_check.kept(warning_check.accepted(findings, reasons))
    document = made.made.alert
    if correction is not None and correction.problems:
        raise Invalid(correction.problems)
    kept = correction.stored if correction else None
    frozen = (document, made.made.messages, made.draft.area, made.draft.channels, made.draft.resources, kept)
    digest = content_hash(*frozen)
    with rt.db.write() as tx:
        now_there = alert_store.get(tx, alert_id, lock=True)
        if now_there.version != alert.version:
            raise Conflict("somebody else changed this alert while it was being submitted; look at it again")
        if not at_hand:
            duty.must_be_somebody(rt, tx, now_there, actor, now)
        values = drafts.columns(made.draft) | {
            "document": plain(document),
            "content_hash": digest,
            "correction": kept,
            "audience": _audience(made),
            "warnings": warnings,
            "submitted_by": actor.id,
            "submitted_at": now,
            "owner": actor.id,
        }
        decisions.move_alert(tx, alert_id, "submit", now, **values)
        drafts.freeze(tx, alert_id, made.made.messages, [each.id for each in made.references])
        body: dict[str, object] = {"hash": digest, "audience": _audience(made)}
        body["texts"] = [plain(text) for text in made.made.messages]
        body |= {"warnings": warnings} if warnings else {}
        basis = made.draft.fields.get("basis", "")
        grounds = rt.profile.in_language(basis, rt.profile.fallback) if isinstance(basis, Mapping) else str(basis)
        journal.append(tx, alert.incident, actor, "submit", now, alert_id=alert_id, grounds=grounds, body=body)
        called = [] if at_hand else _call(rt, tx, now_there, actor, digest, made, now)
    calling.ring(rt, called)
    return digest


def _call(
    rt: Runtime, tx: Connection, alert: AlertRow, actor: Actor, digest: str, made: Composed, now: datetime
) -> list[str]:
    """Those on duty are called, first of all about this wording; the ladder goes on from there."""
    groups = duty.rounds(rt, tx, alert, {*alert.editors, actor.id}, now)
    phones = made.reached.phones if made.reached else 0
    return calling.begin(rt, tx, alert, digest, phones, groups[0] if groups else (), 0, now)


def _audience(made: Composed) -> Mapping[str, object] | None:
    counted = made.reached
    zones = {"instruction_zones": list(made.zones)}
    if counted is None:
        return {"phones": 0, **zones}
    return {
        "phones": counted.phones,
        "households": counted.households,
        "zones": dict(counted.zones),
        "zone_languages": {zone: dict(each) for zone, each in counted.zone_languages.items()},
        "languages": dict(counted.languages),
        "excluded": dict(counted.excluded),
        # What an approval goes by, as long as the register stays the same.
        "generation": made.reach.generation,
        "expected": {language: list(each) for language, each in made.reach.expected.items()},
        **zones,
    }


def discard(rt: Runtime, alert_id: str, actor: Actor, now: datetime) -> None:
    """Throw a draft away; it stays in the journal."""
    _leave(rt, alert_id, "discard", actor, now)


def withdraw(rt: Runtime, alert_id: str, actor: Actor, now: datetime) -> None:
    """Take a submitted alert back before anybody has decided on it."""
    _leave(rt, alert_id, "withdraw", actor, now)


def _leave(rt: Runtime, alert_id: str, event: str, actor: Actor, now: datetime) -> None:
    actor.must(Role.AUTHOR, f"{event} alerts")
    with rt.db.write() as tx:
        alert = alert_store.get(tx, alert_id, lock=True)
        ALERT.advance(alert.state, event)
        bounding.must_cover_alert(tx, actor, alert)
        decisions.move_alert(tx, alert_id, event, now)
        journal.append(tx, alert.incident, actor, event, now, alert_id=alert_id)


def _name_problems(draft: Draft) -> list[Problem]:
    if _NAME.fullmatch(draft.incident):
        return []
    return [Problem("incident", f"{draft.incident!r} is no name", "Use 1 to 64 small letters, digits and hyphens.")]


def _incident(rt: Runtime, tx: Connection, draft: Draft, actor: Actor, now: datetime) -> int:
    """The incident of the draft, made when it is new. A live incident holds no exercises, nor the other way round."""
    live = draft.status.live
    known = incidents.find(tx, draft.incident)
    if known is None:
        title = draft.incident.replace("-", " ").capitalize()
        number = incidents.make(tx, draft.incident, title, rt.profile.hashtag, live, now, actor.id)
        journal.append(tx, draft.incident, actor, "open incident", now, body={"live": live})
        return number
    if known.closed_at is not None:
        raise Conflict(f"the incident {draft.incident!r} is closed; open a new one")
    if known.live != live:
        mode = "live" if known.live else "an exercise"
        raise Invalid([Problem("incident", f"{draft.incident!r} is {mode}", f"{draft.status} needs another incident.")])
    return int(known.id)


def _parent_id(tx: Connection, draft: Draft) -> str | None:
    """The first alert that it refers to, if that exists; what is wrong with references is said at submit."""
    for name in draft.references[:1]:
        try:
            return alert_store.by_identifier(tx, name).id
        except LookupError:
            return None
    return None


def _identifier(rt: Runtime, draft: Draft, now: datetime) -> str:
    """Public name: city, local time, kind, and four characters that make it the only one."""
    local = now.astimezone(ZoneInfo(rt.profile.timezone))
    return f"{rt.profile.name}-{local:%Y%m%d-%H%M}-{draft.kind}"[:59] + f"-{tokens.short_token()[:4]}"
