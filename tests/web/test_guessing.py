"""Guessing is slow, and whoever guesses at somebody's account cannot keep them out of a crisis."""

from broadcaster.runtime import Runtime
from tests.engine.city import holding
from tests.web.cast import PASSWORD, Browser, House
from tests.web.stories import approved, row, submitted


def guess(browser: Browser, email: str, times: int) -> list[int]:
    browser.get("/login")
    return [
        browser.post("/login", {"email": email, "password": f"wrong guess {each}"}).status_code for each in range(times)
    ]


def test_an_address_that_guesses_at_one_account_is_slowed(house: House) -> None:
    answers = guess(house.browser("198.51.100.7"), "ada@bcc.example", 12)
    assert answers == [200] * 10 + [429] * 2


def test_an_address_that_guesses_at_many_accounts_is_slowed(house: House) -> None:
    browser = house.browser("198.51.100.7")
    answers = [guess(browser, f"user{each}@bcc.example", 1)[0] for each in range(33)]
    assert answers == [200] * 30 + [429] * 3


def test_too_many_guesses_are_told_when_to_come_back(house: House) -> None:
    browser = house.browser("198.51.100.7")
    guess(browser, "ada@bcc.example", 11)
    answer = browser.post("/login", {"email": "ada@bcc.example", "password": PASSWORD})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert "Too many tries" in answer.text


def test_guesses_from_many_addresses_do_not_lock_the_owner_out(house: House) -> None:
    """110 guesses, spread so that no single address is slowed."""
    office = house.browser("203.0.113.5")
    assert office.login("ada").status_code == 302
    office.post("/logout")
    refused = 0
    for each in range(11):
        refused += guess(house.browser(f"198.51.100.{each}"), "ada@bcc.example", 10).count(429)
    stranger = house.browser("198.51.100.200")
    assert stranger.login("ada").status_code == 429  # even the right password, from a browser that nobody knows
    assert refused == 10
    assert office.login("ada").status_code == 302  # from her own, at the same moment
    assert house.browser("198.51.100.201").login("ben").status_code == 302  # nobody else is touched


def test_a_mark_of_a_known_browser_cannot_be_made_up(house: House) -> None:
    thief = house.browser("198.51.100.7")
    thief.client.set_cookie("known", "eyJhIjoiYiJ9.AAAA", domain="console.bcc.example", secure=True)
    assert guess(thief, "ada@bcc.example", 11)[-1] == 429


def test_the_mark_of_a_known_browser_names_nobody(house: House) -> None:
    import base64

    browser = house.of("ada")
    mark = browser.cookies()["known"]
    head = mark.split(".")[0]
    assert b"ada" not in base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))


def test_a_forged_forwarding_header_does_not_make_new_addresses(house: House) -> None:
    browser = house.browser("198.51.100.7")
    browser.get("/login")
    answers = [
        browser.post(
            "/login", {"email": "ada@bcc.example", "password": "wrong"}, X_Forwarded_For=f"203.0.113.{each}"
        ).status_code
        for each in range(12)
    ]
    assert answers[-1] == 429


def test_behind_a_proxy_on_this_machine_the_hop_it_added_counts(house: House) -> None:
    browser = house.browser("127.0.0.1")
    browser.get("/login")
    for each in range(11):  # the last entry is the proxy's own; what the client claimed stands before it
        answer = browser.post(
            "/login",
            {"email": "ada@bcc.example", "password": "wrong"},
            X_Forwarded_For=f"10.0.0.{each}, 198.51.100.7",
        )
    assert answer.status_code == 429
    answer = browser.post("/login", {"email": "ada@bcc.example", "password": PASSWORD}, X_Forwarded_For="198.51.100.8")
    assert answer.status_code == 302


def test_right_passwords_cost_nothing(house: House) -> None:
    browser = house.browser("203.0.113.5")
    for _ in range(12):
        assert browser.login("ada").status_code == 302
        browser.post("/logout")


def test_known_and_unknown_people_get_the_same_answer(house: House) -> None:
    browser = house.browser()
    browser.get("/login")
    texts = set()
    for email in ("ada@bcc.example", "nobody@bcc.example"):
        answer = browser.post("/login", {"email": email, "password": "wrong guess"})
        texts.add(answer.text.replace(email, "").replace(browser.token, ""))
    assert len(texts) == 1
    assert "The address or the password is wrong." in texts.pop()


def test_a_stop_is_never_limited(town: House, rt: Runtime) -> None:
    """However often somebody mistyped, and whatever is going on at the log-in."""
    alert_id = approved(town, rt, holding())
    browser = town.of("ada")
    for _ in range(40):
        assert browser.post(f"/alerts/{alert_id}/stop", {"word": "stpo"}).status_code == 422
    assert browser.post(f"/alerts/{alert_id}/stop", {"word": "STOP", "reason": "wrong place"}).status_code == 302
    assert row(rt, alert_id).state == "stopped"


def test_wrong_passwords_at_the_approval_are_slowed_for_that_person_alone(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    ben = town.of("ben")
    ben.get(f"/alerts/{alert_id}/decide")
    form: dict[str, object] = {"hash": row(rt, alert_id).content_hash, "read": "yes", "phones": "40"}
    for _ in range(10):
        assert "The password is wrong" in ben.post(f"/alerts/{alert_id}/approve", form | {"password": "no"}).text
    assert "Too many wrong passwords" in ben.post(f"/alerts/{alert_id}/approve", form | {"password": PASSWORD}).text
    root = town.of("root")
    answer = root.post(f"/alerts/{alert_id}/approve", form | {"password": PASSWORD})
    assert answer.status_code == 302
