"""What the queue calls: each job finds the Runtime of its worker process and hands an id to one service."""

from broadcaster import clock
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, calling, delivering, publishing, pulling

_in_use: dict[str, Runtime] = {}


def use(runtime: Runtime) -> None:
    """Give the jobs of this process their Runtime; a worker does so once, before it listens."""
    _in_use["runtime"] = runtime


def deliver_batch(batch_id: int) -> None:
    """Send what is left of one batch. Idempotent: whoever holds the lease works, everyone else returns at once."""
    delivering.deliver(_in_use["runtime"], batch_id)


def materialise(alert_id: str) -> None:
    """Make the deliveries of an approved alert, slice by slice, from where it was left."""
    broadcasting.materialise(_in_use["runtime"], alert_id)


def pull(batch_id: int) -> None:
    """Ask the provider what became of a batch whose receipts did not come."""
    pulling.pull(_in_use["runtime"], batch_id)


def publish(root: str) -> None:
    """Write the public pages of one folder ("live" or "exercise") where they are behind."""
    publishing.publish(_in_use["runtime"], root, clock.utc_now())


def call(call_id: str) -> None:
    """Text one approver that an alert waits for them."""
    calling.call(_in_use["runtime"], call_id, clock.utc_now())
