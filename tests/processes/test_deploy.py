"""The files in deploy/ name commands and settings that exist."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from broadcaster.cli import main
from broadcaster.settings import load

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def parses(words: list[str]) -> None:
    """Fails when the command line is wrong usage."""
    command: click.Command = main
    context = click.Context(main, info_name="broadcaster")
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None, name
        command = found
    command.make_context("x", list(words), parent=context)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_what_exists_and_lets_it_end_in_order(unit: Path) -> None:
    text = unit.read_text()
    (line,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    program, *words = shlex.split(line)
    assert program == "/opt/broadcaster/.venv/bin/broadcaster"
    parses(words)
    assert "KillMode=mixed" in text
    assert "EnvironmentFile=/etc/broadcaster/broadcaster.env" in text


def test_there_is_a_unit_for_every_part() -> None:
    parts = {"web", "webhooks", "urgent@", "bulk@", "sweep"}
    assert {unit.stem for unit in UNITS} == {"broadcaster", *(f"broadcaster-{part}" for part in parts)}


@pytest.mark.parametrize(
    ("file", "services"),
    [
        ("compose.yaml", {"upgrade", "web", "webhooks", "urgent", "bulk", "sweep"}),
        ("compose.worker.yaml", {"urgent", "bulk", "sweep"}),
    ],
)
def test_the_containers_run_what_exists_with_settings_that_exist(file: str, services: set[str], tmp_path: Path) -> None:
    compose: dict[str, Any] = yaml.safe_load((DEPLOY / file).read_text())
    ours = {name: service for name, service in compose["services"].items() if service.get("image") == "broadcaster"}
    assert set(ours) == services
    for service in ours.values():
        parses([str(word) for word in service["command"]])
        assert set(service["secrets"]) <= set(compose["secrets"])
    settings = dict(ours["sweep"]["environment"])
    for name in [name for name in settings if name.endswith("_FILE")]:
        secret = tmp_path / name
        url = {"DATABASE": "postgresql://x@y/z", "REDIS": "rediss://y:6379/0"}
        secret.write_text(next((address for word, address in url.items() if word in name), "k" * 40))
        settings[name] = str(secret)
    assert load(settings).status_dir == Path("/srv/broadcaster/public")


def test_the_first_machine_shares_what_the_others_use() -> None:
    """Every part has the shared folder in it, and the settings that say so."""
    whole, shared, worker = (
        yaml.safe_load((DEPLOY / f"compose.{name}").read_text())["services"]
        for name in ("yaml", "shared.yaml", "worker.yaml")
    )
    assert shared.keys() == whole.keys()
    for name, service in worker.items():
        assert service["volumes"] == shared[name]["volumes"]
        ours = {**whole[name]["environment"], **shared[name]["environment"]}
        for setting in ("VAR_DIR", "STATUS_DIR", "EXERCISE_STATUS_DIR"):
            assert service["environment"][f"BROADCASTER_{setting}"] == ours[f"BROADCASTER_{setting}"]


def test_nginx_sends_callbacks_to_their_own_process_and_pages_to_nobody() -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    assert re.search(r"location /webhooks/ \{\s+proxy_pass http://broadcaster_webhooks;", text)
    assert re.search(r"location /status/ \{\s+alias /srv/broadcaster/public/;", text)
    assert text.count("{") == text.count("}")
