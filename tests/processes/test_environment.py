"""How settings reach the parts, and what the parts write: nothing that does not belong there."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from broadcaster.processes import tied
from broadcaster.processes.environment import changes
from broadcaster.settings import load

GIVEN = {
    "BROADCASTER_VAR_DIR": "/var/lib/x",
    "BROADCASTER_TWILIO_AUTH_TOKEN": "live",
    "BROADCASTER_EXERCISE_X_ACCESS_TOKEN": "drill",
    "BROADCASTER_SMS_RATE": "12.5",
    "BROADCASTER_STATUS_DIR": "/srv/public",
}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        GIVEN,
        GIVEN | {"BROADCASTER_VAR_DIR": "/tmp/demo", "BROADCASTER_PUBLIC_URL": "http://127.0.0.1:1"},
        {"BROADCASTER_EXERCISE_X_ACCESS_TOKEN": "another", "BROADCASTER_FACEBOOK_PAGE_ID": "1"},
    ],
)
def test_an_environment_with_the_changes_says_what_was_wanted(wanted: dict[str, str]) -> None:
    there = load(wanted)
    changed = changes(load(GIVEN), there)
    after = {name: value for name, value in (GIVEN | changed).items() if value is not None}
    assert load(after) == there


def test_what_stays_is_not_named_so_a_secret_stays_in_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("from a file")
    given = load({"BROADCASTER_TWILIO_AUTH_TOKEN_FILE": str(secret)})
    assert changes(given, given) == {}
    other = given.model_copy(update={"var_dir": Path("/elsewhere")})
    assert changes(given, other) == {"BROADCASTER_VAR_DIR": "/elsewhere", "BROADCASTER_VAR_DIR_FILE": None}


def test_a_tied_program_gets_its_settings_without_a_word_in_its_command_line() -> None:
    program = (
        sys.executable,
        "-c",
        "import os, sys; print(os.environ['A'], 'B' in os.environ, sys.stdin.read() == '')",
    )
    command = tied.command(tied.ENVIRONMENT, *program)
    assert "hidden" not in " ".join(command)
    done = subprocess.run(
        command,
        input=json.dumps({"A": "hidden", "B": None}),
        env={**os.environ, "B": "here"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "hidden False True\n"


def test_a_program_whose_parent_died_while_it_was_starting_ends_at_once() -> None:
    """Else a worker that is being started when the supervisor is killed stays, and no `run` can begin in its folder again."""
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    command = tied.command(sys.executable, "-c", "print('still here')", parent=gone.stdout.strip())
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "")


def test_logs_are_lines_of_json_without_anybody_s_number() -> None:
    program = (
        "import logging, structlog; from broadcaster.processes import logs; logs.configure('test')\n"
        "structlog.get_logger().info('sent', to='+61400000123', text='a\\nb')\n"
        "logging.getLogger('library').error('cannot text %s', '+4740000123')\n"
        "try:\n    int('+61400000123x')\nexcept ValueError:\n    logging.getLogger('library').exception('oh')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(line["part"], line["message"]) for line in lines] == [
        ("test", "sent"),
        ("test", "cannot text +[number]"),
        ("test", "oh"),
    ]
    assert "ValueError" in lines[2]["exception"]
    assert "000123" not in done.stderr
    assert done.stdout == ""
