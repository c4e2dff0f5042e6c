"""Who may let a playbook speak: two people for a version, and a further one whenever somebody's own words are in it."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from broadcaster import clock
from broadcaster.domain.alert import Status
from broadcaster.domain.errors import Conflict, Invalid, NotAllowed
from broadcaster.domain.playbook import StepState
from broadcaster.runtime import Runtime
from broadcaster.services import approval, playbook_runs, playbooks
from broadcaster.store import documents, journal
from broadcaster.store.schema import journal as journal_table
from channels.sandbox.server import Sandbox
from tests.engine.city import ADA, BEN, CY, approve, finish, state, texts_per_phone
from tests.playbooks.shelf import DEE, GAUGE, HIGH, RISING, approved, run

pytestmark = pytest.mark.engine


def alert_of(rt: Runtime, run_id: str, position: int = 0) -> str:
    found = playbooks.get(rt, run_id).steps[position].alert_id
    assert found
    return found


def test_a_version_that_two_people_approved_goes_out_at_once(creek: Runtime, sandbox: Sandbox) -> None:
    approved(creek)
    started = run(creek)
    assert [(step.state, step.reason) for step in started.steps] == [
        (StepState.SENT, ""),
        (StepState.SKIPPED, "not for these parameters"),
    ]
    finish(creek, alert_of(creek, started.id))
    assert set(texts_per_phone(sandbox).values()) == {1}
    assert len(texts_per_phone(sandbox)) == 3


def test_the_journal_names_the_version_and_its_two_approvers(creek: Runtime) -> None:
    approved(creek)
    started = run(creek)
    with creek.db.read() as connection:
        rows = connection.execute(select(journal_table).where(journal_table.c.chain == started.incident)).all()
        version = playbooks.on_shelf(creek, connection, "creek").hash
    (approval,) = (row for row in rows if row.action == "approve")
    assert approval.grounds == f"playbook creek, version {version[:12]}, approved by Ben and Dee"
    assert approval.actor == GAUGE.id
    (begun,) = (row for row in rows if row.action == "run playbook")
    assert begun.body["version"] == version
    assert begun.hash == journal.entry_hash(
        {name: getattr(begun, name) for name in begun._fields if name not in ("id", "hash")}
    )


def test_without_two_approvals_its_alerts_wait(creek: Runtime, sandbox: Sandbox) -> None:
    playbooks.approve_version(creek, "creek", BEN, clock.utc_now())
    started = run(creek)
    assert started.steps[0].state is StepState.SUBMITTED
    assert started.steps[0].reason == "waits for a second person"
    assert state(creek, alert_of(creek, started.id)) == "pending_approval"
    assert not texts_per_phone(sandbox)
    approve(creek, alert_of(creek, started.id))
    finish(creek, alert_of(creek, started.id))


def test_one_person_cannot_approve_twice(creek: Runtime) -> None:
    playbooks.approve_version(creek, "creek", BEN, clock.utc_now())
    with pytest.raises(Conflict, match="another person"):
        playbooks.approve_version(creek, "creek", BEN, clock.utc_now())


@pytest.mark.parametrize("nobody", [ADA, CY, GAUGE], ids=lambda actor: actor.name)
def test_authors_viewers_and_keys_cannot_approve(nobody: object, creek: Runtime) -> None:
    with pytest.raises(NotAllowed):
        playbooks.approve_version(creek, "creek", nobody, clock.utc_now())  # type: ignore[arg-type]


def test_an_approval_is_of_what_the_approver_saw(creek: Runtime) -> None:
    with creek.db.read() as connection:
        seen = playbooks.on_shelf(creek, connection, "creek").hash
    file = creek.folder / "playbooks" / "creek.yaml"
    file.write_text(file.read_text().replace("The creek is high", "The creek is very high"))
    with pytest.raises(Conflict, match="read it again"):
        playbooks.approve_version(creek, "creek", BEN, clock.utc_now(), seen=seen)


def test_words_of_somebodys_own_send_the_run_to_a_second_person(creek: Runtime) -> None:
    approved(creek)
    started = run(creek, {**RISING, "words": "Two crews are out"})
    assert started.grounds == ""
    assert state(creek, alert_of(creek, started.id)) == "pending_approval"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("playbooks/creek.yaml", "The creek is rising", "The creek is calm"),
        ("templates/alerts/holding/sms.en.txt", "{{ source }}:", "{{ source }} says:"),
        ("templates/alerts/bank.yaml", "Stay away from the creek and off wet roads.", "Stay off wet roads."),
        ("templates/alerts/layouts/website.html", "<", "<!-- x --><"),
    ],
)
def test_a_changed_word_voids_both_approvals(path: str, old: str, new: str, creek: Runtime) -> None:
    approved(creek)
    file = creek.folder / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    creek.kinds = documents.load_kinds(creek.folder / "templates" / "alerts")
    started = run(creek)
    assert started.grounds == ""
    assert state(creek, alert_of(creek, started.id)) == "pending_approval"


def test_a_changed_number_of_the_city_voids_both_approvals(creek: Runtime) -> None:
    approved(creek)
    creek.profile = replace(creek.profile, numbers={**creek.profile.numbers, "danger": "112"})
    assert run(creek).grounds == ""


def test_kinds_that_changed_under_a_running_process_are_not_trusted(creek: Runtime) -> None:
    approved(creek)
    file = creek.folder / "templates" / "alerts" / "holding" / "kind.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace("severity: Moderate", "severity: Minor"), encoding="utf-8")
    with pytest.raises(Conflict, match="restart"):
        playbooks.approve_version(creek, "creek", DEE, clock.utc_now())
    assert run(creek).grounds == ""


def test_a_kind_that_always_needs_two_waits_whatever_was_approved(creek: Runtime) -> None:
    approved(creek)
    creek.kinds = {**creek.kinds, "holding": replace(creek.kinds["holding"], always_two=True)}
    started = run(creek)
    assert state(creek, alert_of(creek, started.id)) == "pending_approval"


def test_whoever_ran_it_is_not_the_second_person(creek: Runtime) -> None:
    started = run(creek, actor=BEN)
    with pytest.raises(NotAllowed, match="another person"):
        approve(creek, alert_of(creek, started.id))


def test_a_key_runs_only_what_its_scope_names(creek: Runtime, tmp_path: Path) -> None:
    shelf = tmp_path / "playbooks"
    (shelf / "other.yaml").write_text((shelf / "creek.yaml").read_text())
    with pytest.raises(NotAllowed, match="playbooks:run:other"):
        playbooks.run(creek, "other", RISING, GAUGE, Status.ACTUAL, clock.utc_now())
    with pytest.raises(NotAllowed):
        run(creek, actor=CY)


def test_an_exercise_never_speaks_live(creek: Runtime) -> None:
    approved(creek)
    started = run(creek, status=Status.EXERCISE)
    assert started.incident.endswith("-exercise")
    with pytest.raises(Invalid, match="is an exercise"):
        run(creek, incident=started.incident)


def test_an_update_in_a_playbook_goes_out_after_what_it_is_about(creek: Runtime) -> None:
    approved(creek)
    started = run(creek, HIGH)
    assert [step.state for step in started.steps] == [StepState.SENT, StepState.SENT]
    assert state(creek, alert_of(creek, started.id, 0)) == "superseded"


def test_an_update_waits_until_somebody_has_decided_on_what_it_is_about(creek: Runtime) -> None:
    started = run(creek, HIGH)
    assert started.state == "waiting"
    assert started.steps[1].alert_id is None
    approve(creek, alert_of(creek, started.id))
    playbook_runs.advance(creek, started.id, clock.utc_now())
    assert state(creek, alert_of(creek, started.id, 1)) == "pending_approval"
    assert playbooks.get(creek, started.id).state == "done"


def test_an_update_of_what_was_never_sent_is_left_out(creek: Runtime) -> None:
    started = run(creek, HIGH)
    approval.reject(creek, alert_of(creek, started.id), BEN, "a test pump", clock.utc_now())
    playbook_runs.advance(creek, started.id, clock.utc_now())
    again = playbooks.get(creek, started.id)
    assert (again.state, again.steps[1].state) == ("done", "skipped")
