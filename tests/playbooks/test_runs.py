"""One run for each key, each step exactly once: asked fifty times at once, and killed wherever it can be."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select

from broadcaster import clock
from broadcaster.domain.errors import Conflict, Invalid, NotFound
from broadcaster.runtime import Runtime
from broadcaster.services import playbook_runs, playbooks
from broadcaster.settings import Settings
from broadcaster.store import playbooks as store
from broadcaster.store.schema import alerts
from broadcaster.store.schema import playbook_runs as run_table
from channels.sandbox.server import Sandbox
from tests.engine.city import finish, texts_per_phone, work_until
from tests.engine.parts import begin, died
from tests.playbooks.part import WINDOWS, begin_a_run
from tests.playbooks.shelf import GAUGE, HIGH, RISING, approved, run

pytestmark = pytest.mark.engine


def count(rt: Runtime, table: object) -> int:
    with rt.db.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


def test_fifty_at_once_with_one_key_are_one_run(creek: Runtime) -> None:
    start = Barrier(50)

    def trigger(_: int) -> str:
        start.wait(30)
        return run(creek, idempotency_key="gauge-17:04").id

    with ThreadPoolExecutor(50) as pool:
        ids = set(pool.map(trigger, range(50)))
    assert len(ids) == 1
    assert (count(creek, run_table), count(creek, alerts)) == (1, 1)


def test_the_same_key_for_something_else_is_a_conflict(creek: Runtime) -> None:
    first = run(creek, idempotency_key="gauge")
    with pytest.raises(Conflict, match="'gauge'"):
        run(creek, {**RISING, "level": "high"}, idempotency_key="gauge")
    assert run(creek, idempotency_key="gauge").id == first.id
    assert run(creek).id != first.id


@pytest.mark.parametrize("window", list(WINDOWS))
def test_a_run_that_was_killed_is_carried_to_its_end(
    window: str, creek: Runtime, settings: Settings, sandbox: Sandbox
) -> None:
    approved(creek)
    assert died(begin(settings, begin_a_run, window, str(creek.folder)))
    with creek.db.write() as tx:  # the dead one's lease passes
        tx.execute(run_table.update().values(lease_until=0))

    def over() -> bool:
        playbook_runs.resume(creek, clock.utc_now())
        with creek.db.read() as connection:
            (only,) = store.runs(connection)
        return only.finished_at is not None

    work_until(creek, over, 30)
    with creek.db.read() as connection:
        (only,) = store.runs(connection)
    assert [step.state for step in only.steps] == ["sent", "sent"]
    assert count(creek, alerts) == 2
    for step in only.steps:
        assert step.alert_id
        finish(creek, step.alert_id)
    got = texts_per_phone(sandbox)
    # The update may catch up with texts of the first that have not left; nobody gets either of them twice.
    assert len(got) == 3
    assert max(Counter(got).values()) <= 2


def test_a_step_waits_for_its_time(creek: Runtime, tmp_path: Path) -> None:
    file = tmp_path / "playbooks" / "creek.yaml"
    file.write_text(file.read_text().replace("    when: {level: high}", "    after: 20m"))
    approved(creek)
    started = run(creek)
    assert (started.state, started.steps[1].state) == ("waiting", "pending")
    assert playbook_runs.resume(creek, clock.utc_now()) == 0
    playbook_runs.advance(creek, started.id, clock.utc_now() + timedelta(minutes=19))
    assert playbooks.get(creek, started.id).steps[1].state == "pending"
    playbook_runs.advance(creek, started.id, clock.utc_now() + timedelta(minutes=21))
    assert [step.state for step in playbooks.get(creek, started.id).steps] == ["sent", "sent"]


def test_a_run_keeps_the_version_that_it_was_started_with(creek: Runtime, tmp_path: Path) -> None:
    file = tmp_path / "playbooks" / "creek.yaml"
    file.write_text(file.read_text().replace("    when: {level: high}", "    after: 20m"))
    approved(creek)
    started = run(creek)
    file.write_text("title: nonsense")
    playbook_runs.advance(creek, started.id, clock.utc_now() + timedelta(minutes=21))
    assert [step.state for step in playbooks.get(creek, started.id).steps] == ["sent", "sent"]


@pytest.mark.parametrize(
    ("given", "place", "message"),
    [
        ({"zones": ["rocklea"]}, "parameters.level", "must be filled in"),
        ({"level": "huge", "zones": ["rocklea"]}, "parameters.level", "'huge' is not one of: low, high"),
        ({"level": "low", "zones": ["rocklee"]}, "parameters.zones", "there is no zone 'rocklee'"),
        ({"level": "low", "zones": ["rocklea", "oxley", "creek"]}, "parameters.zones", "at most 2"),
        ({"level": "low", "zones": ["rocklea"], "lewel": 1}, "parameters.lewel", "there is no such parameter"),
        ({"level": "low", "zones": ["rocklea"], "words": "x" * 31}, "parameters.words", "31 characters"),
        ({"level": {"deep": 1}, "zones": "no such place"}, "parameters.level", "is not one of"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_begins(
    given: dict[str, object], place: str, message: str, creek: Runtime
) -> None:
    with pytest.raises(Invalid) as refused:
        run(creek, given)
    assert any(each.place == place and message in each.message for each in refused.value.problems), refused.value
    assert (count(creek, run_table), count(creek, alerts)) == (0, 0)


def test_every_problem_is_named_at_once(creek: Runtime) -> None:
    with pytest.raises(Invalid) as refused:
        run(creek, {"level": "huge", "zones": [1.5], "words": "x" * 40, "more": 1})
    assert {each.place for each in refused.value.problems} == {
        *("parameters.level", "parameters.zones.1", "parameters.words", "parameters.more")
    }


def test_a_playbook_that_is_not_there_is_not_found(creek: Runtime) -> None:
    for name in ("../../etc/passwd", "creek.yaml", "CREEK", ""):
        with pytest.raises(NotFound):
            playbooks.load(creek, name)


def test_a_channel_that_is_not_set_up_does_not_stop_a_run(creek: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    approved(creek)
    monkeypatch.setattr(type(creek), "channel_names", lambda self, live=True: ("website", "x", "facebook"))
    started = run(creek)
    assert started.steps[0].state == "sent"
    assert started.steps[0].reason == "not set up: sms"


def test_a_step_that_fails_says_why_and_leaves_the_others_alone(creek: Runtime, tmp_path: Path) -> None:
    file = tmp_path / "playbooks" / "creek.yaml"
    text = file.read_text().replace("    when: {level: high}", "    after: 20m")
    third = (
        text[text.index("  - name: again") :]
        .replace("name: again", "name: third")
        .replace("zones: {param: zones}", "zones: [annerley]")
    )
    file.write_text(text + third)
    approved(creek)
    started = run(creek)
    whole = creek.kinds
    creek.kinds = {**whole, "holding": replace(whole["holding"], needs=("onset",))}
    playbook_runs.advance(creek, started.id, clock.utc_now() + timedelta(minutes=21))
    creek.kinds = whole
    playbook_runs.advance(creek, started.id, clock.utc_now() + timedelta(minutes=42))
    over = playbooks.get(creek, started.id)
    assert (over.state, [step.state for step in over.steps]) == ("failed", ["sent", "failed", "sent"])
    assert "onset" in over.steps[1].reason


def test_the_sweep_finds_a_run_that_nobody_moves(creek: Runtime) -> None:
    started = run(creek, HIGH, actor=GAUGE)
    with creek.db.write() as tx:
        tx.execute(run_table.update().values(due_at=clock.utc_now() - timedelta(seconds=1)))
    assert playbook_runs.resume(creek, clock.utc_now()) == 1
    assert playbooks.get(creek, started.id).state == "waiting"
