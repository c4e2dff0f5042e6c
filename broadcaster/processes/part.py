"""What all parts of an installation have in common: a secret, a folder, and a mark by which others see them run."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broadcaster.domain.errors import Conflict, NotReady
from broadcaster.settings import Settings

#: Bytes in the path of a unix socket, from sys/un.h less the final NUL.
LONGEST_SOCKET = 107
SHORTEST_SECRET = 32


def must_have_secret(settings: Settings) -> None:
    """NotReady unless SECRET_KEY is set: a part of its own must not invent one that the others do not know."""
    if len(settings.secret_key.get_secret_value()) < SHORTEST_SECRET:
        raise NotReady(
            f"BROADCASTER_SECRET_KEY (or BROADCASTER_SECRET_KEY_FILE) must hold {SHORTEST_SECRET} random characters or"
            " more, the same for every part of the installation; `broadcaster run` makes one by itself"
        )


def folder(settings: Settings) -> Path:
    """VAR_DIR, absolute; made for this user alone where it is not there yet."""
    path = settings.var_dir.absolute()
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def socket_path(var_dir: Path, name: str) -> Path:
    """Where a unix socket lies; NotReady when the path is longer than the kernel allows."""
    path = (var_dir / name).absolute()
    if len(str(path).encode()) > LONGEST_SOCKET:
        raise NotReady(
            f"the path {path} is longer than the {LONGEST_SOCKET} bytes that a socket may have:"
            " set BROADCASTER_VAR_DIR to a shorter one"
        )
    return path


def keep_address(var_dir: Path, url: str) -> None:
    """Let other commands on this machine know where the console is, since that stands in links of texts."""
    (var_dir / "public_url").write_text(f"{url}\n")


def kept_address(var_dir: Path) -> str:
    """The console's address that the last `run` in this folder chose by itself; empty when there was none."""
    try:
        return (var_dir / "public_url").read_text().strip()
    except OSError:
        return ""


@contextmanager
def running(var_dir: Path) -> Iterator[None]:
    """Let others see that a part of this installation runs, for as long as this process does."""
    with _locked(var_dir / "parts.lock", fcntl.LOCK_SH | fcntl.LOCK_NB) as got:
        if not got:
            raise Conflict(f"a restore or another start is going on in {var_dir}")
        yield


@contextmanager
def alone(var_dir: Path, patience: float = 0.0) -> Iterator[None]:
    """Keep every part of this installation on this machine from running; Conflict when one does after `patience` s."""
    deadline = time.monotonic() + patience
    while True:
        with _locked(var_dir / "parts.lock", fcntl.LOCK_EX | fcntl.LOCK_NB) as got:
            if got:
                yield
                return
        if time.monotonic() >= deadline:
            raise Conflict(f"processes of this installation still run (they use {var_dir}): stop them first")
        time.sleep(0.1)


@contextmanager
def only_run(var_dir: Path) -> Iterator[None]:
    """The place of the one `broadcaster run` of this folder; Conflict names the process that has it."""
    path = var_dir / "run.lock"
    with _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB) as got:
        if not got:
            raise Conflict(f"another `broadcaster run` (process {path.read_text().strip()}) uses {var_dir}")
        path.write_text(f"{os.getpid()}\n")
        yield


@contextmanager
def _locked(path: Path, how: int) -> Iterator[bool]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, how)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
