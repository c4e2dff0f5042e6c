"""Playbooks over the API: what there is, and setting one going; the answer is the run's address."""

from flask import Response, jsonify

from broadcaster.domain.alert import Status, plain
from broadcaster.domain.errors import NotFound
from broadcaster.runtime import Runtime
from broadcaster.services import playbooks, scopes
from broadcaster.services.playbooks import Shelf
from broadcaster.store import playbooks as store
from broadcaster.store.playbooks import Run
from broadcaster.web import api_answered as answered
from broadcaster.web import api_asked as asked
from broadcaster.web.api_answers import answers
from broadcaster.web.api_blanks import blank, faults
from broadcaster.web.api_door import PLAYBOOKS, PREFIX, blueprint, me, needs
from broadcaster.web.api_repeats import repeat_key, repeatable
from broadcaster.web.context import now, runtime

_TAGS = [PLAYBOOKS]
_RUN = "playbooks:run"


def _mine(name: str) -> bool:
    """True when this key may run the playbook, or read about alerts of any."""
    return bool(me().scopes & {_RUN, f"{_RUN}:{name}", "alerts:read"})


def _shelf(rt: Runtime, each: Shelf) -> dict[str, object]:
    playbook = each.playbook
    parameters = list(playbook.parameters.values()) if playbook else []
    return {
        "name": each.name,
        "title": dict(playbook.title) if playbook else {},
        "use_when": dict(playbook.use_when) if playbook else {},
        "version": each.hash,
        "approved": each.approved,
        "approved_by": [given.approver_name for given in each.version.approvals] if each.version else [],
        "always_waits": [name for name in playbook.kinds if name in rt.kinds and rt.kinds[name].always_two]
        if playbook
        else [],
        "parameters": [
            blank(parameter.spec, sample=plain(parameter.sample), kind="alerts" if parameter.alerts else "")
            for parameter in parameters
        ],
        "problems": faults(each.problems),
    }


def _run(rt: Runtime, run: Run) -> dict[str, object]:
    with rt.db.read() as connection:
        version = store.version_of(connection, run)
    return {
        "id": run.id,
        "playbook": run.name,
        "version": version.hash,
        "status": run.status,
        "incident": run.incident,
        "parameters": plain(run.parameters),
        "state": str(run.state),
        "grounds": run.grounds,
        "created_at": plain(run.created_at),
        "finished_at": plain(run.finished_at),
        "steps": [
            {
                "name": step.name,
                "state": str(step.state),
                "alert_id": step.alert_id,
                "due_at": plain(step.due_at),
                "reason": step.reason,
            }
            for step in run.steps
        ],
    }


@blueprint.get("/playbooks", tags=_TAGS, operation_id="listPlaybooks", responses=answers(answered.PlaybookList, 200))
@needs()
def list_playbooks() -> Response:
    """Playbooks that this key may run, and what each wants to know"""
    rt = runtime()
    with rt.db.read() as connection:
        found = [each for each in playbooks.listing(rt, connection) if _mine(each.name)]
    return jsonify({"playbooks": [_shelf(rt, each) for each in found]})


@blueprint.get(
    "/playbooks/<name>", tags=_TAGS, operation_id="readPlaybook", responses=answers(answered.Playbook, 200, 404)
)
@needs()
def read_playbook(path: asked.PlaybookPath) -> Response:
    """One playbook"""
    rt = runtime()
    if not _mine(path.name):
        raise NotFound("there is no such playbook")
    with rt.db.read() as connection:
        return jsonify(_shelf(rt, playbooks.on_shelf(rt, connection, path.name)))


@blueprint.post(
    "/playbooks/<name>/runs",
    tags=_TAGS,
    operation_id="runPlaybook",
    responses=answers(answered.Run, 201, 404, 409, 422),
)
@needs(_RUN, f"{_RUN}:NAME")
@repeatable
def start(path: asked.PlaybookPath, body: asked.RunIn, header: asked.Repeat) -> Response:
    """Run a playbook

    Where two people have approved this version and no parameter holds words of your own, its alerts go out at once; else they
    wait for a second person. Exactly one run for each playbook and Idempotency-Key.
    """
    rt, status = runtime(), Status(body.status)
    scopes.must_touch(me(), status.live)
    run = playbooks.run(rt, path.name, body.parameters, me(), status, now(), repeat_key(), body.incident or "")
    response = jsonify(_run(rt, run))
    response.status_code = 201
    response.headers["Location"] = f"{PREFIX}/runs/{run.id}"
    return response


@blueprint.get("/runs", tags=_TAGS, operation_id="listRuns", responses=answers(answered.RunList, 200, 404, 422))
@needs(_RUN, "alerts:read")
def runs(query: asked.RunQuery) -> Response:
    """Runs, newest first"""
    rt, live = runtime(), False if scopes.EXERCISE in me().scopes else None
    with rt.db.read() as connection:
        found = store.runs(connection, name=query.playbook or "", live=live, after=query.after or "", limit=query.limit)
    return jsonify(
        {"runs": [_run(rt, each) for each in found], "next": found[-1].id if len(found) == query.limit else None}
    )


@blueprint.get("/runs/<id>", tags=_TAGS, operation_id="readRun", responses=answers(answered.Run, 200, 404))
@needs()
def run(path: asked.RunPath) -> Response:
    """How a run stands"""
    rt = runtime()
    found = playbooks.get(rt, path.id)
    if not (_mine(found.name) and scopes.sees(me(), found.live)):
        raise NotFound("there is no such run")
    return jsonify(_run(rt, found))
