"""What a version of a playbook is: its file and every word that its alerts take from kinds and city. A changed word is another version."""

import functools
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from broadcaster.domain.alert import content_hash
from broadcaster.domain.errors import Invalid
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.playbook import Playbook
from broadcaster.domain.profile import Profile
from broadcaster.runtime import Runtime
from broadcaster.store import documents

#: Parts of the city's profile that stand in texts, or decide what may stand there.
_OF_THE_CITY = (
    *("title", "sender", "cap_sender", "timezone", "timezone_name", "languages", "levels", "numbers", "hashtag"),
    *("authorities", "deciders", "sms_segments", "question_hours"),
)
#: Path → (modified, size) of every file that texts are made from.
Signature = tuple[tuple[str, int, int], ...]


def digest(rt: Runtime, playbook: Playbook, text: str) -> str:
    """The hash (64 hex digits) of the version that a playbook is now; `text` is its file."""
    files = _digests(_templates(rt), _signature(_templates(rt)))
    shared = {path: each for path, each in files.items() if "/" not in path or path.startswith("layouts/")}
    kinds = {path: each for path, each in files.items() if path.partition("/")[0] in playbook.kinds}
    return content_hash(playbook.name, text, shared, kinds, _city(rt.profile))


def is_current(rt: Runtime, playbook: Playbook) -> bool:
    """False when kinds were changed since this process started: what it would say is then not what lies in the files."""
    try:
        kinds = _kinds(_templates(rt), _signature(_templates(rt)))
    except Invalid:
        return False
    return all(kinds.get(name) == rt.kinds.get(name) for name in playbook.kinds)


def wording(rt: Runtime, kind: str) -> str:
    """The hash (64 hex digits) of every word that alerts of one kind take from files and city, whatever is filled in."""
    files = _digests(_templates(rt), _signature(_templates(rt)))
    mine = {path: each for path, each in files.items() if path.startswith((f"{kind}/", "layouts/")) or "/" not in path}
    return content_hash(kind, mine, _city(rt.profile))


def _templates(rt: Runtime) -> Path:
    return rt.folder / "templates" / "alerts"


def _city(profile: Profile) -> str:
    return hashlib.sha256(repr([getattr(profile, name) for name in _OF_THE_CITY]).encode()).hexdigest()


def _files(folder: Path) -> Iterable[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".yaml", ".txt", ".html") and not path.name.startswith("example."):
            yield path


def _signature(folder: Path) -> Signature:
    found = ((path, path.stat()) for path in _files(folder))
    return tuple((path.relative_to(folder).as_posix(), state.st_mtime_ns, state.st_size) for path, state in found)


@functools.lru_cache(maxsize=4)
def _digests(folder: Path, signature: Signature) -> Mapping[str, str]:
    return {path: hashlib.sha256((folder / path).read_bytes()).hexdigest() for path, _, _ in signature}


@functools.lru_cache(maxsize=4)
def _kinds(folder: Path, signature: Signature) -> Mapping[str, AlertKind]:
    return documents.load_kinds(folder)
