"""A system that talks to the API: its key, its requests, and what it sends."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from broadcaster import clock
from broadcaster.runtime import Runtime
from broadcaster.services import accounts
from broadcaster.services.scopes import EXERCISE
from tests.engine.city import ROOT

#: Every right; "exercise" is a bound, not a right.
EVERYTHING = tuple(scope for scope in accounts.SCOPES if scope != EXERCISE)
#: A draft that lacks nothing.
HOLDING: Mapping[str, Any] = {
    "incident": "oxley-creek",
    "kind": "holding",
    "status": "Actual",
    "fields": {
        "seen": {"en": "Oxley Creek is rising"},
        "not_known": [{"en": "how far it will reach"}],
        "action": ["keep-from-creek"],
    },
    "area": {"zones": ["rocklea"]},
    "channels": ["website", "sms"],
    "next_update": "+35m",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """One key. Every request is a client of its own, so that threads may share a caller."""

    app: Flask
    secret: str
    actor_id: str = ""

    def get(self, path: str, **query: object) -> TestResponse:
        address, _, named = path.partition("?")
        return self.app.test_client().get(f"/api/v1{address}", headers=self._headers(), query_string=query or named)

    def post(self, path: str, body: object = None, key: str = "", **headers: str) -> TestResponse:
        """`body` None sends none."""
        sent = self._headers() | headers | ({"Idempotency-Key": key} if key else {})
        if body is None:
            return self.app.test_client().post(f"/api/v1{path}", headers=sent)
        sent = {"Content-Type": "application/json"} | sent
        data = body if isinstance(body, bytes) else json.dumps(body)
        return self.app.test_client().post(f"/api/v1{path}", headers=sent, data=data)

    def put(self, path: str, body: object, **headers: str) -> TestResponse:
        """Replace something."""
        return self.app.test_client().put(f"/api/v1{path}", headers=self._headers() | headers, json=body)

    def draft(self, **changes: Any) -> str:
        """The id of a new draft."""
        answer = self.post("/alerts", {**HOLDING, **changes})
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["id"])

    def submitted(self, **changes: Any) -> str:
        alert_id = self.draft(**changes)
        answer = self.post(f"/alerts/{alert_id}/submit")
        assert answer.status_code == 200, answer.text
        return alert_id

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"} if self.secret else {}


def caller(
    rt: Runtime, app: Flask, *scopes: str, life: timedelta = timedelta(days=1), now: datetime | None = None
) -> Caller:
    """A new key with `scopes`; `exercise` among them makes it one for exercises."""
    made = accounts.add_key(rt, "another system", list(scopes), ROOT, now or clock.utc_now(), life)
    return Caller(app, made.secret, f"key:{made.key.id}")


def problem(answer: TestResponse, status: int) -> dict[str, Any]:
    """The body of a refusal, which is one in every respect."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    body: dict[str, Any] = answer.get_json()
    assert body["status"] == status
    assert body["type"].startswith("/api/v1/docs#problem-")
    assert {"title", "detail", "errors"} <= body.keys()
    assert "Traceback" not in answer.text
    return body
