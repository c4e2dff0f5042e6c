"""The cast at their browsers: Ada writes, Ben approves, Cy may only look, Root keeps the keys, and somebody is nobody."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broadcaster.domain.rules import Actor, Role
from broadcaster.store.accounts import Account

HOST = "https://console.bcc.example"
PASSWORD = "four random words here"
OPERATOR = Actor("cli", "operator", Role.ADMIN, person=False)
ROLES = {"ada": Role.AUTHOR, "ben": Role.APPROVER, "cy": Role.VIEWER, "root": Role.ADMIN}


@dataclass(slots=True)
class Clock:
    """The time as the app sees it; tests move it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **distance: float) -> None:
        self.now += timedelta(**distance)


@dataclass(slots=True)
class Browser:
    """A browser with its cookies; forms carry the token of the page last seen, as a browser's would."""

    client: FlaskClient
    token: str = ""
    address: str = "192.0.2.1"
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self._ask("GET", path, None, headers)

    def cookies(self) -> dict[str, str]:
        """Everything that this browser would send."""
        return {cookie.key: cookie.value for cookie in (self.client._cookies or {}).values()}

    def post(self, path: str, data: Mapping[str, object] | None = None, **headers: str) -> TestResponse:
        """`data` may hold lists; the token is added unless it is given."""
        return self._ask("POST", path, {"csrf_token": self.token, **(data or {})}, headers)

    def login(self, name: str, password: str = PASSWORD) -> TestResponse:
        self.get("/login")
        answer = self.post("/login", {"email": f"{name}@bcc.example", "password": password})
        if answer.status_code == 302:
            self.get("/account")
        return answer

    def _ask(self, method: str, path: str, data: Mapping[str, object] | None, headers: dict[str, str]) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in (self.headers | headers).items()}
        answer = self.client.open(
            path,
            method=method,
            data=data,
            base_url=HOST,
            headers={"Referer": f"{HOST}/"} | named,
            environ_overrides={"REMOTE_ADDR": self.address},
        )
        answer.get_data()
        answer.close()
        if answer.mimetype == "text/html" and "Content-Encoding" not in answer.headers:
            found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
            self.token = unescape(found[1]) if found else self.token
        return answer


@dataclass(frozen=True, slots=True)
class House:
    """An app, its people by name, and browsers for them."""

    app: Flask
    people: dict[str, Account]
    clock: Clock

    def browser(self, address: str = "192.0.2.1") -> Browser:
        """A fresh one that nobody has logged in with."""
        return Browser(self.app.test_client(), address=address)

    def of(self, name: str) -> Browser:
        """One in which `name` has just logged in."""
        browser = self.browser()
        assert browser.login(name).status_code == 302
        return browser
