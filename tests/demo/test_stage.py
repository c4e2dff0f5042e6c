"""What the demo refuses to stand on: a real provider, and a folder in which another demo runs."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from broadcaster.demo.stage import Stage, fresh, provider_addresses
from broadcaster.domain.errors import Conflict, Invalid
from broadcaster.settings import Providers, Settings, on_this_machine

ELSEWHERE = [
    "https://api.twilio.com",
    "http://10.0.0.1:9000",
    "http://127.0.0.1.example.com",
    "http://127.0.0.1@example.com",
    "http://[2001:db8::1]:9000",
    "http://0.0.0.0:9000",
    "file:///127.0.0.1",
    "//127.0.0.1",
    "127.0.0.1:9000",
    "http://[::1",
]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000", "http://localhost:9000/", "http://[::1]:1", "http://127.8.9.1"]
)
def test_an_address_of_this_machine_is_used(url: str) -> None:
    assert on_this_machine(url)
    assert provider_addresses(Settings(live=Providers(x_api_url=url))) == {"x": url.rstrip("/")}


@pytest.mark.parametrize("url", ELSEWHERE)
def test_any_other_address_is_refused_before_anything_starts(url: str, folder: Path) -> None:
    given = Settings(
        var_dir=folder,
        live=Providers(twilio_api_url=url, twilio_auth_token=SecretStr("real")),
        exercise=Providers(facebook_api_url=url),
    )
    with pytest.raises(Invalid) as refusal:
        Stage(given)
    names = [problem.place for problem in refusal.value.problems]
    assert names == ["BROADCASTER_TWILIO_API_URL", "BROADCASTER_EXERCISE_FACEBOOK_API_URL"]
    assert not any(folder.iterdir())


def test_what_an_earlier_demo_left_is_gone(folder: Path) -> None:
    (folder / "public" / "en").mkdir(parents=True)
    (folder / "public" / "en" / "index.html").write_text("old")
    (folder / "broadcaster.db").write_text("old")
    (folder / "elsewhere").symlink_to("/usr")
    with fresh(folder):
        assert [each.name for each in folder.iterdir()] == ["parts.lock"]
    assert Path("/usr").is_dir()


def test_a_second_demo_in_the_same_folder_is_refused_with_a_reason_and_touches_nothing(folder: Path) -> None:
    with fresh(folder):
        (folder / "broadcaster.db").write_text("mine")
        with pytest.raises(Conflict, match="another demo runs in"), fresh(folder):
            pass
        assert (folder / "broadcaster.db").read_text() == "mine"
    with fresh(folder):
        pass
