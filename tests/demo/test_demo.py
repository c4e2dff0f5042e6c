"""The real command as a person starts it: played to the end, refused, and interrupted."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broadcaster.demo.story import STORY
from broadcaster.processes import part
from channels.sandbox.server import Sandbox

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600), pytest.mark.xdist_group("installation")]

ROOT = Path(__file__).resolve().parents[2]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "broadcaster", "demo", *words]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Nothing of this process's own settings."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("BROADCASTER_")}
    return plain | {"BROADCASTER_VAR_DIR": str(folder)} | {f"BROADCASTER_{name}": text for name, text in more.items()}


def finished(folder: Path, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    env = environment(folder, **more)
    return subprocess.run(command(*words), cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def nothing_runs(folder: Path) -> bool:
    """True when no part of the demo's installation holds its mark, and nobody listens on its sockets."""
    with part.alone(folder / "demo"):
        return not [path for path in (folder / "demo").glob("*.sock") if _listens(path)]


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def test_the_demo_plays_eight_alerts_on_four_channels_to_the_end_and_loses_and_doubles_nothing(folder: Path) -> None:
    """Takes half a minute: it is the whole product, started, played and ended.

    Settings that would lead elsewhere are set on purpose: the demo must not even look at them.
    """
    elsewhere = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "REDIS_URL": "redis://127.0.0.1:9/0",
        "STATUS_DIR": str(folder / "live"),
        "PROFILE": "profiles/kongsvinger.yaml",
    }
    done = finished(folder, "--once", "--json", **elsewhere)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.keys() == {"alerts", "lost", "duplicates"}
    assert (found["lost"], found["duplicates"]) == (0, 0)
    assert [alert["kind"] for alert in found["alerts"]] == [_kind(scene.path) for scene in STORY]
    for alert in found["alerts"]:
        assert alert.keys() == {"id", "identifier", "kind", "state", "deliveries", "seconds"}
        assert alert["deliveries"].keys() == {"sms", "x", "facebook", "website"}
        assert all(states.keys() == {"delivered"} for states in alert["deliveries"].values())
        assert 0 <= alert["seconds"]["first"] <= alert["seconds"]["all"]
    states = [alert["state"] for alert in found["alerts"]]
    assert states == [*["superseded"] * 3, *["active"] * 3, "superseded", "active"]
    assert sorted(each.name for each in folder.iterdir()) == ["demo"]
    assert nothing_runs(folder)


def _kind(path: Path) -> str:
    (line,) = (line for line in path.read_text().splitlines() if line.startswith("kind:"))
    return line.removeprefix("kind: ")


def test_the_demo_never_speaks_to_a_real_provider(folder: Path) -> None:
    done = finished(folder, "--once", "--json", TWILIO_API_URL="https://api.twilio.com")
    assert done.returncode == 1
    assert "BROADCASTER_TWILIO_API_URL: is not an address of this machine" in done.stderr
    assert json.loads(done.stdout)["problems"]
    assert not any(folder.iterdir())


@contextmanager
def running(folder: Path, **more: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        command(), cwd=ROOT, env=environment(folder, **more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate()


def test_a_loopback_provider_is_used_and_a_second_demo_refused_and_ctrl_c_ends_everything(
    folder: Path, until: Callable[..., None]
) -> None:
    """Takes ten seconds and more: an installation is started and ended."""
    with Sandbox(adopt=True) as mine:
        urls = {f"{name.upper()}_API_URL": url for name, url in mine.urls.items()}
        with running(folder, **urls) as first:
            until(lambda: mine.sent("twilio") or first.poll() is not None, seconds=180)
            second = finished(folder, "--once")
            assert second.returncode == 1
            assert "another demo runs in" in second.stderr
            first.send_signal(signal.SIGINT)
            said, why = first.communicate(timeout=180)
        assert first.returncode == 1
        assert "ended before the story was over" in why
        assert "Ada" in said
        assert "1 of 8" in said
        texts = Counter((record["to"], record["text"]) for record in mine.sent("twilio"))
        assert set(texts.values()) == {1}
    assert nothing_runs(folder)
