"""Keep the public folders true: render what residents may know and hand it to the website channel, whole and in order.

Any number of processes may publish at once, and be killed at it: the channel lets only a newer file replace an older
one, and what is recorded as written never goes back. `behind` finds whatever is not yet true.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from broadcaster.domain.errors import NotReady
from broadcaster.domain.field import Visibility
from broadcaster.domain.language import Language
from broadcaster.runtime import Runtime
from broadcaster.services import pictures
from broadcaster.store import publications
from broadcaster.store.public_view import changes_by_time, public_view
from broadcaster.store.publications import ROOTS
from broadcaster.store.status_page import PICTURES, Site, build
from channels.base import Action, Channel, ChannelError, Parcel, Picture, Progress

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Milliseconds since 1970 stay below this until the year 5138.
_MOMENTS = 10**14


@dataclass(frozen=True, slots=True)
class PageWritten:
    """A page of an alert that was read back as it should be. `provider_id` and `url` are the channel's."""

    alert_id: str
    language: str
    path: str
    provider_id: str
    url: str


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did. `written`: every file of `generation` is in place. `problem` is for the operator.

    `changed` counts the files that were not already as they should be.
    """

    root: str
    generation: int
    written: bool
    problem: str = ""
    pages: tuple[PageWritten, ...] = ()
    changed: int = 0


def wanted(tx: Connection, root: str) -> None:
    """Say, in the transaction of a public change, that the folder `root` ("live" or "exercise") has to follow."""
    publications.raise_wanted(tx, root)


def behind(rt: Runtime, now: datetime) -> tuple[str, ...]:
    """Folders that do not say what they should: something changed, a promise or end passed, or nothing is there yet."""
    with rt.db.read() as connection:
        return tuple(root for root in ROOTS if _behind(connection, root, now))


def _behind(connection: Connection, root: str, now: datetime) -> bool:
    state = publications.publication(connection, root)
    if state.behind or state.written_at is None:
        return True
    return changes_by_time(connection, root, state.written_at, now)


def publish(rt: Runtime, root: str, now: datetime) -> Published:
    """Write every file of `root` as of `now` that is not so already. Never raises for what a disk or folder does.

    No transaction is open while files are written.
    """
    with rt.db.read() as connection:
        # One snapshot: what is read belongs to the generation that is read with it.
        if not rt.db.sqlite:
            connection.execution_options(isolation_level="REPEATABLE READ")
        generation = publications.publication(connection, root).wanted
        view = public_view(
            connection, root, rt.profile, _languages(rt), status_address(rt, root), now, _personal_kinds(rt)
        )
    covers = {key: each.covers for kind in rt.kinds.values() for key, each in kind.instructions.items()}
    site = build(replace(view, covers=covers))
    try:
        channel = rt.channel("website", root == "live")
        parcels = [*_parcels(rt, site, _order(generation, now))]
        pages, changed = _write(channel, site, parcels, now)
    except (ChannelError, NotReady, OSError) as error:
        with rt.db.write() as tx:
            publications.record_problem(tx, root, generation, str(error))
        return Published(root, generation, False, str(error))
    problem = "; ".join(map(str, site.problems))
    with rt.db.write() as tx:
        publications.record_written(tx, root, generation, now, problem)
    return Published(root, generation, True, problem, pages, changed)


def status_address(rt: Runtime, root: str) -> str:
    """Where residents find the folder, without a slash at the end."""
    return rt.settings.public_address(root == "live")


def _order(generation: int, now: datetime) -> int:
    """Orders what is written: by what was decided, then by the moment as of which it is said, in milliseconds."""
    since = now - _EPOCH
    return generation * _MOMENTS + (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def _write(
    channel: Channel, site: Site, parcels: Sequence[Parcel], now: datetime
) -> tuple[tuple[PageWritten, ...], int]:
    """Hand over what differs, in order, and read the alerts' pages back. Raises the channel's first error."""
    changed = 0
    for parcel in parcels:
        if channel.find(parcel, now) is not None:
            continue
        changed += 1
        for outcome in channel.send([parcel]):
            if outcome.error is not None:
                raise outcome.error
    pages = []
    for parcel in parcels:
        key = site.pages.get(parcel.to)
        receipt = channel.find(parcel, now) if key else None
        if key and receipt and receipt.progress is Progress.DELIVERED:
            pages.append(PageWritten(key.id, key.language, parcel.to, receipt.provider_id, receipt.url))
    return tuple(pages), changed


def _parcels(rt: Runtime, site: Site, order: int) -> Iterator[Parcel]:
    for path, text in site.files.items():
        beside = _pictures(rt, site) if path == PICTURES else ()
        yield Parcel(id=path, to=path, text=text, pictures=beside, generation=order)
    for path in site.gone:
        yield Parcel(id=path, to=path, text="", action=Action.RETRACT, generation=order)


def _pictures(rt: Runtime, site: Site) -> tuple[Picture, ...]:
    """Those that are there: a page without its picture is better than no page."""
    found = ((pictures.path_of(rt, each.file), each) for each in site.pictures)
    return tuple(Picture(path, pictures.mime_type(each.file), "") for path, each in found if path.is_file())


def _languages(rt: Runtime) -> Mapping[str, Language]:
    return next(iter(rt.kinds.values())).languages


def _personal_kinds(rt: Runtime) -> frozenset[str]:
    """Kinds whose pictures may stand on the page only: those describe a person (KINDS.md "missing-person")."""
    return frozenset(name for name, kind in rt.kinds.items() if kind.pictures is Visibility.PAGE)
