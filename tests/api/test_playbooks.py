"""A gauge sets a playbook going and follows its run; people have approved it before, or do so now."""

from pathlib import Path

import pytest
from flask import Flask

from broadcaster.runtime import FOLDER, Runtime
from channels.sandbox.server import Sandbox
from tests.api.caller import Caller, caller, problem
from tests.engine.city import approve, finish, texts_per_phone
from tests.playbooks.shelf import RISING, approved

pytestmark = pytest.mark.engine


@pytest.fixture
def gauge(city: Runtime, app: Flask) -> Caller:
    """May run the creek's playbook, and nothing else."""
    return caller(city, app, "playbooks:run:creek")


def test_an_approved_playbook_speaks_at_once(city: Runtime, gauge: Caller, sandbox: Sandbox) -> None:
    approved(city)
    answer = gauge.post("/playbooks/creek/runs", {"parameters": RISING}, key="2011-01-11T14:00")
    assert answer.status_code == 201
    run = answer.get_json()
    assert answer.headers["Location"] == f"/api/v1/runs/{run['id']}"
    assert run["grounds"].endswith("approved by Ben and Dee")
    assert [each["state"] for each in run["steps"]] == ["sent", "skipped"]
    finish(city, run["steps"][0]["alert_id"])
    assert len(texts_per_phone(sandbox)) == 5
    again = gauge.get(f"/runs/{run['id']}").get_json()
    assert (again["state"], again["id"]) == ("done", run["id"])


def test_one_that_is_not_approved_waits(city: Runtime, gauge: Caller, sandbox: Sandbox) -> None:
    run = gauge.post("/playbooks/creek/runs", {"parameters": RISING}).get_json()
    assert (run["grounds"], run["steps"][0]["state"]) == ("", "submitted")
    assert not texts_per_phone(sandbox)
    approve(city, run["steps"][0]["alert_id"])
    finish(city, run["steps"][0]["alert_id"])


def test_an_exercise_reaches_those_who_take_part(city: Runtime, gauge: Caller) -> None:
    approved(city)
    answer = gauge.post("/playbooks/creek/runs", {"parameters": RISING, "status": "Exercise", "incident": "drill-7"})
    run = answer.get_json()
    assert (run["status"], run["incident"]) == ("Exercise", "drill-7")


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"parameters": {}}, {"parameters.level", "parameters.zones"}),
        ({"parameters": {**RISING, "level": 7}}, {"parameters.level"}),
        ({"parameters": {**RISING, "zones": ["nowhere"]}}, {"parameters.zones"}),
        ({"parameters": {**RISING, "extra": 1}}, {"parameters.extra"}),
        ({"parameters": []}, {"parameters"}),
        ({"parameters": RISING, "incident": "Not A Name"}, {"incident"}),
        ({"parameters": RISING, "status": "Live"}, {"status"}),
        ({"params": RISING}, {"params"}),
    ],
)
def test_wrong_parameters_are_named_and_nothing_runs(
    body: dict[str, object], places: set[str], gauge: Caller, system: Caller
) -> None:
    found = problem(gauge.post("/playbooks/creek/runs", body), 422)
    assert {each["place"] for each in found["errors"]} == places
    assert system.get("/runs").get_json() == {"runs": [], "next": None}


def test_what_a_playbook_wants_to_know_can_be_read(city: Runtime, gauge: Caller) -> None:
    (creek,) = gauge.get("/playbooks").get_json()["playbooks"]
    assert creek["title"] == {"en": "Creek", "nb": "Elv"}
    level, zones, words = creek["parameters"]
    assert (level["type"], set(level["options"]), level["closed"]) == ("choice", {"low", "high"}, True)
    assert (zones["type"], zones["max_items"], zones["required"]) == ("zones", 2, True)
    assert (words["type"], words["max_length"], words["closed"]) == ("text", 30, False)
    assert not creek["approved"]
    approved(city)
    read = gauge.get("/playbooks/creek").get_json()
    assert (read["approved"], read["approved_by"]) == (True, ["Ben", "Dee"])


def test_a_key_sees_only_the_playbooks_that_it_may_run(city: Runtime, gauge: Caller, tmp_path: Path) -> None:
    (tmp_path / "playbooks" / "other.yaml").write_text((tmp_path / "playbooks" / "creek.yaml").read_text())
    assert [each["name"] for each in gauge.get("/playbooks").get_json()["playbooks"]] == ["creek"]
    problem(gauge.get("/playbooks/other"), 404)
    problem(gauge.post("/playbooks/other/runs", {"parameters": RISING}), 403)
    problem(gauge.get("/runs"), 403)


def test_a_broken_playbook_is_shown_with_its_faults(city: Runtime, system: Caller, tmp_path: Path) -> None:
    (tmp_path / "playbooks" / "creek.yaml").write_text("title: Creek\n")
    (creek,) = system.get("/playbooks").get_json()["playbooks"]
    assert {each["place"] for each in creek["problems"]} >= {"playbooks/creek.yaml:1:1"}
    found = problem(system.post("/playbooks/creek/runs", {"parameters": RISING}), 422)
    assert found["errors"] == creek["problems"]


@pytest.mark.parametrize("name", ["nothing", "..", "%2e%2e%2fetc", "CREEK", "a" * 65])
def test_a_playbook_that_is_not_there_is_not_found(name: str, system: Caller) -> None:
    assert system.post(f"/playbooks/{name}/runs", {"parameters": RISING}).status_code == 404
    assert system.get(f"/playbooks/{name}").status_code == 404


def test_runs_come_in_pages_newest_first(system: Caller) -> None:
    ids = [system.post("/playbooks/creek/runs", {"parameters": RISING}).get_json()["id"] for _ in range(3)]
    page = system.get("/runs", limit=2).get_json()
    rest = system.get("/runs", limit=2, after=page["next"], playbook="creek").get_json()
    assert [each["id"] for each in page["runs"] + rest["runs"]] == ids[::-1]
    assert rest["next"] is None


def test_the_shipped_playbooks_are_described(city: Runtime, system: Caller) -> None:
    city.folder = FOLDER
    found = {each["name"]: each for each in system.get("/playbooks").get_json()["playbooks"]}
    assert {"brisbane-river-flood", "all-clear", "missing-person"} <= found.keys()
    assert found["all-clear"]["always_waits"] == ["all-clear"]
    assert {each["name"]: each["type"] for each in found["all-clear"]["parameters"]}["alerts"] == "alerts"
    assert not any(each["problems"] for each in found.values())
