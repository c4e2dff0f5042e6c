"""The description of the API is true, whole, and served from here alone."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from broadcaster.web.api_errors import TYPES

#: Made from the code alone.
pytestmark = [pytest.mark.engine, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def spec(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def operations(spec: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, methods in spec["paths"].items() for method, each in methods.items()]


def test_it_is_openapi_3_1_with_a_key_on_every_operation(spec: dict[str, Any]) -> None:
    assert spec["openapi"].startswith("3.1")
    assert spec["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for path, method, each in operations(spec):
        assert each["security"] == [{"bearer": []}], (method, path)
        assert each["summary"]
        assert {"401", "403", "429"} <= each["responses"].keys()
        assert len(each["tags"]) == 1


def test_every_operation_of_the_contract_is_described(spec: dict[str, Any]) -> None:
    described = {(method, path.removeprefix("/api/v1")) for path, method, _ in operations(spec)}
    assert described >= {
        *(("post", "/alerts"), ("get", "/alerts"), ("get", "/alerts/{id}"), ("post", "/alerts/{id}/submit")),
        *(("post", "/alerts/{id}/stop"), ("get", "/alerts/{id}/deliveries"), ("post", "/playbooks/{name}/runs")),
        *(("get", "/runs/{id}"), ("get", "/audience")),
    }
    assert not [path for _, path in described if re.search("approve|return|reject|users?/", path)]


def test_names_of_operations_and_references_are_right(spec: dict[str, Any]) -> None:
    names = [each["operationId"] for _, _, each in operations(spec)]
    assert len(set(names)) == len(names)
    for reference in re.findall(r'"\$ref": ?"#/components/schemas/([^"]+)"', str(spec).replace("'", '"')):
        assert reference in spec["components"]["schemas"], reference


def test_every_post_takes_an_idempotency_key_and_bodies_have_examples(spec: dict[str, Any]) -> None:
    for path, method, each in operations(spec):
        if method != "post":
            continue
        assert "Idempotency-Key" in {parameter["name"] for parameter in each["parameters"]}, path
        body = each.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if body:
            model = spec["components"]["schemas"][body["$ref"].rpartition("/")[2]]
            assert model["examples"], path
            assert model["additionalProperties"] is False


class Page(HTMLParser):
    """What a page loads, links to, and names."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.scripts += tag in ("script", "style", "iframe") or any(name.startswith("on") for name in found)
        self.scripts += "style" in found
        self.loads += [str(found.get("src") or found.get("href"))] if tag in ("img", "link", "script") else []
        self.links += [str(found["href"])] if tag == "a" else []
        self.ids += [str(found["id"])] if "id" in found else []


def test_the_page_for_people_needs_no_script_and_no_other_server(client: FlaskClient, spec: dict[str, Any]) -> None:
    answer = client.get("/api/v1/docs")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    page = Page()
    page.feed(answer.text)
    assert page.scripts == 0
    assert all(each.startswith("/") and not each.startswith("//") for each in page.loads)
    for each in page.loads:
        with client.get(each) as loaded:
            assert loaded.status_code == 200
    assert len(set(page.ids)) == len(page.ids)
    assert {each.removeprefix("#") for each in page.links if each.startswith("#")} <= set(page.ids)
    for _, _, operation in operations(spec):
        assert operation["operationId"] in page.ids
    assert {f"problem-{name}" for name, _, _ in TYPES.values()} <= set(page.ids)


def test_nothing_of_the_frameworks_own_description_is_left(client: FlaskClient) -> None:
    for path in ("/openapi/", "/openapi/openapi.json", "/openapi/swagger"):
        assert client.get(path).status_code == 404
