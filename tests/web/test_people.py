"""People and keys: who lets whom in, what is shown once, and what is kept as a hash."""

import re
from datetime import timedelta

import pytest

from broadcaster.domain.errors import Conflict, Invalid
from broadcaster.domain.rules import Role
from broadcaster.runtime import Runtime
from broadcaster.services import accounts, seals
from broadcaster.store import accounts as store
from broadcaster.store import chronicle
from broadcaster.store.journal import SYSTEM_CHAIN
from tests.web.cast import OPERATOR, House


def journal(rt: Runtime) -> list[str]:
    with rt.db.read() as connection:
        return [entry.action for entry in chronicle.latest(connection, SYSTEM_CHAIN)]


def test_an_admin_lets_somebody_in_and_sees_the_password_once(house: House, rt: Runtime) -> None:
    root = house.of("root")
    page = root.post("/people", {"email": " Dee@BCC.example ", "name": "Dee", "role": "author"}).text
    found = re.search(r'<code class="secret">([^<]+)</code>', page)
    assert found
    assert found[1] not in root.get("/people").text
    assert house.browser().login("dee", found[1]).status_code == 302
    assert journal(rt)[0] == "user.add"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"email": "dee", "role": "author"}, "is not an e-mail address"),
        ({"email": "dee@x\r\nBcc: all@x", "role": "author"}, "is not an e-mail address"),
        ({"email": "ada@bcc.example", "role": "author"}, "somebody has this address already"),
        ({"email": "dee@bcc.example", "role": "king"}, "there is no role"),
    ],
)
def test_who_cannot_be_let_in_is_told_why(house: House, form: dict[str, object], said: str) -> None:
    answer = house.of("root").post("/people", form)
    assert answer.status_code == 422
    assert said in answer.text


def test_an_admin_cannot_lend_themselves_another_role(house: House, rt: Runtime) -> None:
    root, me = house.of("root"), house.people["root"]
    for path, form in (("role", {"role": "approver"}), ("active", {"active": "no"}), ("reset", {})):
        answer = root.post(f"/people/{me.id}/{path}", form)
        assert answer.status_code == 403
    assert journal(rt)[:3] == ["user.refused", "user.refused", "role.refused"]
    with rt.db.read() as connection:
        assert store.get(connection, me.id).role is Role.ADMIN


def test_the_last_admin_stays(house: House, rt: Runtime) -> None:
    other = accounts.add_user(rt, "eve@bcc.example", Role.ADMIN, OPERATOR, house.clock()).account
    seals.seal(rt, OPERATOR, house.clock())  # is for one day only, and does not count
    accounts.change_role(rt, house.people["root"].id, Role.VIEWER, OPERATOR, house.clock())
    with pytest.raises(Conflict, match="last admin"):
        accounts.set_active(rt, other.id, False, OPERATOR, house.clock())


def test_a_role_is_changed_by_an_admin_and_counts_at_once(house: House) -> None:
    root, cy = house.of("root"), house.of("cy")
    assert cy.get("/alerts/new").status_code == 404
    assert root.post(f"/people/{house.people['cy'].id}/role", {"role": "author"}).status_code == 302
    assert cy.get("/alerts/new").status_code == 302
    cy.login("cy")
    assert cy.get("/alerts/new").status_code == 200


def test_passwords_are_argon2id_at_full_cost_and_log_in(house: House, rt: Runtime) -> None:
    from broadcaster.web.app import create_app

    new = accounts.add_user(
        rt, "dee@bcc.example", Role.AUTHOR, OPERATOR, house.clock(), password="four long words here"
    )
    assert new.password == ""
    assert re.match(r"\$argon2id\$v=19\$m=65536,t=3,p=4\$", new.account.password or "")
    app = create_app(rt, clock=house.clock)
    real = House(app, house.people, house.clock)
    assert real.browser().login("dee", "four long words here").status_code == 302
    with rt.db.read() as connection:
        assert store.get(connection, new.account.id).password == new.account.password  # as good as the app's own


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_a_password_has_a_length(rt: Runtime, house: House, password: str) -> None:
    with pytest.raises(Invalid, match="12 to 200 characters"):
        accounts.add_user(rt, "dee@bcc.example", Role.AUTHOR, OPERATOR, house.clock(), password=password)


def test_a_key_is_shown_once_and_kept_as_a_hash(house: House, rt: Runtime) -> None:
    root = house.of("root")
    page = root.post("/people/keys", {"name": "River gauge", "scope": ["playbooks:run"], "days": "30"}).text
    found = re.search(r'<code class="secret wrap-any">(bcs_[^<]+)</code>', page)
    assert found
    secret = found[1]
    assert secret not in root.get("/people").text
    with rt.db.read() as connection:
        (key,) = store.keys(connection)
    assert secret.rpartition("_")[2] not in str(key)
    holder = accounts.verify_key(rt, secret, house.clock())
    assert holder is not None
    assert (holder.person, holder.name, holder.scopes) == (False, "River gauge", frozenset({"playbooks:run"}))
    assert accounts.verify_key(rt, secret, house.clock() + timedelta(days=31)) is None
    assert root.post(f"/people/keys/{key.id}/revoke").status_code == 302
    assert accounts.verify_key(rt, secret, house.clock()) is None


@pytest.mark.parametrize("secret", ["", "bcs", "bcs_", "bcs_00000000_x", "xyz_1_2", "bcs_\x00_é"])
def test_what_is_no_key_opens_nothing(rt: Runtime, house: House, secret: str) -> None:
    assert accounts.verify_key(rt, secret, house.clock()) is None


def test_a_key_with_a_right_prefix_and_a_wrong_proof_opens_nothing(rt: Runtime, house: House) -> None:
    new = accounts.add_key(rt, "gauge", ["alerts:read"], OPERATOR, house.clock())
    assert accounts.verify_key(rt, new.secret[:-1] + ("A" if new.secret[-1] != "A" else "B"), house.clock()) is None


def test_a_key_reaches_as_far_as_its_scopes(rt: Runtime, house: House) -> None:
    reads = accounts.add_key(rt, "screen", ["alerts:read", "audience:read"], OPERATOR, house.clock())
    writes = accounts.add_key(rt, "ops", ["alerts:read", "playbooks:run:boil-water"], OPERATOR, house.clock())
    assert accounts.verify_key(rt, reads.secret, house.clock()).role is Role.VIEWER  # type: ignore[union-attr]
    assert accounts.verify_key(rt, writes.secret, house.clock()).role is Role.AUTHOR  # type: ignore[union-attr]


@pytest.mark.parametrize("scopes", [[], ["everything"], ["playbooks:run:../x"], ["alerts:approve"]])
def test_a_scope_that_does_not_exist_is_refused(rt: Runtime, house: House, scopes: list[str]) -> None:
    with pytest.raises(Invalid, match="scope"):
        accounts.add_key(rt, "gauge", scopes, OPERATOR, house.clock())
