"""Residents, zones, people, keys, checks and the database by the command line."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cli.conftest import Say

Ask = Callable[..., Any]


def test_residents_come_in_are_counted_and_go_out_again(city: Path, ask: Ask, say: Say) -> None:
    more = city / "more.csv"
    more.write_text("phone,language,basis,zones\n+61400000100,en,register,oxley\n+61400000101,en,register,rocklea\n")
    tried = ask("residents", "import", more, "--merge", "--dry-run")
    assert (tried["new"], ask("residents", "count")["phones"]) == (2, 12)
    assert ask("residents", "import", more, "--merge")["new"] == 2
    assert ask("residents", "count")["zones"] == {"oxley": 1, "rocklea": 13}

    area = city / "area.yaml"
    area.write_text("area: {zones: [oxley]}\n")
    assert ask("residents", "count", "--area", area)["phones"] == 1
    area.write_text("zones: [oxley, rocklea]\n")
    assert ask("residents", "count", "--area", area)["phones"] == 14

    exported = say("residents", "export").stdout
    rows = list(csv.DictReader(io.StringIO(exported)))
    assert len(rows) == 14
    again = city / "again.csv"
    again.write_text(exported)
    report = ask("residents", "import", again, "--replace")
    assert (report["new"], report["changed"], report["gone"], report["same"]) == (0, 0, 0, 14)


def test_lines_that_cannot_be_used_are_listed_and_the_rest_counts(city: Path, say: Say) -> None:
    register = city / "bad.csv"
    register.write_text("phone,language,basis\n+61400000200,en,register\nnot a phone,en,register\n")
    result = say("residents", "import", register, "--merge")
    assert result.exit_code == 0
    assert result.stdout.startswith("1 new")
    assert result.stderr.startswith("line 3: ")


def test_an_import_says_which_way_it_is_meant(city: Path, say: Say) -> None:
    result = say("residents", "import", city / "register.csv")
    assert result.exit_code == 2
    assert "--merge or --replace" in result.stderr


def test_residents_come_from_stdin_too(city: Path, say: Say) -> None:
    lines = "phone,language,basis\n+61400000300,en,register\n"
    assert say("residents", "import", "-", "--merge", stdin=lines).stdout.startswith("1 new")


def test_a_person_gets_a_password_once(ask: Ask, say: Say) -> None:
    made = ask("user", "add", "Dana@city.example", "--role", "admin", "--name", "Dana")
    assert (made["email"], made["name"], made["role"]) == ("dana@city.example", "Dana", "admin")
    assert len(made["password"]) >= 12
    again = say("user", "add", "dana@city.example", "--role", "viewer")
    assert again.exit_code == 1
    own = say("user", "add", "eva@city.example", "--role", "viewer", "--password-stdin", stdin="short\n")
    assert own.exit_code == 1
    assert "12 to 200" in own.stderr


def test_a_key_is_shown_once_and_says_what_it_may(ask: Ask, say: Say) -> None:
    made = ask("key", "add", "gauges", "--scope", "playbooks:run:evacuation", "--scope", "alerts:read")
    assert made["scopes"] == ["alerts:read", "playbooks:run:evacuation"]
    assert made["key"].startswith("bcs_")
    wrong = say("key", "add", "gauges", "--scope", "everything")
    assert wrong.exit_code == 1
    assert "playbooks:run" in wrong.stderr


def test_channels_are_tried_and_each_zone_s_time_is_told(city: Path, ask: Ask, say: Say) -> None:
    found = ask("channels", "check")
    live = {each["channel"]: each for each in found["channels"] if each["mode"] == "live"}
    assert all(each["set_up"] and each["health"] for each in live.values())
    assert found["texts_per_second"] > 0
    assert not any(each["too_long"] for each in found["everybody"]["segments"].values())
    slow = say("channels", "check", BROADCASTER_SMS_RATE="0.01")
    assert "everybody: " in slow.stdout
    assert "TOO LONG" in slow.stdout
    wrong = say("channels", "check", BROADCASTER_TWILIO_AUTH_TOKEN="0" * 32)
    assert wrong.exit_code == 1
    assert "live sms:" in wrong.stdout
    assert "0" * 32 not in wrong.stdout + wrong.stderr
    lacking = say("channels", "check", BROADCASTER_TWILIO_AUTH_TOKEN="")
    assert lacking.exit_code == 0
    assert "BROADCASTER_TWILIO_AUTH_TOKEN" in lacking.stdout


def test_the_shipped_profiles_pass(ask: Ask) -> None:
    root = Path(__file__).parents[2] / "profiles"
    assert ask("profile", "check", root / "kongsvinger.yaml")["languages"][0] == "nb"
    assert ask("profile", "check")["name"] == "brisbane"


def test_the_journal_is_handed_out_and_proved(city: Path, ask: Ask, say: Say) -> None:
    entries = ask("journal", "export")
    assert {"user.add"} <= {entry["action"] for entry in entries}
    lines = say("journal", "export", "--incident", "system").stdout.splitlines()
    assert [json.loads(line) for line in lines] == entries
    assert ask("journal", "verify")["breaks"] == []


def test_a_changed_journal_is_exit_code_1(city: Path, say: Say) -> None:
    import sqlite3

    with sqlite3.connect(city / "broadcaster.db") as database:
        database.execute("UPDATE journal SET actor_name = 'nobody' WHERE seq = 2 AND chain = 'system'")
    result = say("journal", "verify")
    assert result.exit_code == 1
    assert "system, entry 2: its content was changed" in result.stdout


def test_the_database_is_copied_and_comes_back(city: Path, ask: Ask, say: Say) -> None:
    copy = city / "copy.backup"
    assert ask("db", "backup", copy)["size"] == copy.stat().st_size
    ask("user", "add", "late@city.example", "--role", "viewer")
    asked = say("db", "restore", copy, stdin="n\n")
    assert asked.exit_code == 1
    assert ask("user", "add", "later@city.example", "--role", "viewer")
    found = ask("db", "restore", copy, "--yes")
    assert (found["epoch"], found["held"]) == (2, 0)
    assert ask("user", "add", "late@city.example", "--role", "viewer"), "the one added after the copy is gone"
    assert ask("db", "release") == {"released": 0}
    assert ask("db", "upgrade")["before"] == ask("db", "upgrade")["after"]


def test_a_restore_is_refused_while_a_part_runs(city: Path, ask: Ask, say: Say) -> None:
    from broadcaster.processes import part

    copy = city / "copy.backup"
    ask("db", "backup", copy)
    with part.running(city):
        result = say("db", "restore", copy, "--yes")
    assert result.exit_code == 1
    assert "stop them first" in result.stderr


def test_playbooks_are_checked_and_run(city: Path, ask: Ask, say: Say) -> None:
    assert ask("playbook", "check")["problems"] == []
    broken = city / "broken.yaml"
    broken.write_text("title: {en: x}\nsteps: 3\n")
    wrong = say("playbook", "check", broken)
    assert wrong.exit_code == 1
    assert str(broken) in wrong.stderr
    fields = ("about=flood", "fact=The dam is stable", "what_is_said=Posts saying it failed", "verdict=false")
    options = [
        word
        for field in (*fields, "confirmed_by=Seqwater", "confirmed_at=-15m", "zones=[rocklea]")
        for word in ("--field", field)
    ]
    run = ask("playbook", "run", "rumour", *options, "--status", "Exercise", "--key", "one")
    assert run["steps"][0]["alert_id"]
    assert ask("playbook", "run", "rumour", *options, "--status", "Exercise", "--key", "one")["id"] == run["id"]
    wrong = say("playbook", "run", "rumour", "--field", "nonsense")
    assert wrong.exit_code == 2
