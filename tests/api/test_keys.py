"""A key opens what its scopes name, and never what needs a person."""

from datetime import timedelta

import pytest
from flask import Flask

from broadcaster import clock
from broadcaster.runtime import Runtime
from broadcaster.services import accounts
from broadcaster.web import api_door
from tests.api.caller import EVERYTHING, HOLDING, Caller, caller, problem
from tests.engine.city import ROOT, approve
from tests.playbooks.shelf import RISING

pytestmark = pytest.mark.engine

#: Method, path, body, and the scopes of which one is needed ("" for any key).
OPERATIONS: tuple[tuple[str, str, object, tuple[str, ...]], ...] = (
    ("GET", "/alerts", None, ("alerts:read",)),
    ("POST", "/alerts", HOLDING, ("alerts:write",)),
    ("GET", "/alerts/{id}", None, ("alerts:read",)),
    ("GET", "/alerts/{id}/texts", None, ("alerts:read",)),
    ("GET", "/alerts/{id}/deliveries", None, ("alerts:read",)),
    ("POST", "/alerts/{id}/submit", None, ("alerts:write",)),
    ("POST", "/alerts/{id}/withdraw", None, ("alerts:write",)),
    ("POST", "/alerts/{id}/update", {}, ("alerts:write",)),
    ("POST", "/alerts/{id}/correction", {}, ("alerts:write",)),
    ("POST", "/alerts/{id}/all-clear", {}, ("alerts:write",)),
    ("POST", "/alerts/{id}/cancel", {}, ("alerts:write",)),
    ("POST", "/alerts/{id}/stop", {"reason": "wrong zone"}, ("alerts:stop",)),
    ("POST", "/alerts/{id}/retry", {}, ("alerts:write",)),
    ("PUT", "/alerts/{id}", HOLDING, ("alerts:write",)),
    ("POST", "/previews", HOLDING, ("alerts:write",)),
    ("POST", "/playbooks/creek/runs", {"parameters": RISING}, ("playbooks:run", "playbooks:run:creek")),
    ("GET", "/playbooks", None, ("",)),
    ("GET", "/playbooks/creek", None, ("playbooks:run", "playbooks:run:creek", "alerts:read")),
    ("GET", "/runs", None, ("playbooks:run", "alerts:read")),
    ("GET", "/runs/{run}", None, ("playbooks:run", "playbooks:run:creek", "alerts:read")),
    ("GET", "/audience?zones=rocklea", None, ("audience:read",)),
    ("GET", "/kinds", None, ("",)),
    ("GET", "/zones", None, ("",)),
)


def call(system: Caller, method: str, path: str, body: object) -> int:
    ways = {
        "GET": lambda: system.get(path),
        "PUT": lambda: system.put(path, body),
        "POST": lambda: system.post(path, body),
    }
    return ways[method]().status_code


def test_the_matrix_names_every_operation(app: Flask) -> None:
    paths = {
        (method, str(rule).replace("<id>", "{id}").replace("<name>", "creek"))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "DELETE"}
        if rule.endpoint.startswith("api.") and rule.endpoint not in ("api.openapi", "api.docs")
    }
    named = {(method, "/api/v1" + path.partition("?")[0].replace("{run}", "{id}")) for method, path, _, _ in OPERATIONS}
    assert paths == named


def test_each_scope_opens_its_operations_and_no_other(city: Runtime, app: Flask, system: Caller) -> None:
    alert = system.draft()
    run = system.post("/playbooks/creek/runs", {"parameters": RISING}).get_json()["id"]
    for scope in (*EVERYTHING, "playbooks:run:creek", "playbooks:run:other"):
        holder = caller(city, app, scope)
        for method, path, body, wanted in OPERATIONS:
            status = call(holder, method, path.format(id=alert, run=run), body)
            if scope in wanted or "" in wanted:
                assert status in (200, 201, 404, 409, 422, 428), (scope, method, path, status)
            else:
                assert status in (403, 404), (scope, method, path, status)


def test_without_a_key_nothing_opens(app: Flask) -> None:
    nobody = Caller(app, "")
    for method, path, body, _ in OPERATIONS:
        assert call(nobody, method, path.format(id="0" * 32, run="0" * 32), body) == 401, (method, path)
    refused = nobody.get("/alerts")
    problem(refused, 401)
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_wrong_revoked_or_old_key_opens_nothing(city: Runtime, app: Flask) -> None:
    good = caller(city, app, "alerts:read")
    assert good.get("/alerts").status_code == 200
    problem(Caller(app, good.secret[:-1] + "x").get("/alerts"), 401)
    problem(Caller(app, "bcs_00000000_" + "x" * 40).get("/alerts"), 401)
    problem(Caller(app, "nonsense").get("/alerts"), 401)
    accounts.revoke_key(city, good.actor_id.removeprefix("key:"), ROOT, clock.utc_now())
    problem(good.get("/alerts"), 401)
    old = caller(city, app, "alerts:read", now=clock.utc_now() - timedelta(days=2))
    problem(old.get("/alerts"), 401)


def test_a_cookie_is_no_key(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("session", "whatever")
    assert client.get("/api/v1/alerts").status_code == 401


def test_guessing_slows_and_right_keys_pass(city: Runtime, app: Flask, system: Caller) -> None:
    guesser = Caller(app, "bcs_00000000_guess")
    statuses = [guesser.get("/zones").status_code for _ in range(api_door.GUESSES + 2)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert system.get("/zones").status_code == 200


def test_a_key_for_exercises_cannot_touch_or_see_what_is_live(city: Runtime, app: Flask, system: Caller) -> None:
    live, trainer = system.draft(), caller(city, app, *EVERYTHING, "exercise")
    live_run = system.post("/playbooks/creek/runs", {"parameters": RISING}).get_json()["id"]
    problem(trainer.post("/alerts", HOLDING), 403)
    problem(trainer.post("/playbooks/creek/runs", {"parameters": RISING, "status": "Actual"}), 403)
    for method, path, body, _ in OPERATIONS:
        if "{" in path:
            status = call(trainer, method, path.format(id=live, run=live_run), body)
            assert status == 404, (method, path, status)
    own = trainer.draft(status="Exercise", incident="drill")
    assert [each["id"] for each in trainer.get("/alerts").get_json()["alerts"]] == [own]
    assert trainer.post("/playbooks/creek/runs", {"parameters": RISING, "status": "Exercise"}).status_code == 201
    assert {each["status"] for each in trainer.get("/runs").get_json()["runs"]} == {"Exercise"}
    assert trainer.get("/audience", zones="rocklea").get_json()["phones"] == 2
    assert system.get("/audience", zones="rocklea").get_json()["phones"] == 5


def test_a_key_is_told_how_much_is_left_and_stop_is_never_limited(
    city: Runtime, app: Flask, system: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_door, "WRITES", 5)
    alert_id = system.submitted()
    approve(city, alert_id)
    answer = system.get("/zones")
    assert int(answer.headers["RateLimit-Limit"]) == api_door.READS
    assert int(answer.headers["RateLimit-Remaining"]) < api_door.READS
    while (refused := system.post("/alerts", HOLDING)).status_code == 201:
        pass
    problem(refused, 429)
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert system.post(f"/alerts/{alert_id}/stop", {"reason": "wrong zone"}).status_code == 200
    assert caller(city, app, "alerts:write").post("/alerts", HOLDING).status_code == 201
