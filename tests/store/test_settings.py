"""Settings: every name is known, secrets come from files too, and an exercise can never hold a live account."""

from pathlib import Path

import pytest

from broadcaster.domain.errors import Invalid
from broadcaster.settings import load


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = load({})
    assert settings.status_address == "http://127.0.0.1:8000/status"
    assert settings.status_root(True) != settings.status_root(False)
    assert settings.database.startswith("sqlite:////")


def test_a_misspelt_name_is_refused_rather_than_a_channel_that_is_not_set_up() -> None:
    with pytest.raises(Invalid, match="BROADCASTER_TWILO_AUTH_TOKEN: there is no such setting"):
        load({"BROADCASTER_TWILO_AUTH_TOKEN": "x"})


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n", encoding="utf-8")
    settings = load({"BROADCASTER_SECRET_KEY_FILE": str(tmp_path / "key")})
    assert settings.secret_key.get_secret_value() == "from-a-file"
    with pytest.raises(Invalid, match="cannot read"):
        load({"BROADCASTER_SECRET_KEY_FILE": str(tmp_path / "none")})


def test_a_wrong_value_is_named_and_not_quoted() -> None:
    with pytest.raises(Invalid, match="BROADCASTER_SMS_RATE") as raised:
        load({"BROADCASTER_SMS_RATE": "fast"})
    assert "fast" not in str(raised.value)


@pytest.mark.parametrize(
    "name", ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "SINCH_API_TOKEN", "X_ACCESS_TOKEN", "FACEBOOK_PAGE_TOKEN"]
)
def test_an_exercise_with_a_live_account_does_not_start(name: str) -> None:
    with pytest.raises(Invalid, match=f"EXERCISE_{name}: is the same as the live one") as raised:
        load({f"BROADCASTER_{name}": "a-secret", f"BROADCASTER_EXERCISE_{name}": "a-secret"})
    assert "a-secret" not in str(raised.value)


def test_exercises_are_not_published_into_the_live_folder(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="same folder"):
        load({"BROADCASTER_STATUS_DIR": str(tmp_path), "BROADCASTER_EXERCISE_STATUS_DIR": str(tmp_path)})


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    settings = load({"BROADCASTER_TWILIO_AUTH_TOKEN": "hush", "BROADCASTER_X_ACCESS_TOKEN": "hush"})
    assert "hush" not in repr(settings)
