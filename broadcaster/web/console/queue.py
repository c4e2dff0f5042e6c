"""The queue, from the rows: per lane what waits and since when, who holds what, and what is dead and needs a person.

Jobs in the queue's server are only doorbells (docs/decisions/094), so no page of theirs is shown.
"""

from flask import render_template

from broadcaster.domain.lifecycle import BatchState
from broadcaster.domain.rules import Role
from broadcaster.store import standing as standing_store
from broadcaster.web.auth.guard import needs, polled
from broadcaster.web.console import blueprint
from broadcaster.web.context import now, runtime

_OPEN = (BatchState.DEAD, BatchState.HELD, BatchState.LEASED, BatchState.PENDING)


@blueprint.get("/queue")
@needs(Role.VIEWER)
def queue() -> str:
    """Lanes, workers, open batches."""
    return render_template("queue.html", **_standing())


@blueprint.get("/queue/board")
@needs(Role.VIEWER)
@polled
def queue_board() -> str:
    """The part that moves."""
    return render_template("_queue.html", **_standing())


def _standing() -> dict[str, object]:
    rt = runtime()
    with rt.db.read() as connection:
        standing = standing_store.standing(connection)
        found = standing_store.batches_in(connection, _OPEN)
    waits = {
        lane: max((now() - each.created_at).total_seconds() for each in found if each.lane == lane)
        for lane in {each.lane for each in found}
    }
    return {
        "standing": standing,
        "batches": found,
        "waits": waits,
        "lanes": {lane: rt.queue.depth(lane) for lane in ("urgent", "bulk")},
        "workers": rt.queue.workers(),
        "dead": sum(each.state is BatchState.DEAD for each in found),
        "held": sum(each.state is BatchState.HELD for each in found),
    }
