"""`broadcaster run` as an operator meets it: one command, real processes, killed in every way that a machine knows."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broadcaster.processes.part import only_run
from broadcaster.processes.supervision import states
from broadcaster.runtime import FOLDER
from tests.residents.city import SQUARES, collection

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]
#: Starting everything takes some 10 s of a free core, and tests share two.
PATIENCE = 200.0
Until = Callable[..., None]


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BROADCASTER_")}
    return kept | {"BROADCASTER_VAR_DIR": str(folder)}


class Run:
    """A `broadcaster run` with one worker per lane."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.output, self.errors = folder / "output.txt", folder / "errors.txt"
        with self.output.open("wb") as output, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "broadcaster", "run", "--port", "0", "--urgent", "1", *options],
                stdout=output,
                stderr=errors,
                env=environment(folder),
            )

    @property
    def url(self) -> str:
        found = re.search(r"^ready (http://127\.0\.0\.1:\d+)$", self.output.read_text(), re.MULTILINE)
        return found[1] if found else ""

    def family(self) -> dict[int, str]:
        """Every process of this installation, by its environment or command line: id → command line."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                ours = f"BROADCASTER_VAR_DIR={self.folder}\0".encode() in (path / "environ").read_bytes()
            except OSError:
                continue
            if line and (ours or f"{self.folder}/" in line):
                found[int(path.name)] = line
        return found

    def pid_of(self, words: str) -> int:
        """The process with these words in its command line; of a process and its children, the first."""
        return min(pid for pid, line in self.family().items() if words in line)

    def say(self, *words: object) -> str:
        """What another command on this installation prints."""
        done = subprocess.run(
            [sys.executable, "-m", "broadcaster", *map(str, words)],
            env=environment(self.folder),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kill(self, words: str) -> int:
        pid = self.pid_of(words)
        os.kill(pid, signal.SIGKILL)
        return pid


@pytest.fixture
def run(folder: Path, until: Until) -> Iterator[Run]:
    started = Run(folder)
    try:
        until(lambda: started.url or started.process.poll() is not None, PATIENCE, "ready")
        assert started.url, started.errors.read_text()
        yield started
    finally:
        started.process.kill()
        started.process.wait()
        until(lambda: not started.family(), PATIENCE, "the end of every process")


def exercise(run: Run) -> dict[str, dict[str, int]]:
    """An exercise on all four channels to two phones, written by Ada, approved by Ben; its deliveries at the end."""
    zones, register, alert = (run.folder / name for name in ("zones.geojson", "register.csv", "drill.yaml"))
    zones.write_bytes(collection(SQUARES))
    register.write_text(
        "phone,basis,zones,exercise\n+61491570156,register,rocklea,yes\n+61491570157,register,oxley,yes\n"
    )
    text = (FOLDER / "templates/alerts/holding/example.en.yaml").read_text()
    alert.write_text(text.replace("status: Actual", "status: Exercise"))
    run.say("zones", "import", zones)
    run.say("residents", "import", register, "--merge")
    run.say("user", "add", "ada@city.example", "--role", "author")
    run.say("user", "add", "ben@city.example", "--role", "approver")
    people = ("--author", "ada@city.example", "--approver", "ben@city.example")
    found: dict[str, dict[str, int]] = json.loads(run.say("alert", "send", alert, *people, "--wait", "--json"))[
        "deliveries"
    ]
    return found


def callbacks_answer(run: Run, path: str) -> int:
    """The status with which the process for callbacks answers on its socket."""
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(20)
        wire.connect(str(run.folder / "webhooks.sock"))
        wire.sendall(f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        return int(wire.recv(4096).split()[1])


def test_what_dies_is_started_again_works_and_nothing_is_left_at_the_end(run: Run, until: Until) -> None:
    """Takes as long as starting everything, then some parts again, then five commands: 30 s and more."""
    killed = {
        run.kill(words)
        for words in (
            "broadcaster web --bind 127",
            "worker --lane bulk",
            "broadcaster sweep",
            "valkey-server",
            "sandbox",
        )
    }
    until(lambda: not killed & set(run.family()), PATIENCE, "the end of the killed")
    until(lambda: set(states(run.folder).values()) == {"RUNNING"}, PATIENCE, "their return")
    assert not killed & set(run.family())

    assert callbacks_answer(run, "/healthz") == 200
    assert callbacks_answer(run, "/") == 404, "only callbacks: the console is another process"
    deliveries = exercise(run)
    assert set(deliveries) == {"website", "sms", "x", "facebook"}
    assert all(set(states) == {"delivered"} for states in deliveries.values())
    assert deliveries["sms"] == {"delivered": 2}

    assert (run.folder / "secret_key").stat().st_mode & 0o777 == 0o600
    run.process.terminate()
    assert run.process.wait(PATIENCE) == 0
    assert not run.family()
    assert run.output.read_text() == f"ready {run.url}\n"


def test_a_second_run_in_the_same_folder_is_refused(folder: Path) -> None:
    with only_run(folder):
        second = Run(folder)
        assert second.process.wait(PATIENCE) == 1
    assert second.errors.read_text() == f"another `broadcaster run` (process {os.getpid()}) uses {folder}\n"


@pytest.mark.parametrize("victim", ["supervisor.supervisord", "broadcaster run"])
def test_when_the_head_is_killed_the_kernel_ends_the_rest(run: Run, victim: str, until: Until) -> None:
    """Takes as long as starting everything: 10 s and more."""
    run.kill(victim)
    until(lambda: not run.family(), PATIENCE, "the end of every process")
    assert run.process.wait(PATIENCE) in (1, -signal.SIGKILL)
    if victim == "supervisor.supervisord":
        assert "the supervisor has ended" in run.errors.read_text()


def test_a_taken_port_and_a_long_path_are_told_in_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        one = Run(folder, "--port", str(port))
        assert one.process.wait(PATIENCE) == 1
    assert one.errors.read_text().startswith(f"127.0.0.1:{port} cannot be used")

    long = folder / ("x" * 100)
    long.mkdir()
    two = Run(long)
    assert two.process.wait(PATIENCE) == 1
    assert re.fullmatch(r"the path .* is longer than the 107 bytes .*\n", two.errors.read_text())
