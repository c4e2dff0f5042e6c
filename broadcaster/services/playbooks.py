"""Playbooks: what there is, approving a version, and starting a run. Moving a run on is playbook_runs.py."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from broadcaster.domain.alert import Status, content_hash, plain
from broadcaster.domain.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from broadcaster.domain.field import Values
from broadcaster.domain.playbook import Playbook, Step
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import bounding, composing, playbook_checks, playbook_runs, playbook_versions
from broadcaster.services.playbook_drafts import draft_of, on_channels, place_in_run
from broadcaster.store import incidents, journal, tokens
from broadcaster.store import playbook_versions as version_store
from broadcaster.store import playbooks as store
from broadcaster.store.documents_playbook import parse_playbook, read_text
from broadcaster.store.playbook_versions import Version
from broadcaster.store.playbooks import Run

_NAME = re.compile(r"[a-z0-9-]{1,64}")
#: What a caller may use as an idempotency key.
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True)
class Shelf:
    """A playbook as it lies in the folder: None, with its problems, when it cannot be read."""

    name: str
    playbook: Playbook | None
    version: Version | None
    hash: str
    problems: tuple[Problem, ...] = ()

    @property
    def approved(self) -> bool:
        """True when two people have approved exactly this version."""
        return self.version is not None and self.version.approved


def folder_of(rt: Runtime) -> Path:
    return rt.folder / "playbooks"


def names(rt: Runtime) -> tuple[str, ...]:
    """Names of all playbooks, by the alphabet."""
    return tuple(sorted(path.stem for path in folder_of(rt).glob("*.yaml") if _NAME.fullmatch(path.stem)))


def load(rt: Runtime, name: str) -> tuple[Playbook, str]:
    """A playbook and the text of its file. NotFound; Invalid with all problems of the file."""
    if not _NAME.fullmatch(name) or name not in names(rt):
        raise NotFound(f"there is no playbook {name[:64]!r}; there are: {', '.join(names(rt))}")
    path = folder_of(rt) / f"{name}.yaml"
    text = read_text(path)
    return parse_playbook(text, name, playbook_runs.languages(rt), f"playbooks/{path.name}"), text


def on_shelf(rt: Runtime, connection: Connection, name: str) -> Shelf:
    """One playbook with its version and approvals; NotFound."""
    try:
        playbook, text = load(rt, name)
    except Invalid as error:
        return Shelf(name, None, None, "", error.problems)
    digest = playbook_versions.digest(rt, playbook, text)
    return Shelf(name, playbook, version_store.find(connection, name, digest), digest)


def listing(rt: Runtime, connection: Connection) -> tuple[Shelf, ...]:
    """Every playbook, broken ones too."""
    return tuple(on_shelf(rt, connection, name) for name in names(rt))


def approve_version(rt: Runtime, name: str, actor: Actor, now: datetime, seen: str = "") -> Version:
    """Give one's word for the version that lies there now; from the second person's on it may run without a further one.

    `seen` is the hash that the approver looked at: Conflict when the file or a text has changed since. Invalid when the check finds
    anything. NotAllowed for keys, and for people who may not approve alerts.
    """
    if not actor.person:
        raise NotAllowed("an API key or the service cannot approve a playbook")
    actor.must(Role.APPROVER, "approve playbooks")
    playbook, text = load(rt, name)
    digest = playbook_versions.digest(rt, playbook, text)
    if seen and seen != digest:
        raise Conflict("the playbook, or a text that it uses, has changed since you looked at it; read it again")
    if not playbook_versions.is_current(rt, playbook):
        raise Conflict("the kinds of alert were changed since this process started; restart the broadcaster first")
    if problems := playbook_checks.check(rt, [folder_of(rt) / f"{name}.yaml"]):
        raise Invalid(problems)
    try:
        with rt.db.write() as tx:
            version = version_store.keep(tx, name, digest, text, now)
            version_store.approve(tx, version.id, actor, now)
            body = {"playbook": name, "version": digest}
            journal.append(tx, journal.SYSTEM_CHAIN, actor, "approve playbook", now, body=body)
    except IntegrityError:
        raise Conflict("you have approved this version already; another person must be the second") from None
    with rt.db.read() as connection:
        found = version_store.find(connection, name, digest)
    assert found is not None
    return found


def run(
    rt: Runtime,
    name: str,
    parameters: Mapping[str, object],
    actor: Actor,
    status: Status,
    now: datetime,
    idempotency_key: str = "",
    incident: str = "",
) -> Run:
    """Start a run, or return the one that was started with this key; exactly one for each (playbook, key), however many ask at once.

    Invalid lists everything that is wrong, at `parameters.NAME` where a parameter is; then nothing is begun. Conflict when the key was
    used for something else. `incident` is made when it is new; empty: the playbook's, with the day.
    """
    _must_be_allowed(actor, name)
    playbook, text = load(rt, name)
    key = idempotency_key or f"own-{secrets.token_hex(16)}"
    if not _KEY.fullmatch(key):
        raise Invalid([Problem("idempotency_key", "is no key", "Use 1 to 128 visible ASCII characters.")])
    asked = content_hash(parameters, status, incident)
    with rt.db.read() as connection:
        earlier = store.run_by_key(connection, name, key)
    if earlier is None:
        incident = incident or _incident(rt, playbook, status, now)
        values = _checked(rt, playbook, parameters, status, incident, actor, now)
        run_id = tokens.new_id()
        try:
            row = {
                "id": run_id,
                "name": name,
                "status": str(status),
                "incident": incident,
                "parameters": plain(parameters),
                "filled": plain(values),
                "idempotency_key": key,
                "fingerprint": asked,
            }
            _start(rt, (playbook, text), row, actor, now)
        except IntegrityError:
            with rt.db.read() as connection:
                earlier = store.run_by_key(connection, name, key)
            if earlier is None:
                raise
    if earlier is not None:
        if earlier.fingerprint != asked:
            raise Conflict(f"the key {key!r} was used for another run of {name}; use a new one")
        return earlier
    playbook_runs.advance(rt, run_id, now)
    return get(rt, run_id)


def get(rt: Runtime, run_id: str) -> Run:
    """The run as it stands; NotFound."""
    with rt.db.read() as connection:
        return store.run(connection, run_id)


def _must_be_allowed(actor: Actor, name: str) -> None:
    if actor.person:
        actor.must(Role.AUTHOR, "run playbooks")
    elif not actor.scopes & {"playbooks:run", f"playbooks:run:{name}"}:
        raise NotAllowed(f"{actor.name} may not run {name}: that needs the scope playbooks:run or playbooks:run:{name}")


def _incident(rt: Runtime, playbook: Playbook, status: Status, now: datetime) -> str:
    day = f"{now.astimezone(ZoneInfo(rt.profile.timezone)):%Y%m%d}"
    ending = f"-{day}" if status.live else f"-{day}-{str(status).lower()}"
    return playbook.incident[: 64 - len(ending)] + ending


def _checked(
    rt: Runtime,
    playbook: Playbook,
    raw: Mapping[str, object],
    status: Status,
    incident: str,
    actor: Actor,
    now: datetime,
) -> Values:
    """The values of the parameters, once everything that can be known now is known to be right."""
    kind = next(iter(rt.kinds.values()))
    values, unread = playbook.read(raw, kind, rt.profile.languages, ZoneInfo(rt.profile.timezone), now)
    if unread:
        raise Invalid(unread)
    problems: list[Problem] = []
    with rt.db.read() as connection:
        known = incidents.find(connection, incident)
        if known is not None and known.closed_at is not None:
            raise Conflict(f"the incident {incident!r} is closed; name another one")
        if known is not None and known.live != status.live:
            mode = "live" if known.live else "an exercise"
            problems.append(Problem("incident", f"{incident!r} is {mode}", f"{status} needs another incident."))
        steps = [each for each in playbook.steps if each.applies(values)]
        if not steps:
            problems.append(Problem("parameters", "no step of the playbook is for these", "Look at what it does."))
        for step in steps:
            problems += _step_problems(rt, connection, step, values, status, incident, actor, now)
    if problems:
        # What a wrong parameter brings about further on in a step is not for the caller to mend.
        given = [each for each in problems if each.place.partition(".")[0] in ("parameters", "incident")]
        raise Invalid(dict.fromkeys(given or problems))
    return values


def _step_problems(
    rt: Runtime,
    connection: Connection,
    step: Step,
    values: Values,
    status: Status,
    incident: str,
    actor: Actor,
    now: datetime,
) -> list[Problem]:
    kind = composing.kind_of(rt, step.kind)
    references = playbook_runs.given_references(step, values)
    try:
        draft = draft_of(step, values, status, incident, references, rt.profile, now)
    except Invalid as error:
        return [place_in_run(step, each) for each in error.problems]
    draft, _ = on_channels(draft, rt.channel_names(status.live), kind.channels)
    bounding.must_cover(connection, actor, draft.channels, draft.area)
    if step.refers_to or step.after_minutes:
        # Its texts depend on what is not there yet; its fields do not.
        _, _, problems = kind.settle(draft, rt.profile, ZoneInfo(rt.profile.timezone), now)
    else:
        problems = composing.compose(rt, connection, draft, composing.Names("preview", "preview0"), now).problems
    return [place_in_run(step, each) for each in problems]


def _start(rt: Runtime, lying: tuple[Playbook, str], row: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """Keep the run, and the version that it was started with."""
    playbook, text = lying
    digest = playbook_versions.digest(rt, playbook, text)
    with rt.db.write() as tx:
        version = version_store.keep(tx, playbook.name, digest, text, now)
        grounds = _grounds(rt, playbook, version, row["parameters"])
        whole = {**row, "version_id": version.id, "grounds": grounds}
        store.start(tx, whole, actor, [each.name for each in playbook.steps], now)
        # Words of somebody's own may be about a person; the alert's own entries hold what was said in the end.
        closed = {
            name: row["filled"][name]
            for name, each in playbook.parameters.items()
            if each.closed and name in row["filled"]
        }
        body = {"playbook": playbook.name, "version": digest, "run": row["id"], "status": row["status"]}
        journal.append(
            tx, row["incident"], actor, "run playbook", now, grounds=grounds, body=body | {"parameters": closed}
        )


def _grounds(rt: Runtime, playbook: Playbook, version: Version, raw: Mapping[str, object]) -> str:
    """Why the alerts of this run may go without a further person; empty when they may not."""
    if not version.approved or playbook.open_blanks(raw) or not playbook_versions.is_current(rt, playbook):
        return ""
    people = " and ".join(each.approver_name for each in version.approvals)
    return f"playbook {playbook.name}, version {version.hash[:12]}, approved by {people}"
