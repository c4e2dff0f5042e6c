"""What cannot be read is refused before it costs anything, with its place, and nothing changes."""

import json

import pytest

from broadcaster.runtime import Runtime
from tests.api.caller import HOLDING, Caller, problem

#: Refused before any database is asked.
pytestmark = [pytest.mark.engine, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


def changed(system: Caller) -> bool:
    return bool(system.get("/alerts").get_json()["alerts"])


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"incident": NaN}',
        b'{"incident": Infinity}',
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"incident": ' + b"9" * 5_000 + b"}",
    ],
    ids=["cut", "not UTF-8", "NaN", "Infinity", "deep list", "deep object", "endless number"],
)
def test_what_is_no_json_is_unreadable(body: bytes, system: Caller) -> None:
    problem(system.post("/alerts", body), 400)
    assert not changed(system)


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"{}"'])
def test_what_is_no_object_is_refused(body: bytes, system: Caller) -> None:
    problem(system.post("/alerts", body), 422)
    assert not changed(system)


def test_nothing_is_not_enough(system: Caller) -> None:
    body = problem(system.post("/alerts"), 422)
    assert body["errors"]
    body = problem(system.post("/alerts", {}), 422)
    assert {each["place"] for each in body["errors"]} == {"incident", "kind"}


def test_ten_megabytes_are_too_large(system: Caller) -> None:
    problem(system.post("/alerts", b'{"incident": "' + b"x" * 10_000_000 + b'"}'), 413)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_type_is_refused(kind: str, system: Caller) -> None:
    problem(system.post("/alerts", json.dumps(HOLDING).encode(), **{"Content-Type": kind}), 415)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"seen": {"en": "Oxley\u0000Creek"}}, "fields.seen.en"),
        ({"seen": {"en": "Oxley \ud800 Creek"}}, "fields.seen.en"),
        ({"se\u0000en": 1}, "fields (key)"),
        ({"seen": 1e999}, ""),
        ({"seen": json.loads("[" * 40 + "]" * 40)}, "fields.seen" + ".1" * 29),
    ],
    ids=["NUL", "half a character", "NUL in a name", "number without end", "nested"],
)
def test_characters_and_numbers_that_are_none_are_named(value: object, place: str, system: Caller) -> None:
    answer = system.post("/alerts", {**HOLDING, "fields": value})
    body = problem(answer, 400 if not place else 422)
    assert not place or place in {each["place"] for each in body["errors"]}
    assert not changed(system)


def test_every_operator_text_is_data(city: Runtime, system: Caller) -> None:
    markup = system.draft(fields={**HOLDING["fields"], "seen": {"en": "<img onerror=x>"}})
    body = problem(system.post(f"/alerts/{markup}/submit"), 422)
    assert any("contains HTML" in each["message"] for each in body["errors"]), body
    fields = {**HOLDING["fields"], "seen": {"en": "{{ 7 * 7 }} & {% raw %}"}}
    texts = system.post("/previews", {**HOLDING, "fields": fields}).get_json()["texts"]
    words = {each["channel"]: " ".join(each["parts"]) for each in texts}
    assert "{{ 7 * 7 }}" in words["sms"]
    assert "{{ 7 * 7 }} &amp; {% raw %}" in words["website"]
    unfilled = problem(system.post(f"/alerts/{system.draft(fields=fields)}/submit"), 422)
    assert any("a blank that nobody filled in" in each["message"] for each in unfilled["errors"]), unfilled


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({}, "zones"),
        ({"zones": "Rocklea"}, "zones"),
        ({"zones": "rocklee"}, "area.zones[0]"),
        ({"lat": "-27.5"}, "lon"),
        ({"lat": "91", "lon": "0", "radius_km": "1"}, "lat"),
        ({"lat": "nan", "lon": "0", "radius_km": "1"}, "lat"),
        ({"polygon": "-27.5,153 -27.6,153"}, "area.polygon"),
        ({"polygon": "1,2 3,4 5"}, "polygon"),
        ({"zones": "rocklea", "kind": "nonsense"}, "kind"),
        ({"zones": "rocklea", "limits": "1"}, "limits"),
    ],
)
def test_an_area_that_is_none_is_refused(query: dict[str, str], place: str, system: Caller) -> None:
    body = problem(system.get("/audience", **query), 422)
    assert place in {each["place"] for each in body["errors"]}, body


@pytest.mark.parametrize(
    "query",
    [
        {"zones": "rocklea"},
        {"zones": "rocklea,oxley", "kind": "volunteer-call"},
        {"polygon": "-27.50,153.01 -27.50,153.02 -27.51,153.02 -27.51,153.01"},
        {"lat": "-27.505", "lon": "153.015", "radius_km": "2"},
    ],
)
def test_whom_an_area_reaches_is_counted(query: dict[str, str], system: Caller) -> None:
    counted = system.get("/audience", **query).get_json()
    assert counted["phones"] == 5
    assert counted["households"] == 5


def test_what_there_is_to_choose_from(system: Caller) -> None:
    zones = system.get("/zones").get_json()["zones"]
    assert "rocklea" in {each["id"] for each in zones}
    kinds = {each["name"]: each for each in system.get("/kinds").get_json()["kinds"]}
    assert {"holding", "flood-warning", "all-clear"} <= kinds.keys()
    assert kinds["all-clear"]["always_two"]
    (level,) = (each for each in kinds["flood-warning"]["fields"] if each["name"] == "level")
    assert (level["required"], level["closed"], set(level["options"])) == (True, True, {"1", "2", "3"})
