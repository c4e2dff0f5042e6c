"""Files below one root that readers see only whole: drafted beside, synced, renamed. No symlink leads out."""

import errno
import fcntl
import gzip
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = ".lock"


class Busy(Exception):
    """Another process holds the root and did not let go in time."""


class Blocked(Exception):
    """A symlink or file stands where a folder should be."""


@contextmanager
def open_root(root: Path) -> Iterator[int]:
    """Open the root as a folder descriptor. OSError when it is missing."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def hold(root: int, timeout: float) -> Iterator[None]:
    """Be the only writer below the root, on this machine. Raises Busy after `timeout` seconds."""
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644, dir_fd=root)
    deadline = time.monotonic() + timeout
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Busy from None
                time.sleep(0.01)
        yield
    finally:
        os.close(lock)


@contextmanager
def open_folder(root: int, folders: list[str], make: bool = False) -> Iterator[int]:
    """Open a folder below the root step by step, so that no symlink leads out. Raises Blocked; OSError when missing."""
    current = os.dup(root)
    try:
        for name in folders:
            if make:
                _make_folder(current, name)
            try:
                step = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=current)
            except OSError as error:
                if error.errno in (errno.ENOTDIR, errno.ELOOP):
                    raise Blocked(name) from None
                raise
            os.close(current)
            current = step
        yield current
    finally:
        os.close(current)


def _make_folder(parent: int, name: str) -> None:
    try:
        os.mkdir(name, dir_fd=parent)
    except FileExistsError:
        return
    os.chmod(name, 0o755, dir_fd=parent)  # noqa: S103 - the web server reads it, whatever our umask says
    os.fsync(parent)


def read_file(folder: int, name: str) -> bytes | None:
    """What a regular file holds; None when there is none (a symlink is none of ours)."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return None
        raise
    with os.fdopen(descriptor, "rb") as file:
        return file.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def read_below(root: int, folders: list[str], name: str) -> bytes | None:
    """What stands at a path below the root; None when nothing does."""
    try:
        with open_folder(root, folders) as folder:
            return read_file(folder, name)
    except FileNotFoundError:
        return None


def write_files(folder: int, files: dict[str, bytes]) -> bool:
    """Put files in place together: all are on disk before the first takes its name. False when nothing had changed.

    OSError leaves every old file standing and no litter. Only the holder of the root may call it.
    """
    if all(read_file(folder, name) == content for name, content in files.items()):
        return False
    prepared: dict[str, str] = {}
    try:
        for name, content in files.items():
            # One fixed name: we hold the root, and what a killed writer leaves is overwritten by the next.
            prepared[name] = f".{name}.tmp"
            _write_synced(folder, prepared[name], content)
    except OSError:
        remove_files(folder, tuple(prepared.values()))
        raise
    for name, temporary in prepared.items():
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)
    return True


def with_twin(name: str, content: bytes) -> dict[str, bytes]:
    """A text file and its compressed twin for nginx's gzip_static, the same bytes for the same text."""
    return {f"{name}.gz": gzip.compress(content, 9, mtime=0), name: content}


def _write_synced(folder: int, name: str, content: bytes) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(descriptor, 0o644)
        os.fsync(descriptor)


def remove_files(folder: int, names: tuple[str, ...]) -> None:
    """Remove what is there of these names."""
    for name in names:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
    os.fsync(folder)
