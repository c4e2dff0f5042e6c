"""One sandbox for all its tests, as new for each, and the real SDKs carried to it."""

import hashlib
import hmac
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import tweepy
from facebook import GraphAPI
from requests.adapters import HTTPAdapter
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from channels.sandbox.facebook_rules import FAKE_APP_SECRET, FAKE_PAGE_TOKEN
from channels.sandbox.server import Sandbox
from channels.sandbox.twilio_rules import FAKE_ACCOUNT_SID, FAKE_AUTH_TOKEN
from channels.sandbox.x_auth import FAKE_ACCESS_SECRET, FAKE_ACCESS_TOKEN, FAKE_CONSUMER_KEY, FAKE_CONSUMER_SECRET
from tests.sandbox.listener import Listener


class Carried(HTTPAdapter):
    """Takes a request for the provider's public origin to the sandbox, signed and addressed as it is."""

    def __init__(self, base: str) -> None:
        self._base = base
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.url = self._base + parts.path + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *args, **kwargs)


@pytest.fixture(scope="session")
def providers() -> Iterator[Sandbox]:
    with Sandbox(speed=5) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(providers: Sandbox) -> Iterator[Sandbox]:
    yield providers
    providers.reset()
    providers.inbound_url = providers.status_url = ""


@pytest.fixture
def twilio(sandbox: Sandbox) -> Iterator[Any]:
    http = TwilioHttpClient()
    http.session.mount("https://api.twilio.com", Carried(sandbox.twilio_url))
    yield Client(FAKE_ACCOUNT_SID, FAKE_AUTH_TOKEN, http_client=http)
    http.session.close()


@pytest.fixture
def x(sandbox: Sandbox) -> Iterator[Any]:
    client = tweepy.Client(
        consumer_key=FAKE_CONSUMER_KEY,
        consumer_secret=FAKE_CONSUMER_SECRET,
        access_token=FAKE_ACCESS_TOKEN,
        access_token_secret=FAKE_ACCESS_SECRET,
    )
    client.session.mount("https://api.twitter.com", Carried(sandbox.x_url))
    yield client
    client.session.close()


@pytest.fixture
def graph(sandbox: Sandbox) -> Iterator[Any]:
    client = GraphAPI(FAKE_PAGE_TOKEN)
    client.version = "v25.0"
    proof = hmac.new(FAKE_APP_SECRET.encode(), FAKE_PAGE_TOKEN.encode(), hashlib.sha256).hexdigest()
    client.session.params = {"appsecret_proof": proof}
    client.session.mount("https://graph.facebook.com", Carried(sandbox.facebook_url))
    yield client
    client.session.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener()
    yield server
    server.close()
