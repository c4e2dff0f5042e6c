"""Schemathesis asks the API whatever its description allows, and much that it does not: no 5xx, no undocumented answer."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy, booleans
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from broadcaster.runtime import Runtime
from broadcaster.web import api_door
from tests.api.caller import Caller
from tests.playbooks.shelf import RISING

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
    unsupported_method,
    ignored_auth,
)
#: Requests of each operation.
EXAMPLES = 25


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of questions in a minute are the point here."""
    for name in ("READS", "WRITES", "GUESSES"):
        monkeypatch.setattr(api_door, name, 10**6)


def ask(cases: "SearchStrategy[schemathesis.Case[Any]]", secret: str, real: dict[str, str]) -> None:
    """Send cases; where `real` has something, now and then one is about that."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(cases, booleans())
    def each(case: "schemathesis.Case[Any]", known: bool) -> None:
        if known and real:
            kind = "run" if "/runs/" in case.path else "id"
            case.path_parameters = {name: real[name if name == "name" else kind] for name in case.path_parameters}
        case.call_and_validate(headers={"Authorization": f"Bearer {secret}"}, checks=list(CHECKS))

    each()


@pytest.mark.parametrize(
    ("mode", "database_url"),
    # What is wrong in itself is refused before a database is asked, so one is enough.
    [(GenerationMode.POSITIVE, "sqlite"), (GenerationMode.POSITIVE, "postgresql"), (GenerationMode.NEGATIVE, "sqlite")],
    indirect=["database_url"],
)
def test_no_question_gets_a_5xx_or_an_answer_that_is_not_described(
    mode: GenerationMode, city: Runtime, app: Flask, system: Caller, unlimited: None
) -> None:
    """Over 5 s: some two dozen requests to each of twenty-three operations."""
    spec = app.test_client().get("/api/v1/openapi.json").get_json()
    real = {"id": system.submitted(), "name": "creek"}
    real["run"] = system.post("/playbooks/creek/runs", {"parameters": RISING}).get_json()["id"]
    if mode is GenerationMode.NEGATIVE:
        # Every request has the right key here, so a missing one is not among the faults that are made.
        real = {}
        for methods in spec["paths"].values():
            for operation in methods.values():
                del operation["security"]
    schema = schemathesis.openapi.from_dict(spec)
    schema.app = app
    asked = set()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        asked.add(operation.label)
        if mode is GenerationMode.POSITIVE or operation.body or list(operation.iter_parameters()):
            ask(operation.as_strategy(mode), system.secret, real)
    assert len(asked) == 23
