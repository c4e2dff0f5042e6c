"""What holds for every command: help with an example, one JSON document on stdout, reasons on stderr, exit codes 0, 1 and 2."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from broadcaster.cli import COMMANDS, main
from tests.cli.conftest import Say

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def every_command() -> Iterator[tuple[str, ...]]:
    """("alert", "send") and so on; groups are not commands."""
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((name, each) for each in command.list_commands(context))
        else:
            yield (name,)


ALL = list(every_command())


def test_the_contract_s_commands_are_there() -> None:
    wanted = (
        "demo, run, web, worker, sweep, sandbox, user add, key add, profile check, zones import, residents import,"
        " residents count, residents export, preview, alert draft, alert send, alert show, alert stop, alert list,"
        " playbook check, playbook run, lint, channels check, journal export, journal verify, db upgrade, db backup, db restore"
    )
    assert {tuple(each.split()) for each in wanted.split(", ")} <= set(ALL)


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_says_what_it_does_and_is_in_the_manual(words: tuple[str, ...], say: Say) -> None:
    result = say(*words, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: main {' '.join(words)} ")
    assert f"`broadcaster {' '.join(words)}" in OPERATIONS.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words",
    [
        ("no-such",),
        ("alert", "no-such"),
        ("alert", "show"),
        ("worker",),
        ("worker", "--lane", "fast"),
        ("run", "--port", "x"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(words: tuple[str, ...], say: Say) -> None:
    result = say(*words)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
    assert not result.stdout


def test_a_refusal_is_one_line_on_stderr_and_exit_code_1(say: Say) -> None:
    result = say("alert", "show", "nothing-like-this")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "there is no alert 'nothing-like-this'\n")


def test_a_refusal_with_json_is_still_one_document(say: Say) -> None:
    result = say("alert", "show", "nothing-like-this", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "problems": [{"place": "", "message": "there is no alert 'nothing-like-this'", "cure": ""}]
    }


def test_every_problem_has_a_line_of_its_own(say: Say, folder: Path) -> None:
    profile = folder / "city.yaml"
    profile.write_text("name: x\nunheard_of: 1\nlanguages: []\n")
    result = say("profile", "check", profile)
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert len(lines) > 3
    assert all(re.match(rf"{re.escape(str(profile))}:\d+:\d+: ", line) for line in lines), lines
    assert any("unheard_of" in line for line in lines)


def test_an_unknown_setting_is_named(say: Say) -> None:
    result = say("alert", "list", BROADCASTER_TWILIO_TOKEN="x")
    assert result.exit_code == 1
    assert result.stderr.startswith("BROADCASTER_TWILIO_TOKEN: there is no such setting")


@pytest.mark.parametrize("words", [("web",), ("worker", "--lane", "urgent"), ("sweep",)], ids=" ".join)
def test_a_part_of_its_own_refuses_to_start_without_a_secret(words: tuple[str, ...], say: Say) -> None:
    for secret in ("", "short"):
        result = say(*words, BROADCASTER_SECRET_KEY=secret)
        assert result.exit_code == 1
        assert result.stderr.startswith("BROADCASTER_SECRET_KEY (or BROADCASTER_SECRET_KEY_FILE) must hold 32")


@pytest.mark.parametrize("words", [("web",), ("worker", "--lane", "urgent"), ("sweep",)], ids=" ".join)
def test_a_part_of_its_own_refuses_a_database_that_is_not_up_to_date(words: tuple[str, ...], say: Say) -> None:
    result = say(*words, BROADCASTER_SECRET_KEY="k" * 40)
    assert result.exit_code == 1
    assert "`broadcaster db upgrade`" in result.stderr


def test_without_a_secret_but_with_a_database_elsewhere_none_is_invented(say: Say, folder: Path) -> None:
    result = say("alert", "list", BROADCASTER_DATABASE_URL="postgresql://nobody@127.0.0.1:1/x")
    assert result.exit_code == 1
    assert "BROADCASTER_SECRET_KEY is not set" in result.stderr
    assert not (folder / "secret_key").exists()


def test_a_database_that_does_not_answer_is_told_in_one_line(say: Say) -> None:
    address = "postgresql://nobody:secret-word@127.0.0.1:1/x"
    result = say("alert", "list", BROADCASTER_SECRET_KEY="k" * 40, BROADCASTER_DATABASE_URL=address)
    assert result.exit_code == 1
    assert result.stderr.startswith("the database does not answer")
    assert len(result.stderr.splitlines()) == 1
    assert "secret-word" not in result.stderr


def test_the_module_is_the_command(folder: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "broadcaster", "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert re.fullmatch(r"broadcaster, version \d+\.\d+\.\d+\n", result.stdout)
