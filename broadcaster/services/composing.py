"""From a draft to its texts: everything that rendering needs to know, read from the store at one moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from broadcaster.domain import instruction, rules
from broadcaster.domain.alert import Draft, MsgType, Reference, Selector
from broadcaster.domain.errors import Invalid, NotFound, NotReady, Problem
from broadcaster.domain.field import FieldType
from broadcaster.domain.instruction import Instruction
from broadcaster.domain.kind import AlertKind, Audience
from broadcaster.domain.profile import Words
from broadcaster.runtime import Runtime
from broadcaster.services import pictures, reach
from broadcaster.services.reach import Reach
from broadcaster.store import alerts as alert_store
from broadcaster.store import areas, cap_rules, incidents, rendering, zones
from broadcaster.store.alerts import AlertRow
from broadcaster.store.areas import Area
from broadcaster.store.audience import Count
from broadcaster.store.rendering import Ground, Parent, Preview, Setting, Still

#: How an audience is counted.
Counting = Callable[[Runtime, Connection, Selector, Sequence[str], str, bool], tuple[Count, Reach]]


@dataclass(frozen=True, slots=True)
class Names:
    """What an alert is called before it has any text: its public identifier and the eight characters of its short link."""

    identifier: str
    token: str


@dataclass(frozen=True, slots=True)
class Composed:
    """A draft put into words. `made` holds what could be made and every problem; `reached` whom it would reach, if anyone.

    `zones` are all zones that its area touches: those that an instruction opens in. `setting` is what its texts were made with, `ground`
    the area worked out, None while there is none.
    """

    draft: Draft
    kind: AlertKind
    made: Preview
    reached: Count | None
    reach: Reach
    zones: tuple[str, ...]
    references: tuple[AlertRow, ...]
    setting: Setting
    ground: Area | None

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.made.problems


def kind_of(rt: Runtime, name: str) -> AlertKind:
    """The kind by name; Invalid names the kinds that exist."""
    if name not in rt.kinds:
        raise Invalid([Problem("kind", f"there is no kind {name!r}", f"There are: {', '.join(rt.kinds)}.")])
    return rt.kinds[name]


def settled(rt: Runtime, draft: Draft, now: datetime) -> Draft:
    """The draft with what it leaves to its kind and city filled in, and the page among its channels.

    The page is always written: every text links to it, and it is where corrections stay visible.
    """
    kind = kind_of(rt, draft.kind)
    full, _, _ = kind.settle(draft, rt.profile, ZoneInfo(rt.profile.timezone), now)
    return full if "website" in full.channels else replace(full, channels=(*full.channels, "website"))


def located(rt: Runtime, draft: Draft) -> Draft:
    """The draft with its address looked up. Where that cannot be done now it stays, and submission says so."""
    try:
        return replace(draft, area=areas.settled(draft.area, rt.geocoder(), rt.profile.fallback))
    except NotReady:
        return draft


def compose(
    rt: Runtime, connection: Connection, draft: Draft, names: Names, now: datetime, count: Counting = reach.counted
) -> Composed:
    """Render everything, and count whom it would reach. Never raises for what a person can mend: see `problems`."""
    kind = kind_of(rt, draft.kind)
    draft = settled(rt, draft, now)
    problems = list(rules.missing(draft, now))
    area = _area(connection, draft, problems)
    references = _references(connection, draft, problems)
    live = draft.status.live
    setting = Setting(
        identifier=names.identifier,
        token=names.token,
        sent=now,
        status_url=rt.settings.public_address(live),
        limits={name: rt.limits_of(name) for name in rt.channel_names(live)},
        parents=tuple(_parent(rt, each, now) for each in references if each.document),
        still_applies=_still(rt, connection, draft, kind, area, now),
        area=_ground(connection, area, draft, kind),
        hashtag=_hashtag(rt, connection, draft),
        pictures=pictures.public(rt, draft, problems),
    )
    made = rendering.preview(draft, kind, rt.profile, setting)
    counted, expected = None, reach.NOBODY
    if (
        area is not None
        and draft.languages
        and any(rt.personal(name) for name in draft.channels if name in rt.channel_names(live))
    ):
        if kind.audience is Audience.RECIPIENTS:
            counted, expected = reach.of_recipients(rt, connection, [each.id for each in references], draft.languages)
        else:
            counted, expected = count(rt, connection, draft.area, draft.languages, str(kind.lane), live)
        if counted.phones == 0 and draft.channels == ("sms",):
            problems.append(Problem("area", "no phone would be reached", "Choose another area, or import residents."))
    if made.alert is not None:
        # A reference that cannot be used is not in the document either: that is one fault, not two.
        told = any(each.place == "references" for each in problems)
        problems += [each for each in cap_rules.problems(made.alert) if not (told and each.place == "references")]
    made = replace(made, problems=tuple(dict.fromkeys((*problems, *made.problems))))
    return Composed(draft, kind, made, counted, expected, _zones(area), tuple(references), setting, area)


def _zones(area: Area | None) -> tuple[str, ...]:
    """Where an instruction opens: in the zones that were chosen, or that a drawn area touches."""
    if area is None or area.shape is None:
        return area.zones if area else ()
    return tuple(dict.fromkeys((*area.zones, *area.touched, *(each for each in area.partial if each))))


def _area(connection: Connection, draft: Draft, problems: list[Problem]) -> Area | None:
    if draft.area.empty or draft.area.near:
        return None
    try:
        return areas.compile_area(connection, draft.area)
    except Invalid as error:
        problems += error.problems
        return None


def _references(connection: Connection, draft: Draft, problems: list[Problem]) -> Sequence[AlertRow]:
    """The alerts that an Update or Cancel names, by id or public identifier; each must have been sent, of the same mode."""
    found = []
    for name in draft.references:
        try:
            earlier = alert_store.by_identifier(connection, name)
        except NotFound as error:
            problems.append(Problem("references", str(error), "Name the id of an alert that was sent."))
            continue
        if earlier.document is None:
            problems.append(Problem("references", f"{earlier.identifier} was never sent", "Edit it instead."))
        elif earlier.live != draft.status.live:
            problems.append(Problem("references", f"{earlier.identifier} is {earlier.status}, this is {draft.status}"))
        elif earlier.incident != draft.incident:
            problems.append(Problem("references", f"{earlier.identifier} belongs to the incident {earlier.incident!r}"))
        else:
            found.append(earlier)
    return found


def _parent(rt: Runtime, earlier: AlertRow, now: datetime) -> Parent:
    assert earlier.document is not None
    infos = earlier.document["infos"]
    reference = Reference(
        earlier.document["sender"], earlier.identifier, datetime.fromisoformat(earlier.document["sent"])
    )
    kind, zone = kind_of(rt, earlier.kind), ZoneInfo(rt.profile.timezone)
    values, _ = kind.read(earlier.draft["fields"], MsgType(earlier.msg_type), earlier.draft["languages"], zone, now)
    opened = kind.opened(values)
    headlines = {info["language"]: info["headline"] for info in infos}
    return Parent(reference, headlines, earlier.draft["fields"], opened[0].key if opened else "")


def _still(
    rt: Runtime, connection: Connection, draft: Draft, kind: AlertKind, area: Area | None, now: datetime
) -> tuple[Still, ...]:
    """What is in force in the incident and stays so after this alert; generated, never typed by hand."""
    incident = incidents.find(connection, draft.incident)
    if incident is None:
        return ()
    open_now = [
        Instruction(row.zone, row.key, row.level, row.renewed_by, row.expires_at)
        for row in incidents.open_instructions(connection, incident.id)
    ]
    values, _ = kind.read(draft.fields, draft.msg_type, draft.languages, ZoneInfo(rt.profile.timezone), now)
    here, opened = set(_zones(area)), kind.opened(values)
    open_now += [Instruction(zone, opened[0].key, opened[0].level, "", None) for zone in here] if opened else []
    covers = {key: each.covers for key, each in kind.instructions.items()}
    left = instruction.worth_saying(instruction.remaining(open_now, kind.lifted(values), here), covers)
    left = tuple(each for each in left if each.alert_id)
    names = zones.some(connection, sorted({each.zone for each in left}))
    return tuple(
        Still(
            key,
            {tag: tuple(names[code].name(tag) for code in codes if code in names) for tag in draft.languages},
            tuple(codes),
        )
        for key, codes in instruction.by_key(left).items()
    )


def _ground(connection: Connection, area: Area | None, draft: Draft, kind: AlertKind) -> Ground:
    """Outlines and names of what was chosen, for CAP and the page."""
    if area is None:
        return Ground()
    chosen = zones.some(connection, draft.area.zones or area.zones, area.generation)
    rings = [ring for zone in chosen.values() for ring in zone.shape.rings()] if draft.area.zones else []
    if draft.area.polygon and area.shape:
        rings += area.shape.rings()
    return Ground(
        polygons=tuple(rings),
        circles=(draft.area.circle,) if draft.area.circle else (),
        zones={code: zone.names for code, zone in chosen.items()},
        elsewhere=_named(connection, draft, kind, area.generation),
    )


def _named(connection: Connection, draft: Draft, kind: AlertKind, generation: int) -> dict[str, Words]:
    """Names of the zones that fields speak of, wherever they are."""
    given = (draft.fields.get(each.name) for each in kind.fields.values() if each.type is FieldType.ZONES)
    codes = [str(code) for values in given if isinstance(values, (list, tuple)) for code in values]
    return {code: zone.names for code, zone in zones.some(connection, codes, generation).items()} if codes else {}


def _hashtag(rt: Runtime, connection: Connection, draft: Draft) -> str:
    incident = incidents.find(connection, draft.incident)
    return (incident.hashtag if incident else "") or rt.profile.hashtag
