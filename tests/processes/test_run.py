"""`broadcaster run` as an operator meets it: one command, real processes, killed in every way that a machine knows."""

import json
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broadcaster.processes.part import only_run
from broadcaster.processes.supervision import states
from broadcaster.runtime import FOLDER
from tests.processes.installed import PATIENCE, Run
from tests.residents.city import SQUARES, collection

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600), pytest.mark.xdist_group("installation")]
Until = Callable[..., None]


@pytest.fixture
def run(folder: Path, until: Until) -> Iterator[Run]:
    started = Run(folder, "--urgent", "1")
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
        second = Run(folder, "--urgent", "1")
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
        one = Run(folder, "--urgent", "1", "--port", str(port))
        assert one.process.wait(PATIENCE) == 1
    assert one.errors.read_text().startswith(f"127.0.0.1:{port} cannot be used")

    long = folder / ("x" * 100)
    long.mkdir()
    two = Run(long, "--urgent", "1")
    assert two.process.wait(PATIENCE) == 1
    assert re.fullmatch(r"the path .* is longer than the 107 bytes .*\n", two.errors.read_text())
