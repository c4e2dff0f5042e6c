"""The public pages: plain files that any static server can give out, written whole and in order, or not at all."""

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from channels.base import (
    Action,
    Channel,
    ChannelError,
    Health,
    Limits,
    Misconfigured,
    Outcome,
    Parcel,
    Progress,
    Receipt,
    Refused,
    Unavailable,
)
from channels.pages import (
    Blocked,
    Busy,
    hold,
    open_folder,
    open_root,
    read_below,
    read_file,
    remove_files,
    with_twin,
    write_files,
)
from channels.serial import Sent, one_by_one

GENERATIONS = ".generation"

#: What an operator should hear about a disk that does not do as asked.
DISK: dict[int, str] = {
    errno.ENOSPC: "the disk of the public pages is full",
    errno.EDQUOT: "the disk quota of the public pages is used up",
    errno.EFBIG: "the page is larger than this process may write",
    errno.EROFS: "the disk of the public pages is read-only",
    errno.EACCES: "no permission to write the public pages",
    errno.EPERM: "no permission to write the public pages",
    errno.ENOENT: "the folder of the public pages is missing: is its disk mounted?",
    errno.ENOTDIR: "the folder of the public pages is not a folder",
    errno.EIO: "the disk of the public pages fails",
}


@dataclass(frozen=True, slots=True)
class WebsiteOptions:
    """`root` is the folder that is served; it must exist. `base_url` is where people see it.

    `timeout` (seconds) is how long to wait for another writer.
    """

    root: Path
    base_url: str = ""
    timeout: float = 5.0


class Website(Channel):
    """Pages under one root. Of a parcel, `to` is the relative path, `text` the whole file, `generation` its order.

    A reader sees the old page or the new one, never a part. `.generation` under the root keeps the highest generation
    of each path, so that a slow writer never puts an old page over a new one. Beside every page stands a `.gz` (nginx:
    gzip_static); pictures go beside their page under their own file name, and leave with a RETRACT that names them.
    """

    name = "website"
    limits = Limits("characters", per_part=1_000_000, pictures=20)
    actions = frozenset({Action.POST, Action.AMEND, Action.RETRACT})
    lag = 0.0

    def __init__(self, options: WebsiteOptions) -> None:
        self._root = options.root
        self._base_url = options.base_url.rstrip("/")
        self._timeout = options.timeout

    def send(self, parcels: Iterable[Parcel | None]) -> Iterator[Outcome]:
        return one_by_one(parcels, self.actions, self._deliver)

    def _deliver(self, parcel: Parcel) -> Sent:
        path, folders, name = _place(parcel)
        content, retract = _content(parcel), parcel.action is Action.RETRACT
        pictures = {_checked(p.path.name): b"" if retract else _read_picture(p.path) for p in parcel.pictures}
        with _disk_errors(), open_root(self._root) as root, hold(root, self._timeout):
            generations = _generations(root)
            newest = generations.get(path, 0)
            if parcel.generation < newest:
                # A newer page stands there: this one has had its turn, and writing it would undo the newer.
                return self._sent(path, read_below(root, folders, name))
            if parcel.generation > newest:
                # Claimed before it is written: if we are killed in between, an older writer still stays out.
                claimed = json.dumps(generations | {path: parcel.generation}, indent=0, sort_keys=True)
                write_files(root, {GENERATIONS: claimed.encode()})
            if retract:
                _take_down(root, folders, (*pictures, *(() if content is not None else (name, f"{name}.gz"))))
            if content is not None:
                with open_folder(root, folders, make=True) as folder:
                    write_files(folder, {} if retract else pictures)
                    write_files(folder, with_twin(name, content))
            return self._sent(path, content)

    def _sent(self, path: str, content: bytes | None) -> Sent:
        shown = re.sub(r"(^|/)index\.html$", r"\1", path)
        return Sent(_provider_id(path, content), f"{self._base_url}/{shown}" if self._base_url else "")

    def find(self, parcel: Parcel, since: datetime) -> Receipt | None:
        """Read the file back: it must hold what `provider_id` says, or else this parcel's text.

        A page that a newer generation has replaced since is reported as taken, with the code "superseded".
        """
        path, folders, name = _place(parcel)
        wanted = parcel.provider_id or _provider_id(path, _content(parcel))
        with _disk_errors(), open_root(self._root) as root:
            sent = self._sent(path, read_below(root, folders, name))
            newest = _generations(root).get(path, 0)
        if sent.provider_id == wanted:
            return Receipt(sent.provider_id, Progress.DELIVERED, url=sent.url)
        if parcel.generation < newest:
            why = "a newer page has taken its place"
            return Receipt(sent.provider_id, Progress.ACCEPTED, code="superseded", reason=why, url=sent.url)
        return None

    def check(self) -> Health:
        """Write and remove an empty file, and tell how much room there is."""
        with _disk_errors(), open_root(self._root) as root, hold(root, self._timeout):
            write_files(root, {".probe": b"?"})
            remove_files(root, (".probe",))
            disk = os.fstatvfs(root)
        return Health(account=str(self._root), notes=(f"{disk.f_bavail * disk.f_frsize // 1_000_000} MB free",))


def _place(parcel: Parcel) -> tuple[str, list[str], str]:
    """(path, folders, file name) of a parcel; Refused unless each piece is plain `[a-z0-9._-]` and not hidden."""
    path = parcel.to or parcel.target.rpartition("@")[0] or parcel.target
    *folders, name = (_checked(piece) for piece in path.split("/"))
    return path, folders, name


def _checked(piece: str) -> str:
    plain = re.fullmatch(r"[a-z0-9_-][a-z0-9._-]{0,199}", piece)
    if not plain or piece.endswith((".gz", ".tmp")):  # those names are the page's own twin and its draft
        raise Refused(f"{piece[:80]!r} may not be a part of a page's path", "path")
    return piece


def _content(parcel: Parcel) -> bytes | None:
    """The bytes that shall stand there; None for a page that shall be gone (a retraction without a tombstone)."""
    if parcel.action is Action.RETRACT and not parcel.text:
        return None
    try:
        return parcel.text.encode()
    except UnicodeEncodeError:
        raise Refused("the page holds half a character (a lone surrogate)", "encoding") from None


def _read_picture(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"the picture {path.name} cannot be read", type(error).__name__) from None


def _provider_id(path: str, content: bytes | None) -> str:
    return f"{path}@{'gone' if content is None else hashlib.sha256(content).hexdigest()[:16]}"


def _take_down(root: int, folders: list[str], names: tuple[str, ...]) -> None:
    try:
        with open_folder(root, folders) as folder:
            remove_files(folder, names)
    except FileNotFoundError:
        return  # the whole folder is gone already


def _generations(root: int) -> dict[str, int]:
    raw = read_file(root, GENERATIONS)
    try:
        return {} if raw is None else {str(path): int(number) for path, number in json.loads(raw).items()}
    except (ValueError, TypeError, AttributeError):
        words = f"{GENERATIONS} in the public folder is damaged: remove it and publish again"
        raise Misconfigured(words, "damaged") from None


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Put what the disk does into an operator's words. The old page stands until the new one is whole."""
    try:
        yield
    except OSError as error:
        words = DISK.get(error.errno or 0, "the public pages cannot be written")
        failure: ChannelError = Unavailable(words, errno.errorcode.get(error.errno or 0, "OSError"))
    except Busy:
        failure = Unavailable("another process is writing the public pages", "locked", retry_after=1.0)
    except Blocked as error:
        failure = Refused(f"{str(error)!r} on the way to the page is not a folder", "path")
    else:
        return
    raise failure
