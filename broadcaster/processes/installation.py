"""A whole installation on this machine, started and ended as one: for `broadcaster run`, and for the demo."""

import json
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from broadcaster.domain.errors import NotReady
from broadcaster.processes import environment, part, supervision, tied
from broadcaster.processes.secret import FILE, secret_of
from broadcaster.runtime import build
from broadcaster.services import migrating
from broadcaster.settings import PREFIX, Settings
from broadcaster.store.queue import LANES, Queue

#: How long processes of an earlier life may take to end before a new one begins, in seconds.
LEFTOVERS = 40.0


class Installation:
    """`with Installation(settings) as it: it.wait_until_ready()`; leaving the block ends every process of it.

    The thread that starts it must live as long as it: the processes are tied to that thread.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        given: Settings | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        urgent: int = 3,
        bulk: int = 1,
    ) -> None:
        """`given` is what the environment of this process says, where that is not `settings`. Port 0: any free one.

        `urgent` and `bulk` are numbers of workers. PUBLIC_URL becomes the console's address unless `settings` names it.
        """
        self.host, self.port = host, port
        self.settings = settings
        self._given = given or settings
        self._workers = {"urgent": urgent, "bulk": bulk}
        self._held = ExitStack()
        self._supervisor: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the console is, from this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - compared, not bound
        return f"http://{host}:{self.port}"

    def start(self) -> None:
        """Check everything, bring the database up to date, start all. Invalid, NotReady or Conflict: nothing runs."""
        var_dir = part.folder(self.settings)
        try:
            self._held.enter_context(part.only_run(var_dir))
            with part.alone(var_dir, LEFTOVERS):
                self.port = _free_port(self.host, self.port)
                self._settle(var_dir)
                runtime = build(self.settings)
                migrating.upgrade(runtime.db)
                runtime.close()
                bind = f"{self.host}:{self.port}"
                wanted = supervision.programs(self.settings, bind, self._workers["urgent"], self._workers["bulk"])
                config = supervision.write(var_dir, wanted)
            self._supervisor = self._supervise(config)
        except BaseException:
            self._held.close()
            raise

    def _settle(self, var_dir: Path) -> None:
        """Fill in what the operator left to us: an absolute folder, a secret, the console's address."""
        update: dict[str, object] = {"var_dir": var_dir}
        if not self.settings.secret_key.get_secret_value():
            update["secret_key"] = type(self.settings.secret_key)(secret_of(var_dir))
        if "public_url" not in self.settings.model_fields_set:
            update["public_url"] = self.url
            part.keep_address(var_dir, self.url)
        self.settings = self.settings.model_copy(update=update)

    def _supervise(self, config: Path) -> "subprocess.Popen[bytes]":
        changes = environment.changes(self._given, self.settings)
        if changes.get(f"{PREFIX}SECRET_KEY") and not self._given.secret_key.get_secret_value():
            # The file, not its content: what stands in an environment can be read in /proc.
            changes |= {
                f"{PREFIX}SECRET_KEY": None,
                f"{PREFIX}SECRET_KEY_FILE": str(config.parent / FILE),
            }
        program = (sys.executable, "-m", "supervisor.supervisord", "-c", str(config))
        process = subprocess.Popen(
            tied.command(tied.ENVIRONMENT, *program),
            stdin=subprocess.PIPE,
            # Ctrl-C reaches us alone; we end the others in order.
            start_new_session=True,
        )
        if process.stdin is not None:
            with process.stdin as pipe:
                pipe.write(json.dumps(changes).encode())
        return process

    def runs(self) -> bool:
        """False once the supervisor has gone, for whatever reason."""
        return self._supervisor is not None and self._supervisor.poll() is None

    def lacking(self) -> str:
        """What is not there yet, in words; empty when all parts are up and alerts can go out."""
        states = supervision.states(self.settings.var_dir)
        if not states:
            return "the supervisor does not answer yet"
        if late := sorted(name for name, state in states.items() if state != "RUNNING"):
            return f"not up: {', '.join(late)} (see {self.settings.var_dir / 'log'})"
        queue = Queue(self.settings.redis)
        alive = queue.workers() or dict.fromkeys(LANES, 0)
        queue.close()
        if late := [lane for lane in LANES if alive[lane] < self._workers[lane]]:
            return f"not all workers listen yet: {', '.join(late)}"
        return _not_ready(self.url)

    def wait_until_ready(self, patience: float = 60.0) -> None:
        """Return when all parts are up. NotReady: what is lacking after `patience` seconds, or that all has ended."""
        deadline = time.monotonic() + patience
        while lacking := self.lacking():
            if not self.runs():
                raise NotReady(f"the supervisor has ended; see {self.settings.var_dir / 'log'}")
            if time.monotonic() > deadline:
                raise NotReady(lacking)
            time.sleep(0.1)

    def stop(self, patience: float = 100.0) -> None:
        """End all parts in order and return when they are gone; Conflict when some are not after `patience` seconds."""
        try:
            if self._supervisor is not None:
                self._supervisor.terminate()
                try:
                    self._supervisor.wait(patience)
                except subprocess.TimeoutExpired:
                    self._supervisor.kill()
                    self._supervisor.wait()
                # Where it was killed, the kernel tells its children; they finish what they have in hand.
                with part.alone(self.settings.var_dir, LEFTOVERS):
                    self._supervisor = None
        finally:
            self._held.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def _free_port(host: str, port: int) -> int:
    """`port`, or any free one for 0. NotReady when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise NotReady(f"{host}:{port} cannot be used ({error.strerror}): choose another with --port") from error
        return int(probe.getsockname()[1])


def _not_ready(url: str) -> str:
    """What /readyz complains of; empty when it does not. Spoken by hand: the law keeps HTTP clients to outbound.py."""
    host, _, port = url.removeprefix("http://").partition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as wire:
            wire.sendall(f"GET /readyz HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
            answer = b"".join(iter(lambda: wire.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " in head.splitlines()[0]:
            return ""
        parts = json.loads(body)["parts"]
    except (OSError, ValueError, KeyError, IndexError) as error:
        return f"the console does not answer yet ({type(error).__name__})"
    return "; ".join(f"{name}: {each.get('problem', 'not ready')}" for name, each in parts.items() if not each["ok"])
