"""Drafts over the API: see what would be said, and change what was written, without overwriting what somebody else wrote."""

import re

from flask import Response, jsonify, request

from broadcaster.domain.alert import plain
from broadcaster.domain.errors import Conflict
from broadcaster.services import broadcasting, drafting, forecasting, scopes, warning_check
from broadcaster.services.reports import report
from broadcaster.store import documents
from broadcaster.web import api_answered as answered
from broadcaster.web import api_asked as asked
from broadcaster.web.api_alerts import seen, zone
from broadcaster.web.api_answers import answers
from broadcaster.web.api_blanks import faults
from broadcaster.web.api_door import ALERTS, blueprint, me, needs
from broadcaster.web.api_errors import problem
from broadcaster.web.api_lookups import counted
from broadcaster.web.api_repeats import repeatable
from broadcaster.web.context import now, runtime

_TAGS = [ALERTS]
_VERSION = re.compile(r'"([0-9]{1,9})"')


@blueprint.post(
    "/previews", tags=_TAGS, operation_id="previewAlert", responses=answers(answered.PreviewOut, 200, 409, 422)
)
@needs("alerts:write")
@repeatable
def preview(body: asked.AlertIn, header: asked.Repeat) -> Response:
    """See what an alert would say

    Every text, everything that is wrong, and whom it would reach. Nothing is kept.
    """
    draft = documents.draft_from(request.get_json(), zone(), now())
    scopes.must_touch(me(), draft.status.live)
    made = drafting.preview(runtime(), draft, now())
    return jsonify(
        {
            "ready": made.rendered is not None and not made.stopped,
            "texts": [plain(each) for each in made.partly.made.messages],
            "problems": faults(made.problems),
            "findings": warning_check.document(made.findings),
            "audience": counted(made.audience) if made.audience else None,
            "forecast": forecasting.document(made.outlook) if made.outlook else None,
        }
    )


@blueprint.put(
    "/alerts/<id>",
    tags=_TAGS,
    operation_id="editAlert",
    responses=answers(answered.Report, 200, 404, 409, 412, 422, 428),
)
@needs("alerts:write")
def edit(path: asked.AlertPath, body: asked.AlertIn, header: asked.IfMatch) -> Response:
    """Replace a draft

    If-Match is the ETag of the draft that you read; 412 when somebody has changed it since. A submitted alert becomes a draft again,
    and whoever edits it cannot approve it.
    """
    alert = seen(path.id)
    version = _VERSION.fullmatch(request.headers.get("If-Match", ""))
    if version is None:
        return problem(428, "send the ETag that you read as If-Match")
    if int(version[1]) != alert.version:
        return problem(412, "somebody else has changed this alert; read it again")
    draft = documents.draft_from(request.get_json(), zone(), now())
    scopes.must_touch(me(), draft.status.live)
    if draft.status.live != alert.live:
        raise Conflict("what is live stays live, and an exercise an exercise; write a new alert")
    new = drafting.edit(runtime(), alert.id, alert.version, draft, me(), now())
    response = jsonify(report(runtime(), alert.id))
    response.headers["ETag"] = f'"{new}"'
    return response


@blueprint.post(
    "/alerts/<id>/retry", tags=_TAGS, operation_id="retryAlert", responses=answers(answered.Retried, 200, 404, 409, 422)
)
@needs("alerts:write")
@repeatable
def retry(path: asked.AlertPath, body: asked.RetryIn, header: asked.Repeat) -> Response:
    """Send again what has failed

    When the cause has been mended. 404 when nothing has failed.
    """
    again = broadcasting.retry_failed(runtime(), seen(path.id).id, me(), now(), body.channel)
    return jsonify({"deliveries": again})
