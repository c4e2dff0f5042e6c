"""The description of the API, made from its own code: OpenAPI 3.1 for programs, and a page without scripts for people."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from flask import Response, current_app, jsonify, render_template
from flask_openapi3.openapi import OpenAPI

from broadcaster.services import accounts, scopes
from broadcaster.web.api_asked import AlertIn, FollowUpIn, RetryIn, RunIn, StopIn, SubmitIn
from broadcaster.web.api_door import PREFIX, READS, WRITES, blueprint, open_to_all
from broadcaster.web.api_errors import TYPES
from broadcaster.web.auth.guard import polled
from broadcaster.web.context import runtime

WORDS = """Write, submit, follow and stop alerts, and run playbooks. Everything that the console does except what needs a person:
approve, return, reject, and the administration of users."""

BODIES = (AlertIn, FollowUpIn, RetryIn, RunIn, StopIn, SubmitIn)


def specification(app: OpenAPI) -> dict[str, Any]:
    """The OpenAPI document (3.1), without what only the framework's own validation would answer."""
    found: dict[str, Any] = copy.deepcopy(app.api_doc)
    found["info"] = {"title": "Broadcaster API", "version": "1", "description": WORDS}
    found["servers"] = [{"url": "/"}]
    found["components"]["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key made by an admin; shown once, hashed here.",
        }
    }
    for model in BODIES:
        # Flask-OpenAPI knows one example to a schema, OpenAPI 3.1 a list of them.
        found["components"]["schemas"][model.__name__]["examples"] = model.model_json_schema()["examples"]
    for path in found["paths"].values():
        for method, operation in path.items():
            operation["description"] = operation.get("description", "").replace("<br/>", "\n").strip()
            for parameter in operation.get("parameters", []):
                parameter["schema"] = _given(parameter["schema"])
            _repeats(operation, method)
    return found


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that may be left out, but is never null: an address has no null."""
    kinds = [each for each in schema.get("anyOf", []) if each.get("type") != "null"]
    if len(kinds) != 1:
        return schema
    kept = {name: each for name, each in schema.items() if name not in ("anyOf", "default")}
    return {**kept, **kinds[0]}


def _repeats(operation: dict[str, Any], method: str) -> None:
    """What a repeated request is told."""
    for status, answer in operation["responses"].items():
        if method == "post" and status.startswith("2"):
            replayed = {"schema": {"type": "string"}, "description": "true: this is the answer to an earlier request"}
            answer.setdefault("headers", {})["Idempotent-Replayed"] = replayed
            if status == "201":
                answer["headers"]["Location"] = {"schema": {"type": "string"}, "description": "Where it is"}


@blueprint.get("/openapi.json", doc_ui=False)
@open_to_all
@polled
def openapi() -> Response:
    """The description for programs."""
    return jsonify(specification(_app()))


@blueprint.get("/docs", doc_ui=False)
@open_to_all
@polled
def docs() -> str:
    """The description for people."""
    spec = specification(_app())
    known = {**accounts.SCOPES, scopes.EXERCISE: "exercises and tests only; what is live does not exist for the key"}
    return render_template(
        "api_docs.html",
        spec=spec,
        groups=list(_groups(spec)),
        problems=sorted(TYPES.items()),
        scopes=sorted(known),
        city=runtime().profile,
        reads=READS,
        writes=WRITES,
        prefix=PREFIX,
    )


def _app() -> OpenAPI:
    return cast(OpenAPI, current_app)


def _groups(spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Operations by tag, in the order of the description."""
    for tag in spec["tags"]:
        operations = [
            _shown(spec, path, method, operation)
            for path, methods in spec["paths"].items()
            for method, operation in methods.items()
            if tag["name"] in operation["tags"]
        ]
        yield {"name": tag["name"], "words": tag.get("description", ""), "operations": operations}


def _shown(spec: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    model = _resolved(spec, body)
    view = current_app.view_functions.get(f"api.{_endpoint(path, method)}")
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "words": operation.get("description", ""),
        "scopes": [each.replace("NAME", "name") for each in getattr(view, "scopes", ())],
        "parameters": operation.get("parameters", []),
        "body": [
            {
                "name": name,
                "required": name in model.get("required", []),
                "type": _type(spec, each),
                "words": each.get("description", ""),
            }
            for name, each in model.get("properties", {}).items()
        ],
        "example": json.dumps(model["examples"][0], indent=2, ensure_ascii=False) if model.get("examples") else "",
        "answers": [(status, each.get("description", "")) for status, each in sorted(operation["responses"].items())],
    }


def _endpoint(path: str, method: str) -> str:
    """The name of the view behind a path of the description."""
    rule = path.replace("{", "<").replace("}", ">")
    for each in current_app.url_map.iter_rules():
        if each.rule == rule and method.upper() in (each.methods or ()):
            return str(each.endpoint).removeprefix("api.")
    return ""


def _resolved(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = spec["components"]["schemas"][name] if name else schema
    return found


def _type(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """A type in words: "text", "list of Name", "one of Actual, Exercise, Test"."""
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(_type(spec, each) for each in schema["anyOf"] if each.get("type") != "null")
    if "$ref" in schema:
        inner = _resolved(spec, schema).get("properties", {})
        return "{" + ", ".join(inner) + "}"
    if schema.get("type") == "array":
        return f"list of {_type(spec, schema.get('items', {}))}"
    names = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    return names.get(str(schema.get("type")), "object")
