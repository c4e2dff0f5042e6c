"""What residents may know at one moment, frozen: the only thing that the public files are made from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from broadcaster.domain.alert import Alert, PictureFile, ResponseType, Severity
from broadcaster.domain.language import Language
from broadcaster.domain.lifecycle import AlertState
from broadcaster.domain.profile import Profile, Words

_IN_FORCE = frozenset({AlertState.BROADCASTING, AlertState.ACTIVE})


class Phase(StrEnum):
    """How an alert stands for those who read it."""

    IN_FORCE = "in_force"
    STOPPED = "stopped"
    REPLACED = "replaced"
    ENDED = "ended"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class PublicAlert:
    """One alert that has gone out. `articles` are its frozen website texts (HTML) per language.

    `id` is the row's own and is never printed. `published_at` is its approval; `changed_at` the last change of its
    state. `successors` are identifiers of public alerts that refer to it. `personal`: it describes a person, so that
    everything about it goes when it ends. `pictures` are those of its page, named by their digest.
    `no_change_at` is when somebody last said that it still holds as it is.
    """

    id: str
    token: str
    kind: str
    state: AlertState
    document: Alert
    articles: Mapping[str, str]
    published_at: datetime
    changed_at: datetime
    expires_at: datetime
    next_update_at: datetime | None = None
    no_change_at: datetime | None = None
    successors: tuple[str, ...] = ()
    personal: bool = False
    pictures: tuple[PictureFile, ...] = ()

    @property
    def identifier(self) -> str:
        return self.document.identifier

    @property
    def languages(self) -> tuple[str, ...]:
        """Those it has a page in; the first is the fallback."""
        return tuple(info.language for info in self.document.infos if info.language in self.articles)

    @property
    def all_clear(self) -> bool:
        return any(ResponseType.ALL_CLEAR in info.response_types for info in self.document.infos)

    def language(self, wanted: str) -> str:
        """`wanted` when it has a page in it, else its first."""
        return wanted if wanted in self.languages else self.languages[0]

    def phase(self, at: datetime) -> Phase:
        """How it stands at `at`; the clock may be ahead of the sweep that writes "expired" into the row."""
        if self.state in _IN_FORCE:
            return Phase.IN_FORCE if at < self.expires_at else Phase.EXPIRED
        return {
            AlertState.STOPPED: Phase.STOPPED,
            AlertState.SUPERSEDED: Phase.REPLACED,
            AlertState.CANCELLED: Phase.ENDED,
        }.get(self.state, Phase.EXPIRED)


@dataclass(frozen=True, slots=True)
class PublicInstruction:
    """What people in one zone were told to do. Open until `lifted_at`; past `expires_at` it is not renewed, never safe.

    `command` is "leave now", `name` "evacuation", per language. `alert` is the identifier of the latest that says so.
    """

    zone: str
    place: Words
    key: str
    level: int
    command: Words
    name: Words
    opened_at: datetime
    alert: str
    expires_at: datetime | None = None
    lifted_at: datetime | None = None

    def not_renewed(self, at: datetime) -> bool:
        return self.lifted_at is None and self.expires_at is not None and self.expires_at <= at


@dataclass(frozen=True, slots=True)
class PublicRequest:
    """An alert that others sent because we asked: what it is called, who sent it, when, and to phones in which places."""

    name: Words
    authority: Words
    places: tuple[Words, ...]
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class PlaceGroup:
    """Places to which the same instructions apply, the gravest first."""

    places: tuple[PublicInstruction, ...]
    instructions: tuple[PublicInstruction, ...]

    @property
    def level(self) -> int:
        return max(each.level for each in self.instructions)


@dataclass(frozen=True, slots=True)
class PublicView:
    """Everything public of one root ("live" or "exercise") as of `generated_at`.

    `status_url` has no slash at its end. `languages` holds at least those of the profile. `covers`: instruction → weaker ones that
    go without saying where it is open.
    """

    root: str
    profile: Profile
    languages: Mapping[str, Language]
    status_url: str
    generated_at: datetime
    alerts: tuple[PublicAlert, ...] = ()
    instructions: tuple[PublicInstruction, ...] = ()
    lifted: tuple[PublicInstruction, ...] = ()
    covers: Mapping[str, Collection[str]] = field(default_factory=dict)
    requests: tuple[PublicRequest, ...] = ()

    @property
    def exercise(self) -> bool:
        return self.root != "live"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.profile.timezone)

    @property
    def in_force(self) -> tuple[PublicAlert, ...]:
        """In the order of `current`."""
        return tuple(each for each in self.current if each.phase(self.generated_at) is Phase.IN_FORCE)

    @property
    def current(self) -> tuple[PublicAlert, ...]:
        """Those whose words are shown: the gravest first, then the newest; what lifts comes after what still demands."""
        ranks = list(Severity)
        return tuple(
            sorted(
                filter(self.shown, self.alerts),
                key=lambda each: (
                    each.all_clear,
                    -self.level(each),
                    ranks.index(each.document.infos[0].severity),
                    -each.published_at.timestamp(),
                ),
            )
        )

    @property
    def past(self) -> tuple[PublicAlert, ...]:
        """The others, the latest change first."""
        found = [each for each in self.alerts if not self.shown(each)]
        return tuple(sorted(found, key=lambda each: each.changed_at, reverse=True))

    def of(self, alert: PublicAlert) -> tuple[PublicInstruction, ...]:
        """Open instructions whose latest words are this alert's."""
        return tuple(each for each in self.instructions if each.alert == alert.identifier)

    def level(self, alert: PublicAlert) -> int:
        """The gravest instruction it gives, 0 for none."""
        return max((each.level for each in self.of(alert)), default=0)

    def shown(self, alert: PublicAlert) -> bool:
        """Whether its own words are shown: while it is in force, or ran out but still has to be followed.

        Else its page says what became of it: an old text found by an old link must not be taken for today's, and what
        it said of a person must be gone (KINDS.md "missing-person").
        """
        phase = alert.phase(self.generated_at)
        return phase is Phase.IN_FORCE or (phase is Phase.EXPIRED and bool(self.of(alert)))

    def kept(self, alert: PublicAlert) -> bool:
        """Whether its words still stand under the newer message on its own page: people follow an instruction of it.

        A correction or a narrower update may say nothing of the route that those who must still leave were told.
        """
        replaced = alert.phase(self.generated_at) is Phase.REPLACED
        return replaced and not alert.personal and bool(self.of(alert))

    @property
    def pictures(self) -> tuple[PictureFile, ...]:
        """Those of the alerts whose words are shown, each once."""
        every = {
            picture.file: picture
            for alert in self.alerts
            if self.shown(alert) or self.kept(alert)
            for picture in alert.pictures
        }
        return tuple(every[name] for name in sorted(every))

    @property
    def place_groups(self) -> tuple[PlaceGroup, ...]:
        """Open instructions by place: the gravest first, places with the very same instructions together.

        Where people are told to leave, nobody reads "get ready to leave" beside it.
        """
        by_zone: dict[str, list[PublicInstruction]] = {}
        covered = {(each.zone, weaker) for each in self.instructions for weaker in self.covers.get(each.key, ())}
        said = [each for each in self.instructions if (each.zone, each.key) not in covered]
        for each in sorted(said, key=lambda each: (-each.level, each.key, each.opened_at)):
            by_zone.setdefault(each.zone, []).append(each)
        groups: dict[tuple[object, ...], list[list[PublicInstruction]]] = {}
        for found in by_zone.values():
            same = tuple((each.key, each.level, each.alert, each.not_renewed(self.generated_at)) for each in found)
            groups.setdefault(same, []).append(found)
        made = [PlaceGroup(tuple(found[0] for found in zones), tuple(zones[0])) for zones in groups.values()]
        return tuple(sorted(made, key=lambda group: -group.level))

    @property
    def updated_at(self) -> datetime | None:
        """The last thing that happened; None when nothing has."""
        moments = [each.changed_at for each in self.alerts]
        moments += [each.lifted_at for each in self.lifted if each.lifted_at]
        moments += [each.sent_at for each in self.requests]
        return max(moments, default=None)

    @property
    def promises(self) -> tuple[datetime, ...]:
        """When the alerts in force promised to be followed by another, soonest first."""
        return tuple(sorted(each.next_update_at for each in self.in_force if each.next_update_at))

    @property
    def next_update_at(self) -> datetime | None:
        """The soonest promise that can still be kept."""
        return next((each for each in self.promises if each > self.generated_at), None)

    @property
    def late_since(self) -> datetime | None:
        """The oldest promise that was broken."""
        return next((each for each in self.promises if each <= self.generated_at), None)
