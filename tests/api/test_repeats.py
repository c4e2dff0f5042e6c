"""However often the same request comes, its work is done once (SECURITY R10)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from broadcaster import clock
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, drafting
from broadcaster.store import idempotency
from broadcaster.store.schema import alerts, idempotency_keys, playbook_runs
from tests.api.caller import EVERYTHING, HOLDING, Caller, caller, problem
from tests.engine.city import approve
from tests.playbooks.shelf import RISING

pytestmark = pytest.mark.engine


def count(rt: Runtime, table: Any) -> int:
    with rt.db.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def fifty(system: Caller, path: str, body: object, key: str) -> list[TestResponse]:
    """The same request fifty times at once."""
    start = Barrier(50)

    def send(_: int) -> TestResponse:
        start.wait(30)
        return system.post(path, body, key=key)

    with ThreadPoolExecutor(50) as pool:
        return list(pool.map(send, range(50)))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty threads of a test share one process and a busy machine; nobody may give up waiting."""
    monkeypatch.setattr("broadcaster.web.api_repeats.PATIENCE", 60.0)


def test_fifty_at_once_with_one_key_are_one_alert(city: Runtime, system: Caller, patient: None) -> None:
    answers = fifty(system, "/alerts", HOLDING, "gauge-1")
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 49
    assert count(city, alerts) == 1


def test_fifty_at_once_with_one_key_are_one_run(city: Runtime, system: Caller, patient: None) -> None:
    answers = fifty(system, "/playbooks/creek/runs", {"parameters": RISING}, "gauge-1")
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert (count(city, playbook_runs), count(city, alerts)) == (1, 1)


def test_two_gauges_with_one_key_are_one_run_too(city: Runtime, app: Flask, system: Caller) -> None:
    spare = caller(city, app, "playbooks:run:creek")
    first = system.post("/playbooks/creek/runs", {"parameters": RISING}, key="gauge-1").get_json()
    assert spare.post("/playbooks/creek/runs", {"parameters": RISING}, key="gauge-1").get_json()["id"] == first["id"]
    other = {"parameters": {**RISING, "level": "high"}}
    problem(spare.post("/playbooks/creek/runs", other, key="gauge-1"), 409)


def test_the_same_key_with_another_body_is_a_conflict(city: Runtime, system: Caller) -> None:
    first = system.post("/alerts", HOLDING, key="k")
    problem(system.post("/alerts", {**HOLDING, "incident": "another"}, key="k"), 409)
    problem(system.post(f"/alerts/{first.get_json()['id']}/submit", key="k"), 409)
    assert count(city, alerts) == 1


def test_a_body_that_means_the_same_is_the_same(system: Caller) -> None:
    first = system.post("/alerts", HOLDING, key="k")
    again = system.post("/alerts", dict(reversed(list(HOLDING.items()))), key="k")
    assert again.get_json() == first.get_json()
    assert again.headers["Location"] == first.headers["Location"]


def test_keys_of_two_systems_do_not_meet(city: Runtime, app: Flask, system: Caller) -> None:
    other = caller(city, app, *EVERYTHING)
    assert (
        system.post("/alerts", HOLDING, key="k").get_json()["id"]
        != other.post("/alerts", HOLDING, key="k").get_json()["id"]
    )


def test_every_post_honours_the_key(city: Runtime, app: Flask, system: Caller) -> None:
    alert_id = system.draft()
    for way, body in (("submit", None), ("stop", {"reason": "wrong zone"})):
        if way == "stop":
            approve(city, alert_id)
        first = system.post(f"/alerts/{alert_id}/{way}", body, key=way)
        again = system.post(f"/alerts/{alert_id}/{way}", body, key=way)
        assert (first.status_code, again.status_code, again.get_json()) == (200, 200, first.get_json())
        problem(system.post(f"/alerts/{alert_id}/{way}", body), 409)
    posts = [
        rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.") and "POST" in (rule.methods or ())
    ]
    assert posts
    for rule in posts:
        view: Any = app.view_functions[rule.endpoint]
        while hasattr(view, "__wrapped__"):
            if view.__code__.co_name == "once":
                break
            view = view.__wrapped__
        assert view.__code__.co_name == "once", f"{rule} is not repeatable"


def test_a_refusal_frees_the_key(system: Caller) -> None:
    problem(system.post("/alerts", {**HOLDING, "kind": "nonsense"}, key="k"), 422)
    assert system.post("/alerts", HOLDING, key="k").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 129, "with space", "ø"])
def test_a_key_that_is_none_is_refused(key: str, system: Caller) -> None:
    problem(system.post("/alerts", HOLDING, **{"Idempotency-Key": key}), 422)


def test_a_request_whose_process_died_is_taken_up_and_done_once(
    city: Runtime, system: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Stands for the end of the process: no handler of ours catches it."""

    def killed(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(idempotency, "keep", killed)
    with pytest.raises(Killed):
        system.post("/alerts", HOLDING, key="k")
    monkeypatch.undo()
    monkeypatch.setattr("broadcaster.web.api_repeats.PATIENCE", 0.2)
    waiting = system.post("/alerts", HOLDING, key="k")
    problem(waiting, 409)
    assert waiting.headers["Retry-After"] == "2"
    long_ago = clock.utc_now() - timedelta(seconds=idempotency.DEAD_AFTER + 1)
    with city.db.write() as tx:
        tx.execute(update(idempotency_keys).values(created_at=long_ago))
    assert system.post("/alerts", HOLDING, key="k").status_code == 201
    assert count(city, alerts) == 1


@pytest.mark.parametrize(("way", "module", "name"), [("submit", drafting, "submit"), ("stop", broadcasting, "stop")])
def test_what_a_dead_process_had_finished_is_not_refused(
    way: str, module: Any, name: str, city: Runtime, system: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"reason": "wrong zone"} if way == "stop" else None
    alert_id = system.submitted() if way == "stop" else system.draft()
    if way == "stop":
        approve(city, alert_id)
    done = getattr(module, name)

    class Killed(BaseException):
        """Stands for the end of the process."""

    def killed(*given: object, **named: object) -> None:
        done(*given, **named)
        raise Killed

    monkeypatch.setattr(module, name, killed)
    monkeypatch.setattr(idempotency, "forget", lambda *_: None)
    with pytest.raises(Killed):
        system.post(f"/alerts/{alert_id}/{way}", body, key="k")
    monkeypatch.undo()
    with city.db.write() as tx:
        tx.execute(update(idempotency_keys).values(created_at=clock.utc_now() - timedelta(minutes=2)))
    assert system.post(f"/alerts/{alert_id}/{way}", body, key="k").status_code == 200


def test_old_answers_are_forgotten(city: Runtime, system: Caller) -> None:
    system.post("/alerts", HOLDING, key="k")
    with city.db.write() as tx:
        assert idempotency.forget_before(tx, clock.utc_now() - timedelta(hours=1)) == 0
        assert idempotency.forget_before(tx, clock.utc_now() + timedelta(hours=1)) == 1
    assert count(city, idempotency_keys) == 0
