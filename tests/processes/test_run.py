"""`broadcaster run` as an operator meets it: one command, real processes, killed in every way that a machine knows."""

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

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
#: Starting everything takes some 10 s of a free core, and tests share two.
PATIENCE = 120.0
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


def test_what_dies_is_started_again_and_nothing_is_left_at_the_end(run: Run, until: Until) -> None:
    """Takes as long as starting everything, and then some parts again: 20 s and more."""
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
