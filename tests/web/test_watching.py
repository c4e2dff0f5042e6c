"""What those who watch the service see: health, numbers, logs, and errors that say nothing of the inside."""

import gc
import io
import json

import pytest
import structlog
from pydantic import SecretStr
from sqlalchemy import text

from broadcaster.domain.errors import NotReady
from broadcaster.runtime import Runtime
from broadcaster.services import sweeping
from broadcaster.web.app import create_app
from broadcaster.web.logs import log_to_stderr
from tests.engine.city import holding
from tests.web.cast import PASSWORD, House
from tests.web.stories import approved


def test_the_process_answers_whatever_else_is_down(house: House, rt: Runtime) -> None:
    rt.db.engine.dispose()
    (rt.settings.var_dir / "broadcaster.db").unlink()
    assert house.browser().get("/healthz").text == "ok\n"


def test_the_parts_are_told_one_by_one(house: House, rt: Runtime) -> None:
    answer = house.browser().get("/readyz")
    assert answer.status_code == 503
    parts = answer.get_json()["parts"]
    assert parts["database"] == {"ok": True}
    assert parts["sweeper"]["problem"] == "no sweeper has run yet"
    assert parts["queue"]["ok"] is False
    assert "sms" in parts["channels"]["set_up"]
    assert parts["channels"]["lacking"] == ["x"]
    sweeping.sweep(rt, house.clock())
    answer = house.browser().get("/readyz")
    assert answer.status_code == 200  # the queue is down, but it only rings
    assert answer.get_json()["ready"] is True


def test_readiness_names_no_secret_and_no_address(house: House) -> None:
    text_ = house.browser().get("/readyz").text
    for secret in ("page-token", "app-secret", "sqlite", "/tmp"):
        assert secret not in text_


def test_a_database_that_is_gone_is_said_and_nothing_else_breaks(house: House, rt: Runtime) -> None:
    with rt.db.write() as tx:
        tx.execute(text("DROP TABLE leaders"))
    answer = house.browser().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["parts"]["database"] == {"ok": False, "problem": "OperationalError"}


def test_metrics_are_numbers_of_the_database(town: House, rt: Runtime) -> None:
    approved(town, rt, holding())
    found = town.browser().get("/metrics").text
    assert 'broadcaster_alerts{mode="live",state="broadcasting"} 1.0' in found
    assert 'broadcaster_deliveries{channel="website",mode="live",state=' in found
    assert "broadcaster_queue_up 0.0" in found
    assert 'broadcaster_publication_behind{root="live"}' in found


def test_logs_are_one_line_of_json_per_request_and_hold_nothing_personal(
    town: House, rt: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    """A canary in every place where people type: none of them comes out."""
    # Another test of this process may have set up logging as a worker does.
    structlog.reset_defaults()
    log_to_stderr()
    canaries = ("+61400999888", "canary-password", "canary.user@bcc.example", "canary words of an alert")
    browser = town.browser()
    browser.get("/login")
    browser.post("/login", {"email": canaries[2], "password": canaries[1]})
    ada = town.of("ada")
    ada.post("/alerts/new/holding", {"f.seen.en": canaries[3], "status": "Actual", "action": "save"})
    ada.get(f"/incidents?q={canaries[0]}")
    ada.get(f"/{canaries[0]}")
    lines = [line for line in capsys.readouterr().err.splitlines() if line]
    assert len(lines) > 5
    for line in lines:
        entry = json.loads(line)
        assert {"message", "level", "timestamp"} <= entry.keys()
        for canary in (*canaries, PASSWORD):
            assert canary not in line


def test_an_error_of_ours_tells_a_person_nothing_of_the_inside(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.app.testing = False
    house.app._got_first_request = False

    def broken() -> str:
        raise RuntimeError("canary: /etc/secret of +61400999888")

    broken.everybody = True  # type: ignore[attr-defined]
    house.app.add_url_rule("/broken", "broken", broken)
    answer = house.browser().get("/broken")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "canary" not in answer.text + capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/nowhere", 404, "This page does not exist"), ("/alerts/x/submit", 405, "This cannot be done here")],
)
def test_errors_are_pages_that_a_person_understands(house: House, path: str, status: int, words: str) -> None:
    answer = house.of("ada").get(path)
    assert answer.status_code == status
    assert words in answer.text
    assert 'href="/"' in answer.text


def test_errors_under_api_are_problem_documents(house: House) -> None:
    answer = house.browser().get("/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["title"] == "Not Found"


def test_a_body_over_a_megabyte_is_refused_before_it_is_read(house: House) -> None:
    ben = house.of("ben")
    answer = ben.post("/incidents/x/close", {"x": "a" * (1 << 20)})
    assert answer.status_code == 413
    assert "This is too large" in answer.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_upload_may_be_ten_megabytes_and_not_more(house: House) -> None:
    """Werkzeug leaves the file of a body that it gives up to the garbage collector, which is asked here and not later."""
    ben = house.of("ben")
    for size, status in ((2 << 20, 422), (11 << 20, 413)):
        file = (io.BytesIO(b"{" + b" " * size), "zones.geojson")
        assert ben.post("/residents/zones", {"file": file}).status_code == status
    gc.collect()


def test_a_secret_key_that_can_be_guessed_starts_nothing(rt: Runtime) -> None:
    for key in ("", "short", "a" * 64):
        weak = rt.settings.model_copy(update={"secret_key": SecretStr(key)})
        rt.settings, kept = weak, rt.settings
        with pytest.raises(NotReady, match="SECRET_KEY"):
            create_app(rt)
        rt.settings = kept


def test_debug_is_off(house: House) -> None:
    assert house.app.debug is False
