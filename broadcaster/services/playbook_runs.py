"""Moves a run on, step by step, each exactly once whatever is killed: the rows say what has happened, and anybody may go on from there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcaster.domain.alert import Status
from broadcaster.domain.errors import BroadcasterError, Invalid
from broadcaster.domain.lifecycle import AlertState
from broadcaster.domain.playbook import FINAL_STEP, Form, Playbook, Step, StepState
from broadcaster.runtime import Runtime
from broadcaster.services import approval, drafting, playbook_versions
from broadcaster.services.playbook_drafts import draft_of, on_channels
from broadcaster.store import alerts as alert_store
from broadcaster.store import playbooks as store
from broadcaster.store.alerts import AlertRow
from broadcaster.store.documents_playbook import parse_playbook
from broadcaster.store.playbook_versions import Version
from broadcaster.store.playbooks import Run, RunStep

#: How often a run asks whether somebody has decided on the alert that it waits for.
AGAIN = timedelta(seconds=5)
#: An alert that is in one of these and was not approved never will be.
_NEVER = frozenset({AlertState.DISCARDED, AlertState.REJECTED, AlertState.WITHDRAWN, AlertState.EXPIRED})


def languages(rt: Runtime) -> tuple[str, ...]:
    """The languages that every playbook must have words in: those of the templates."""
    return tuple(next(iter(rt.kinds.values())).languages)


def resume(rt: Runtime, now: datetime) -> int:
    """Move on every run that is due and that nobody moves; for the sweep. Returns how many there were."""
    with rt.db.read() as connection:
        due = store.due(connection)
    for run_id in due:
        advance(rt, run_id, now)
    return len(due)


def advance(rt: Runtime, run_id: str, now: datetime) -> None:
    """Do what can be done of a run now; returns at once when somebody else is at it."""
    with rt.db.write() as tx:
        if not store.lease(tx, run_id, rt.worker, rt.timing.lease):
            return
        run = store.run(tx, run_id)
        version = store.version_of(tx, run)
    try:
        playbook = parse_playbook(version.text, run.name, languages(rt))
    except Invalid as error:
        _give_up(rt, run, str(error), now)
        return
    mover = _Mover(rt, run, version, playbook, now)
    for step in run.steps:
        if step.state in FINAL_STEP:
            continue
        with rt.db.write() as tx:
            if not store.renew(tx, run_id, rt.worker, rt.timing.lease):
                return
        until = mover.move(step)
        if until is not None:
            with rt.db.write() as tx:
                store.release(tx, run_id, "wait", now, due_at=until)
            return
    with rt.db.write() as tx:
        failed = any(step.state is StepState.FAILED for step in store.run(tx, run_id).steps)
        store.release(tx, run_id, "fail" if failed else "finish", now)


def _give_up(rt: Runtime, run: Run, reason: str, now: datetime) -> None:
    with rt.db.write() as tx:
        for step in run.steps:
            if step.state not in FINAL_STEP:
                store.move_step(tx, run.id, step.position, "fail", now, reason=reason)
        store.release(tx, run.id, "fail", now)


def given_references(step: Step, values: Mapping[str, object]) -> tuple[str, ...]:
    """The alerts that a parameter names for this step."""
    given = values.get(step.refers_by) if step.refers_by else None
    return tuple(str(each) for each in given) if isinstance(given, list | tuple) else ()


@dataclass(frozen=True, slots=True)
class _Mover:
    """One process at one run, which it holds."""

    rt: Runtime
    run: Run
    version: Version
    playbook: Playbook
    now: datetime

    def move(self, row: RunStep) -> datetime | None:
        """Bring a step to its end; or return when to look again."""
        step = self.playbook.step(row.name)
        alert_id = row.alert_id
        try:
            if row.state is StepState.PENDING:
                until = self._when(row, step)
                if until is not None:
                    return until
                alert_id = self._begin(row, step)
            if alert_id is not None:
                self._send(row, alert_id)
        except BroadcasterError as error:
            self._end(row, "fail", str(error))
        return None

    def _end(self, row: RunStep, event: str, reason: str) -> None:
        """The last move of a step, with its reason for people."""
        with self.rt.db.write() as tx:
            store.move_step(tx, self.run.id, row.position, event, self.now, reason=reason)

    def _begin(self, row: RunStep, step: Step) -> str | None:
        """The alert of a step whose time has come; None when it is left out."""
        if not step.applies(self.run.filled):
            self._end(row, "skip", "not for these parameters")
            return None
        references = self._references(step)
        if step.form is not Form.ALERT and not references:
            self._end(row, "skip", "none of the alerts that it is about was sent")
            return None
        return self._draft(row, step, references)

    def _when(self, row: RunStep, step: Step) -> datetime | None:
        """When to look at a step again that waits for its time, or for a decision on what it is about; None: now."""
        if not step.applies(self.run.filled):
            return None
        until = self._due(row, step)
        if until is None and any(each.approved_at is None and each.state not in _NEVER for each in self._earlier(step)):
            return self.now + AGAIN
        return until

    def _due(self, row: RunStep, step: Step) -> datetime | None:
        if not step.after_minutes:
            return None
        due = row.due_at
        if due is None:
            due = self.now + timedelta(minutes=step.after_minutes)
            with self.rt.db.write() as tx:
                store.count_from(tx, self.run.id, row.position, due)
        return due if due > self.now else None

    def _references(self, step: Step) -> tuple[str, ...]:
        """Ids of the alerts that it is about, as far as they were sent."""
        if step.refers_by:
            return given_references(step, self.run.filled)
        return tuple(each.id for each in self._earlier(step) if each.approved_at is not None)

    def _earlier(self, step: Step) -> list[AlertRow]:
        """The alerts of the steps that it is about."""
        with self.rt.db.read() as connection:
            steps = {each.name: each for each in store.run(connection, self.run.id).steps}
            written = [each for name in step.refers_to if (each := steps[name].alert_id)]
            return [alert_store.get(connection, each) for each in written]

    def _draft(self, row: RunStep, step: Step, references: Sequence[str]) -> str:
        """Write the alert, once: one that a process wrote before it died is found by its origin."""
        run, rt = self.run, self.rt
        origin = f"playbook:{run.name}/{run.id}/{row.position}"
        with rt.db.read() as connection:
            alert_id = store.alert_of_origin(connection, origin)
        left_out: tuple[str, ...] = ()
        if alert_id is None:
            status = Status(run.status)
            draft = draft_of(step, run.filled, status, run.incident, references, rt.profile, self.now)
            draft, left_out = on_channels(draft, rt.channel_names(status.live), rt.kinds[step.kind].channels)
            alert_id = drafting.create(rt, draft, run.actor, self.now, origin)
        reason = f"not set up: {', '.join(left_out)}" if left_out else ""
        with rt.db.write() as tx:
            store.move_step(tx, run.id, row.position, "draft", self.now, alert_id=alert_id, reason=reason)
            (mine,) = (each for each in store.run(tx, run.id).steps if each.position == row.position)
        if mine.alert_id is None:
            raise AssertionError(f"step {row.position} of run {run.id} has no alert")
        if mine.alert_id != alert_id:
            # Another process was faster: its draft counts, ours never was seen.
            drafting.discard(rt, alert_id, run.actor, self.now)
        return mine.alert_id

    def _send(self, row: RunStep, alert_id: str) -> None:
        """Submit, and start it where two people have approved these very words before."""
        with self.rt.db.read() as connection:
            alert = alert_store.get(connection, alert_id)
        if alert.state is AlertState.DRAFT and self._untouched(alert):
            # Where two people have approved these very words nobody is woken to do so again.
            drafting.submit(self.rt, alert_id, self.run.actor, self.now, at_hand=self._why_not_woken(alert))
        elif alert.state is not AlertState.PENDING_APPROVAL:
            self._end(row, "submit", "somebody has gone on with it by hand")
            return
        waits = self._why_it_waits(alert)
        if not waits:
            waits = self._start(row, alert_id)
        if waits:
            self._end(row, "submit", f"{row.reason}; {waits}" if row.reason else waits)

    def _untouched(self, alert: AlertRow) -> bool:
        return alert.version == 1 and alert.editors == {self.run.actor.id}

    def _why_not_woken(self, alert: AlertRow) -> str:
        return "" if self._why_it_waits(alert) else self.run.grounds

    def _why_it_waits(self, alert: AlertRow) -> str:
        if not self.run.grounds:
            return "waits for a second person"
        if self.rt.kinds[alert.kind].always_two:
            return f"{alert.kind} always needs a second person"
        current = playbook_versions.digest(self.rt, self.playbook, self.version.text)
        if current != self.version.hash or not playbook_versions.is_current(self.rt, self.playbook):
            return "the playbook's texts were changed after they were approved"
        return ""

    def _start(self, row: RunStep, alert_id: str) -> str:
        """Start the alert and move the step, both or neither. Returns why it had to wait after all."""
        run, rt = self.run, self.rt
        try:
            with rt.db.write() as tx:
                alert = alert_store.get(tx, alert_id, lock=True)
                if not self._untouched(alert):
                    return "somebody has changed it"
                approval.start_by_standing_authority(rt, tx, alert_id, run.actor, run.grounds, self.now)
                store.move_step(tx, run.id, row.position, "send", self.now)
        except BroadcasterError as error:
            return str(error)
        approval.go(rt, alert_id)
        return ""
