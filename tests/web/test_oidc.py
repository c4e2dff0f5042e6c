"""Log-in at the organisation: a real provider over HTTP, whose word is believed only as far as it goes."""

import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from broadcaster.domain.errors import Invalid
from broadcaster.runtime import Runtime
from broadcaster.services import accounts
from broadcaster.settings import load
from tests.engine.city import holding
from tests.web.cast import HOST, OPERATOR, Browser, House
from tests.web.provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.web.stories import row, submitted
from tests.web.test_two_steps import code_of, set_up

pytestmark = pytest.mark.filterwarnings("ignore:Passing SelectField choices:DeprecationWarning")


@pytest.fixture(scope="module")
def the_provider() -> Iterator[Provider]:
    with Provider(f"{HOST}/oidc/back") as provider:
        yield provider


@pytest.fixture
def provider(the_provider: Provider) -> Provider:
    """The same, which knows Ben."""
    the_provider.claims = {"email": "Ben@bcc.example", "email_verified": True}
    the_provider.down, the_provider.issuer_said, the_provider.auth_time = False, "", 1_700_000_000
    return the_provider


@pytest.fixture
def environment(environment: dict[str, str], provider: Provider) -> dict[str, str]:
    kept = {name: value for name, value in environment.items() if name != "BROADCASTER_SECOND_STEP"}
    return kept | {
        "BROADCASTER_OIDC_ISSUER": provider.issuer,
        "BROADCASTER_OIDC_CLIENT_ID": CLIENT_ID,
        "BROADCASTER_OIDC_CLIENT_SECRET": CLIENT_SECRET,
    }


def sent_back(browser: Browser, start: str = "/oidc/log-in") -> str:
    """The path to which the provider sends this browser back, with its code."""
    there = browser.get(start).headers["Location"]
    back = requests.get(there, allow_redirects=False, timeout=10).headers["Location"]
    assert back.startswith(f"{HOST}/oidc/back?")
    return back.removeprefix(HOST)


def test_whom_the_organisation_names_comes_in_where_they_wanted(house: House, provider: Provider) -> None:
    provider.claims["amr"] = ["pwd", "mfa"]
    ben = house.browser()
    assert "Log in with your organisation" in ben.get("/login").text
    answer = ben.get(sent_back(ben, "/oidc/log-in?next=/incidents"))
    assert answer.headers["Location"] == "/incidents"
    assert (
        ben.get("/people/changes").status_code == 200
    )  # an approver, with the second step that the provider asked for
    assert {"code_challenge", "state", "nonce"} <= provider.asked.keys()
    assert provider.asked["code_challenge_method"] == "S256"
    assert provider.asked["redirect_uri"] == f"{HOST}/oidc/back"


def test_our_own_second_step_stays_where_the_provider_asks_for_none(house: House, provider: Provider) -> None:
    browser = house.browser()
    browser.get(sent_back(browser))
    assert browser.get("/people/changes").headers["Location"].startswith("/account/second-step")  # none set up yet
    secret = set_up(browser)
    again = house.browser()
    answer = again.get(sent_back(again, "/oidc/log-in?next=/incidents"))
    assert urlsplit(answer.headers["Location"]).path == "/two-factor/code"
    assert again.get("/account").status_code == 302
    again.get(answer.headers["Location"])
    assert again.post(answer.headers["Location"], {"code": code_of(secret)}).headers["Location"] == "/incidents"
    assert again.get("/account").status_code == 200


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"email_verified": False}, "no e-mail address that it has verified"),
        ({"email_verified": "true"}, "no e-mail address that it has verified"),
        ({"email": ""}, "no e-mail address that it has verified"),
        ({"email": "stranger@bcc.example"}, "you have no account here"),
        ({"email": "cy@bcc.example"}, "you have no account here"),
    ],
)
def test_nobody_gets_an_account_by_it(
    house: House, rt: Runtime, provider: Provider, claims: dict[str, object], said: str
) -> None:
    """Cy's account is closed."""
    accounts.set_active(rt, house.people["cy"].id, False, OPERATOR, house.clock())
    provider.claims |= claims
    browser = house.browser()
    assert browser.get(sent_back(browser)).headers["Location"] == "/login"
    assert said in browser.get("/login").text
    assert browser.get("/account").status_code == 302


def test_an_answer_that_was_not_asked_for_by_this_browser_is_refused(house: House) -> None:
    victim, thief = house.browser(), house.browser()
    thiefs = sent_back(thief)
    assert victim.get(thiefs).headers["Location"] == "/login"  # log-in by somebody else's link
    assert victim.get("/account").status_code == 302
    good = sent_back(victim)
    assert victim.get(good.replace("state=", "state=x")).headers["Location"] == "/login"
    good = sent_back(victim)
    assert victim.get(good).headers["Location"] == "/"
    fresh = house.browser()
    assert fresh.get(good).headers["Location"] == "/login"  # replayed
    assert "did not work" in fresh.get("/login").text
    elsewhere = house.browser()
    assert elsewhere.get(sent_back(elsewhere, "/oidc/log-in?next=//evil.example")).headers["Location"] == "/"


@pytest.mark.parametrize("trouble", ["down", "another issuer"])
def test_a_provider_that_fails_leaves_the_password(house: House, provider: Provider, trouble: str) -> None:
    provider.down = trouble == "down"
    provider.issuer_said = "https://evil.example" if trouble == "another issuer" else ""
    browser = house.browser()
    assert browser.get("/oidc/log-in").headers["Location"] == "/login"
    page = browser.get("/login").text
    assert "does not answer. Use your password here" in page
    assert browser.login("ada").status_code == 302
    provider.down, provider.issuer_said = False, ""
    assert "/authorize?" in house.browser().get("/oidc/log-in").headers["Location"]  # and is asked again


def test_a_live_approval_may_be_proved_by_logging_in_there_anew(town: House, rt: Runtime, provider: Provider) -> None:
    alert_id, other = submitted(town, rt, holding()), submitted(town, rt, holding())
    provider.claims["amr"] = ["mfa"]
    ben = town.browser()
    ben.get(sent_back(ben))
    page = ben.get(f"/alerts/{alert_id}/decide").text
    link = f"/oidc/log-in?again=1&next=/alerts/{alert_id}/decide"
    assert link.replace("&", "&amp;") in page
    form: dict[str, object] = {"hash": row(rt, alert_id).content_hash, "read": "yes", "reach": "yes", "phones": "40"}
    ben.get(sent_back(ben, link))  # the provider remembered him and says so: no proof
    assert "You have just shown" not in ben.get(f"/alerts/{alert_id}/decide").text
    assert ben.post(f"/alerts/{alert_id}/approve", form).status_code == 422
    provider.auth_time = int(time.time())
    back = sent_back(ben, link)
    assert {"prompt": "login", "max_age": "0"}.items() <= provider.asked.items()
    assert ben.get(back).headers["Location"] == f"/alerts/{alert_id}/decide"
    assert "You have just shown your organisation who you are" in ben.get(f"/alerts/{alert_id}/decide").text
    assert ben.post(f"/alerts/{alert_id}/approve", form).status_code == 302
    form["hash"] = row(rt, other).content_hash
    assert ben.post(f"/alerts/{other}/approve", form).status_code == 422  # good once


def test_half_a_provider_or_one_without_tls_is_refused_at_start(environment: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="half set up"):
        load({name: value for name, value in environment.items() if not name.endswith("CLIENT_SECRET")})
    with pytest.raises(Invalid, match="is not https"):
        load(environment | {"BROADCASTER_OIDC_ISSUER": "http://login.city.example"})


def test_what_we_ask_for_names_no_host_that_a_header_claims(house: House, provider: Provider) -> None:
    there = house.browser().get("/oidc/log-in", Host="evil.example").headers["Location"]
    assert parse_qs(urlsplit(there).query)["redirect_uri"] == [f"{HOST}/oidc/back"]
