"""Alerts over the API: write, submit, follow, follow up, stop. What needs a second person is done by people, in the console."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, jsonify, request

from broadcaster.domain.alert import Draft, plain
from broadcaster.domain.errors import NotFound
from broadcaster.domain.lifecycle import AlertState
from broadcaster.services import broadcasting, drafting, followup, scopes
from broadcaster.services.reports import report, report_of
from broadcaster.store import alerts as alert_store
from broadcaster.store import documents
from broadcaster.store import playbooks as playbook_store
from broadcaster.store.alerts import AlertRow
from broadcaster.web import api_answered as answered
from broadcaster.web import api_asked as asked
from broadcaster.web.api_answers import answers
from broadcaster.web.api_door import ALERTS, PREFIX, blueprint, me, needs
from broadcaster.web.api_repeats import begun_before, origin, repeatable
from broadcaster.web.context import now, runtime

_TAGS = [ALERTS]


def seen(alert_id: str) -> AlertRow:
    """The alert, as far as this key may see it; NotFound."""
    with runtime().db.read() as connection:
        alert = alert_store.get(connection, alert_id)
    if not scopes.sees(me(), alert.live):
        raise NotFound("there is no such alert")
    return alert


def created(alert_id: str) -> Response:
    response = jsonify(report(runtime(), alert_id))
    response.status_code = 201
    response.headers["Location"] = f"{PREFIX}/alerts/{alert_id}"
    return response


def _write(draft: Draft) -> Response:
    """Keep a draft; one that this very request had kept before its process died is found again."""
    rt = runtime()
    scopes.must_touch(me(), draft.status.live)
    earlier = None
    if begun_before():
        with rt.db.read() as connection:
            earlier = playbook_store.alert_of_origin(connection, origin())
    return created(earlier or drafting.create(rt, draft, me(), now(), origin()))


def zone() -> ZoneInfo:
    """In which times without an offset are meant."""
    return ZoneInfo(runtime().profile.timezone)


@blueprint.post("/alerts", tags=_TAGS, operation_id="writeAlert", responses=answers(answered.Report, 201, 409, 422))
@needs("alerts:write")
@repeatable
def write(body: asked.AlertIn, header: asked.Repeat) -> Response:
    """Write a draft

    It reaches nobody before it is submitted, and approved by two people.
    """
    return _write(documents.draft_from(request.get_json(), zone(), now()))


@blueprint.get("/alerts", tags=_TAGS, operation_id="listAlerts", responses=answers(answered.AlertList, 200, 404, 422))
@needs("alerts:read")
def listing(query: asked.AlertQuery) -> Response:
    """Alerts, newest first"""
    live = None if query.status is None else query.status == "Actual"
    if scopes.EXERCISE in me().scopes:
        live = False
    with runtime().db.read() as connection:
        found = alert_store.listing(
            connection,
            states=[query.state] if query.state else (),
            incident=query.incident or "",
            live=live,
            after=query.after or "",
            limit=query.limit,
        )
        rows = [each for each in found if query.status in (None, each.status)]
        shown = [report_of(connection, each) for each in rows if scopes.sees(me(), each.live)]
    return jsonify({"alerts": shown, "next": found[-1].id if len(found) == query.limit else None})


@blueprint.get("/alerts/<id>", tags=_TAGS, operation_id="readAlert", responses=answers(answered.Report, 200, 404))
@needs("alerts:read")
def read(path: asked.AlertPath) -> Response:
    """How an alert stands"""
    alert = seen(path.id)
    response = jsonify(report(runtime(), alert.id))
    response.headers["ETag"] = f'"{alert.version}"'
    return response


@blueprint.get(
    "/alerts/<id>/texts", tags=_TAGS, operation_id="readTexts", responses=answers(answered.TextList, 200, 404)
)
@needs("alerts:read")
def texts(path: asked.AlertPath) -> Response:
    """The exact words of an alert, per channel and language"""
    alert = seen(path.id)
    with runtime().db.read() as connection:
        found = alert_store.texts(connection, alert.id)
    return jsonify({"texts": [plain(each) for each in found.values()]})


@blueprint.get(
    "/alerts/<id>/deliveries",
    tags=_TAGS,
    operation_id="listDeliveries",
    responses=answers(answered.DeliveryList, 200, 404, 422),
)
@needs("alerts:read")
def deliveries(path: asked.AlertPath, query: asked.DeliveryQuery) -> Response:
    """What became of each message of an alert"""
    rt, alert = runtime(), seen(path.id)
    with rt.db.read() as connection:
        rows = alert_store.delivery_rows(
            connection,
            alert.id,
            channel=query.channel or "",
            state=query.state or "",
            after=query.after,
            limit=query.limit,
        )
    return jsonify(
        {
            "deliveries": [_delivery(row._asdict(), rt.personal(row.channel)) for row in rows],
            "next": rows[-1].id if len(rows) == query.limit else None,
        }
    )


def _delivery(row: Mapping[str, Any], personal: bool) -> dict[str, object]:
    shown = {name: plain(row[name]) for name in answered.Delivery.model_fields}
    # Whom a text went to is for people who are logged in, not for another system's logs.
    return shown | ({"address": f"…{row['address'][-3:]}"} if personal else {})


@blueprint.post(
    "/alerts/<id>/submit",
    tags=_TAGS,
    operation_id="submitAlert",
    responses=answers(answered.Report, 200, 404, 409, 422),
)
@needs("alerts:write")
@repeatable
def submit(path: asked.AlertPath, body: asked.SubmitIn, header: asked.Repeat) -> Response:
    """Submit a draft

    Its texts are made and frozen; now it waits for a second person. 422 lists everything that stands in the way, errors of the
    warning check included. Its warnings are shown to the second person with the reasons of the body, or as not answered.
    """
    alert = seen(path.id)
    done = alert.state is AlertState.PENDING_APPROVAL and alert.submitted_by == me().id
    if not (done and begun_before()):
        drafting.submit(runtime(), alert.id, me(), now(), reasons=body.reasons)
    return jsonify(report(runtime(), alert.id))


@blueprint.post(
    "/alerts/<id>/stop", tags=_TAGS, operation_id="stopAlert", responses=answers(answered.Report, 200, 404, 409, 422)
)
@needs("alerts:stop", limited=False)
@repeatable
def stop(path: asked.AlertPath, body: asked.StopIn, header: asked.Repeat) -> Response:
    """Stop sending

    No text starts later than two seconds after this answer. What has gone out cannot be called back; send a correction.
    """
    alert = seen(path.id)
    if not (alert.stopped_by == me().id and begun_before()):
        broadcasting.stop(runtime(), alert.id, me(), body.reason, now())
    return jsonify(report(runtime(), alert.id))


@blueprint.post(
    "/alerts/<id>/withdraw",
    tags=_TAGS,
    operation_id="withdrawAlert",
    responses=answers(answered.Report, 200, 404, 409, 422),
)
@needs("alerts:write")
@repeatable
def withdraw(path: asked.AlertPath, header: asked.Repeat) -> Response:
    """Take a submitted alert back, or throw a draft away"""
    alert = seen(path.id)
    pending = alert.state is AlertState.PENDING_APPROVAL
    done = alert.state in (AlertState.WITHDRAWN, AlertState.DISCARDED)
    if not (done and begun_before()):
        (drafting.withdraw if pending else drafting.discard)(runtime(), alert.id, me(), now())
    return jsonify(report(runtime(), alert.id))


def _follow(alert_id: str, form: str) -> Response:
    rt, alert = runtime(), seen(alert_id)
    values = plain(followup.prefill(rt, alert.id, form, now()))
    assert isinstance(values, dict)
    given = request.get_json(silent=True) or {}
    fields = {**values["fields"], **given.pop("fields", {})}
    draft = documents.draft_from({**values, **given, "fields": fields}, zone(), now())
    return _write(draft)


def _follow_up(form: str, summary: str) -> None:
    """A view for one form of follow-up."""

    @blueprint.post(
        f"/alerts/<id>/{form}",
        tags=_TAGS,
        summary=summary,
        description="Filled in from the alert that it follows; the body says what differs. It is a draft, to be submitted.",
        operation_id=f"{form.replace('-c', 'C')}Alert",
        responses=answers(answered.Report, 201, 404, 409, 422),
        endpoint=form.replace("-", "_"),
    )
    @needs("alerts:write")
    @repeatable
    def follow(path: asked.AlertPath, body: asked.FollowUpIn, header: asked.Repeat) -> Response:
        return _follow(path.id, form)


for _form, _summary in (
    ("update", "Write an update"),
    ("correction", "Write a correction"),
    ("all-clear", "Write an all-clear"),
    ("cancel", "Write a cancellation"),
):
    _follow_up(_form, _summary)
