"""A profile's standing orders for one person awake: from nodes to a Night."""

from datetime import UTC, datetime

from broadcaster.domain.profile import Lent, Night
from broadcaster.domain.standing_orders import POSTS
from broadcaster.store.documents_node import SLUG
from broadcaster.store.documents_reader import Section


def read_night(top: Section) -> Night:
    """The key `night` of a profile; without it one person alone may do nothing."""
    section = top.section("night")
    if section is None:
        return Night()
    reply = section.flag("reply_approves")
    playbooks: dict[str, str] = {}
    zones: tuple[str, ...] = ()
    itself = False
    fallback = section.section("fallback")
    if fallback is not None:
        books = fallback.section("playbooks", required=True)
        playbooks = {kind: books.slug(kind) for kind, _ in books.all()} if books else {}
        zones = _names(fallback, "zones")
        itself = fallback.flag("itself")
        fallback.done()
    night = Night(reply, playbooks, frozenset(zones), itself, section.each("borrowed", _lent))
    section.done()
    return night


def _lent(section: Section) -> Lent:
    post = section.slug("post")
    if post not in POSTS:
        section.refuse("post", f"{post!r} is not one of: {', '.join(POSTS)}")
    until = section.moment("until")
    if until is None:
        section.refuse("until", "is missing or no full time", 'Such as "2026-12-31T23:59+01:00".')
    return Lent(
        email=section.text("email", max_length=254).lower(),
        post=post,
        kinds=frozenset(_names(section, "kinds")),
        zones=frozenset(_names(section, "zones")),
        until=until or datetime.min.replace(tzinfo=UTC),
    )


def _names(section: Section, key: str) -> tuple[str, ...]:
    """A list of names that is not empty: what is not named is not allowed."""
    found = section.texts(key)
    if not found:
        section.refuse(key, "names nothing", "What is not named here is not allowed.")
    for name in found:
        if not SLUG.fullmatch(name):
            section.refuse(key, f"{name[:64]!r} is not a name", "Use a-z, 0-9 and hyphens, at most 64.")
    return found
